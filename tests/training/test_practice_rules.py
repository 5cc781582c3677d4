"""Rules of practice with past conversations: the requesters' rounds, and the score."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.training.practice import (
    Line,
    PracticeConversation,
    Speaker,
    rounds_of,
    starts_of,
)
from handoff_service.rules.training.practice_score import (
    PromiseCount,
    promises_in,
    score_one,
    score_run,
)

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ASKS, SAYS, NOTES = Speaker.REQUESTER, Speaker.AGENT, Speaker.NOTE
BOT = Speaker.VIRTUAL_AGENT
type Written = tuple[float, Speaker, str]  # minutes after nine


def lines(*written: Written) -> tuple[Line, ...]:
    return tuple(
        Line(speaker=who, at=NINE + timedelta(minutes=at), text=text) for at, who, text in written
    )


def talk(
    *written: Written, topic: str | None = None, waits: bool = True, closed: bool = True
) -> PracticeConversation:
    return PracticeConversation(
        lines=lines(*written), topic=topic, waits_since=NINE if waits else None, closed=closed
    )


ROUNDS = {
    "one question and one answer": (
        [(0, ASKS, "help"), (1, SAYS, "yes?")],
        1,
        [[(0, "help")]],
    ),
    "a burst keeps its gaps": (
        [(0, ASKS, "help"), (0.5, ASKS, "it burns"), (1, SAYS, "where?")],
        1,
        [[(0, "help"), (30, "it burns")]],
    ),
    "the speed divides the gaps": (
        [(0, ASKS, "help"), (0.5, ASKS, "it burns"), (1, SAYS, "where?")],
        10,
        [[(0, "help"), (3, "it burns")]],
    ),
    "texts after an answer wait for the answer": (
        [(0, ASKS, "help"), (1, SAYS, "where?"), (2, ASKS, "here"), (3, SAYS, "ok")],
        1,
        [[(0, "help")], [(60, "here")]],
    ),
    "two answers in a row start one round": (
        [(0, ASKS, "help"), (1, SAYS, "hm"), (2, SAYS, "where?"), (3, ASKS, "here")],
        1,
        [[(0, "help")], [(60, "here")]],
    ),
    "a night counts as ten minutes": (
        [(0, ASKS, "help"), (1, SAYS, "where?"), (900, ASKS, "here")],
        1,
        [[(0, "help")], [(600, "here")]],
    ),
    "choices from a missing menu are left out": (
        [(0, ASKS, "my dock"), (1, ASKS, "2"), (2, ASKS, "AGENT"), (3, SAYS, "hi"), (4, ASKS, "2")],
        1,
        [[(0, "my dock")], [(60, "2")]],
    ),
    "notes do not count as answers": (
        [(0, ASKS, "help"), (1, NOTES, "who?"), (2, ASKS, "hello?"), (3, SAYS, "hi")],
        1,
        [[(0, "help"), (120, "hello?")]],
    ),
    "nobody asked": ([(0, SAYS, "hi")], 1, []),
}


@pytest.mark.parametrize(("written", "speed", "expected"), ROUNDS.values(), ids=ROUNDS)
def test_a_conversation_is_divided_into_rounds(
    written: list[Written], speed: int, expected: list[list[tuple[float, str]]]
) -> None:
    found = rounds_of(talk(*written), speed)
    assert [[(one.after, one.text) for one in texts] for texts in found] == expected


def test_the_part_with_the_virtual_agent_is_shown_from_the_start() -> None:
    talked = lines(
        (-9, BOT, "before any text"),
        (-8, ASKS, "my dock"),
        (-7, BOT, "1 Dock, 2 Laptop?"),
        (-6, ASKS, "2"),
        (-5, BOT, "How much does it affect you?"),
        (-4, BOT, "1 A lot, 2 A little?"),
        (-3, ASKS, "AGENT"),
        (-2, BOT, "I'm getting you a person."),
        (1, ASKS, "hello?"),
        (2, SAYS, "hi"),
        (3, BOT, "after the agent"),
        (4, ASKS, "2"),
    )
    past = PracticeConversation(lines=talked, topic=None, waits_since=NINE)
    first, second = rounds_of(past, 10)
    assert [(one.after, one.text, one.past, one.replies) for one in first] == [
        (0, "my dock", True, ("1 Dock, 2 Laptop?",)),
        (0, "2", True, ("How much does it affect you?", "1 A lot, 2 A little?")),
        (0, "AGENT", True, ("I'm getting you a person.",)),
        (18, "hello?", False, ()),
    ]
    assert [(one.after, one.text, one.replies) for one in second] == [(6, "2", ())]


def test_a_picture_is_sent_again_and_the_score_counts_it() -> None:
    asks = Line(speaker=ASKS, at=NINE, text="", pictures=2)
    past = PracticeConversation(lines=(asks,), topic=None, waits_since=NINE)
    assert [[one.pictures for one in texts] for texts in rounds_of(past, 1)] == [[2]]
    scored = score_one(past, past, until=NINE, left_out=0)
    assert [(one.text, one.pictures) for one in scored.lines] == [("", 2)]


def test_conversations_start_in_order_with_gaps_of_at_most_five_minutes() -> None:
    opened = [NINE + timedelta(minutes=one) for one in (0, 2, 500)]
    assert starts_of(opened, 1) == [0, 120, 420]
    assert starts_of(opened, 10) == [0, 12, 42]
    assert starts_of([], 1) == []


HALF = "I'll text you in 30 minutes."
# texts, minutes from nine to the end of the run -> number of promises made, kept, missed, waiting
PROMISES = {
    "none": ([(0, SAYS, "Where is it?")], 60, (0, 0, 0, 0)),
    "kept": ([(0, SAYS, HALF), (20, SAYS, "It works")], 60, (1, 1, 0, 0)),
    "missed": ([(0, SAYS, HALF)], 60, (1, 0, 1, 0)),
    "late": ([(0, SAYS, HALF), (40, SAYS, "It works")], 60, (1, 0, 1, 0)),
    "not due": ([(0, SAYS, HALF)], 10, (1, 0, 0, 1)),
    "the promise is kept before the run ends": (
        [(0, SAYS, HALF), (8, SAYS, "Done")],
        10,
        (1, 1, 0, 0),
    ),
    "a text right after the promise does not keep it": (
        [(0, SAYS, HALF), (1, SAYS, "Bye")],
        60,
        (1, 0, 1, 0),
    ),
    "a requester's text does not keep the promise": (
        [(0, SAYS, HALF), (20, ASKS, "ok")],
        60,
        (1, 0, 1, 0),
    ),
    "a note about a call keeps the promise": (
        [(0, SAYS, HALF), (20, NOTES, "Called her")],
        60,
        (1, 1, 0, 0),
    ),
    "another note does not keep the promise": (
        [(0, SAYS, HALF), (20, NOTES, "A dock")],
        60,
        (1, 0, 1, 0),
    ),
    "requesters' promises do not count": ([(0, ASKS, HALF)], 60, (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("written", "ends", "expected"), PROMISES.values(), ids=PROMISES)
def test_the_score_counts_promises(
    written: list[Written], ends: int, expected: tuple[int, int, int, int]
) -> None:
    made, kept, missed, waiting = expected
    counted = PromiseCount(made=made, kept=kept, missed=missed, waiting=waiting)
    assert promises_in(lines(*written), NINE + timedelta(minutes=ends)) == counted


# topics of the practice and of the original, minutes to the answers -> topic is right, seconds
SCORES = {
    "same topic, faster": ("Printer", "Printer", 1, 3, True, 60, 180),
    "another topic": ("Laptop", "Printer", 1, 3, False, 60, 180),
    "no topic chosen": (None, "Printer", 1, 3, False, 60, 180),
    "the original has no topic": ("Laptop", None, 1, 3, None, 60, 180),
    "not answered": ("Printer", "Printer", None, 3, True, None, 180),
    "the original has no times": ("Printer", "Printer", 1, None, True, 60, None),
}


@pytest.mark.parametrize(
    ("topic", "was", "answers", "answered", "right", "mine", "original"),
    SCORES.values(),
    ids=SCORES,
)
def test_the_score_of_one_conversation(
    topic: str | None,
    was: str | None,
    answers: int | None,
    answered: int | None,
    right: bool | None,
    mine: int | None,
    original: int | None,
) -> None:
    asks: Written = (0, ASKS, "help")
    practiced = talk(asks, *([(answers, SAYS, "hi")] if answers else []), topic=topic)
    past = talk(asks, (answered or 2, SAYS, "hello"), topic=was, waits=answered is not None)
    scored = score_one(practiced, past, until=NINE + timedelta(hours=1), left_out=0)
    assert (scored.topic_right, scored.mine.first_answer, scored.original.first_answer) == (
        right,
        mine,
        original,
    )
    assert [one.text for one in scored.original_lines] == ["help", "hello"]


def test_the_score_of_a_whole_run() -> None:
    until = NINE + timedelta(hours=1)
    past = talk((0, ASKS, "help"), (4, SAYS, HALF), topic="Printer")
    right = talk((0, ASKS, "help"), (1, SAYS, HALF), (20, SAYS, "Done"), topic="Printer")
    wrong = talk((0, ASKS, "help"), (3, SAYS, "hm"), topic="Laptop")
    never = talk((0, ASKS, "help"), closed=False)
    ones = [score_one(one, past, until=until, left_out=0) for one in (right, wrong, never)]
    found = score_run(ones, 200)
    assert (found.answered, found.first_answer, found.original_first_answer) == (2, 120, 240)
    assert (found.desk_first_answer, found.topics_right, found.topics_known) == (200, 1, 3)
    assert found.promises == PromiseCount(made=1, kept=1)
    assert found.original_promises == PromiseCount(made=3, missed=3)
