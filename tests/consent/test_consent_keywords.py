"""Consent keywords count only as a whole text. Case and surrounding punctuation do not matter."""

from datetime import datetime

import pytest

from handoff_service.rules.consent.consent_keywords import (
    TABLE,
    ConsentSituation,
    ConsentStep,
    Source,
    affected_numbers,
    is_overruled,
    situation,
    why_not,
    word,
)
from handoff_service.rules.delivery.carrier_keywords import OPT_IN, OPT_OUT
from handoff_service.rules.virtual_agent.commands import Command

MARKED = (
    "‘stop’",
    "STOP,",
    "stop?",
    "(stop)",
    "Stop…",
    "STOP\N{NO-BREAK SPACE}",
    "\ufeffSTOP\u200b",
    "arre\u0302t",
)
OWN = {Command.OPT_OUT: ["alto", "Arrêt"], Command.OPT_IN: ["alta"]}


@pytest.mark.parametrize(
    "text", [*OPT_OUT, "stop", " Stop. ", "STOP!!", "“stop”", "\nQuit\n", "ALTO", "arrêt", *MARKED]
)
def test_opt_out_keywords_are_recognized(text: str) -> None:
    assert word(text, OWN) is Command.OPT_OUT


@pytest.mark.parametrize("text", [*OPT_IN, "yes", "Start", "alta"])
def test_opt_in_keywords_are_recognized(text: str) -> None:
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
def test_a_text_that_only_contains_a_keyword_is_not_one(text: str) -> None:
    assert word(text, OWN) is None


def test_help_keywords_are_recognized() -> None:
    assert [word(text, {}) for text in ("HELP", "info", "Help me?")] == [
        Command.HELP,
        Command.HELP,
        None,
    ]


@pytest.mark.parametrize(
    ("said", "facts", "row"),
    [
        (Command.OPT_OUT, "", ConsentSituation.OPTS_OUT),
        (Command.OPT_OUT, "opted_out", ConsentSituation.OPTS_OUT_AGAIN),
        (Command.OPT_OUT, "is_answered", ConsentSituation.OPTS_OUT),
        (Command.OPT_IN, "opted_out", ConsentSituation.OPTS_IN),
        (Command.OPT_IN, "opted_out is_answered", ConsentSituation.OPTS_IN),
        (Command.OPT_IN, "", ConsentSituation.ANYTHING_ELSE),
        (Command.OPT_IN, "is_answered", ConsentSituation.IS_ANSWERED),
        (Command.HELP, "opted_out bot_answers", ConsentSituation.ASKS_FOR_HELP),
        (Command.HELP, "", ConsentSituation.ASKS_FOR_HELP),
        (Command.HELP, "bot_answers", ConsentSituation.ANYTHING_ELSE),
        (Command.HELP, "bot_answers is_answered", ConsentSituation.IS_ANSWERED),
        (None, "opted_out", ConsentSituation.ANYTHING_ELSE),
        (None, "", ConsentSituation.ANYTHING_ELSE),
    ],
)
def test_the_meaning_of_a_text_depends_on_the_current_consent(
    said: Command | None, facts: str, row: ConsentSituation
) -> None:
    names = ("opted_out", "bot_answers", "is_answered")
    assert situation(said, **{name: name in facts.split() for name in names}) is row


@pytest.mark.parametrize(
    ("lost", "since", "overruled"),
    [
        (Command.OPT_IN, [(Command.OPT_OUT, True)], True),
        (Command.OPT_IN, [(Command.OPT_OUT, False)], True),
        (Command.OPT_IN, [(None, True), (Command.OPT_IN, True)], False),
        (Command.OPT_OUT, [(Command.OPT_IN, True)], True),
        (Command.OPT_OUT, [(Command.OPT_IN, False)], False),
        (Command.OPT_OUT, [], False),
    ],
)
def test_a_later_text_outranks_a_recovered_keyword(
    lost: Command, since: list[tuple[Command | None, bool]], *, overruled: bool
) -> None:
    assert is_overruled(lost, since) is overruled


def test_each_row_has_its_steps_and_only_changes_get_a_confirmation() -> None:
    assert set(TABLE) == set(ConsentSituation)
    assert [row for row, steps in TABLE.items() if ConsentStep.CONFIRM in steps] == [
        ConsentSituation.OPTS_OUT,
        ConsentSituation.OPTS_IN,
    ]
    assert all(
        ConsentStep.RECORD in TABLE[row]
        for row in (
            ConsentSituation.OPTS_OUT,
            ConsentSituation.OPTS_OUT_AGAIN,
            ConsentSituation.OPTS_IN,
        )
    )


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(1, True, {0}), (2, False, {7})], {1: {0}, 2: {0}}),
        ([(1, True, {7}), (2, True, {0}), (3, False, {7})], {1: {7}, 2: {0}, 3: {0, 7}}),
        ([(1, True, {7, 8}), (2, False, {8})], {1: {7, 8}, 2: {8}}),
        (
            [(1, True, {0}), (2, False, {7}), (3, True, {8}), (4, False, {8})],
            {1: {0}, 2: {0}, 3: {8}, 4: {8}},
        ),
    ],
)
def test_an_entry_lists_the_company_numbers_that_it_changed(
    entries: list[tuple[int, bool, set[int]]], expected: dict[int, set[int]]
) -> None:
    """In the entry, 0 stands for all company numbers."""
    assert affected_numbers([(n, out, frozenset(places)) for n, out, places in entries]) == expected


def test_a_number_that_cannot_be_texted_has_the_reason() -> None:
    since = datetime(2026, 11, 3, 9, 0)  # noqa: DTZ001  # the desk's own zone
    assert why_not(Source.KEYWORD, since, words="quit..") == (
        "Opted out on 3 November 2026 by texting quit. Only they can opt back in, by texting START."
    )
    assert (
        why_not(Source.AGENT, since, by="Mia Chen")
        == "Opted out on 3 November 2026, recorded by Mia Chen."
    )
    assert "reported by the carrier" in why_not(Source.PROVIDER, since, words="21610")
