"""One row of ``make bench``."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A measurement of a benchmark on one database."""

    what: str
    database: str = ""  #: the database; empty if the result does not depend on it
    value: float
    unit: str
    floor: str = ""  #: the name of the program with which the ratio compares
    ratio: float | None = None  #: Patchboard's value divided by the floor's
    low: float  #: the spread of the ratio or, without a ratio, of the value
    high: float
    budget: float | None = None  #: None: the figure has no limit
    direction: Direction = Direction.AT_MOST

    @property
    def judged(self) -> float:
        """Return the figure that the budget limits."""
        return self.value if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Return whether the figure meets the budget, or None without a budget."""
        if self.budget is None:
            return None
        if self.direction is Direction.AT_MOST:
            return self.judged <= self.budget
        return self.judged >= self.budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle of some measurements, and their spread."""

    middle: float
    low: float
    high: float


def spread(values: Sequence[float], *, quartile: int = 2) -> Spread:
    """Summarize measurements. ``low`` and ``high`` enclose the middle half or, with fewer than
    eight values, all of them.

    Args:
        values: At least one.
        quartile: The quartile that counts as the middle. 2 is the median. 1 is the lower quartile,
        which other programs on the machine affect least.
    """
    if len(values) == 1:
        return Spread(middle=values[0], low=values[0], high=values[0])
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    if len(values) < 8:
        return Spread(middle=quarters[quartile - 1], low=min(values), high=max(values))
    return Spread(middle=quarters[quartile - 1], low=quarters[0], high=quarters[2])


def ratios(values: Sequence[float], floors: Sequence[float], *, quartile: int = 2) -> Spread:
    """Compare measurements with a floor that was measured alternately.

    The middle is the quartile of the values divided by the quartile of the floor's values. The
    spread is that of the pairs' ratios. It is widened if it does not contain the middle.
    """
    middle = spread(values, quartile=quartile).middle / spread(floors, quartile=quartile).middle
    pairs = spread([one / other for one, other in zip(values, floors, strict=True)])
    return Spread(middle=middle, low=min(pairs.low, middle), high=max(pairs.high, middle))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
