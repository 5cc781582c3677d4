"""Right-to-left text on a left-to-right page. These functions isolate names and quoted words to
keep the browser from reordering the text next to them."""

import re

from markupsafe import Markup, escape

from handoff_service.web.shared.page_language import shown

# The blocks whose letters have the bidirectional class R or AL by default:
# https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedBidiClass.txt
_RTL = "\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
_LETTER = re.compile(f"[{_RTL}]")
# right-to-left words and the characters between them
_RUN = re.compile(rf"[{_RTL}]+(?:[^\w{_RTL}]+[{_RTL}]+)*")
# phone numbers, but not dates or times
_LONG_NUMBER = re.compile(r"(?<![\w/.:])[+(]?\d(?:[ ()-]{0,2}\d){6,}(?![\w/:])")
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def has_rtl(text: str) -> bool:
    """Return whether the text contains a right-to-left letter."""
    return _LETTER.search(text) is not None


def bdi(name: object) -> str:
    """Isolate a name inside a sentence. ``<bdi>`` keeps an Arabic name from reordering the words
    and digits next to it."""
    words = escape(shown(name))
    return Markup("<bdi>%s</bdi>") % words if has_rtl(words) else words


def sentence(text: object) -> str:
    """Isolate each group of right-to-left words in one of our sentences, such as a requester's
    name or quoted words."""
    words = escape(shown(text))
    return Markup(_RUN.sub(r"<bdi>\g<0></bdi>", words))  # noqa: S704 - escaped above, and no entity has such a letter


def whole_numbers(text: str) -> str:
    """Isolate long numbers in a right-to-left text. Without isolation, browsers reverse the order
    of the digit groups."""
    words = escape(text)
    return Markup(_LONG_NUMBER.sub(r'<bdi dir="ltr">\g<0></bdi>', words))  # noqa: S704 - escaped above


def isolated(name: str) -> str:
    """Isolate a name with Unicode characters instead of markup, for attributes and scripts."""
    # str.join keeps the type, so escaped text stays escaped
    name = shown(name)
    return name.join((FIRST_STRONG_ISOLATE, POP_ISOLATE)) if has_rtl(name) else name
