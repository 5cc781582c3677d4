"""The decision tables have the same left columns as the product page, and the code follows the
tables.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from handoff_service.rules.conversations import agent_initiated, requester_initiated, states
from handoff_service.rules.conversations.states import Transition, next_state
from handoff_service.rules.identity import profile_matching
from handoff_service.rules.identity.profile_matching import NumberFacts
from handoff_service.rules.shared.vocabulary import CLOSED, FirstResponder, Owner, State

PAGE = (Path(__file__).parents[2] / "docs" / "product.md").read_text()


def left_columns(heading: str) -> set[str]:
    """Return the left cells of the tables under a heading, without emphasis and text in brackets at
    the end."""
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return {re.sub(r"\*\*", "", cell).strip() for cell in cells} - {"if"}


@pytest.mark.parametrize(
    ("heading", "rows", "table"),
    [
        (
            "Table 1: messaging profiles (who is texting?)",
            profile_matching.NumberSituation,
            profile_matching.TABLE,
        ),
        (
            "Table 2: the requester writes",
            requester_initiated.RequesterWrites,
            requester_initiated.TABLE,
        ),
        ("Table 3: an agent writes first", agent_initiated.Situation, agent_initiated.TABLE),
    ],
    ids=["table 1", "table 2", "table 3"],
)
def test_the_left_columns_match_the_product_page(
    heading: str, rows: type[StrEnum], table: Mapping[StrEnum, object]
) -> None:
    assert {str(row) for row in rows} == left_columns(heading)
    assert set(table) == set(rows)


ANN, BOB, CY = 1, 2, 3
WHO = [
    # label, users on the number, has profile, profile's user, ruled-out user -> create profile,
    # link profile, the interaction's user, candidates
    ("one user, no profile", (ANN,), False, None, None, True, True, ANN, ()),
    ("no user but a profile", (), True, ANN, None, False, False, ANN, ()),
    ("no user but a guest profile", (), True, None, None, False, False, None, ()),
    ("no user, no profile", (), False, None, None, True, False, None, ()),
    ("conflict", (BOB,), True, ANN, None, False, False, ANN, (BOB,)),
    ("conflict with several", (BOB, CY), True, ANN, None, False, False, ANN, (BOB, CY)),
    ("same user", (ANN,), True, ANN, None, False, False, ANN, ()),
    ("one user and a guest profile", (ANN,), True, None, None, False, True, ANN, ()),
    ("several users, no profile", (ANN, BOB), False, None, None, True, False, None, (ANN, BOB)),
    (
        "several users and a guest profile",
        (ANN, BOB),
        True,
        None,
        None,
        False,
        False,
        None,
        (ANN, BOB),
    ),
    (
        "several users and the profile of one",
        (ANN, BOB),
        True,
        BOB,
        None,
        False,
        False,
        BOB,
        (ANN,),
    ),
    ("one user, who is ruled out", (ANN,), True, None, ANN, False, False, None, (ANN,)),
    ("one user, and another one is ruled out", (ANN,), True, None, BOB, False, True, ANN, ()),
    (
        "several users, one of whom is ruled out",
        (ANN, BOB),
        True,
        None,
        ANN,
        False,
        False,
        None,
        (ANN, BOB),
    ),
    ("a ruled-out user who is verified after all", (ANN,), True, ANN, ANN, False, False, ANN, ()),
]


@pytest.mark.parametrize(
    ("given", "expected"), [(w[1:5], w[5:]) for w in WHO], ids=[w[0] for w in WHO]
)
def test_the_users_on_a_number_decide_whose_profile_it_gets(
    given: tuple[tuple[int, ...], bool, int | None, int | None], expected: object
) -> None:
    users, has, of, nope = given
    match = profile_matching.match(
        NumberFacts(users=users, has_profile=has, profile_user=of, not_user=nope)
    )
    assert (match.make_profile, match.tie_profile, match.user, match.candidates) == expected


@pytest.mark.parametrize(
    ("responder", "bot", "owner"),
    [
        (FirstResponder.VIRTUAL_AGENT, True, Owner.VIRTUAL_AGENT),
        (FirstResponder.VIRTUAL_AGENT, False, Owner.QUEUE),
        (FirstResponder.LIVE_AGENT, True, Owner.QUEUE),
    ],
)
def test_the_first_responder_decides_the_first_owner_of_a_conversation(
    responder: FirstResponder, bot: bool, owner: Owner
) -> None:
    first = requester_initiated.first_owner(responder, bot_answers=bot)
    assert first.owner is owner
    assert (first.reason is None) == (owner is Owner.VIRTUAL_AGENT), (
        "a queue always gets the reason"
    )


def test_a_text_ends_a_hold_and_changes_no_other_state() -> None:
    after = {
        state: next_state(state, Transition.REQUESTER_WRITES)
        for state in State
        if state not in CLOSED
    }
    assert after.pop(State.ON_HOLD) is State.WORK_IN_PROGRESS
    assert all(before is now for before, now in after.items())


def test_only_an_undo_or_a_new_report_reopens_and_every_open_state_can_be_closed() -> None:
    reopens = {Transition.UNDO_CLOSE, Transition.REPORTED_AGAIN}
    assert all(set(states.TRANSITIONS[state]) == reopens for state in CLOSED)
    assert all(
        next_state(state, Transition.CLOSE_ABANDONED) is State.CLOSED_ABANDONED
        for state in set(State) - CLOSED
    )


def test_only_a_conversation_in_progress_can_be_put_on_hold() -> None:
    assert next_state(State.NEW, Transition.PUT_ON_HOLD) is None
    assert next_state(State.WORK_IN_PROGRESS, Transition.PUT_ON_HOLD) is State.ON_HOLD
