"""Finds the words on a page that do not come from a translation catalog.

The pages are rendered with a catalog that puts « and » around each sentence. Placeholders stay
outside the marks, because their values must be translated sentences or data.
"""

import functools
import gettext
import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser

#: HTML attributes that people read or hear; scripts show the last ones
READ = (
    *("aria-label", "aria-description", "title", "placeholder", "alt", "label", "data-label"),
    *("data-anyway", "data-ask", "data-does", "data-macros", "data-note", "data-templates"),
    *("data-usual", "data-whom"),
)
#: elements that contain code, or data that programs wrote
SKIPPED = frozenset({"script", "style", "code", "pre"})
WITHIN = frozenset(
    {"mark", "b", "i", "em", "strong", "bdi"}
)  # elements that can occur inside a text that a person wrote
VOID = frozenset(
    {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"}
)
_PLACEHOLDER = re.compile(r"(%\(\w+\)s|\{\w+\})")
_FILLED = re.compile(r"\{[^{}]*\}")  # placeholders in templates of texts
_WORD = re.compile(r"[^\W\d_]{2,}")
#: addresses, file names, time zones, versions, numbers with units, and a placeholder of prompts
_NOT_WORDS = re.compile(
    r"\S*[@/\\=]\S*|\w+(?:[.:_]\w+)+|\b[A-Z]{2,5}\b|\d+[a-z]\b|U\+\w+|\b[A-Z]{2,3}\d+\b|\{waiting\}"
)


class PseudoCatalog(gettext.NullTranslations):
    """A catalog that puts « and » around each sentence."""

    def gettext(self, message: str) -> str:
        return "".join(
            part if _PLACEHOLDER.fullmatch(part) or not part else f"«{part}»"
            for part in _PLACEHOLDER.split(message)
        )

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class _Texts(HTMLParser):
    """Collects a page's texts in order, and the texts of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.attributes: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes += [given[name] or "" for name in READ if name in given]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.attributes.append(given.get("value") or "")
        if tag in SKIPPED or self._skipped:
            if tag not in VOID:
                self._skipped.append(tag)
        elif tag not in WITHIN:
            self.shown.append("\n")  # a known text never continues in the next element

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped.pop()
        elif tag not in WITHIN:
            self.shown.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.shown.append(data)


def untranslated(page: str, data: Collection[str], names: Collection[str]) -> list[str]:
    """Return the texts on a page that have untranslated words: words outside « and » that are not
    data. ``names``: words that are the same in each language.
    """
    parser = _Texts()
    parser.feed(page)
    known = _known(frozenset(data))
    texts = ["".join(parser.shown), *parser.attributes]
    found = []
    for text in texts:
        for line in _outside(text).splitlines():
            rest = _NOT_WORDS.sub(" ", known.sub(" ", " ".join(line.split())))
            if any(word not in names for word in _WORD.findall(rest)):
                found.append(" ".join(line.split()))
    return found


@functools.cache
def _known(data: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern that matches each text of ``data``. {placeholder} matches any short text."""
    longest_first = sorted((one for one in data if _WORD.search(_FILLED.sub("", one))), key=len)
    parts = (
        r"[^\n]{0,80}?".join(map(re.escape, _FILLED.split(one))) for one in reversed(longest_first)
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def _outside(text: str) -> str:
    return "".join(_unmarked(text))


def _unmarked(text: str) -> Iterator[str]:
    depth = 0
    for part in re.split("([«»])", text):
        if part in "«»" and part:
            depth += 1 if part == "«" else -1
        elif depth <= 0:
            yield part
        else:
            yield "\n"
