"""The words of consent: the whole text, whatever its case and the marks around it, and nothing that only holds them."""

from datetime import datetime

import pytest

from handoff_service.rules.commands import Command
from handoff_service.rules.consent import TABLE, If, Source, Step, concerned, situation, why_not, word
from handoff_service.rules.keyword_traps import OPT_IN, OPT_OUT

OWN = {Command.OPT_OUT: ["alto", "Arrêt"], Command.OPT_IN: ["alta"]}


@pytest.mark.parametrize("text", [*OPT_OUT, "stop", " Stop. ", "STOP!!", "“stop”", "\nQuit\n", "ALTO", "arrêt"])
def test_opt_out_words(text: str) -> None:
    assert word(text, OWN) is Command.OPT_OUT


@pytest.mark.parametrize("text", [*OPT_IN, "yes", "Start", "alta"])
def test_opt_in_words(text: str) -> None:
    assert word(text, OWN) is Command.OPT_IN


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP 12345",
            "please stop calling",
            "stop it",
            "don't stop",
            "the bus stop",
            "ST OP",
            "end call",
            "yes please",
        ),
        *("", "...", "cancel my request", "alto el fuego", "quit the app", "STOPP", "help me"),
    ],
)
def test_what_only_holds_such_a_word_is_none(text: str) -> None:
    assert word(text, OWN) is None


def test_help() -> None:
    assert [word(text, {}) for text in ("HELP", "info", "Help?")] == [Command.HELP, Command.HELP, None]


@pytest.mark.parametrize(
    ("said", "opted_out", "row"),
    [
        (Command.OPT_OUT, False, If.OPTS_OUT),
        (Command.OPT_OUT, True, If.OPTS_OUT_AGAIN),
        (Command.OPT_IN, True, If.OPTS_IN),
        (Command.OPT_IN, False, If.ANYTHING_ELSE),
        (Command.HELP, True, If.ASKS_FOR_HELP),
        (Command.HELP, False, If.ANYTHING_ELSE),
        (None, True, If.ANYTHING_ELSE),
        (None, False, If.ANYTHING_ELSE),
    ],
)
def test_what_a_text_means(said: Command | None, *, opted_out: bool, row: If) -> None:
    assert situation(said, opted_out=opted_out) is row


def test_every_row_has_its_steps_and_only_changes_are_confirmed() -> None:
    assert set(TABLE) == set(If)
    assert [row for row, steps in TABLE.items() if Step.CONFIRM in steps] == [If.OPTS_OUT, If.OPTS_IN]
    assert all(Step.RECORD in TABLE[row] for row in (If.OPTS_OUT, If.OPTS_OUT_AGAIN, If.OPTS_IN))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(1, True, {0}), (2, False, {7})], {1: {0}, 2: {0}}),
        ([(1, True, {7}), (2, True, {0}), (3, False, {7})], {1: {7}, 2: {0}, 3: {0, 7}}),
        ([(1, True, {7, 8}), (2, False, {8})], {1: {7, 8}, 2: {8}}),
        ([(1, True, {0}), (2, False, {7}), (3, True, {8}), (4, False, {8})], {1: {0}, 2: {0}, 3: {8}, 4: {8}}),
    ],
)
def test_what_an_entry_changed(entries: list[tuple[int, bool, set[int]]], expected: dict[int, set[int]]) -> None:
    """0: all the company's numbers."""
    assert concerned([(n, out, frozenset(places)) for n, out, places in entries]) == expected


def test_why_somebody_cannot_be_texted() -> None:
    since = datetime(2026, 11, 3, 9, 0)  # noqa: DTZ001  # the desk's own zone
    assert why_not(Source.KEYWORD, since, words="STOP") == (
        "Has opted out since 3 November 2026, by texting “STOP”. Only START, texted by them, changes that."
    )
    assert why_not(Source.AGENT, since, by="Mia Chen") == "Has opted out since 3 November 2026, recorded by Mia Chen."
    assert "as the carrier says" in why_not(Source.PROVIDER, since, words="21610")
