"""Durations: ``30m`` as an admin writes it, ``30 minutes`` for people."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from handoff_service.rules.shared.phrases import Phrase, count_phrase, joined

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
WORDS: Sequence[Callable[[int], Phrase]] = (  # how pages show the units
    lambda count: count_phrase("{count} day", "{count} days", count),
    lambda count: count_phrase("{count} hour", "{count} hours", count),
    lambda count: count_phrase("{count} minute", "{count} minutes", count),
    lambda count: count_phrase("{count} second", "{count} seconds", count),
)
LONGEST = timedelta(days=366)
_WRITTEN = re.compile(r"([0-9]{1,9})([smhd])")


def parse(written: str) -> timedelta:
    """Parse ``45s``, ``30m``, ``3h`` or ``2d``. The ValueError names the right format."""
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        raise ValueError("must be a whole number and s, m, h or d, such as 30m or 2d")
    seconds = int(found[1]) * UNITS[found[2]]
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f"must be more than 0 and at most {LONGEST.days}d")
    return timedelta(seconds=seconds)


def write(duration: timedelta) -> str:
    """The admin's form, in the largest unit without a remainder: ``2d``, not ``48h``."""
    seconds = round(duration.total_seconds())
    unit = next(u for u, size in UNITS.items() if seconds % size == 0)
    return f"{seconds // UNITS[unit]}{unit}"


def describe(duration: timedelta) -> Phrase:
    """The two largest units in words: ``2 days``, ``1 hour 5 minutes``, ``45 seconds``."""
    seconds = max(round(duration.total_seconds()), 0)
    counts = []
    for size in UNITS.values():
        count, seconds = divmod(seconds, size)
        counts.append(count)
    first = next((n for n, count in enumerate(counts) if count), len(counts) - 1)
    two = list(zip(counts, WORDS, strict=True))[first : first + 2]
    return joined(" ", [words(count) for count, words in two if count]) or WORDS[-1](0)
