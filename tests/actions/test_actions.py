"""The virtual agent's actions. Rasa-sdk's executor runs them as in the service, on a real store."""

import re
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor

from actions import all_actions
from actions.fallback import REASON
from handoff_service.operations.routing.queues import make_queue
from handoff_service.rules.routing import queue_conditions
from handoff_service.rules.routing.queues import QueueFields, QueuePool
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.engine import tables as t
from tests.support.story import Story

NAMED = re.findall(r"^  (utter_\w+):", Path("domain.yml").read_text(), re.MULTILINE)
DOMAIN: dict[str, Any] = {
    "responses": {name: [{"text": "?"}] for name in NAMED},
    "forms": {
        "problem_form": {"required_slots": ["problem", "known_outage", "device", "impact"]},
        "equipment_form": {"required_slots": ["item", "item_reason"]},
    },
}
USER: dict[str, Any] = {"event": "user", "text": "hi"}
FALLBACK: dict[str, Any] = {"event": "action", "name": "action_fallback"}
LISTEN: dict[str, Any] = {"event": "action", "name": "action_listen"}
EMPTIED = dict.fromkeys(
    (
        *("problem", "device", "impact", "item", "item_reason", "case_number", "system", "topic"),
        *("known_outage", "next_wish", "next_wish_text", "questions"),
    )
)


