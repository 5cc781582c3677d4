"""The rules of messaging actions: the words of table 4, durations, conditions, placeholders, and
the actions that an admin may save.
"""

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.messaging_actions import condition_words
from handoff_service.rules.messaging_actions.action_sentence import time_words
from handoff_service.rules.messaging_actions.action_words import describe, why
from handoff_service.rules.messaging_actions.messaging_actions import (
    PLACEHOLDERS,
    STARTS,
    ActionPlaceholders,
    MessagingAction,
    begins,
    errors,
    for_agents,
    for_requester,
)
from handoff_service.rules.shared import conditions, durations
from handoff_service.rules.shared.conditions import FIELDS, JUDGES, Facts, Match, Operator
from handoff_service.rules.shared.vocabulary import Action, Author, Owner, State, Unanswered
from tests.shared.test_product_tables import PAGE

R, A = Unanswered.REQUESTER_MESSAGE, Unanswered.AGENT_MESSAGE


def test_events_and_actions_have_the_names_of_the_product_page() -> None:
    table = PAGE.split("## Table 4")[1].split("\n## ")[0]
    for event in Unanswered:
        assert f"*{event.replace('_', ' ')}*" in table
    for action in Action:
        assert f"**{action.replace('_', ' ')}**" in table
    assert set(STARTS) == set(Author)


BEGINS = [
    ("first text", Author.REQUESTER, None, R),
    ("more texts", Author.REQUESTER, R, None),
    ("a text after the agent's", Author.REQUESTER, A, R),
    ("an agent first", Author.AGENT, None, A),
    ("an agent's response", Author.AGENT, R, A),
    ("more messages from agents", Author.AGENT, A, None),
    *(
        (f"{who} in {streak}", who, streak, None)
        for who in (Author.VIRTUAL_AGENT, Author.SYSTEM)
        for streak in (None, R, A)
    ),
]


@pytest.mark.parametrize(
    ("author", "unanswered", "started"), [b[1:] for b in BEGINS], ids=[b[0] for b in BEGINS]
)
def test_only_some_messages_start_an_unanswered_streak(
    author: Author, unanswered: Unanswered | None, started: Unanswered | None
) -> None:
    assert begins(author, unanswered) is started


@pytest.mark.parametrize(
    ("written", "seconds", "said"),
    [
        ("45s", 45, "45 seconds"),
        ("30m", 1800, "30 minutes"),
        ("3h", 10800, "3 hours"),
        ("2d", 172800, "2 days"),
        ("1m", 60, "1 minute"),
    ],
)
def test_a_duration_is_parsed_and_written_back(written: str, seconds: int, said: str) -> None:
    read = durations.parse(written)
    assert (read, durations.write(read), durations.describe(read)) == (
        timedelta(seconds=seconds),
        written,
        said,
    )


def test_business_time_is_counted_in_hours_of_open_time() -> None:
    action = MessagingAction(
        name="Remind",
        event=R,
        duration=timedelta(hours=48),
        action=Action.PROMPT_AGENT,
        business_hours=True,
    )
    assert time_words(action) == "48 business hours"


@pytest.mark.parametrize(
    "written", ["", "30", "m", "1.5h", "-1m", "0s", "400d", "1w", "30 m", "٣m"]
)
def test_an_invalid_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        durations.parse(written)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (3900, "1 hour 5 minutes"),
        (90000, "1 day 1 hour"),
        (3601, "1 hour"),
        (86400 * 2 + 60, "2 days"),
    ],
)
def test_a_waiting_time_is_described_in_words(seconds: int, said: str) -> None:
    assert durations.describe(timedelta(seconds=seconds)) == said


FACTS = Facts(
    state=State.ON_HOLD, owner=Owner.AGENT, priority=2, queue="Hardware",
    provider_number="+18885550100",
    assigned=True, guest=False,
)  # fmt: skip
MATCHES = [
    ({"field": "state", "is": "on_hold"}, True),
    ({"field": "state", "operator": "is", "value": "on_hold"}, True),
    ({"field": "state", "is_not": "on_hold"}, False),
    ({"field": "state", "in": ["new", "on_hold"]}, True),
    ({"field": "owner", "not_in": ["agent", "queue"]}, False),
    ({"field": "priority", "at_least": 2}, True),
    ({"field": "priority", "at_most": 1}, False),
    ({"field": "priority", "in": [1, 2]}, True),
    ({"field": "queue", "is": "Hardware"}, True),
    ({"field": "provider_number", "is_not": "+18885550100"}, False),
    ({"field": "assigned", "is": True}, True),
    ({"field": "guest", "is": True}, False),
]


@pytest.mark.parametrize(("written", "matches"), MATCHES, ids=[str(m[0]) for m in MATCHES])
def test_a_condition_matches_a_conversation(written: dict[str, Any], matches: bool) -> None:
    assert conditions.matches([conditions.parse(written)], Match.ALL, FACTS) is matches
    assert conditions.parse(conditions.written(conditions.parse(written))) == conditions.parse(
        written
    )


