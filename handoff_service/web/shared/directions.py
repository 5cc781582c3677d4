"""Right-to-left text on a left-to-right page. These functions isolate names and quoted words to
keep the browser from reordering the text next to them."""

import re

from markupsafe import Markup, escape

from handoff_service.rules.shared.phrases import Phrase
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.right_to_left import RTL, has_rtl, isolate

# right-to-left words and the characters between them
_RUN = re.compile(rf"[{RTL}]+(?:[^\w{RTL}]+[{RTL}]+)*")
# an isolated name or text, or right-to-left words
_ISOLATED = re.compile(rf"\u2068(?P<whole>[^\u2068\u2069]+)\u2069|{_RUN.pattern}")
# phone numbers, but not dates or times
_LONG_NUMBER = re.compile(r"(?<![\w/.:])[+(]?\d(?:[ ()-]{0,2}\d){6,}(?![\w/:])")


def bdi(name: object) -> str:
    """Isolate a name inside a sentence. ``<bdi>`` keeps an Arabic name from reordering the words
    and digits next to it."""
    words = escape(shown(name))
    return Markup("<bdi>%s</bdi>") % words if has_rtl(words) else words


def sentence(text: object) -> str:
    """Isolate the names and quoted words in a sentence of the product. A quoted text is isolated as
    a whole, also where it contains numbers or Latin words. In a text that is no phrase, each
    group of right-to-left words is isolated. If most of such a text is right-to-left, a person
    wrote it, and it is isolated as a whole.
    """
    words = shown(str(text))
    if not isinstance(text, Phrase) and _reads_from_right(words):
        return bdi(words)
    marked = _ISOLATED.sub(_bdi_of, escape(words))
    return Markup(marked)  # noqa: S704 - escaped above, and no entity has such a letter


def _bdi_of(found: re.Match[str]) -> str:
    return f"<bdi>{found['whole'] or found[0]}</bdi>"


def _reads_from_right(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    right = sum(map(has_rtl, letters))
    return bool(letters) and has_rtl(letters[0]) and 2 * right > len(letters)


def whole_numbers(text: str) -> str:
    """Isolate long numbers in a right-to-left text. Without isolation, browsers reverse the order
    of the digit groups."""
    words = escape(text)
    return Markup(_LONG_NUMBER.sub(r'<bdi dir="ltr">\g<0></bdi>', words))  # noqa: S704 - escaped above


def isolated(name: str) -> str:
    """Isolate a name as ``bdi`` does, but without markup: for attributes and scripts."""
    return isolate(shown(name))  # text that is already escaped stays escaped
