"""Sentences that the database stores in English are shown in the language of a page."""

from gettext import NullTranslations

import pytest

from handoff_service.rules.shared.phrases import Phrase, phrase, translated
from handoff_service.rules.shared.stored_sentences import filled, recognized

DELETED = phrase("It was deleted.")
REFUSED = phrase("Not erased ({count}): {why}")


class _German(NullTranslations):
    def gettext(self, message: str) -> str:
        return {DELETED: "Gelöscht.", REFUSED: "{why} ({count} bleiben)"}[message]


@pytest.mark.parametrize(
    ("stored", "german"),
    [
        ("It was deleted.", "Gelöscht."),
        ("Not erased (3): No {answer}.\nAt all", "No {answer}.\nAt all (3 bleiben)"),
        ("Something else.", "Something else."),
    ],
)
def test_a_stored_sentence_is_translated_if_it_is_known(stored: str, german: str) -> None:
    found = recognized(stored, [DELETED, REFUSED])
    assert (found, translated(found, _German())) == (stored, german)


def test_a_value_that_is_a_phrase_is_translated_too() -> None:
    made = filled(REFUSED, count=1, why=DELETED)
    assert isinstance(made, Phrase)
    assert (made, made.translated(_German())) == (
        "Not erased (1): It was deleted.",
        "Gelöscht. (1 bleiben)",
    )
