"""Right-to-left words on a left-to-right page: names and quoted words do not move what stands
beside them."""

import re

from markupsafe import Markup, escape

# The blocks whose letters are R or AL by default:
# https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedBidiClass.txt
_RTL = "\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
_LETTER = re.compile(f"[{_RTL}]")
_RUN = re.compile(rf"[{_RTL}]+(?:[^\w{_RTL}]+[{_RTL}]+)*")  # words, and what stands between them
# a phone number, not a date or a time
_LONG_NUMBER = re.compile(r"(?<![\w/.:])[+(]?\d(?:[ ()-]{0,2}\d){6,}(?![\w/:])")
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def has_rtl(text: str) -> bool:
    """Whether a letter of the text runs from right to left."""
    return _LETTER.search(text) is not None


def bdi(name: object) -> str:
    """A name inside a sentence. ``<bdi>`` keeps an Arabic name from pulling the words and digits
    beside it."""
    words = escape(name)
    return Markup("<bdi>%s</bdi>") % words if has_rtl(words) else words


def sentence(text: object) -> str:
    """A sentence of ours that holds somebody's name or words: each right-to-left run is
    isolated."""
    words = escape(text)
    return Markup(_RUN.sub(r"<bdi>\g<0></bdi>", words))  # noqa: S704 - escaped above, and no entity has such a letter


def whole_numbers(text: str) -> str:
    """Words between which long numbers stand: in a right-to-left text their groups would be shown
    in reverse order."""
    words = escape(text)
    return Markup(_LONG_NUMBER.sub(r'<bdi dir="ltr">\g<0></bdi>', words))  # noqa: S704 - escaped above


def isolated(name: str) -> str:
    """The same as ``bdi`` where there is no markup: for attributes and scripts."""
    # what is escaped stays so
    return name.join((FIRST_STRONG_ISOLATE, POP_ISOLATE)) if has_rtl(name) else name
