"""The events that webhooks report, and which lines of a conversation cause them."""

from dataclasses import dataclass

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import (
    Direction,
    Event,
    Kind,
    Owner,
    Status,
    WebhookEvent,
)

#: The version of all bodies. It increases when a field is renamed or removed, not for a new field.
VERSION = 1
#: The events to which a webhook can subscribe, in words for admins.
EVENTS = {
    WebhookEvent.CONVERSATION_OPENED: phrase("A conversation began."),
    WebhookEvent.CONVERSATION_HANDED_OFF: phrase("The virtual agent handed the conversation off."),
    WebhookEvent.CONVERSATION_ASSIGNED: phrase("A live agent took over the conversation."),
    WebhookEvent.CONVERSATION_TRANSFERRED: phrase(
        "The conversation moved from an agent or a queue to a queue."
    ),
    WebhookEvent.CONVERSATION_RETURNED: phrase("The conversation returned to the virtual agent."),
    WebhookEvent.CONVERSATION_CLOSED: phrase("The conversation ended."),
    WebhookEvent.CONVERSATION_REOPENED: phrase("A closed conversation was reopened."),
    WebhookEvent.MESSAGE_INBOUND: phrase("A text from a requester arrived."),
    WebhookEvent.MESSAGE_OUTBOUND: phrase("A text to a requester was written."),
    WebhookEvent.MESSAGE_STATUS: phrase("The delivery status of a text changed."),
    WebhookEvent.IDENTITY_CHANGED: phrase("A number was linked to a user, or unlinked."),
    WebhookEvent.CONSENT_CHANGED: phrase("A number opted out or in."),
    WebhookEvent.PRESENCE_CHANGED: phrase("An agent's presence changed."),
    WebhookEvent.CASE_CREATED: phrase("A case was opened."),
    WebhookEvent.CASE_CHANGED: phrase("A case changed."),
    WebhookEvent.RATING_GIVEN: phrase("A requester rated a conversation."),
    WebhookEvent.JOB_FAILED: phrase("A background job failed, or was given up."),
}
#: The statuses that an event reports. Of the others, RECEIVED is for texts from requesters, and
#: QUEUED and SENDING precede the provider's answer.
REPORTED = frozenset(Status) - {Status.RECEIVED, Status.QUEUED, Status.SENDING}
_LIVE = frozenset({Owner.QUEUE, Owner.AGENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A new line of a conversation. ``owner``: the owner of the conversation after the line.
    ``owner_before``: the owner before it; None for the first line."""

    kind: Kind
    direction: Direction | None
    event: Event | None
    owner: Owner
    owner_before: Owner | None


def events_of(line: Line) -> list[WebhookEvent]:
    """The events that a new line causes, in the order in which they are sent."""
    events = [*_first(line), *_owner_changed(line)]
    if line.direction is Direction.INBOUND and line.kind is Kind.MESSAGE:
        events.append(WebhookEvent.MESSAGE_INBOUND)
    if line.direction is Direction.OUTBOUND:
        events.append(WebhookEvent.MESSAGE_OUTBOUND)
    if line.event in (Event.GRADE, Event.GRADE_COMMENT):
        events.append(WebhookEvent.RATING_GIVEN)
    return events


def _first(line: Line) -> list[WebhookEvent]:
    if line.owner_before is not None:
        return []
    also = {
        Owner.AGENT: [WebhookEvent.CONVERSATION_ASSIGNED],
        Owner.NONE: [WebhookEvent.CONVERSATION_CLOSED],
    }
    return [WebhookEvent.CONVERSATION_OPENED, *also.get(line.owner, [])]


def _owner_changed(line: Line) -> list[WebhookEvent]:
    if line.event is not Event.OWNER_CHANGED or line.owner_before is None:
        return []
    if line.owner is Owner.NONE:
        return [WebhookEvent.CONVERSATION_CLOSED]
    events = []
    if line.owner_before is Owner.NONE:
        events.append(WebhookEvent.CONVERSATION_REOPENED)
    if line.owner_before is Owner.VIRTUAL_AGENT and line.owner in _LIVE:
        events.append(WebhookEvent.CONVERSATION_HANDED_OFF)
    if line.owner_before in _LIVE and line.owner is Owner.VIRTUAL_AGENT:
        events.append(WebhookEvent.CONVERSATION_RETURNED)
    if line.owner_before in _LIVE and line.owner is Owner.QUEUE:
        events.append(WebhookEvent.CONVERSATION_TRANSFERRED)
    if line.owner is Owner.AGENT:
        events.append(WebhookEvent.CONVERSATION_ASSIGNED)
    return events
