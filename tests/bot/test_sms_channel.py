"""The turn endpoint itself: token, bodies, repeats, failures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.bot.action_endpoint import ActionEndpoint
from tests.bot.conftest import TOKEN, Conversation
from tests.support.bot_programs import run_program
from tests.support.rasa_server import start_rasa


@pytest.mark.parametrize(
    "authorization", ["", "Bearer wrong", f"bearer {TOKEN}", TOKEN, "Bearer é"]
)
def test_without_the_token_nothing_is_answered(requester: Conversation, authorization: str) -> None:
    status, answer = requester.post({"sender": "a", "message": "hi"}, authorization=authorization)
    assert (status, list(answer)) == (401, ["error"])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        ([], "body"),
        ("hi", "body"),
        ({"message": "hi"}, "sender"),
        ({"sender": 7, "message": "hi"}, "sender"),
        ({"sender": "", "message": "hi"}, "sender"),
        ({"sender": "s" * 256, "message": "hi"}, "sender"),
        ({"sender": "a"}, "message"),
        ({"sender": "a", "message": None}, "message"),
        ({"sender": "a", "message": " \n"}, "message"),
        ({"sender": "a", "message": ["hi"]}, "message"),
        ({"sender": "a", "message": "\ud83d"}, "message"),
        ({"sender": "a", "message": "hi", "metadata": []}, "metadata"),
        ({"sender": "a", "message": "hi", "metadata": "x"}, "metadata"),
        ({"sender": "a", "message": "hi", "metadata": {"asked": "device"}}, "metadata.asked"),
        ({"sender": "a", "message": "hi", "metadata": {"turn_id": ["1"]}}, "metadata.turn_id"),
        ({"sender": "a", "message": "hi", "metadata": {"turn_id": True}}, "metadata.turn_id"),
        ({"sender": "a", "message": "hi", "metadata": {"turn_id": "1" * 256}}, "metadata.turn_id"),
        ({"sender": "a", "message": "hi", "metadata": {"turn_id": "1\0"}}, "metadata.turn_id"),
        ({"sender": "a\0", "message": "hi"}, "sender"),
    ],
)
def test_a_malformed_body_gets_an_error(requester: Conversation, body: Any, names: str) -> None:
    status, answer = requester.post(body)
    assert status == 400
    assert names in answer["error"]


def test_metadata_may_be_left_out(requester: Conversation) -> None:
    status, replies = requester.post({"sender": requester.sender, "message": "hello"})
    assert status == 200
    assert replies[0]["recipient_id"] == requester.sender


def test_metadata_reaches_the_action(requester: Conversation, actions: ActionEndpoint) -> None:
    metadata = {"turn_id": "t1", "user": {"name": "Ann Lee"}, "level": "verified"}
    requester.turn("agent", **metadata)
    asked = {"form": None, "slot": None, "after_case": False, "not_for_desk": False}
    assert actions.last(requester.sender)["tracker"]["latest_message"]["metadata"] == metadata | {
        "asked": asked
    }
    assert actions.refused == 0


@pytest.mark.parametrize("turn_id", ["t1", 1])
def test_the_same_turn_again_runs_once(
    requester: Conversation, actions: ActionEndpoint, turn_id: object
) -> None:
    first = requester.turn("agent", turn_id=turn_id)
    assert requester.turn("agent", turn_id=turn_id) == first
    assert len(actions.names(requester.sender)) == 1
    requester.turn("agent", turn_id="another")
    assert len(actions.names(requester.sender)) == 2


def test_the_same_turn_twice_at_once_runs_once(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    actions.delay = 0.5
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requester.turn("asdfjkl", turn_id="t1"), range(4)))
    assert answers == [answers[0]] * 4
    assert answers[0][1][0]["text"].startswith("Sorry")
    assert actions.names(requester.sender) == ["action_fallback"]


def test_one_turn_id_of_two_senders_is_two_turns(
    another: Callable[[], Conversation], actions: ActionEndpoint
) -> None:
    ann, bob = another(), another()
    for person in (ann, bob):
        person.turn("agent", turn_id="t1")
        assert actions.names(person.sender) == ["action_hand_off"]


@pytest.mark.parametrize(
    "broken",
    [
        503,
        {"events": "none", "responses": []},
        {"events": [{"no": "event"}], "responses": []},
        {"responses": {}},
    ],
    ids=["answers 503", "events no list", "event without a kind", "responses no list"],
)
def test_a_failed_action_is_a_failed_turn_that_can_be_asked_again(
    requester: Conversation, actions: ActionEndpoint, broken: int | dict[str, Any]
) -> None:
    actions.broken = broken
    status, answer = requester.turn("agent", turn_id="t1")
    assert status == 500
    assert "action_hand_off" in answer["error"]
    actions.broken = None
    assert requester.turn("agent", turn_id="t1") == (200, [])


def test_an_exception_inside_rasa_is_a_failed_turn(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    actions.broken = {"events": [{"event": "active_loop", "name": "no_such_form"}], "responses": []}
    status, answer = requester.turn("agent", turn_id="t1")
    assert (status, answer["error"]) == (500, "The turn failed: ActionNotFoundException.")


def test_without_a_model_every_turn_is_503(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"this is no model")
    with start_rasa(
        home, actions_url="http://127.0.0.1:1/", token=TOKEN, model=broken, model_loads=False
    ) as server:
        status, answer = Conversation(server).turn("hello")
    assert (status, answer) == (503, {"error": "No model is loaded."})


def test_an_empty_token_ends_the_start(home: Path, model: Path) -> None:
    done = run_program(
        *("run", "--model", model, "--credentials", "bot/credentials.yml"),
        *("--endpoints", "bot/endpoints.yml"),
        home=home,
        timeout=120,
        PATCHBOARD_BOT_TOKEN="",
        PATCHBOARD_ACTIONS_URL="x",
        PATCHBOARD_BOT_TRACKER_URL="",
        PATCHBOARD_BOT_TRACKER_DB=str(home / "none.db"),
    )
    assert done.returncode != 0
    assert "Set PATCHBOARD_BOT_TOKEN" in done.stdout + done.stderr


def test_checks_inside_rasas_own_process(home: Path) -> None:
    """The compiled check agrees with Rasa's, another Rasa is refused, and the memory of turns
    is bounded."""
    done = run_program("-m", "tests.bot.inside_bot", home=home, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all well\n")


def test_a_conversation_is_forgotten(requester: Conversation) -> None:
    """The events and the remembered answers of the conversation are deleted. Those of another
    requester stay.
    """
    other = Conversation(requester.server)
    other.turn("hello", turn_id="t1")
    requester.turn("hello", turn_id="t1")
    for body, status in (([], 400), ({"senders": "x"}, 400), ({"senders": []}, 200)):
        assert requester.post(body, path="forget")[0] == status
    assert requester.post({"senders": []}, path="forget", authorization="Bearer no")[0] == 401
    status, answer = requester.post({"senders": [requester.sender]}, path="forget")
    assert status == 200
    assert answer["events"] > 2
    assert requester.post({"senders": [requester.sender]}, path="forget")[1] == {"events": 0}
    assert requester.post({"senders": [other.sender]}, path="forget")[1]["events"] > 2
