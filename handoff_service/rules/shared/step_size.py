"""How many rows one step of long work writes.

A step holds the lane, and texts and requests wait for it. It may hold the lane for at most 20 ms.
Rows differ in cost, and so do machines. The size of a step therefore follows from the times of the
steps before.

A step also has a cost of its own, however few rows it writes. On a busy machine this cost alone can
be above the aim. Smaller steps would then only make the work longer.
"""

from dataclasses import dataclass

AIM = 0.006  # seconds of a step's statements; the rest of the 20 ms is for the commit
OF_ROWS = AIM / 2  # seconds of a slow step that its rows may take
FIRST = 4  # rows of the first step, which also prepares its statements
MOST = 200
LEAST = 1  # a single row can be large
LEAST_SHARE = 4  # a step is at most this many times smaller than the last one
SLOWER = 1.25  # fewer rows that take this many times as long have become slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The steps of one kind. ``size``: the rows of the next step. ``rows`` and ``seconds``: of the
    last one; 0 rows before the first."""

    size: int = FIRST
    rows: int = 0
    seconds: float = 0.0


def next_pace(pace: Pace, rows: int, seconds: float) -> Pace:
    """The pace after a step. ``rows``: what it had left to do, at most ``pace.size``; ``seconds``:
    how long its statements took.

    A step that is slow because of its rows makes the next one smaller at once. Another step lets it
    grow by half.
    """
    if seconds > AIM and _seconds_of_rows(pace, rows, seconds) > OF_ROWS:
        size = max(LEAST, pace.size // LEAST_SHARE, min(pace.size, int(rows * AIM / seconds)))
    elif rows >= pace.size:
        size = min(pace.size + pace.size // 2 + 1, MOST)
    else:
        size = pace.size
    return Pace(size=size, rows=rows, seconds=seconds)


def _seconds_of_rows(last: Pace, rows: int, seconds: float) -> float:
    """The part of a step's time that its rows take, found by comparison with the last step. Without
    a step to compare with, its rows take all of it. After two slow steps of one row the part is 0,
    so that a step of two rows is tried."""
    if last.rows == rows == LEAST:
        return 0.0
    rows_became_slow = rows < last.rows and seconds > last.seconds * SLOWER
    if last.rows in (0, rows) or rows_became_slow:
        return seconds
    return rows * (seconds - last.seconds) / (rows - last.rows)
