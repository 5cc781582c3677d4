"""Statistics that decide whether one model is worse than another. All tests are exact, because the
samples are small."""

import math
from dataclasses import dataclass

Z_95 = 1.959964  # the quantile of the normal distribution for 95 % in two tails


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``part`` of ``whole``, as counts."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval."""
        if not self.whole:
            return 0.0, 1.0
        n, p, zz = self.whole, self.value, Z_95 * Z_95
        middle = p + zz / (2 * n)
        spread = Z_95 * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
        below, above = (middle - spread) / (1 + zz / n), (middle + spread) / (1 + zz / n)
        return max(0.0, below), min(1.0, above)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}, {self.part} of {self.whole})"


def mcnemar(lost: int, won: int) -> float:
    """The p value of the exact two-sided McNemar test: the probability of a split of the differing
    texts that is at least this uneven, if both models are equally good.

    ``lost``: texts that only the old model got right. ``won``: texts that only the new one did.
    """
    differ = lost + won
    tail = sum(math.comb(differ, k) for k in range(min(lost, won) + 1))
    return min(1.0, 2 * tail / 2**differ)


def more_often(one: Share, other: Share) -> float:
    """The p value of Fisher's exact one-sided test: the probability that ``one`` has at least this
    many of all cases, if both have the same rate. Fast for hundreds of thousands of cases."""
    cases = one.part + other.part
    low, high = max(0, cases - other.whole), min(one.whole, cases)
    # Sum the tail that lies away from the expected value, because its terms shrink.
    if one.part > cases * one.whole / max(1, one.whole + other.whole):
        return min(1.0, _tail(one, other, cases, range(one.part, high + 1)))
    return max(0.0, 1.0 - _tail(one, other, cases, range(one.part - 1, low - 1, -1)))


def _tail(one: Share, other: Share, cases: int, parts: range) -> float:
    """The sum of the hypergeometric probabilities of these parts of ``one``. Each term is computed
    from the one before it."""
    if not parts:
        return 0.0
    term = math.exp(
        _log_ways(one.whole, parts[0])
        + _log_ways(other.whole, cases - parts[0])
        - _log_ways(one.whole + other.whole, cases)
    )
    total = 0.0
    for k in parts:
        total += term
        if term <= total * 1e-17:
            break
        rest = other.whole - cases
        if parts.step > 0:
            term *= (one.whole - k) * (cases - k) / ((k + 1) * (rest + k + 1))
        else:
            term *= k * (rest + k) / ((one.whole - k + 1) * (cases - k + 1))
    return total


def _log_ways(whole: int, part: int) -> float:
    """The logarithm of the binomial coefficient: ``whole`` choose ``part``."""
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
