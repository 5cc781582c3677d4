"""Phrases are sentences of pages that each agent reads in their own language."""

from gettext import NullTranslations

from handoff_service.rules.shared.phrases import Phrase, count_phrase, joined, phrase

WORDS = {
    "There is no queue {id}.": "Es gibt keine Warteschlange {id}.",
    "for {name}": "für {name}",
    "nobody": "niemanden",
    "{count} text": "{count} Text",
    "{count} texts": "{count} Texte",
}


class German(NullTranslations):
    def gettext(self, message: str) -> str:
        return WORDS.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


def in_german(text: Phrase) -> str:
    return text.translated(German())


def test_a_phrase_is_its_english_sentence() -> None:
    assert phrase("There is no queue {id}.", id=7) == "There is no queue 7."
    assert f"{phrase('for {name}', name=phrase('nobody'))}!" == "for nobody!"


def test_a_phrase_and_its_inner_phrases_are_translated() -> None:
    assert in_german(phrase("There is no queue {id}.", id=7)) == "Es gibt keine Warteschlange 7."
    assert in_german(phrase("for {name}", name=phrase("nobody"))) == "für niemanden"


def test_the_count_selects_singular_or_plural() -> None:
    assert [in_german(count_phrase("{count} text", "{count} texts", n)) for n in (1, 2)] == [
        "1 Text",
        "2 Texte",
    ]


def test_joined_parts_are_translated_and_names_do_not_change() -> None:
    parts = joined(", ", [phrase("nobody"), "Ann {nobody}", phrase("for {name}", name="{x}")])
    assert parts == "nobody, Ann {nobody}, for {x}"
    assert in_german(parts) == "niemanden, Ann {nobody}, für {x}"


def test_a_sentence_without_a_translation_stays_english() -> None:
    assert in_german(phrase("Not translated {yet}")) == "Not translated {yet}"
