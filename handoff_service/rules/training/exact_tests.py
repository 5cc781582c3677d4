"""Statistics that decide whether one model is worse than another. All tests are exact, because the
samples are small."""

import math
from dataclasses import dataclass

Z_95 = 1.959964  # of the normal distribution, for 95 % in two tails


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

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
    """The exact McNemar test, two-sided: how likely a split of the differing texts is that is at
    least this uneven, if both models are equally good.

    ``lost``: texts that only the old model got right. ``won``: those that only the new one did.
    """
    differ = lost + won
    tail = sum(math.comb(differ, k) for k in range(min(lost, won) + 1))
    return min(1.0, 2 * tail / 2**differ)


def more_often(one: Share, other: Share) -> float:
    """Fisher's exact test, one-sided: how likely ``one`` has at least this many of all cases, if
    both have the same rate."""
    cases, everything = one.part + other.part, one.whole + other.whole
    ways = math.comb(everything, cases)
    return (
        sum(
            math.comb(one.whole, k) * math.comb(other.whole, cases - k)
            for k in range(one.part, min(one.whole, cases) + 1)
        )
        / ways
    )
