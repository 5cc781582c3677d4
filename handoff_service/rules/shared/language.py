"""The languages of the product's texts: English, Spanish, German and French, with their names."""

from collections.abc import Mapping
from enum import StrEnum

from handoff_service.rules.shared.phrases import capitalized, phrase


class Language(StrEnum):
    """A language of the product's own texts. The values are ISO 639-1 codes."""

    ENGLISH = "en"
    SPANISH = "es"
    GERMAN = "de"
    FRENCH = "fr"


#: the languages' names in sentences of pages
LANGUAGE_NAMES: Mapping[Language, str] = {
    Language.ENGLISH: phrase("English"),
    Language.SPANISH: phrase("Spanish"),
    Language.GERMAN: phrase("German"),
    Language.FRENCH: phrase("French"),
}
#: the languages' names in choices and headings
LANGUAGE_TITLES = {one: capitalized(name) for one, name in LANGUAGE_NAMES.items()}
#: the languages' names in the languages themselves
OWN_NAMES: Mapping[Language, str] = {
    Language.ENGLISH: "English",
    Language.GERMAN: "Deutsch",
    Language.SPANISH: "Español",
    Language.FRENCH: "Français",
}
