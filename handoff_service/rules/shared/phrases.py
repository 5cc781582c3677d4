"""The sentences of pages, which each agent reads in their own language.

``phrase`` marks an English sentence for the catalogs of pages. A phrase is an English ``str``; the
database, the log and the API use this text. Templates show it in the language of the page (see
``web/shared/page_language.py``). Code that puts a phrase into a longer text calls ``phrase`` or
``joined``, because an f-string or ``+`` would keep the English words.
"""

from collections.abc import Callable, Iterable, Mapping
from gettext import NullTranslations
from typing import Self, cast

type Words = Callable[[NullTranslations], str]
_ENGLISH = NullTranslations()


class IsolatingCatalog(NullTranslations):
    """A catalog for pages. ``isolate`` marks each name and each quoted text that fills a sentence,
    so that a right-to-left name does not reorder the words next to it."""

    def __init__(self, catalog: NullTranslations, isolate: Callable[[str], str]) -> None:
        super().__init__()
        self.add_fallback(catalog)
        self.isolate = isolate


class Phrase(str):
    """A sentence in English that can be shown in another language."""

    __slots__ = ("_words",)
    _words: Words  #: returns the sentence in the language of a catalog

    def __str__(self) -> Self:
        """Return the phrase itself, so that ``str()`` of an exception keeps its translations."""
        return self

    @classmethod
    def of(cls, words: Words) -> Self:
        """Return a phrase. ``words`` returns its sentence in the language of a catalog."""
        made = cls(words(_ENGLISH))
        made._words = words
        return made

    def translated(self, catalog: NullTranslations) -> str:
        """Return the sentence in the language of the catalog, or in English if the catalog lacks
        it."""
        return self._words(catalog)


def phrase(english: str, /, **values: object) -> Phrase:
    """Mark a sentence for the catalogs of pages (``make catalogs`` finds it).

    ``values`` fill its {placeholders}. A value that is a phrase is translated too. Without values,
    braces are ordinary characters.
    """
    if not values:
        return Phrase.of(lambda catalog: catalog.gettext(english))
    return Phrase.of(lambda catalog: catalog.gettext(english).format(**_in(catalog, values)))


def phrase_in(context: str, english: str, /) -> Phrase:
    """Mark a word with several meanings, such as “Number”, for the catalogs.

    ``context`` names the meaning, on which the translation depends. Templates call ``pgettext``
    instead.
    """
    return Phrase.of(lambda catalog: catalog.pgettext(context, english))


def count_phrase(one: str, many: str, count: int, /, **values: object) -> Phrase:
    """Mark a sentence that has a singular and a plural form. ``{count}`` is the number."""
    given = {"count": count, **values}
    return Phrase.of(
        lambda catalog: catalog.ngettext(one, many, count).format(**_in(catalog, given))
    )


def joined(separator: str, parts: Iterable[str]) -> Phrase:
    """Join phrases, names and numbers into one phrase. The separator may be a phrase too."""
    kept = list(parts)
    return Phrase.of(
        lambda catalog: translated(separator, catalog).join(
            str(_filling(part, catalog)) for part in kept
        )
    )


def filled(words: str, /, **values: object) -> Phrase:
    """Fill the {placeholders} of a phrase that comes from a table."""
    return Phrase.of(lambda catalog: translated(words, catalog).format(**_in(catalog, values)))


def all_of(parts: Iterable[str]) -> Phrase:
    """Join the parts into a list: ``a, b and c``."""
    return _listed(parts, phrase("{first} and {last}"))


def any_of(parts: Iterable[str]) -> Phrase:
    """Join the parts into a choice: ``a, b or c``."""
    return _listed(parts, phrase("{first} or {last}"))


def reworded(words: str, change: Callable[[str], str]) -> Phrase:
    """Apply a change, such as a capital at the beginning, to the sentence in each language."""
    return Phrase.of(lambda catalog: change(translated(words, catalog)))


def capitalized(words: str) -> Phrase:
    """Capitalize the first letter of a sentence or name, for a heading or a choice."""
    return reworded(words, lambda text: text[:1].upper() + text[1:])


def uncapitalized(words: str) -> Phrase:
    """Begin the sentence with a lower-case letter, for use within another sentence."""
    return reworded(words, lambda text: text[:1].lower() + text[1:])


def without_stop(words: str) -> Phrase:
    """The sentence without its full stop."""
    return reworded(words, lambda text: text.rstrip("."))


def translated[Value](value: Value, catalog: NullTranslations) -> Value:
    """Return a phrase in the catalog's language, and any other value as it is."""
    return cast(Value, value.translated(catalog)) if isinstance(value, Phrase) else value


def _listed(parts: Iterable[str], pair: Phrase) -> Phrase:
    *others, last = parts
    return filled(pair, first=joined(", ", others), last=last) if others else joined("", [last])


def _in(catalog: NullTranslations, values: Mapping[str, object]) -> dict[str, object]:
    return {name: _filling(value, catalog) for name, value in values.items()}


def _filling(value: object, catalog: NullTranslations) -> object:
    if isinstance(value, str) and not isinstance(value, Phrase):
        return catalog.isolate(value) if isinstance(catalog, IsolatingCatalog) else value
    return translated(value, catalog)
