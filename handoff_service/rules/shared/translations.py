"""The gettext catalogs in ``locale/``: one domain for texts to requesters, one for pages, and one
for the scripts of pages.

``translatable`` marks a text to requesters; ``in_language`` looks it up. ``phrases`` does the same
for pages, and ``web/static/words.js`` for scripts. Each catalog is read once, on first use.
"""

import gettext
from functools import cache
from pathlib import Path

from handoff_service.rules.shared.language import Language

LOCALE = Path(__file__).parents[2] / "locale"
REQUESTERS = "requesters"  # the domain of the texts to requesters
PAGES = "pages"  # the domain of the sentences of pages
SCRIPTS = "scripts"  # the domain of the sentences that the pages' scripts show


def translatable(text: str) -> str:
    """Mark an English text for the catalogs (``make catalogs`` finds it). Returns it unchanged."""
    return text


def in_language(text: str, language: str | None) -> str:
    """The text in this language; in English, if the catalog does not have it."""
    return catalog(REQUESTERS, Language(language or Language.ENGLISH)).gettext(text)


def count_in_language(one: str, many: str, count: int, language: str | None) -> str:
    """The form of a text that fits the count, by the language's plural rule."""
    return catalog(REQUESTERS, Language(language or Language.ENGLISH)).ngettext(one, many, count)


@cache
def catalog(domain: str, language: Language) -> gettext.NullTranslations:
    """Return the translations of a domain in this language. English needs none."""
    if language is Language.ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(domain, LOCALE, [language])