def test_an_action_can_require_all_or_any_of_its_conditions() -> None:
    both = [
        conditions.parse({"field": "state", "is": "on_hold"}),
        conditions.parse({"field": "guest", "is": True}),
    ]
    assert not conditions.matches(both, Match.ALL, FACTS)
    assert conditions.matches(both, Match.ANY, FACTS)
    assert conditions.matches([], Match.ANY, FACTS), "an action without conditions always applies"
    said = "either the state is On hold or the requester is a guest"
    assert condition_words.describe(both, Match.ANY) == said
    assert {*FIELDS, "attributes"} == set(Facts.__dataclass_fields__)
    assert set(JUDGES) == set(Operator)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            {"field": "colour", "is": "red"},
            "there is no field “colour”; the fields are state, owner",
        ),
        ({"is": "on_hold"}, "there is no field “None”"),
        ({"field": "state"}, "needs field, operator and value"),
        ({"field": "state", "is": "new", "is_not": "on_hold"}, "needs field, operator and value"),
        (
            {"field": "state", "at_least": "new"},
            "state cannot be compared with “at_least”; use is, is_not, in",
        ),
        ({"field": "state", "is": "asleep"}, "“asleep” is not one of new, work_in_progress"),
        ({"field": "state", "in": "new"}, "in needs a list of values"),
        ({"field": "state", "in": []}, "in needs a list of values"),
        ({"field": "priority", "is": "2"}, "“2” is not a whole number"),
        ({"field": "priority", "is": True}, "“True” is not a whole number"),
        ({"field": "assigned", "is": "yes"}, "“yes” is not true or false"),
    ],
)
def test_an_invalid_condition_is_refused(written: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says.replace("(", r"\(")):
        conditions.parse(written)


def action(**how: Any) -> MessagingAction:
    usual = {
        "name": "x",
        "event": R,
        "duration": timedelta(minutes=30),
        "action": Action.PROMPT_AGENT,
        "text": "hi",
    }
    return MessagingAction(**{**usual, **how})


FAULTS = [
    ("valid", {}, {}),
    ("unknown placeholder", {"text": "{requester.nick} {agent.name} {x}"},
     {"text": "{requester.nick}, {x}: there is no such placeholder; this text can have "
              "{requester.name}, "}),
    ("no text for the requester", {"action": Action.PROMPT_REQUESTER, "text": None},
        {"text": "is needed"}),
    ("no text for the agent", {"text": None}, {}),
    ("too long", {"action": Action.PROMPT_REQUESTER, "text": "x" * 161}, {"text":
    "must fit in "
    "one segment; "}),
    ("too long in UCS-2", {"action": Action.PROMPT_REQUESTER, "text": "Ж" * 71}, {"text":
    "must fit in one "
    "segment"}),
    ("a long text for agents", {"text": "x" * 500}, {}),
    ("text for reassign", {"action": Action.REASSIGN}, {"text":
    "is for prompts; this action is "
    "reassign"}),
    ("no state", {"action": Action.SET_STATE, "text": None}, {"state":
    "must be one of work_in_progress, "
    "on_hold, "}),
    ("the state new", {"action": Action.SET_STATE, "text": None, "state": State.NEW},
        {"state": "must be one of "}),
    ("valid state", {"action": Action.SET_STATE, "text": None, "state": State.ON_HOLD}, {}),
    ("state for a prompt", {"state": State.ON_HOLD}, {"state": "is for set_state"}),
]  # fmt: skip


@pytest.mark.parametrize(("how", "found"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_each_wrong_field_of_an_action_has_an_error(
    how: dict[str, Any], found: dict[str, str]
) -> None:
    wrong = errors(action(**how))
    assert wrong.keys() == found.keys()
    for key, says in found.items():
        assert wrong[key].startswith(says)


WHO = ActionPlaceholders(
    requester="Ann Lee", agent="Mia Chen", number="INT0000012", waiting=timedelta(minutes=30)
)


def test_placeholders_of_a_text_are_filled_but_not_those_in_a_name() -> None:
    every = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert for_agents(every, WHO) == "Ann Lee Ann Mia Chen Mia INT0000012 30 minutes"
    nested = ActionPlaceholders(
        requester="{agent.name}", agent="Mia", number="", waiting=timedelta()
    )
    assert for_agents("{requester.name}", nested) == "{agent.name}"


def test_placeholders_have_substitutes_for_a_guest_and_a_missing_agent() -> None:
    nobody = ActionPlaceholders(
        requester=None, agent=None, number="INT1", waiting=timedelta(minutes=1)
    )
    assert for_agents("{requester.name}, {agent.first_name}", nobody) == "The requester, nobody"
    assert (
        for_requester("Hi {requester.first_name}, {agent.name} is on it", nobody)
        == "Hi there, our team is on it"
    )


def test_a_text_to_the_requester_fits_into_one_segment_with_any_names() -> None:
    long = ActionPlaceholders(
        requester="Ann " + "x" * 100,
        agent="Ж" * 90,
        number="INT0000012",
        waiting=timedelta(days=400),
    )
    for text in (
        "{requester.name} and {agent.name}",
        "{requester.name}" * 20,
        "y" * 150 + " {agent.name}",
    ):
        assert segments(for_requester(text, long)).count == 1
    assert for_requester("{requester.name}: " + "y" * 130, long).startswith("Ann: yyy")


def test_an_action_is_described_in_words() -> None:
    limited = action(
        action=Action.SET_STATE, text=None, state=State.ON_HOLD, queues=("Hardware", "Network"),
        conditions=(conditions.parse({"field": "state", "is": "work_in_progress"}),),
    )  # fmt: skip
    said = (
        "set the state to On hold, if the queue is Hardware or Network and the state is Work in "
        "progress"
    )
    assert describe(limited) == said
    assert (
        describe(action(action=Action.REASSIGN))
        == "take it from its agent and return it to its queue"
    )
    assert why(action(), timedelta(minutes=30)) == "30 minutes without agent response"
    assert why(action(event=A), timedelta(days=2)) == "2 days without requester response"
