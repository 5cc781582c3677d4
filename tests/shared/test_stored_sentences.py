"""The database stores sentences in English. Pages show them in the language of the page."""

from datetime import UTC, datetime
from gettext import NullTranslations

import pytest

from handoff_service.operations.routing.offer_item import ALL_DECLINED, FOR_GOOD
from handoff_service.rules.consent.consent_keywords import Source, why_not
from handoff_service.rules.conversations.media_failures import media_failure
from handoff_service.rules.routing.assignment import REASONS, Nobody
from handoff_service.rules.shared.collected_words import fact_name, fact_value
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import Phrase, filled, phrase, translated
from handoff_service.rules.shared.stored_sentences import (
    decision,
    reason,
    recognized,
    short_reason,
    stored,
    stored_line,
)
from handoff_service.rules.shared.translations import PAGES, catalog

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


def test_a_value_that_is_a_phrase_is_also_translated() -> None:
    made = filled(REFUSED, count=1, why=DELETED)
    assert isinstance(made, Phrase)
    assert (made, made.translated(_German())) == (
        "Not erased (1): It was deleted.",
        "Gelöscht. (1 bleiben)",
    )


class Marked(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"<{message}>"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mia Chen took over", "<Mia Chen took over>"),
        ("The hold has ended", "<The hold has ended>"),
        ("Mia put this on hold until 09:00", "<Mia put this on hold until 09:00>"),
        (
            "Mia closed this conversation. It was your conversation",
            "<<Mia closed this conversation>. It was your conversation>",
        ),
        ("Mia accepted", "<Mia accepted>"),
        (
            "Waiting in Help for 1 hour 5 minutes.",
            "<Waiting in Help for <1 hour> <5 minutes>.>",
        ),
        ("“Close it” set this to on hold", "<“Close it” set this to <On hold>>"),
        ("Something that no one wrote", "Something that no one wrote"),
    ],
)
def test_a_stored_sentence_is_found_with_its_names(text: str, shown: str) -> None:
    assert stored(text) == text
    assert translated(stored(text), Marked()) == shown


def test_a_reason_that_a_person_wrote_is_not_translated() -> None:
    assert translated(reason("Mia left"), Marked()) == "Mia left"
    assert translated(reason("no answer for weeks"), Marked()) == "no answer for weeks"
    assert translated(reason("Waiting for another team"), Marked()) == "<Waiting for another team>"


def test_a_reason_that_the_product_wrote_is_translated_but_its_names_are_not() -> None:
    assert translated(reason("Mia transferred it."), Marked()) == "<Mia transferred it.>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("offered to Mia, Omar", "<offered to Mia, Omar>"),
        ("all have rejected it", "<all have rejected it>"),
        ("is away", "<is <away>>"),
        ("is at lunch", "<is at lunch>"),
        ("is at capacity: 2 of 2", "<is at capacity: 2 of 2>"),
    ],
)
def test_a_decision_is_found_with_its_names(text: str, shown: str) -> None:
    assert decision(text) == text
    assert translated(decision(text), Marked()) == shown


def test_each_reason_of_work_assignment_can_be_translated() -> None:
    given = {"presence": "away", "skills": "dock", "after": 30, "load": 1, "capacity": 2}
    for made in REASONS.values():
        assert isinstance(decision(str.__str__(made(given))), Phrase), made(given)
    for one in (*Nobody, ALL_DECLINED, FOR_GOOD):
        assert isinstance(decision(one), Phrase), one


