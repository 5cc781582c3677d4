"""Webhooks, and the calls to them."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that gets events.

    - ``with_texts``: whether its events include texts, names, phone numbers and e-mail addresses;
    - ``former_until``: until when calls are also signed with the former secret;
    - ``failing_since``: since when every call has failed; null: the last call succeeded;
    - ``switched_off_at``: when Patchboard switched it off because its calls had failed for days;
    - ``waiting``: how many events it has not accepted yet; ``given_up``: how many events Patchboard
      no longer retries.
    """

    id: int
    name: str
    url: str
    events: list[WebhookEvent]
    with_texts: bool
    active: bool
    former_until: datetime | None
    failing_since: datetime | None
    switched_off_at: datetime | None
    waiting: int
    given_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """The call that sends an event to a webhook.

    - ``subject``: the event's subject; events with one subject are sent in order;
    - ``status``, ``answer``: the status of the last response and the beginning of its body, if
      there was one;
    - ``why``: the error of the last attempt;
    - ``next_at``: when the next attempt is due.
    """

    id: int
    webhook: Named
    event_id: str
    type: WebhookEvent
    subject: str
    state: CallState
    attempts: int
    status: int | None
    why: str | None
    answer: str | None
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCallWithBody(WebhookCall):
    """A call with its content. ``body``: the JSON text that is sent."""

    body: str
