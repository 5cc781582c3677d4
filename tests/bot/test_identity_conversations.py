"""The identity form in the real model: it asks, repeats its question after asides, and understands
texts about codes.

A texted code never reaches the bot, because the service sends ``/tell_secret`` in its place.
"""

from __future__ import annotations

import pytest

from tests.bot.action_endpoint import ActionEndpoint
from tests.bot.conftest import Conversation

WHO = "To confirm who you are, what is your employee number or work e-mail?"
CODE = "The code?"


@pytest.mark.parametrize(
    ("begins", "says", "account"),
    [
        ("do you know who this is", "its e1002 thx", "e1002"),
        ("thats not me", "ann.lee@example.com", "ann.lee@example.com"),
        ("/prove_identity", "20418", "20418"),
    ],
)
def test_the_form_asks_for_the_account_and_the_code_and_verifies(
    requester: Conversation, begins: str, says: str, account: str
) -> None:
    assert requester.says(begins) == [WHO]
    assert requester.says(says) == [CODE]
    assert requester.says("/tell_secret") == [f"Proof: {account} | verified"]
    assert requester.says("thanks") == ["You're welcome."]


@pytest.mark.parametrize(
    "aside",
    ["hello", "what can you do", "thx", "ok", "who am i", "my laptop is slow", "tell me a joke"],
)
def test_after_an_aside_the_form_repeats_its_question(requester: Conversation, aside: str) -> None:
    requester.says("who am i")
    answers = requester.says(aside)
    assert (len(answers), answers[-1]) == (2, WHO)
    requester.says("E1001")
    answers = requester.says(aside)
    assert (len(answers), answers[-1]) == (2, CODE)
    assert requester.says("/tell_secret")[0].endswith("verified")


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *[
            ("i didnt get it", "no_code"),
            ("no", "no_code"),
            ("/other_proof", "other"),
            ("i typed it wrong", "other_account"),
        ],
        *[
            ("can you resend it", "new_code"),
            ("send it again pls", "new_code"),
            ("resend the code", "new_code"),
        ],
        *[("/other_account", "other_account"), ("sorry wrong email", "other_account")],
    ],
)
def test_a_text_about_the_code_reaches_the_form(
    requester: Conversation, actions: ActionEndpoint, text: str, wish: str
) -> None:
    requester.says("who am i")
    requester.says("E1001")
    assert requester.says(text) == [CODE]
    judged = [call for call in actions.calls if call["sender_id"] == requester.sender][-2]
    assert (judged["next_action"], judged["tracker"]["slots"]["proof"]) == (
        "validate_identity_form",
        wish,
    )


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("oops i mean bob@example.com", "bob@example.com"),
        ("sorry wrong email, its bob@example.com", "bob@example.com"),
        ("its E2005", "E2005"),
        ("e2005", "e2005"),
    ],
)
def test_a_requester_can_correct_a_mistyped_account(
    requester: Conversation, actions: ActionEndpoint, text: str, account: str
) -> None:
    requester.says("who am i")
    requester.says("E1001")
    assert requester.says(text) == [CODE]
    assert requester.says("/tell_secret") == [f"Proof: {account} | verified"]


@pytest.mark.parametrize("text", ["never mind", "forget it", "goodbye"])
def test_a_requester_who_drops_the_check_ends_it_at_the_service(
    requester: Conversation, actions: ActionEndpoint, text: str
) -> None:
    requester.says("who am i")
    requester.says("E1001")
    requester.says(text)
    assert "action_drop_proof" in actions.names(requester.sender)
    assert requester.says("hello")[0].startswith("Hi, I'm the help desk's virtual agent")


def test_the_form_ends_when_a_live_agent_has_verified_meanwhile(requester: Conversation) -> None:
    requester.says("who am i")
    assert requester.says("/proof_ended")[0].startswith("Proof: ")
    requester.says("who am i")
    requester.says("E1001")
    assert requester.says("/proof_ended")[0].startswith("Proof: ")
    assert requester.says("thanks") == ["You're welcome."]


def test_a_request_for_a_person_ends_the_check_at_any_point(
    requester: Conversation, actions: ActionEndpoint
) -> None:
    requester.says("who am i")
    assert requester.says("agent") == []
    requester.says("/prove_identity")
    requester.says("E1001")
    assert requester.says("let me talk to a human") == []
    assert actions.names(requester.sender)[-1] == "action_hand_off"
    requester.says("/prove_identity")
    requester.says("asdfjkl")
    assert requester.says("zxcvbn") == []


def test_an_agents_request_for_a_check_interrupts_an_open_form(requester: Conversation) -> None:
    requester.says("my laptop wont start")
    assert requester.says("/prove_identity") == [WHO]
    requester.says("E1001")
    # the service would have emptied the slots
    assert requester.says("/prove_identity")[-1] in (WHO, CODE)
    assert requester.says("/tell_secret")[0].endswith("verified")
    assert requester.says("/tell_secret")[0].startswith("I'm not waiting for a code")
