"""The versions of a text: English, and translations into the other languages of requesters.

``Language`` lists the languages. Fields, columns and system messages name their versions in the
same way: ``text`` is the English version, ``text_es`` the Spanish one. If a text has no version in
the requester's language, the requester gets the English one.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.language import Language

type Translations = Mapping[Language, str]

#: the languages into which an English text can be translated
OTHER_LANGUAGES = tuple(one for one in Language if one is not Language.ENGLISH)


def name_in(name: str, language: Language) -> str:
    """The name of a text's version in a language: ``text``, ``text_es``."""
    return name if language is Language.ENGLISH else f"{name}_{language}"


def translation_names(name: str) -> Mapping[Language, str]:
    """Language -> the name of the text's translation into it, such as ``text_es``."""
    return {language: name_in(name, language) for language in OTHER_LANGUAGES}


def given_translations(values: Mapping[str, str | None], name: str) -> Translations:
    """The translations of a text among named values. A missing value and None mean that there is no
    translation."""
    named = translation_names(name)
    return {
        language: text
        for language in OTHER_LANGUAGES
        if (text := values.get(named[language])) is not None
    }


def written_translations(values: Mapping[str, str | None], name: str) -> Translations:
    """Like ``given_translations``, for a form: an empty field means that there is no
    translation."""
    given = given_translations(values, name)
    return {language: text for language, text in given.items() if text.strip()}


def version_for(translations: Translations, language: Language) -> Language:
    """The language of the version that a requester with this language gets."""
    return language if language in translations else Language.ENGLISH
