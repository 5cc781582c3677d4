"""Work assignment: which live agent is offered a work item. Pure functions over facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.vocabulary import Presence

ROUND_PAUSE = timedelta(seconds=30)  # who declined an item is not asked for it again before this


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An agent of a queue's groups. ``load`` counts offers that wait and active conversations, not those on hold."""

    agent_id: int
    presence: Presence
    capacity: int
    load: int
    last_assigned_at: datetime | None
    declined_at: datetime | None


class LeftOut(StrEnum):
    """Why a candidate is not chosen, in words for the work item's log."""

    NOT_AVAILABLE = "is not available"
    NO_ROOM = "has no room"
    DECLINED = "declined it in this round"


def left_out(candidate: Candidate, now: datetime) -> LeftOut | None:
    """What filters a candidate out, first reason first; None when the item can be offered."""
    if candidate.presence is not Presence.AVAILABLE:
        return LeftOut.NOT_AVAILABLE
    if candidate.load >= candidate.capacity:
        return LeftOut.NO_ROOM
    if candidate.declined_at is not None and now - candidate.declined_at < ROUND_PAUSE:
        return LeftOut.DECLINED
    return None


def most_capacity(candidates: Iterable[Candidate], now: datetime) -> Candidate | None:
    """The agent with the most room; among equals the one who was last assigned longest ago; then the lower id."""
    free = [c for c in candidates if left_out(c, now) is None]
    never = datetime.min.replace(tzinfo=now.tzinfo)
    return min(free, key=lambda c: (c.load - c.capacity, c.last_assigned_at or never, c.agent_id), default=None)
