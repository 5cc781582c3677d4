"""Durations: ``30m`` as an admin writes it, ``30 minutes`` for people."""

import re
from datetime import timedelta

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
WORDS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
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


def describe(duration: timedelta) -> str:
    """The two largest units in words: ``2 days``, ``1 hour 5 minutes``, ``45 seconds``."""
    seconds = max(round(duration.total_seconds()), 0)
    parts = []
    for unit, size in UNITS.items():
        count, seconds = divmod(seconds, size)
        parts.append((count, WORDS[unit] + ("" if count == 1 else "s")))
    first = next((n for n, (count, _) in enumerate(parts) if count), len(parts) - 1)
    used = [f"{count} {word}" for count, word in parts[first : first + 2] if count]
    return " ".join(used) or "0 seconds"
