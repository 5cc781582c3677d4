"""The data that a turn sends and returns: the slots that it sets first, the form that it ends, and
the recognized intent.

The tests work with any Rasa model.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from handoff_service.gateways.bot.rasa import RasaBot
from handoff_service.ports.bot import Question
from handoff_service.rules.virtual_agent.bot_text import Choice
from tests.bot.action_endpoint import ActionEndpoint
from tests.bot.conftest import TOKEN, Conversation
from tests.support.rasa_server import RasaServer

BEFORE = {
    "slots": {
        "handed_back_by": "Mia",
        "handed_back_outcome": "New dock ordered",
        "no_such_slot": 1,
    },
    "leave_form": True,
    "payload": "/handed_back",
}


def texts(replies: list[dict[str, Any]]) -> list[str]:
    return [reply["text"] for reply in replies]


def test_a_handed_back_conversation_is_acknowledged_once_and_its_old_form_ends(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    requester.says("my laptop is dead")
    status, replies = requester.turn("thanks", turn_id="t1", before=BEFORE)
    assert (status, texts(replies)) == (
        200,
        ["You're back with the virtual agent. Mia filled me in.", "You're welcome."],
    )
    assert requester.says("thanks") == ["You're welcome."]
    requester.says("agent")
    slots = actions.last(requester.sender)["tracker"]["slots"]
    assert (slots["handed_back_outcome"], slots["requested_slot"]) == ("New dock ordered", None)


def test_the_service_can_start_the_first_turn_with_a_payload(requester: Conversation) -> None:
    before = {"slots": {"problem": "no sound", "device": "headset"}}
    status, replies = requester.turn("/have_a_problem", before=before)
    assert (status, texts(replies)) == (200, ["How much does this affect you?"])


def test_a_restart_by_the_service_ends_the_form_and_empties_the_slots(
    requester: Conversation,
) -> None:
    requester.says("my laptop is dead")
    assert requester.turn("/restart") == (200, [])
    assert requester.says("thanks") == ["You're welcome."]
    assert requester.says("i have a problem") == ["What is wrong? One sentence is enough."]


@pytest.mark.parametrize(
    "before", [[], {"slots": []}, {"leave_form": 1}, {"payload": "hello"}, {"payload": 7}], ids=str
)
def test_a_malformed_before_is_refused_by_name(requester: Conversation, before: object) -> None:
    status, answer = requester.turn("hi", before=before)
    assert status == 400
    assert "metadata.before" in answer["error"]


def test_the_answer_has_the_recognized_intent_and_the_collected_slots(
    requester: Conversation,
) -> None:
    body = json.dumps(
        {"sender": requester.sender, "message": "my laptop won't start", "metadata": {}}
    ).encode()
    request = urllib.request.Request(
        requester.server.url, body, {"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.loads(answer.headers["Patchboard-Turn"])
    assert (told["intent"], told["did"]) == ("report_problem", ["problem_form"])
    assert 0.35 < told["confidence"] <= 1
    wish = {"problem": "my laptop won't start", "device": "laptop", "topic": "laptop"}
    assert told["slots"] == {**wish, "known_outage": "none"}


async def test_the_address_of_rasas_stock_rest_channel_is_enough_to_use_it_as_the_bot(
    rasa: RasaServer,
) -> None:
    bot = RasaBot([rasa.url.replace("/sms/", "/rest/")], TOKEN, 60)
    try:
        answer = await bot.ask(
            Question(sender="stock-1", message="my laptop won't start", turn_id="1")
        )
        assert answer.understood is None
        assert [choice.title for choice in answer.replies[-1].choices] == [
            "I can't work",
            "I can still work",
        ]
        restarted = await bot.ask(Question(sender="stock-1", message="/restart", turn_id="2"))
        assert restarted.replies == ()
        again = await bot.ask(Question(sender="stock-1", message="i have a problem", turn_id="3"))
        assert again.replies[-1].choices == ()
        chosen = await bot.ask(
            Question(
                sender="stock-2", message="laptop dead", turn_id="4", metadata={"before": BEFORE}
            )
        )
        assert isinstance(chosen.replies[-1].choices[0], Choice)
    finally:
        await bot.close()
