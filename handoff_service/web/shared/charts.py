"""The geometry of small SVG charts. SVG attributes set all sizes, because the content security
policy forbids inline styles."""

from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.rules.shared.phrases import joined, phrase

TOP, BOTTOM = 2.0, 22.0  # the y range of a sparkline in its box, which is 24 high


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    path: str  #: the ``d`` attribute of ``<path>``, in a box of 100 by 24
    values: str  #: the values as text, for screen readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: int
    y: int
    height: int
    second: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Pairs of bars in a box of ``width`` by 136."""

    width: int
    bars: list[Bar]
    peak: int  #: the index of the pair with the highest value
    highest: float  #: the highest value


def ticks(highest: float) -> list[float]:
    """Return the values at the top, middle and bottom of a chart's y axis."""
    return [highest, highest / 2, 0] if highest else [0]


def spark(values: Sequence[int | None]) -> Spark:
    """Draw a line through the values that are not None."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    low, high = min((v for _, v in known), default=0), max((v for _, v in known), default=0)
    steps = max(len(values) - 1, 1)
    points = [
        f"{100 * n / steps:.1f} {BOTTOM - (value - low) * (BOTTOM - TOP) / max(high - low, 1):.1f}"
        for n, value in known
    ]
    if len(points) == 1:
        points.append(f"100 {points[0].split()[1]}")
    words = joined(", ", [phrase("no value") if value is None else str(value) for value in values])
    return Spark(path="M" + "L".join(points) if points else "", values=words)


def bars(pairs: Sequence[tuple[float, float]], *, places: int) -> Bars:
    """Draw pairs of bars. The box has room for at least ``places`` pairs."""
    highest = max((max(pair) for pair in pairs), default=0)
    made = [
        Bar(x=40 * n + 4 + 16 * side, y=136 - height, height=height, second=bool(side))
        for n, pair in enumerate(pairs)
        for side, value in enumerate(pair)
        if (height := round(128 * value / max(highest, 1)))
    ]
    peak = max(range(len(pairs)), key=lambda n: max(pairs[n]), default=0)
    return Bars(width=40 * max(places, len(pairs)), bars=made, peak=peak, highest=highest)
