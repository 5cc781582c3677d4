"""How many rows one step of long work writes.

A step holds the lane, and texts and requests wait for it. It may hold the lane for at most 20 ms.
Rows differ in cost, and so do machines. The size of a step therefore follows from the time of the
step before.
"""

AIM = 0.006  # seconds of a step's statements; the rest of the 20 ms is for the commit
FIRST = 4  # rows of the first step, which also prepares its statements
MOST = 200
LEAST = 1  # a single row can be large


def next_size(size: int, rows: int, seconds: float) -> int:
    """The rows of the next step. ``size``: the most rows of the last step; ``rows``: how many there
    were to remove; ``seconds``: how long its statements took.

    A slow step makes the next one smaller at once. A fast step lets it grow by half.
    """
    if seconds > AIM:
        return max(LEAST, min(size, int(rows * AIM / seconds)))
    return min(size + size // 2 + 1, MOST) if rows >= size else size
