"""How many rows one step of long work writes.

A step holds the lane, and texts and requests wait for it. It may hold the lane for at most 20 ms.
Rows differ in cost, and so do machines. The size of a step therefore follows from the times of the
two steps before. A single slow step may only have waited for something else, such as a processor.

A step also has a cost of its own, however few rows it writes, and on a busy machine this cost alone
can be above the aim. So a step has fewer than ``FEW`` rows only after two that took far too long.
"""

from dataclasses import dataclass

AIM = 0.006  # seconds of a step's statements; the rest of the 20 ms is for the commit
TOO_LONG = 2 * AIM
AT_ONCE = 4 * AIM  # a step that takes so long makes the next one smaller at once
FIRST = 4  # rows of the first step, which also prepares its statements
MOST = 200
FEW = 5  # smaller steps usually only make the work longer
LEAST = 1  # a single row can be large


@dataclass(frozen=True, slots=True)
class Pace:
    """The steps of one kind. ``size``: the rows of the next step. ``seconds``: how long the
    statements of the last one took; 0 before the first."""

    size: int = FIRST
    seconds: float = 0.0


def next_pace(pace: Pace, rows: int, seconds: float) -> Pace:
    """The pace after a step. ``rows``: what it had left to do, at most ``pace.size``; ``seconds``:
    how long its statements took.

    Two slow steps, or one very slow step, make the next one smaller. A fast step lets it grow by
    half.
    """
    grown = pace.size + pace.size // 2 + 1 if rows >= pace.size else pace.size
    faster = min(seconds, pace.seconds)
    slow = seconds if seconds > AT_ONCE else faster
    takes_long = faster > TOO_LONG or (seconds > AT_ONCE and pace.size <= FEW)
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
