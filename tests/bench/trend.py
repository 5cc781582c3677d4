"""Decides whether a series of measurements grows."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

BLOCKS = 10
#: the 97.5 % point of Student's t with BLOCKS - 2 degrees of freedom:
#: https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
T = 2.306


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Growth per hour, with the ends of its 95 % interval."""

    middle: float
    low: float
    high: float


def slope(hours: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Fit a line through the means of ten blocks. Neighboring values are similar, so single values
    would make the interval too narrow. Return None for fewer than twenty values.
    """
    if len(values) < 2 * BLOCKS:
        return None
    edges = [len(values) * n // BLOCKS for n in range(BLOCKS + 1)]
    blocks = [slice(edges[n], edges[n + 1]) for n in range(BLOCKS)]
    x = [statistics.fmean(hours[block]) for block in blocks]
    y = [statistics.fmean(values[block]) for block in blocks]
    line = statistics.linear_regression(x, y)
    residuals = [b - line.intercept - line.slope * a for a, b in zip(x, y, strict=True)]
    middle = statistics.fmean(x)
    spread = sum((a - middle) ** 2 for a in x)
    error = (sum(one**2 for one in residuals) / (BLOCKS - 2) / spread) ** 0.5
    return Slope(middle=line.slope, low=line.slope - T * error, high=line.slope + T * error)
