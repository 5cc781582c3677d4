"""Webhooks, and the calls to them."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that gets events.

    - ``with_texts``: its events include texts, names, phone numbers and e-mail addresses;
    - ``former_until``: until when calls are signed with the former secret, too;
    - ``failing_since``: since when every call has failed; null: the last call succeeded;
    - ``switched_off_at``: when it was switched off because its calls failed for days;
    - ``waiting``: events that it has not accepted yet; ``given_up``: those that are not tried
      any more.
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
    """The call that takes one event to one webhook.

    - ``subject``: what the event is about; events about one subject are sent in order;
    - ``status``, ``answer``: of the last response, if there was one; ``answer`` is the beginning of
      its body;
    - ``why``: what was wrong with the last attempt;
    - ``next_at``: when it is tried again.
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
    """``body``: the JSON text that is sent."""

    body: str
