"""The turn endpoint: its token, malformed bodies, repeated turns and failures."""

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
def test_a_request_without_the_token_is_refused(
    requester: Conversation, authorization: str
) -> None:
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
def test_a_repeated_turn_runs_once(
    requester: Conversation, actions: ActionEndpoint, turn_id: object
) -> None:
    first = requester.turn("agent", turn_id=turn_id)
    assert requester.turn("agent", turn_id=turn_id) == first
    assert len(actions.names(requester.sender)) == 1
    requester.turn("agent", turn_id="another")
    assert len(actions.names(requester.sender)) == 2


def test_simultaneous_repeats_of_a_turn_run_once(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    actions.delay = 0.5
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requester.turn("asdfjkl", turn_id="t1"), range(4)))
    assert answers == [answers[0]] * 4
    assert answers[0][1][0]["text"].startswith("Sorry")
    assert actions.names(requester.sender) == ["action_fallback"]


def test_two_senders_can_use_the_same_turn_id(
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
    ids=["answers 503", "events not a list", "event without a kind", "responses not a list"],
)
def test_a_failed_action_fails_the_turn_which_can_then_be_repeated(
    requester: Conversation, actions: ActionEndpoint, broken: int | dict[str, Any]
) -> None:
    actions.broken = broken
    status, answer = requester.turn("agent", turn_id="t1")
    assert status == 500
    assert "action_hand_off" in answer["error"]
    actions.broken = None
    assert requester.turn("agent", turn_id="t1") == (200, [])


def test_an_exception_inside_rasa_fails_the_turn(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    actions.broken = {"events": [{"event": "active_loop", "name": "no_such_form"}], "responses": []}
    status, answer = requester.turn("agent", turn_id="t1")
    assert (status, answer["error"]) == (500, "The turn failed: ActionNotFoundException.")


def test_without_a_model_every_turn_gets_503(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"this is no model")
    with start_rasa(
        home, actions_url="http://127.0.0.1:1/", token=TOKEN, model=broken, model_loads=False
    ) as server:
        status, answer = Conversation(server).turn("hello")
    assert (status, answer) == (503, {"error": "No model is loaded."})


def test_rasa_does_not_start_with_an_empty_token(home: Path, model: Path) -> None:
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


def test_the_checks_inside_rasas_process_pass(home: Path) -> None:
    """Run ``inside_bot.py``, which tests the parts of ``bot/`` in the same process as Rasa."""
    done = run_program("-m", "tests.bot.inside_bot", home=home, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all well\n")


def test_the_bot_forgets_a_conversation_on_request(requester: Conversation) -> None:
    """The bot deletes the conversation's events and stored answers. It keeps those of another
    requester.
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
