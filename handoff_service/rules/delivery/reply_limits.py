"""Limits on automatic replies to unknown numbers, against SMS pumping: somebody has machines text the desk from numbers
for which they are paid, so that each reply costs money.

An unknown number is one on no user's record. Automatic is what the virtual agent and the product say by themselves.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_DIGITS = 4  # in which the numbers of one range differ: 10,000 numbers


class Limit(StrEnum):
    """Which limit was reached. The value is stored with each reply that was held back."""

    RANGE = "the limit for a range of numbers"
    HOURLY = "the hourly limit for unknown numbers"
    DAILY = "the daily limit for unknown numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLimits:
    """Each is a number of replies; 0 turns it off. ``in_range`` holds for an hour, for all numbers of a range together,
    but for the one that is replied to: a person who texts a lot is not taken for a machine."""

    in_range: int = 20
    hourly: int = 200
    daily: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """How many replies went out before: to other numbers of the range and to all unknown numbers within the last hour,
    and to all within the last day."""

    to_range: int
    within_hour: int
    within_day: int


def reached(limits: ReplyLimits, before: Replied) -> Limit | None:
    """The limit that forbids one more reply; None when it may go out."""
    if limits.in_range and before.to_range >= limits.in_range:
        return Limit.RANGE
    if limits.hourly and before.within_hour >= limits.hourly:
        return Limit.HOURLY
    if limits.daily and before.within_day >= limits.daily:
        return Limit.DAILY
    return None


def range_of(number: str) -> str:
    """What all numbers of a number's range begin with."""
    return number[:-LAST_DIGITS]
