"""The agreement of two trainers, and the confidence interval of a share."""

import math
from collections import Counter
from collections.abc import Sequence

Z = 1.959964  # the quantile of the normal distribution for a 95 % interval


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of first and second labels: 1 is full agreement, 0 is agreement by chance.

    None without pairs, and when both trainers have chosen only one label, the same for all texts.
    Source: J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960.
    """
    n = len(pairs)
    if n == 0:
        return None
    seen = sum(a == b for a, b in pairs) / n
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[label] * second[label] for label in first) / n**2
    return None if by_chance == 1 else (seen - by_chance) / (1 - by_chance)


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; (0, 1) when n is 0. Source: E. B. Wilson, 1927."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)
