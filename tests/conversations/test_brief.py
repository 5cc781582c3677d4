"""The brief: quotes from a conversation that tell an agent what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.conversations.brief import MAX_ENTRIES, UnderstoodTurn, brief
from handoff_service.rules.conversations.quotes import LONGEST, BriefLine
from handoff_service.rules.shared.vocabulary import Author, Event, Kind

BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)
AUTHORS = {
    "R": Author.REQUESTER,
    "B": Author.VIRTUAL_AGENT,
    "A": Author.AGENT,
    "S": Author.SYSTEM,
}


def lines(*said: str, event: Event | None = None) -> list[BriefLine]:
    """Return lines for texts such as "R: hi". R is the requester, B the virtual agent, A the agent
    Mia, and S a line that only agents see.
    """
    found = []
    for seq, one in enumerate(said, 1):
        who, _, body = one.partition(": ")
        found.append(
            BriefLine(
                seq=seq,
                at=BEGIN + timedelta(minutes=seq),
                kind=Kind.SYSTEM if who == "S" else Kind.MESSAGE,
                author=AUTHORS[who],
                by="Mia Chen" if who == "A" else None,
                body=body,
                event=event if who == "S" else None,
            )
        )
    return found


def turns(**intents: str) -> list[UnderstoodTurn]:
    return [UnderstoodTurn(int(seq[1:]), intent) for seq, intent in intents.items()]


@pytest.mark.parametrize(
    ("said", "understood", "problem"),
    [
        (["R: my printer is on fire"], {}, "my printer is on fire"),
        (["R: hi", "B: Hello.", "R: the dock is dead again"], {}, "the dock is dead again"),
        (["R: Hi there, how are you", "R: wifi down"], {}, "wifi down"),
        (["R: hola, buenas tardes", "R: no funciona mi ordenador"], {}, "no funciona mi ordenador"),
        (["R: thanks so much", "R: bye", "R: my badge is stuck"], {}, "my badge is stuck"),
        (
            ["R: can I talk to a person please", "B: Sure.", "R: it smells of smoke here"],
            {"_1": "talk_to_person", "_3": "report_problem"},
            "it smells of smoke here",
        ),
        (["R: help", "R: printer"], {}, "help"),
        (["A: Hello Ann"], {}, None),
        (["R: 👍", "R: "], {}, None),
        ([f"R: {'very ' * 80}broken"], {}, ("very " * 80)[: LONGEST - 1].rstrip() + "…"),
    ],
)
def test_the_brief_quotes_the_problem_in_the_requesters_words(
    said: list[str], understood: dict[str, str], problem: str | None
) -> None:
    found = brief(lines(*said), turns(**understood), None).problem
    assert (found.text if found else None) == problem


@pytest.mark.parametrize(
    ("said", "exchanges"),
    [
        (
            ["B: Which device is it?\n1 Laptop\n2 Phone", "R: 1", "R: the old one", "B: Thanks."],
            [("Which device is it?", "1 the old one")],
        ),
        (
            ["B: Which device is it?", "B: Which device, please?", "R: 2"],
            [("Which device, please?", "2")],
        ),
        (["B: I'm sorry. Can you work?", "R: no", "A: Hi"], [("Can you work?", "no")]),
        (["B: Which device is it?", "A: Hi, Mia here", "R: laptop"], []),
        (["A: Which floor?", "R: 2"], []),
        (["B: Hello.", "R: hi"], []),
    ],
)
def test_the_brief_has_the_virtual_agents_questions_with_answers(
    said: list[str], exchanges: list[tuple[str, str]]
) -> None:
    found = brief(lines(*said), [], None).asked
    assert [(one.question.text, one.answer.text) for one in found] == exchanges


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("R: Hi. I already restarted it twice. Still dead", "I already restarted it twice."),
        ("R: we've tried another cable", "we've tried another cable"),
        ("R: that didn't help", "that didn't help"),
        ("R: no luck", "no luck"),
        ("R: ya lo reinicié y nada", "ya lo reinicié y nada"),
        ("A: Sorry to hear it. Please restart the dock.", "Please restart the dock."),
        ("A: Could you try another cable?", "Could you try another cable?"),
        ("B: Unplug it for a minute.", "Unplug it for a minute."),
        ("B: Turn it off and on again.", "Turn it off and on again."),
        ("A: I've unlocked your account.", "I've unlocked your account."),
        ("A: Por favor, pruebe otro cable.", "Por favor, pruebe otro cable."),
        ("R: my printer is on fire", None),
        ("R: please restart it", None),
        ("A: Hello, how can I help?", None),
        ("S: The virtual agent opened case CS0000001", "The virtual agent opened case CS0000001"),
    ],
)
def test_the_brief_lists_each_attempt_once(said: str, sentence: str | None) -> None:
    found = brief(lines("R: my dock is dead", said, said, event=Event.CASE_OPENED), [], None).tried
    assert [one.text for one in found] == ([sentence] if sentence else [])


def test_attempts_in_the_problem_are_not_listed_again() -> None:
    found = brief(lines("R: My dock is dead. I already restarted it."), [], None)
    assert (found.problem is not None, found.tried) == (True, [])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("A: I'll text you by 3. Stay dry!", "I'll text you by 3."),
        ("A: I’ll bring a new dock tomorrow", "I’ll bring a new dock tomorrow"),
        ("A: We are going to replace it.", "We are going to replace it."),
        ("A: A colleague will call you on Monday.", "A colleague will call you on Monday."),
        ("B: We'll text you updates.", "We'll text you updates."),
        ("A: I can't say yet, but we keep you posted.", "I can't say yet, but we keep you posted."),
        ("A: Le llamaremos mañana.", "Le llamaremos mañana."),
        ("A: Voy a revisarlo.", "Voy a revisarlo."),
        ("A: Will it do if I'll call you?", None),
        ("A: I'll need your badge number.", None),
        ("A: Have you restarted it?", None),
        ("R: I'll try that", None),
        ("S: We'll reply here.", None),
    ],
)
def test_the_brief_lists_promises(said: str, sentence: str | None) -> None:
    found = brief(lines(said), [], None).promised
    assert [one.text for one in found] == ([sentence] if sentence else [])


def test_the_brief_counts_the_lines_after_the_agent_last_read() -> None:
    said = lines("R: hi", "A: Hello", *(f"R: text {n}" for n in range(7)), "S: a label")
    assert brief(said, [], None).new_count == 0
    found = brief(said, [], 2)
    assert (found.new_count, [one.text for one in found.new]) == (
        7,
        [f"text {n}" for n in range(2, 7)],
    )
    assert brief(said, [], 10).new == []
    mine = replace(said[1], seq=11, is_mine=True)
    assert brief([*said, mine], [], 10).new == []


def test_a_brief_stays_short_and_names_the_author_of_each_quote() -> None:
    said = lines(*(f"A: I'll do thing {n}." for n in range(MAX_ENTRIES + 3)))
    found = brief(said, [], None).promised
    assert [one.text for one in found] == [f"I'll do thing {n}." for n in range(3, MAX_ENTRIES + 3)]
    assert (found[0].seq, found[0].by, found[0].author) == (4, "Mia Chen", Author.AGENT)
