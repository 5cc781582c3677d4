"""Timers that wait for a target. A messaging action has such a timer if it has a condition such as
``first_response_left at_most 10``.

The timer fires when its duration is over and its target conditions are met (``Match.ANY``: one of
them). While no target is running, or while the conversation is on hold, nobody knows when that will
be, so the timer is parked.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from handoff_service.rules.shared.conditions import TARGET_FIELDS, Condition, Match
from handoff_service.rules.shared.vocabulary import TargetKind

#: the due time of a parked timer
PARKED = datetime(9000, 1, 1, tzinfo=UTC)

# (target, minutes) -> the time when this many minutes of the target are left; None: not known
type LeftAt = Callable[[TargetKind, int], datetime | None]


def waits_for_target(conditions: Iterable[Condition]) -> bool:
    """Whether an action with these conditions waits for a target."""
    return any(one.field in TARGET_FIELDS for one in conditions)


def fires_at(
    conditions: Sequence[Condition], match: Match, earliest: datetime, left_at: LeftAt
) -> datetime:
    """When the timer fires. PARKED if that is unknown. ``earliest``: the end of its duration."""
    moments = [
        left_at(TARGET_FIELDS[one.field], one.value)
        for one in conditions
        if one.field in TARGET_FIELDS and isinstance(one.value, int)
    ]
    known = [at for at in moments if at is not None]
    if not known or (match is Match.ALL and len(known) < len(moments)):
        return PARKED
    return max(earliest, max(known) if match is Match.ALL else min(known))
