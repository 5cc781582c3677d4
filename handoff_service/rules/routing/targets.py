"""Targets: how soon live agents should answer a requester and resolve a conversation.

A queue has targets for each priority, in minutes of its opening hours. Time on hold does not count.
Each target has a ``TargetKind``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import TargetKind

#: priority -> its name
PRIORITIES = {
    1: phrase("critical"),
    2: phrase("high"),
    3: phrase("moderate"),
    4: phrase("low"),
    5: phrase("planning"),
}
MOST_MINUTES = 43_200  # 30 days
SOON = 0.25  # a target is due soon when this share of its time is left


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTargets:
    """The targets of one queue for one priority, in minutes of opening hours. None: no target."""

    priority: int
    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None

    def minutes(self, kind: TargetKind) -> int | None:
        """The minutes of one target."""
        found: int | None = getattr(self, kind)
        return found

    @property
    def is_empty(self) -> bool:
        return all(self.minutes(kind) is None for kind in TargetKind)


def minutes_of(targets: Iterable[QueueTargets], priority: int, kind: TargetKind) -> int | None:
    """The minutes of a conversation's target. None: there is no target."""
    return next((one.minutes(kind) for one in targets if one.priority == priority), None)


def errors(targets: Sequence[QueueTargets]) -> str | None:
    """The error of a queue's targets. None when they are valid."""
    seen = [one.priority for one in targets]
    twice = next((one for one in seen if seen.count(one) > 1), None)
    return phrase("names priority {priority} twice", priority=twice) if twice is not None else None


class OpeningHours(Protocol):
    """The opening hours of a queue. ``lib/opening_hours.py`` implements them."""

    def after(self, at: datetime, duration: timedelta) -> datetime | None: ...
    def open_between(self, start: datetime, end: datetime) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class HeldTime:
    """A time on hold. ``ended_at`` None: it has not ended."""

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DueMoment:
    """When a target is due, and when only a quarter of its time is left. Both are None when the
    queue does not open long enough within a year. They are also None while the conversation is on
    hold, unless the target was due before the hold. ``left``: the opening hours that were left when
    the hold began; None if no hold lasts, or if the target was due before it."""

    due_at: datetime | None
    soon_at: datetime | None
    left: timedelta | None = None


def due_moment(
    started_at: datetime, minutes: int, holds: Sequence[HeldTime], hours: OpeningHours
) -> DueMoment:
    """When a target that started at ``started_at`` is due."""
    allowed = timedelta(minutes=minutes)
    left = _left_on_hold(started_at, allowed, holds, hours)
    return DueMoment(
        due_at=moment(started_at, allowed, holds, hours),
        soon_at=moment(started_at, allowed * (1 - SOON), holds, hours) if left is None else None,
        left=left,
    )


def moment(
    started_at: datetime, counted: timedelta, holds: Sequence[HeldTime], hours: OpeningHours
) -> datetime | None:
    """When this amount of opening time without holds has passed since the start. None: a hold that
    began before then has not ended, or the queue does not open long enough within a year.
    """
    at, left = started_at, max(counted, timedelta())
    for hold in _since(started_at, holds):
        passed = hours.open_between(at, hold.began_at)
        if passed >= left:
            break
        if hold.ended_at is None:
            return None
        at, left = max(at, hold.ended_at), left - passed
    return hours.after(at, left) if left else at


def _left_on_hold(
    started_at: datetime, allowed: timedelta, holds: Sequence[HeldTime], hours: OpeningHours
) -> timedelta | None:
    last = holds[-1] if holds and holds[-1].ended_at is None else None
    if last is None:
        return None
    left = allowed - counted(started_at, last.began_at, holds, hours)
    return left if left > timedelta() else None


def counted(
    started_at: datetime, until: datetime, holds: Sequence[HeldTime], hours: OpeningHours
) -> timedelta:
    """The opening time without holds between two moments."""
    total = hours.open_between(started_at, until)
    for hold in _since(started_at, holds):
        end = min(hold.ended_at or until, until)
        total -= hours.open_between(max(hold.began_at, started_at), end)
    return total


def _since(started_at: datetime, holds: Iterable[HeldTime]) -> list[HeldTime]:
    """The holds that did not end before the start, in order."""
    return [
        HeldTime(max(one.began_at, started_at), one.ended_at)
        for one in holds
        if one.ended_at is None or one.ended_at > started_at
    ]


@dataclass(frozen=True, slots=True)
class Span:
    """The time from the start of a target to the answer or the resolution. ``ended_at`` None: it
    has not ended. ``reached``: whether an answer or the resolution ended it. False: it is open, or
    ended because nobody waits any longer."""

    kind: TargetKind
    started_at: datetime
    ended_at: datetime | None
    reached: bool


def was_met(
    span: Span, minutes: int, holds: Sequence[HeldTime], hours: OpeningHours, now: datetime
) -> bool | None:
    """Whether a target was met. False as soon as its due time passes within the span. None: the
    span is still open, or ended before the due time without an answer or resolution.
    """
    due_at = moment(span.started_at, timedelta(minutes=minutes), holds, hours)
    if due_at is not None and (span.ended_at or now) > due_at:
        return False
    return True if span.reached else None
