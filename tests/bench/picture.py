"""Pictures for the documentation: an SVG file with one panel and line for each series.

The lines look like the workspace's sparklines. The file contains colors for light and dark pages,
and describes its values in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from handoff_service.web.shared.charts import spark
from tests.bench.report import figure

WIDTH, PANEL, HEAD = 720, 84, 48  # pixels
LEFT, LINE = 250, 340  # the x position and the width of the lines
FINE = 1000  # The sparkline draws whole numbers.
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2933 } .unit { fill: #52606d }
.head { font-weight: 600; font-size: 15px }
path { fill: none; stroke: #0b69a3; stroke-width: 2 }
line { stroke: #cbd2d9 } .page { fill: #fff }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .unit { fill: #9aa5b1 } path { stroke: #62b0e8 } line { stroke: #3e4c59 }
.page { fill: #1f2933 } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One series."""

    title: str
    unit: str
    values: Sequence[float | None]  #: None: no measurement
    note: str = ""


def draw(title: str, panels: Sequence[Panel], along: str) -> str:
    """Return an SVG file. ``along``: a description of the horizontal axis with its ends."""
    height = HEAD + PANEL * len(panels) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title words">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="words">{escape(" ".join(describe(one) for one in panels))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        f'<text class="head" x="12" y="22">{escape(title)}</text>',
        f'<text class="unit" x="{LEFT}" y="40">{escape(along)}</text>',
        *(_panel(one, HEAD + PANEL * n) for n, one in enumerate(panels)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _panel(panel: Panel, top: int) -> str:
    known = [value for value in panel.values if value is not None]
    whole = [None if value is None else round(value * FINE) for value in panel.values]
    parts = [
        f'<text x="12" y="{top + 24}">{escape(panel.title)}</text>',
        f'<text class="unit" x="12" y="{top + 44}">{escape(panel.note)}</text>',
        f'<line x1="{LEFT}" x2="{LEFT + LINE}" y1="{top + 70}" y2="{top + 70}"/>',
    ]
    if known:
        parts += [
            f'<svg x="{LEFT}" y="{top + 8}" width="{LINE}" height="60" viewBox="0 0 100 24" '
            'preserveAspectRatio="none"><path vector-effect="non-scaling-stroke" '
            f'd="{spark(whole).path}"/></svg>',
            _label(top + 20, f"most {figure(max(known))} {panel.unit}"),
            _label(top + 42, f"last {figure(known[-1])} {panel.unit}"),
            _label(top + 64, f"least {figure(min(known))} {panel.unit}"),
        ]
    else:
        parts.append(_label(top + 42, "not measured yet"))
    return "\n".join(parts)


def _label(y: int, words: str) -> str:
    return f'<text class="unit" x="{LEFT + LINE + 12}" y="{y}">{escape(words)}</text>'


def describe(panel: Panel) -> str:
    """Describe a panel in words."""
    known = [value for value in panel.values if value is not None]
    if not known:
        return f"{panel.title}: not measured yet."
    return (
        f"{panel.title}: from {figure(known[0])} to {figure(known[-1])} {panel.unit}, "
        f"least {figure(min(known))}, most {figure(max(known))}."
    )