class Bot:
    """Ann's turn with the virtual agent, and the executor that Rasa would call during the turn."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.executor = ActionExecutor()
        for action in all_actions(story):  # type: ignore[arg-type]  # an action needs the desk's store, and no more
            self.executor.register_action(action)

    async def start(self) -> None:
        self.interaction = (await self.story.text()).interaction_id or 0
        question = await self.story.begin(self.interaction)
        assert question is not None
        self.question = question

    async def run(
        self,
        action: str,
        *,
        slots: Any = None,
        events: Any = (),
        loop: Any = None,
        text: str = "hi",
        meant: Any = None,
    ) -> Any:
        call = {
            "next_action": action,
            "sender_id": self.question.sender,
            "tracker": {
                "sender_id": self.question.sender,
                "slots": slots or {},
                "latest_message": {"text": text, "metadata": {"turn_id": self.question.turn_id}}
                | (meant or {}),
                "events": list(events),
                "active_loop": loop or {},
                "latest_action_name": "action_listen",
                "paused": False,
            },
            "domain": DOMAIN,
            "version": "3.6.21",
        }
        result = await self.executor.run(call)
        assert result is not None
        return result.model_dump()


@pytest.fixture
async def bot(story: Story) -> Bot:
    made = Bot(story)
    await made.start()
    return made


def slots_set(result: Any) -> dict[str, Any]:
    return {e["name"]: e["value"] for e in result["events"] if e["event"] == "slot"}


async def test_the_virtual_agent_opens_and_confirms_a_case_and_empties_the_slots(
    bot: Bot, story: Story
) -> None:
    slots = {"problem": "hi, my laptop won't start", "device": "laptop", "impact": "blocked"}
    result = await bot.run("action_open_case", slots=slots)
    assert result["responses"][0]["text"].startswith(
        "I've opened case CS0000001: hi, my laptop won't start."
    )
    assert slots_set(result) == EMPTIED
    (case,) = await story.rows(t.cases)
    assert (case.description, case.device, case.impact, case.interaction_id) == (
        *slots.values(),
        bot.interaction,
    )


@pytest.mark.parametrize(("impact", "priority"), [("blocked", 2), ("working", 3), (None, 3)])
async def test_the_impact_on_the_requesters_work_sets_the_priority_of_the_case(
    bot: Bot, story: Story, impact: str | None, priority: int
) -> None:
    await bot.run("action_open_case", slots={"problem": "no wifi", "impact": impact})
    (case,) = await story.rows(t.cases)
    assert case.priority == priority


async def test_more_facts_become_a_note_on_the_new_case(bot: Bot, story: Story) -> None:
    await bot.run("action_open_case", slots={"problem": "my laptop is slow"})
    told = [
        await bot.run("action_add_to_case", text="it started after the update 😩") for _ in range(2)
    ]
    assert [r["text"] for r in told[1]["responses"]] == [
        "Added to CS0000001: it started after the update."
    ]
    opening, note = await story.rows(t.case_changes)
    assert (note.version, note.author, note.note) == (
        2,
        "requester",
        "it started after the update 😩",
    )
    assert opening.note is None


async def test_more_facts_without_a_case_start_a_report(bot: Bot, story: Story) -> None:
    result = await bot.run("action_add_to_case", text="it started after the update")
    assert (result["responses"], slots_set(result)) == (
        [],
        {"problem": "it started after the update"},
    )
    assert [e["name"] for e in result["events"] if e["event"] == "followup"] == ["problem_form"]
    assert await story.count(t.cases) == 0


async def test_a_request_for_a_person_hands_off_with_the_collected_facts_after_the_turn(
    bot: Bot, story: Story
) -> None:
    result = await bot.run(
        "action_hand_off", slots={"problem": "no wifi", "device": "Wi-Fi", "impact": None}
    )
    assert (result["responses"], slots_set(result)) == ([], EMPTIED)
    assert (await story.see(bot.interaction)).owner.kind is Owner.VIRTUAL_AGENT, (
        "no handoff happens before the turn ends"
    )
    await story.finish(bot.question)
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected) == (
        "Asked for a person.",
        {"Problem": "no wifi", "Device": "Wi-Fi", "Case": "CS0000001"},
    )


async def test_a_mentioned_reason_and_topic_choose_the_queue(bot: Bot, story: Story) -> None:
    lines = (queue_conditions.parse({"field": "topic", "is": "facilities"}),)
    queue = QueueFields(
        name="Facilities", pools=(QueuePool(group="Service desk"),), conditions=lines
    )
    facilities = await story.store.write(make_queue, queue)
    slots = {"topic": "facilities", "language": "es"}
    result = await bot.run(
        "action_hand_off", slots=slots, text="can i talk to someone about the heating?"
    )
    assert "language" not in slots_set(result), "a fact about the person stays"
    await story.finish(bot.question)
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.queue_id) == ("Asked for a person: about the heating.", facilities)
    assert item.collected == {"Topic": "facilities", "Language": "es"}


async def test_the_text_never_mind_empties_the_collected_slots(bot: Bot) -> None:
    result = await bot.run("action_forget", slots={"problem": "no wifi"})
    assert (result["responses"], slots_set(result)) == ([], EMPTIED)


@pytest.mark.parametrize(
    ("events", "loop", "says"),
    [
        ([USER], None, "utter_rephrase"),
        ([USER], {"name": "problem_form"}, "utter_not_understood"),
        ([USER, FALLBACK, LISTEN, USER, LISTEN, USER], None, "utter_rephrase"),
        ([USER, LISTEN, USER, LISTEN, USER], None, "utter_rephrase"),
    ],
    ids=["first", "inside the form", "not in a row", "understood before"],
)
async def test_after_one_unclear_text_the_virtual_agent_asks_for_other_words(
    bot: Bot, story: Story, events: Any, loop: Any, says: str
) -> None:
    result = await bot.run("action_fallback", events=events, loop=loop)
    assert result["responses"][0]["response"] == says
    await story.finish(bot.question, "?")
    assert await story.count(t.work_items) == 0


async def test_two_unclear_texts_in_a_row_cause_a_handoff_and_end_the_form(
    bot: Bot, story: Story
) -> None:
    events = [USER, FALLBACK, LISTEN, USER]
    result = await bot.run("action_fallback", events=events, loop={"name": "problem_form"})
    assert [r["response"] for r in result["responses"]] == ["utter_not_understood_twice"]
    assert {"event": "active_loop", "name": None, "timestamp": None} in result["events"]
    assert {"event": "followup", "name": "action_listen", "timestamp": None} in result["events"]
    await story.finish(bot.question)
    (item,) = await story.rows(t.work_items)
    assert item.reason == REASON
