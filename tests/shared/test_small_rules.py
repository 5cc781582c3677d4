"""Small rules: delivery statuses, and the form of texts between the requester and the bot."""

from itertools import permutations

import pytest

from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.rules.delivery.message_status import RANK, next_status
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot, with_choices


def test_with_receipts_in_any_order_a_delivered_message_ends_as_delivered() -> None:
    for order in permutations([Status.SENDING, Status.SENT, Status.DELIVERED]):
        status = Status.SENDING
        for reported in order:
            before, status = status, next_status(status, reported) or status
            assert RANK[status] >= RANK[before]
        assert status is Status.DELIVERED


def test_a_received_text_has_no_receipts() -> None:
    assert next_status(Status.RECEIVED, Status.DELIVERED) is None


def test_every_status_of_twilio_has_a_rank() -> None:
    assert set(STATUSES.values()) <= set(RANK)


IMPACT = [
    Choice("I can't work", '/inform_impact{"impact":"blocked"}'),
    Choice("I can still work", "/still"),
]


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
        ("two", IMPACT[1].payload),
        ("The second!", IMPACT[1].payload),
        ("2nd", IMPACT[1].payload),
        ("second one pls", IMPACT[1].payload),
        ("number 1", IMPACT[0].payload),
        ("i take the first", IMPACT[0].payload),
        ("the last one", IMPACT[1].payload),
        ("el primero", IMPACT[0].payload),
        ("la primera", IMPACT[0].payload),
        ("La segunda por favor", IMPACT[1].payload),
        ("uno", IMPACT[0].payload),
        ("dos", IMPACT[1].payload),
        ("opción 2", IMPACT[1].payload),
        ("la última", IMPACT[1].payload),
        ("answer is 2", IMPACT[1].payload),
        ("no 2", IMPACT[1].payload),
        ("no. 2", IMPACT[1].payload),
        ("opt two", IMPACT[1].payload),
        ("secnd one", IMPACT[1].payload),
        ("the frist", IMPACT[0].payload),
        ("2 i think", IMPACT[1].payload),
        ("i think the second one", IMPACT[1].payload),
        ("so number 2", IMPACT[1].payload),
        ("no", "no"),
        ("thirsty", "thirsty"),
        ("la tercera", "la tercera"),
        ("the third", "the third"),
        ("two laptops", "two laptops"),
        ("no one", "no one"),
        ('/inform_impact{"impact":"working"}', "?"),
        ("/intent{}", "?"),
        ("/prove_identity", "?"),
        ("  //restart", "restart"),
        ("\n/restart", "restart"),
        ("/", "?"),
    ],
)
def test_each_kind_of_text_becomes_its_message_to_the_bot(text: str, asked: str) -> None:
    assert for_bot(text, IMPACT) == asked


def test_choices_are_sent_as_numbered_lines() -> None:
    assert (
        with_choices("How much does this affect you?", IMPACT)
        == "How much does this affect you?\n1 I can't work\n2 I can still work"
    )
    assert with_choices("", IMPACT) == "1 I can't work\n2 I can still work"
