"""The product's texts to requesters in their language, from the gettext catalogs in ``locale/``.

``translatable`` marks a text for the catalogs; ``in_language`` looks it up. The catalogs are data
of the program. Each is read once, when a text of its language is first needed.
"""

import gettext
from functools import cache
from pathlib import Path

from handoff_service.rules.shared.language import Language

LOCALE = Path(__file__).parents[2] / "locale"
DOMAIN = "requesters"  # the catalogs of the texts to requesters


def translatable(text: str) -> str:
    """Mark an English text for the catalogs (``make catalogs`` finds it). Returns it unchanged."""
    return text


def in_language(text: str, language: str | None) -> str:
    """The text in this language; in English, if the catalog does not have it."""
    return _catalog(Language(language or Language.ENGLISH)).gettext(text)


def count_in_language(one: str, many: str, count: int, language: str | None) -> str:
    """The form of a text that fits the count, by the language's plural rule."""
    return _catalog(Language(language or Language.ENGLISH)).ngettext(one, many, count)


@cache
def _catalog(language: Language) -> gettext.NullTranslations:
    if language is Language.ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, [language])
