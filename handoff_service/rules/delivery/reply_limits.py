"""Limits on automatic replies to unknown numbers, against SMS pumping. In SMS pumping, machines
text the desk from numbers that earn their owners money with each reply.

An unknown number belongs to a conversation without a known user. Automatic replies are the texts of
the virtual agent and of the product. Two kinds do not count: texts about the end of an outage, and
texts of the product in a conversation that a live agent owns, unless they are about consent.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_DIGITS = 4  # numbers that differ only in the last four digits are one range: 10,000 numbers


class Limit(StrEnum):
    """The limit that was reached. Its value is stored with each blocked reply."""

    RANGE = "the limit for a range of numbers"
    HOURLY = "the hourly limit for unknown numbers"
    DAILY = "the daily limit for unknown numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLimits:
    """Each limit is a number of replies; 0 turns it off.

    ``in_range``: replies per hour to all numbers of one range. The limit of the virtual agent's
    replies ignores earlier replies to the same number, so that one busy person is not mistaken for
    a machine. The limit of the product's own texts, such as confirmations of STOP and START,
    includes them.
    """

    in_range: int = 20
    hourly: int = 200
    daily: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """How many replies the limits have already allowed.

    - ``to_range``: to numbers of the range in the last hour, without those that the range limit
      ignores;
    - ``within_hour``, ``within_day``: to all unknown numbers in the last hour and the last day.
    """

    to_range: int
    within_hour: int
    within_day: int


def reached_limit(limits: ReplyLimits, before: Replied) -> Limit | None:
    """The limit that forbids one more reply. None when the reply may be sent."""
    if limits.in_range and before.to_range >= limits.in_range:
        return Limit.RANGE
    if limits.hourly and before.within_hour >= limits.hourly:
        return Limit.HOURLY
    if limits.daily and before.within_day >= limits.daily:
        return Limit.DAILY
    return None


def range_of(number: str) -> str:
    """The prefix that all numbers of this number's range share."""
    return number[:-LAST_DIGITS]
