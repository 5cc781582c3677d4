"""How many rows one step of long work writes.

A step holds the lane, and texts and requests wait for it. It may hold the lane for at most 20 ms.
Rows differ in cost, and so do machines. The size of a step therefore follows from the time of the
step before.

A step also has a cost of its own, however few rows it writes, and on a busy machine this cost alone
can be above the aim. So a step has fewer than ``FEW`` rows only after one that took far too long.
"""

AIM = 0.006  # seconds of a step's statements; the rest of the 20 ms is for the commit
TOO_LONG = 2 * AIM
FIRST = 4  # rows of the first step, which also prepares its statements
MOST = 200
FEW = 5  # smaller steps usually only make the work longer
LEAST = 1  # a single row can be large


def next_size(size: int, rows: int, seconds: float) -> int:
    """The rows of the next step. ``rows``: what the last step of ``size`` rows had left to do;
    ``seconds``: how long its statements took.

    A slow step makes the next one smaller at once. A fast step lets it grow by half.
    """
    fitting = int(rows * AIM / seconds) if seconds > AIM else MOST
    if seconds > TOO_LONG:
        return max(LEAST, min(size, fitting))
    if seconds > AIM and size > FEW:
        return max(FEW, min(size, fitting))
    return min(size + size // 2 + 1, MOST if seconds <= AIM else FEW) if rows >= size else size
