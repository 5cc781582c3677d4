"""The page of a person's archive: HTML that any browser opens. It has no scripts, and it shows
everything except media without other files."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

TITLES: Mapping[str, str] = {
    "person": "Who you are",
    "conversations": "Conversations",
    "cases": "Cases",
    "consent": "Consent to texts",
    "messaging_profiles": "Messaging profiles",
    "identity_checks": "Identity checks",
    "identity_history": "Identity history",
    "satisfaction": "Satisfaction",
    "promises": "Promises by agents",
    "sent_to_ticket_system": "Sent to the ticket system",
    "virtual_agent_understood": "What the virtual agent understood",
    "training_texts": "Texts kept for training, with names and numbers masked",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: start;
  vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600; width: 12rem }
.line { margin: .4rem 0 } .line small { color: #555 } .note { background: #fff6d6; padding: .3rem }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } .line small { color:
  #aaa } .note { background: #332b00 } th, td { border-color: #444 } a { color: #8ab4ff } }
"""


def page(desk: str, sections: Mapping[str, Any]) -> str:
    """Build the page. ``sections``: name -> content, as in ``data.json``."""
    title = f"Your data at {desk}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            "<p>Times are in UTC. The file data.json contains the same data for programs.</p>",
            *_sections(sections),
            "</body></html>",
        ]
    )


def _sections(sections: Mapping[str, Any]) -> Iterator[str]:
    for name, content in sections.items():
        if not content:
            continue
        yield f"<h2>{escape(TITLES.get(name, _words(name)))}</h2>"
        for one in [content] if isinstance(content, Mapping) else content:
            yield from _conversation(one) if name == "conversations" else _table(one)


def _conversation(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3>{escape(str(one['number']))}</h3>"
    yield from _table({k: v for k, v in one.items() if k not in ("number", "lines")})
    for line in one["lines"]:
        look = "line note" if line["kind"] == "note" else "line"
        about = " · ".join(
            str(line[name]) for name in ("at", "from", "kind", "status") if line[name]
        )
        yield f'<div class="{look}" dir="auto"><small>{escape(about)}</small><br>'
        yield escape(line["text"]).replace("\n", "<br>")
        yield from (_file(file) for file in line["files"])
        yield "</div>"


def _file(name: str) -> str:
    if name.startswith("("):
        return f"<br>{escape(name)}"
    return f'<br><a href="{escape(name, quote=True)}">{escape(name)}</a>'


def _table(one: Mapping[str, Any]) -> Iterable[str]:
    rows = "".join(
        f'<tr><th scope="row">{escape(_words(name))}</th><td dir="auto">{_cell(value)}</td></tr>'
        for name, value in one.items()
        if value not in (None, "", [], {})
    )
    return [f"<table>{rows}</table>"] if rows else []


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_table(value))
    if isinstance(value, list):
        return "<br>".join(_cell(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value)).replace("\n", "<br>")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
