"""The settings of a webhook, and their errors."""

from collections.abc import Mapping
from dataclasses import dataclass

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent
from handoff_service.rules.webhooks import signature
from handoff_service.rules.webhooks.events import EVENTS

LONGEST_NAME = 100


#: how pages show the states of calls
CALL_STATES: Mapping[str, str] = {
    CallState.WAITING: phrase("Waiting"),
    CallState.DELIVERED: phrase("Delivered"),
    CallState.GIVEN_UP: phrase("Given up"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFields:
    """A webhook's settings. ``with_texts``: its events include texts, names, phone numbers and
    e-mail addresses."""

    name: str
    url: str
    events: tuple[WebhookEvent, ...]
    with_texts: bool = False
    active: bool = True


def errors(fields: WebhookFields) -> dict[str, str]:
    """Field -> its error. Empty if the webhook can be saved."""
    found: dict[str, str] = {}
    if not fields.name.strip() or len(fields.name) > LONGEST_NAME:
        found["name"] = phrase("must have 1 to {most} characters", most=LONGEST_NAME)
    if wrong := signature.address_error(fields.url):
        found["url"] = wrong
    if not fields.events:
        found["events"] = phrase("must name at least one event")
    elif strange := [one for one in fields.events if one not in EVENTS]:
        found["events"] = phrase(
            "cannot contain {event}, which is sent only on demand", event=strange[0]
        )
    return found
