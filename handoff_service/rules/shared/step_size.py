"""How many rows one step of long work writes.

A step should occupy the write lane (store/engine/lanes.py) for at most 20 ms, because texts and
requests wait for it. Rows differ in cost, and so do machines, so the size of a step depends on the
times of the two steps before it. A single slow step may only have waited, for example for a
processor.

Each step also has a fixed cost. On a busy machine, this cost alone can exceed ``AIM``. Except for
the first step, a step therefore has fewer than ``FEW`` rows only after two steps that took far too
long, or after a small step that took even longer.
"""

from dataclasses import dataclass

AIM = 0.006  # seconds of a step's statements; the rest of the 20 ms is for the commit
TOO_LONG = 2 * AIM
VERY_LONG = 4 * AIM  # a single step that takes longer than this makes the next one smaller
FIRST = 4  # rows of the first step, which also prepares its statements
MOST = 200
FEW = 5  # smaller steps usually only make the whole work take longer
LEAST = 1  # a single row can be large


@dataclass(frozen=True, slots=True)
class Pace:
    """The steps of one kind. ``size``: the rows of the next step. ``seconds``: how long the
    statements of the last one took; 0 before the first."""

    size: int = FIRST
    seconds: float = 0.0


def next_pace(pace: Pace, rows: int, seconds: float) -> Pace:
    """The pace after a step. ``rows``: how many rows the step wrote, at most ``pace.size``.
    ``seconds``: how long its statements took.

    Two slow steps, or one very slow step, make the next one smaller. A fast step lets it grow by
    half.
    """
    grown = pace.size + pace.size // 2 + 1 if rows >= pace.size else pace.size
    faster = min(seconds, pace.seconds)
    slow = seconds if seconds > VERY_LONG else faster
    takes_long = faster > TOO_LONG or (seconds > VERY_LONG and pace.size <= FEW)
    least = LEAST if takes_long else FEW
    if seconds <= AIM:
        size = min(grown, MOST)
    elif pace.size < least:
        size = min(grown, least)
    elif slow > AIM:
        size = max(least, min(pace.size, int(rows * AIM / slow)))
    else:
        size = pace.size
    return Pace(size, seconds)
