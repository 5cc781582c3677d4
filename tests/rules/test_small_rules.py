"""Delivery statuses, assignment, what passes between requester and bot, system messages."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from handoff_service.rules import assignment, system_messages
from handoff_service.rules.assignment import Candidate, LeftOut
from handoff_service.rules.bot_text import Choice, for_bot, with_choices
from handoff_service.rules.delivery import RANK, TWILIO, advanced
from handoff_service.rules.sms_text import segments
from handoff_service.rules.vocabulary import Presence, Status

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_whatever_order_receipts_come_in_a_delivered_message_ends_delivered() -> None:
    for order in permutations([Status.SENDING, Status.SENT, Status.DELIVERED]):
        status = Status.SENDING
        for reported in order:
            before, status = status, advanced(status, reported) or status
            assert RANK[status] >= RANK[before]
        assert status is Status.DELIVERED


def test_a_received_text_has_no_receipts() -> None:
    assert advanced(Status.RECEIVED, Status.DELIVERED) is None


def test_every_word_of_twilio_has_a_rank() -> None:
    assert set(TWILIO.values()) <= set(RANK)


def agent(number: int, **facts: object) -> Candidate:
    usual: dict[str, object] = {
        "presence": Presence.AVAILABLE,
        "capacity": 4,
        "load": 0,
        "last_assigned_at": None,
        "declined_at": None,
    }
    return Candidate(agent_id=number, **{**usual, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "candidates", "chosen"),
    [
        ("nobody there", [], None),
        ("most room", [agent(1, load=2), agent(2, load=1)], 2),
        ("room counts, not load", [agent(1, load=1, capacity=2), agent(2, load=2, capacity=8)], 2),
        (
            "equal room: longest since the last one",
            [agent(1, last_assigned_at=NOW), agent(2, last_assigned_at=NOW - timedelta(hours=1))],
            2,
        ),
        ("never had one goes first", [agent(1, last_assigned_at=NOW), agent(2)], 2),
        ("away", [agent(1, presence=Presence.AWAY), agent(2, load=3)], 2),
        ("full", [agent(1, load=4)], None),
        ("declined just now", [agent(1, declined_at=NOW - timedelta(seconds=29)), agent(2, load=3)], 2),
        ("declined a round ago", [agent(1, declined_at=NOW - timedelta(seconds=30))], 1),
    ],
)  # fmt: skip
def test_most_capacity(why: str, candidates: list[Candidate], chosen: int | None) -> None:
    found = assignment.most_capacity(candidates, NOW)
    assert (found.agent_id if found else None) == chosen, why


def test_the_first_reason_is_told() -> None:
    assert assignment.left_out(agent(1, presence=Presence.OFFLINE, load=4), NOW) is LeftOut.NOT_AVAILABLE


IMPACT = [Choice("I can't work", '/inform_impact{"impact":"blocked"}'), Choice("I can still work", "/still")]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("1", IMPACT[0].payload),
        (" 2. ", IMPACT[1].payload),
        ("#2", IMPACT[1].payload),
        ("3", "3"),
        ("0", "0"),
        ("i cant work", IMPACT[0].payload),
        ("I CAN STILL WORK!", IMPACT[1].payload),
        ("I can’t work", IMPACT[0].payload),
        ("no idea", "no idea"),
        ('/inform_impact{"impact":"working"}', 'inform_impact{"impact":"working"}'),
        ("  //restart", "restart"),
        ("\n/restart", "restart"),
        ("/", "?"),
    ],
)
def test_what_the_bot_is_asked(text: str, asked: str) -> None:
    assert for_bot(text, IMPACT) == asked


def test_choices_are_numbered_lines() -> None:
    assert with_choices("How bad is it?", IMPACT) == "How bad is it?\n1 I can't work\n2 I can still work"
    assert with_choices("", IMPACT) == "1 I can't work\n2 I can still work"


def test_system_messages_fit_one_segment() -> None:
    for text in (
        system_messages.in_line("Service desk"),
        system_messages.waiting("Service desk"),
        system_messages.closed("Maximiliana Alejandra Montemayor"),
    ):
        assert segments(text).count == 1
        assert "{" not in text


def test_the_closing_line_calls_the_agent_by_first_name() -> None:
    assert system_messages.closed("Mia Chen") == "Mia has closed this conversation. Text us any time."
