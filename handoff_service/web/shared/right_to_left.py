"""Right-to-left letters, and the invisible characters that isolate a name with such letters, so
that it does not reorder the text next to it."""

import re

# The blocks of letters that are R or AL by default:
# https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedBidiClass.txt
RTL = "\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
_LETTER = re.compile(f"[{RTL}]")
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def has_rtl(text: str) -> bool:
    """Return whether the text has a right-to-left letter."""
    return _LETTER.search(text) is not None


def isolate(name: str) -> str:
    """Put the two characters around a name that has right-to-left letters."""
    if name.startswith(FIRST_STRONG_ISOLATE) or not has_rtl(name):
        return name
    return name.join((FIRST_STRONG_ISOLATE, POP_ISOLATE))
