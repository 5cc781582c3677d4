"""Texts that agents schedule: whether one still leaves at its time, or somebody must decide first.

| since the text was scheduled or kept | at its time |
|---|---|
| the requester has opted out | it is canceled |
| the requester has written | it waits until an agent decides |
| the conversation has another owner | it waits until an agent decides |
| nothing of these | it leaves, as a text that is not a reply |
"""

from enum import StrEnum


class SendQuestion(StrEnum):
    """Why somebody must decide about a scheduled text."""

    REQUESTER_WROTE = "requester_wrote"
    OWNER_CHANGED = "owner_changed"


class AtDue(StrEnum):
    """What happens to a scheduled text at its time."""

    SEND = "send"
    ASK = "ask"
    CANCEL = "cancel"


def question(*, requester_wrote: bool, owner_changed: bool) -> SendQuestion | None:
    """What somebody must decide about. None: nothing has happened since."""
    if requester_wrote:
        return SendQuestion.REQUESTER_WROTE
    return SendQuestion.OWNER_CHANGED if owner_changed else None


def at_due(asked: SendQuestion | None, *, opted_out: bool) -> AtDue:
    """What happens at its time."""
    if opted_out:
        return AtDue.CANCEL
    return AtDue.SEND if asked is None else AtDue.ASK
