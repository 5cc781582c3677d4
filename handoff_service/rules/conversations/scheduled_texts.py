"""Scheduled texts: at the send time, send, cancel, or ask an agent.

| since an agent scheduled or kept the text | at its send time |
|---|---|
| the requester has opted out | it is canceled |
| the requester has written | it waits until an agent decides |
| the conversation has another owner | it waits until an agent decides |
| none of these | it is sent; quiet hours apply, because it is not a reply |
"""

from enum import StrEnum


class SendQuestion(StrEnum):
    """Why an agent must decide whether to send a scheduled text."""

    REQUESTER_WROTE = "requester_wrote"
    OWNER_CHANGED = "owner_changed"


class AtDue(StrEnum):
    """The outcomes of a scheduled text at its send time."""

    SEND = "send"
    ASK = "ask"
    CANCEL = "cancel"


def question(*, requester_wrote: bool, owner_changed: bool) -> SendQuestion | None:
    """Why an agent must decide. None: neither event has happened since the text was scheduled or
    kept."""
    if requester_wrote:
        return SendQuestion.REQUESTER_WROTE
    return SendQuestion.OWNER_CHANGED if owner_changed else None


def at_due(asked: SendQuestion | None, *, opted_out: bool) -> AtDue:
    """Decide the outcome of a text at its send time."""
    if opted_out:
        return AtDue.CANCEL
    return AtDue.SEND if asked is None else AtDue.ASK
