"""The page that ``make nlu`` writes: a single HTML file with SVG charts and without scripts."""

from collections.abc import Iterator, Sequence
from html import escape

from handoff_service.bot_control import nlu_texts
from handoff_service.bot_control.nlu_report import TextGroup, groups, validated_gate
from handoff_service.bot_control.nlu_texts import GatePoint, IntentFigures, MeasuredText
from handoff_service.rules.training.exact_tests import Share

MOST_CONFUSIONS = 40
_WIDE, _HIGH, _LEFT, _BELOW = 640, 300, 56, 44
_BAR = 22
_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6eaf0); --paper:
  light-dark(#fff, #14181e);
  --line: light-dark(#c8d0da, #3a4350); --one: light-dark(#1f5fbf, #7fb0ff);
  --two: light-dark(#b3441e, #ff9d78); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
.axis { stroke: var(--line); } .one { stroke: var(--one); fill: none; stroke-width: 2; }
.two { stroke: var(--two); fill: none; stroke-width: 2; } .bar { fill: var(--one); }
.interval { stroke: var(--ink); stroke-width: 1.5; }
"""
_NOTES = (
    "Cross-validation trains on four fifths of the examples and measures the rest, five times. "
    "Training never reads held-out texts. Authors named <em>trainers</em> saw the examples; "
    "<em>blind</em> authors wrote from one-line descriptions and saw no examples. Each text is "
    "parsed in a state of the conversation in which its intent is possible. A text that is not for "
    "the desk counts as right when it starts no topic and leads to no question. Authors noted the "
    "languages of their texts. Without a note, frequent words decide whether a text is Spanish."
)


def page(texts: Sequence[MeasuredText], seconds: float) -> str:
    """The whole page."""
    examples = [text for text in texts if text.of_set == "cross-validation"]
    parts = [
        "<h1>How well the virtual agent understands</h1>",
        f"<p>{len(texts)} texts. Training took {seconds:.0f} s. {_NOTES}</p>",
        "<h2>Figures</h2>",
        _figures(groups(texts)),
        "<h2>The gate: topics kept against false starts</h2>",
        _gate(texts, examples),
        "<h2>Intents, cross-validated</h2>",
        _bars(nlu_texts.by_intent(examples)),
        "<h2>Most often confused</h2>",
        _confusions(texts),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Virtual agent: understanding</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _figures(found: Sequence[TextGroup]) -> str:
    head = (
        "<tr><th>Texts</th><th>Number</th><th>Right</th><th>Before the gates</th><th>Macro F1</th>"
        "<th>Topics that start</th><th>Topics asked about</th><th>False starts</th>"
        "<th>False questions</th><th>Requests for a person</th></tr>"
    )
    rows = "".join(
        f'<tr><td>{escape(g.name)}</td><td class="number">{len(g.texts)}</td>'
        + "".join(map(_cell, (g.right, g.guessed)))
        + f'<td class="number">{g.macro_f1:.3f}</td>'
        + "".join(
            map(
                _cell,
                (g.topics_kept, g.topics_asked, g.false_starts, g.false_questions, g.handoffs),
            )
        )
        + "</tr>"
        for g in found
    )
    return f"<table>{head}{rows}</table><p>In brackets: 95 % Wilson intervals.</p>"


def _cell(part: Share) -> str:
    if not part.whole:
        return '<td class="number">-</td>'
    low, high = part.interval
    return f'<td class="number">{part.value:.3f}<br>({low:.3f} to {high:.3f})</td>'


def _gate(texts: Sequence[MeasuredText], examples: Sequence[MeasuredText]) -> str:
    chosen, judged = validated_gate(texts)
    sentence = (
        f"On one half of the examples the limit {chosen.limit:.2f} keeps {chosen.kept:.3f} of the "
        f"topics at {chosen.false_starts:.3f} false starts. On the other half it keeps "
        f"{judged.kept:.3f} at {judged.false_starts:.3f}."
    )
    lines = [("one", "half that chooses", list(nlu_texts.gate_curve(examples[::2])))]
    lines.append(("two", "half that judges", list(nlu_texts.gate_curve(examples[1::2]))))
    return f"<p>{sentence}</p>{_curve(lines)}"


def _curve(lines: Sequence[tuple[str, str, list[GatePoint]]]) -> str:
    """The chart of the gate. The y axis is the share of texts about a topic that start a topic. The
    x axis is the share of out-of-scope texts that start a topic, from 0 to 10 %."""

    def x(share: float) -> float:
        return _LEFT + min(share, 0.1) * 10 * (_WIDE - _LEFT - 20)

    def y(share: float) -> float:
        return 10 + (1 - share) * (_HIGH - _BELOW - 10)

    drawn = [
        f'<line class="axis" x1="{x(0)}" y1="{y(0)}" x2="{x(0.1)}" y2="{y(0)}"/>',
        f'<line class="axis" x1="{x(0)}" y1="{y(0)}" x2="{x(0)}" y2="{y(1)}"/>',
    ]
    drawn += [
        f'<text x="{x(s / 100)}" y="{y(0) + 18}" text-anchor="middle">{s} %</text>'
        for s in range(0, 11, 2)
    ]
    drawn += [
        f'<text x="{x(0) - 8}" y="{y(s / 100) + 4}" text-anchor="end">{s} %</text>'
        for s in range(0, 101, 25)
    ]
    for n, (style, name, points) in enumerate(lines):
        path = " ".join(
            f"{x(p.false_starts):.1f},{y(p.kept):.1f}" for p in points if p.false_starts <= 0.1
        )
        drawn.append(f'<polyline class="{style}" points="{path}"/>')
        below = y(0.35) + 22 * n
        drawn.append(
            f'<line class="{style}" x1="{_WIDE - 190}" y1="{below}" x2="{_WIDE - 160}" '
            f'y2="{below}"/>'
        )
        drawn.append(f'<text x="{_WIDE - 152}" y="{below + 4}">{escape(name)}</text>')
    drawn.append(
        f'<text x="{x(0.05)}" y="{_HIGH - 6}" text-anchor="middle">other matters that start '
        f"a topic</text>"
    )
    title = "Topics kept against out-of-scope texts that start a topic, for both halves"
    return _svg(_WIDE, _HIGH, title, drawn)


def _bars(figures: Sequence[IntentFigures]) -> str:
    """The chart of intents: the F1 of each intent as a bar, and the Wilson interval of its recall
    as a line."""
    left, wide = 150, _WIDE - 150 - 130
    drawn = []
    for n, one in enumerate(figures):
        top = n * _BAR + 4
        low, high = Share(part=round(one.recall * one.texts), whole=one.texts).interval
        middle = top + _BAR / 2 - 3
        drawn += [
            f'<text x="{left - 8}" y="{top + 13}" text-anchor="end">{escape(one.name)}</text>',
            f'<rect class="bar" x="{left}" y="{top + 2}" width="{one.f1 * wide:.1f}" '
            f'height="12" opacity=".55"/>',
            f'<line class="interval" x1="{left + low * wide:.1f}" y1="{middle}"'
            f' x2="{left + high * wide:.1f}" y2="{middle}"/>',
            f'<text x="{left + wide + 8}" y="{top + 13}">{one.f1:.2f} of {one.texts} texts</text>',
        ]
    title = "F1 of each intent; the line is the interval of its recall"
    return f"<p>{title}.</p>" + _svg(_WIDE, len(figures) * _BAR + 8, title, drawn)


def _confusions(texts: Sequence[MeasuredText]) -> str:
    rows = "".join(_confusion_rows(texts))
    head = (
        "<tr><th>Texts</th><th>Meant</th><th>Understood as</th><th>Times</th><th>Such as</th></tr>"
    )
    return f"<table>{head}{rows}</table>"


def _confusion_rows(texts: Sequence[MeasuredText]) -> Iterator[str]:
    for group in groups(texts):
        if group.is_part:
            continue
        for c in nlu_texts.confusions(group.texts)[:MOST_CONFUSIONS]:
            yield (
                f"<tr><td>{escape(group.name)}</td><td>{c.meant}</td><td>{c.understood}</td>"
                f'<td class="number">{c.times}</td><td>{escape(c.example[:90])}</td></tr>'
            )


def _svg(wide: int, high: int, title: str, drawn: Sequence[str]) -> str:
    shapes = "".join(drawn)
    return (
        f'<svg viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img">'
        f"<title>{escape(title)}</title>{shapes}</svg>"
    )
