"""The versions of a text: English, and one for each other language of requesters."""

import pytest

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.versions import (
    OTHER_LANGUAGES,
    given_translations,
    name_in,
    translation_names,
    version_for,
    written_translations,
)


def test_every_language_except_english_is_a_translation() -> None:
    assert {*OTHER_LANGUAGES, Language.ENGLISH} == set(Language)
    assert name_in("text", Language.ENGLISH) == "text"
    assert translation_names("text") == {one: f"text_{one}" for one in OTHER_LANGUAGES}


def test_a_missing_translation_is_left_out_and_an_empty_one_stays() -> None:
    given = {"text": "OK", "text_es": None, "text_de": "", "most": "3"}
    assert given_translations(given, "text") == {Language.GERMAN: ""}
    assert written_translations(given | {"text_fr": "Oui"}, "text") == {Language.FRENCH: "Oui"}


@pytest.mark.parametrize(
    ("language", "version"),
    [
        (Language.GERMAN, Language.GERMAN),
        (Language.FRENCH, Language.ENGLISH),
        (Language.ENGLISH, Language.ENGLISH),
    ],
)
def test_requesters_without_a_version_get_english(language: Language, version: Language) -> None:
    assert version_for({Language.GERMAN: "Gut"}, language) is version
