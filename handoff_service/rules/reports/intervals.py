"""Confidence intervals of percentages.

With few answers, a percentage says little: 3 of 3 is 100 %, but the true share may well be 50 %.
Wilson's score interval is also valid for few answers and for shares near 0 and 100 %.
Source: https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
"""

from math import sqrt

Z = 1.959963984540054  # the quantile of the normal distribution for 95 %


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """The 95 % interval of ``part`` of ``whole``, in percent. None: the whole is 0."""
    if whole <= 0:
        return None
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    half = Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 100 / (1 + square / whole)
    # clamped, because a rounding error could leave the range from 0 to 100
    low = 0.0 if part == 0 else max((middle - half) * scale, 0.0)
    high = 100.0 if part == whole else min((middle + half) * scale, 100.0)
    return low, high