def german(text: str) -> str:
    return translated(text, catalog(PAGES, Language.GERMAN))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Mia scheduled a text for 3 September 2026, 09:52 EST",
            "Mia hat eine SMS für den 3. September 2026, 09:52 EST geplant",
        ),
        ("Ann has been waiting for 2 days.", "Ann wartet bereits 2 Tage."),
        (
            "The requester has been waiting for 2 days.",
            "Die anfragende Person wartet bereits 2 Tage.",
        ),
        (
            "Identity check not finished: no answer for 10 minutes.",
            "Identitätsprüfung nicht abgeschlossen: 10 Minuten lang keine Antwort.",
        ),
        ("Omar is away.", "Omar ist abwesend."),
        (
            "A program merged Ann (E1) into Ann (E2). This conversation now belongs to Ann",
            "Ein Programm hat Ann (E1) mit Ann (E2) zusammengeführt. "
            "Diese Unterhaltung gehört jetzt zu Ann",
        ),
        (
            "Ann Lee was verified by a code to the e-mail on file",
            "Ann Lee wurde mit einem Code an die hinterlegte E-Mail-Adresse verifiziert",
        ),
        (
            "The requester says that this is not Ann",
            "Laut der anfragenden Person ist das nicht Ann",
        ),
    ],
)
def test_times_durations_and_reasons_in_a_sentence_are_in_german(text: str, shown: str) -> None:
    assert german(stored(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Identity check not finished: the requester stopped the check; no user matches E77",
            "Identitätsprüfung nicht abgeschlossen: die anfragende Person hat die Prüfung "
            "abgebrochen; kein Benutzer passt zu E77",
        ),
        ("Mia opened case CS0000001: Stuck badge", "Mia hat Fall CS0000001 angelegt: Stuck badge"),
        ("Mia took over", "Mia hat übernommen"),
        ("Stuck: no answer", "Stuck: no answer"),
    ],
)
def test_a_line_and_its_reason_are_in_german(text: str, shown: str) -> None:
    assert german(stored_line(text)) == shown


def test_a_failed_check_names_each_cause() -> None:
    failed = "5 wrong answers, the last one a wrong code; no e-mail address on file"
    shown = "5 falsche Antworten, zuletzt ein falscher Code; keine E-Mail-Adresse hinterlegt"
    assert german(reason(failed)) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Claimed to be", "E1001", "Angegebene Identität: E1001"),
        ("Identity check", "passed", "Identitätsprüfung: bestanden"),
        (
            "Identity check",
            "not finished: no answer for 10 minutes",
            "Identitätsprüfung: nicht abgeschlossen: 10 Minuten lang keine Antwort",
        ),
        ("Impact", "working", "Auswirkung: Kann arbeiten"),
        ("Language", "es", "Sprache: Spanisch"),
        ("Problem", "working", "Problem: working"),
        ("device", "Dock", "Gerät: Dock"),
        ("user.department", "IT", "Abteilung: IT"),
        ("shoe_size", "44", "Shoe size: 44"),
    ],
)
def test_collected_facts_are_in_german(name: str, value: str, shown: str) -> None:
    assert f"{german(fact_name(name))}: {german(fact_value(value, name))}" == shown


def test_the_reason_for_a_rejected_picture_is_in_german() -> None:
    refused = "The provider refused the download (403)."
    assert german(media_failure(refused)) == "Der Anbieter hat das Herunterladen abgelehnt (403)."


def test_the_day_of_an_opt_out_is_in_german() -> None:
    since = datetime(2026, 11, 3, tzinfo=UTC)
    assert "3. November 2026" in german(why_not(Source.PROVIDER, since))


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (Language.SPANISH, "Mia programó un SMS para el 3 de septiembre de 2026, 09:52 EST"),
        (Language.FRENCH, "Mia a programmé un SMS pour le 3 septembre 2026, 09:52 EST"),
    ],
)
def test_a_day_in_a_sentence_has_its_article(language: Language, shown: str) -> None:
    line = stored("Mia scheduled a text for 3 September 2026, 09:52 EST")
    assert translated(line, catalog(PAGES, language)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "The requester may want to opt out",
            "Die anfragende Person möchte womöglich SMS abbestellen",
        ),
        ("Asked for a person", "Wollte mit einem Menschen sprechen"),
        (
            "The virtual agent did not answer within 10 s",
            "Der virtuelle Agent hat nicht innerhalb von 10 s geantwortet",
        ),
    ],
)
def test_a_reason_of_a_report_has_no_colon_and_no_full_stop(text: str, shown: str) -> None:
    assert german(short_reason(text) or "") == shown


def test_an_unknown_reason_has_no_phrase() -> None:
    assert short_reason("Mia's own words") is None
