"""Rules of identity checks: limits, recognized answers, and redaction."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.identity.proof import (
    MASK,
    Expects,
    Verdict,
    asked_facts,
    attempts_left,
    code_hash,
    fact_hash,
    judge_code,
    mail_subject,
    mail_text,
    may_send,
)
from handoff_service.rules.identity.secrets_in_texts import (
    RedactedText,
    account_in,
    may_contain_code,
    redact,
    without_codes,
)
from handoff_service.rules.shared.language import Language

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes_ago", "may"),
    [
        ([], True),
        ([1, 2], True),
        ([1, 2, 3], False),
        ([1, 2, 10], True),
        ([*range(11, 20)], True),
        ([*range(11, 21)], False),
        ([*range(24 * 60, 24 * 60 + 10)], True),
    ],
    ids=[
        "none",
        "two",
        "three",
        "three, the first 10 minutes ago",
        "nine today",
        "ten today",
        "ten yesterday",
    ],
)
def test_the_limits_are_three_codes_in_ten_minutes_and_ten_a_day(
    minutes_ago: list[int], may: bool
) -> None:
    assert may_send([NOW - timedelta(minutes=m) for m in minutes_ago], NOW) is may


def test_a_requester_has_five_tries() -> None:
    assert [attempts_left(wrong) for wrong in (0, 4, 5, 6)] == [5, 1, 0, 0]


@pytest.mark.parametrize(
    ("six_digits", "same", "until", "verdict"),
    [
        (True, True, 1, Verdict.RIGHT),
        (True, False, 1, Verdict.WRONG),
        (True, True, 0, Verdict.TOO_OLD),
        (True, False, None, Verdict.TOO_OLD),
        (False, False, 1, Verdict.NO_CODE),
    ],
)
def test_each_answer_has_its_result(
    six_digits: bool, same: bool, until: int | None, verdict: Verdict
) -> None:
    ends = None if until is None else NOW + timedelta(seconds=until)
    assert judge_code(six_digits=six_digits, same=same, until=ends, now=NOW) is verdict


@pytest.mark.parametrize(
    ("text", "body", "guesses"),
    [
        ("123456", "******", ("123456",)),
        ("it's 123 456", "it's *** ***", ("123456",)),
        ("code: 123-456!", "code: ***-***!", ("123456",)),
        ("１２３４５６", "******", ("123456",)),
        ("one two three 4 five six", "* * * * * *", ("123456",)),
        ("12345", "*****", ()),
        ("1234567", "*******", ()),
        ("oh its 431559", "oh its ******", ("431559",)),
        ("the one i got says 050426", "the one i got says ******", ("050426",)),
        ("E2006 168606", "E2006 ******", ("168606",)),
        ("its168606 for cs0000018", "its****** for cs0000018", ("168606",)),
        (
            "Your code is 396066\n\nIt works once, for 10 minutes.",
            "Your code is ******\n\nIt works once, for 10 minutes.",
            ("396066",),
        ),
        ("at 10 it said 396 066", "at 10 it said *** ***", ("396066",)),
        ("oh one two three four five", "* * * * * *", ("012345",)),
        ("123456 or 654321", "****** or ******", ()),
        ("12", "**", ()),
        ("34 5!", "** *!", ()),
    ],
)
def test_a_text_with_digits_is_redacted_while_a_code_is_expected(
    text: str, body: str, guesses: tuple[str, ...]
) -> None:
    assert redact(Expects.CODE, text) == RedactedText(body=body, guesses=guesses)
    assert redact(Expects.CHOICE, text) is not None, "the code may come late"
    assert redact(Expects.ACCOUNT, text) is None
    assert redact(None, text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2",
            "agent",
            "no code",
            "i got 2 mails, no one",
            "who are you?",
            "",
            "are you open at 10 today",
            "its E2005",
        ),
        *("whats up with CS0000018", "sorry, ann1990@example.com", "e-20051", "e 2005"),
    ],
)
def test_other_texts_are_not_redacted(text: str) -> None:
    assert redact(Expects.CODE, text) is None


@pytest.mark.parametrize(
    ("text", "guesses"),
    [
        ("1990", ("1990",)),
        ("It's 1990!", ("1990",)),
        ("i was born in 1990", ("1990",)),
        ("my birth year is 1990", ("1990",)),
        ("hm, I know it is 1990 ok?", ("hm i know it is 1990 ok", "1990")),
        ("04/12/1990", ("04 12 1990",)),
        ("O\u2019Brien", ("obrien",)),
        ("the name of my cat is Mr. Whiskers", ("mr whiskers",)),
        ("Will Smith", ("will smith",)),
        ("i think it was Leeds", ("i think it was leeds",)),
        ("im from Leeds", ("im from leeds",)),
        ("Elm Street 12", ("elm street 12", "12")),
        ("Idaho Falls", ("idaho falls",)),
        ("did you say 1990", ("did you say 1990", "1990")),
        ("12", ("12",)),
    ],
)
def test_a_fact_is_redacted_as_a_whole_and_counts_as_one_guess(
    text: str, guesses: tuple[str, ...]
) -> None:
    assert redact(Expects.FACT, text) == RedactedText(body=MASK, guesses=guesses)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "agent",
            "help",
            "I don't know",
            "why?",
            "what do you want that for",
            "1",
            "",
            "😭",
            "get me a person please",
        ),
        *(
            "never mind",
            "forget it",
            "hold on a sec",
            "tell me a joke",
            "are you open at 10 today",
            "just a moment",
        ),
        *("i want to speak to mia", "necesito ayuda por favor", "im not sure", "can you skip this"),
        *(
            "that is not fair",
            "i am not at my desk",
            "you know it already",
            "ive no clue",
            "let me look",
        ),
    ],
)
def test_other_texts_are_not_facts(text: str) -> None:
    assert redact(Expects.FACT, text) is None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("here is the code 396066", "here is the code ******"),
        ("396 066", "*** ***"),
        ("oh its 396066, at 10", "oh its ******, at 10"),
        ("three nine six oh six six", "* * * * * *"),
        ("call +1 303 555 0188", "call +1 303 555 0188"),
        ("CS0000012", "CS0000012"),
    ],
)
def test_a_code_is_masked_anywhere_in_a_text(text: str, body: str) -> None:
    assert without_codes(text, lambda _: True) == body
    assert may_contain_code(text) or body == text
    assert without_codes(text, lambda digits: False) == text
    assert not may_contain_code("my laptop is on fire since 10:30, one or two of them")


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("E1001", "e1001"),
        ("my number is e1001.", "e1001"),
        ("mail me at Ann.Lee@Example.com, thanks", "ann.lee@example.com"),
        ("jsmith", "jsmith"),
        ("i have no idea", None),
        ("", None),
        ("a@b", None),
    ],
)
def test_a_claimed_account_is_found_in_a_text(text: str, account: str | None) -> None:
    assert account_in(text) == account


def test_a_hash_depends_on_the_key_and_the_conversation() -> None:
    assert len({code_hash(key, one, "123456") for key in ("a", "b") for one in (1, 2)}) == 4
    assert fact_hash("a", " O'Brien ") == fact_hash("a", "obrien") != fact_hash("b", "obrien")


def test_the_names_of_several_facts_are_joined_with_or() -> None:
    assert asked_facts(["birth_year", "badge number"]) == "birth year or badge number"


@pytest.mark.parametrize(
    ("language", "minutes"),
    [("en", "10 minutes"), ("es", "10 minutos"), ("de", "10 Minuten"), ("fr", "10 minutes")],
)
def test_a_code_is_mailed_in_the_requesters_language(language: str, minutes: str) -> None:
    mail = mail_text("012345", "Northwind IT", "+1202***0101", Language(language))
    assert [part in mail for part in ("012345", "Northwind IT", "+1202***0101", minutes)] == [
        True
    ] * 4
    subject = mail_subject("Northwind IT", Language(language))
    assert ("Your code" in mail, "Your code" in subject) == (language == "en",) * 2
