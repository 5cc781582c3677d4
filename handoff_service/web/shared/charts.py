"""Small charts as SVG: their sizes are attributes, so they need no styles, and their words stand
beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

TOP, BOTTOM = 2.0, 22.0  # of a spark's 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """A line of values: ``path`` for ``<path d>`` in a box of 100 by 24, ``values`` in words for
    who cannot see it."""

    path: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: int
    y: int
    height: int
    second: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Pairs of bars in a box of ``width`` by 136. ``peak``: the place of the highest, ``highest``
    its value."""

    width: int
    bars: list[Bar]
    peak: int
    highest: int


def spark(values: Sequence[int | None]) -> Spark:
    """What is not known is left out of the line."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    low, high = min((v for _, v in known), default=0), max((v for _, v in known), default=0)
    steps = max(len(values) - 1, 1)
    points = [
        f"{100 * n / steps:.1f} {BOTTOM - (value - low) * (BOTTOM - TOP) / max(high - low, 1):.1f}"
        for n, value in known
    ]
    if len(points) == 1:
        points.append(f"100 {points[0].split()[1]}")
    words = ", ".join("none" if value is None else str(value) for value in values)
    return Spark(path="M" + "L".join(points) if points else "", values=words)


def bars(pairs: Sequence[tuple[int, int]], *, places: int) -> Bars:
    """``places``: for how many pairs there is room."""
    highest = max((max(pair) for pair in pairs), default=0)
    made = [
        Bar(x=40 * n + 4 + 16 * side, y=136 - height, height=height, second=bool(side))
        for n, pair in enumerate(pairs)
        for side, value in enumerate(pair)
        if (height := round(128 * value / max(highest, 1)))
    ]
    peak = max(range(len(pairs)), key=lambda n: max(pairs[n]), default=0)
    return Bars(width=40 * max(places, len(pairs)), bars=made, peak=peak, highest=highest)
