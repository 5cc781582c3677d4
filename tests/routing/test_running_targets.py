"""The running targets of conversations: when they start, pause and end, and the timers that wait
for them.
"""

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.messaging_actions.change_timer import Postpone, postpone_timer
from handoff_service.operations.routing import refresh_queue_targets
from handoff_service.operations.routing.queues import ChangeQueue, change_queue, make_queue
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import State, Work
from handoff_service.store.conversations import conversation_list
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.messaging_actions import prompts
from handoff_service.store.views import RunningTarget
from tests.conftest import MovedClock
from tests.support.action_story import AGENT, REQUESTER, Rules
from tests.support.story import DIRECT, MAIN, MIA, OMAR, Story

TARGETS = (
    QueueTargets(priority=1, first_response=5),
    QueueTargets(priority=3, first_response=20, next_response=40, resolution=240),
)


@pytest.fixture
async def rules(store: Store, story: Story, clock: MovedClock) -> Rules:
    """A desk whose queue has targets, without messaging actions."""
    made = Rules(store, clock)
    await made.none()
    await change(story, targets=TARGETS)
    return made


async def change(story: Story, queue: int = 1, **values: Any) -> None:
    await story.store.write(change_queue, ChangeQueue(id=queue, values=values))


async def set_priority(story: Story, ann: int, number: int) -> None:
    command = ChangeInteraction(interaction_id=ann, agent_id=MIA, priority=number)
    await story.store.write(change_interaction, command)


async def set_state(story: Story, ann: int, to: State) -> None:
    command = ChangeInteraction(interaction_id=ann, agent_id=MIA, state=to)
    await story.store.write(change_interaction, command)


async def targets(story: Story, interaction_id: int) -> dict[str, RunningTarget]:
    return {one.kind: one for one in (await story.see(interaction_id)).targets}


async def minutes_left(story: Story, rules: Rules, interaction_id: int) -> dict[str, float | None]:
    """Return kind -> the minutes until the target is due, or None while it is paused."""
    now = rules.clock()
    return {
        kind: (one.due_at - now) / timedelta(minutes=1) if one.due_at else None
        for kind, one in (await targets(story, interaction_id)).items()
    }


async def test_targets_run_from_the_first_text_to_closing(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    assert await minutes_left(story, rules, ann) == {"first_response": 20, "resolution": 240}
    rules.clock.move(600)
    await story.text("hello?", to=DIRECT)
    assert await minutes_left(story, rules, ann) == {"first_response": 10, "resolution": 230}, (
        "the first response"
    )
    await story.write(ann, "hello Ann")
    assert await minutes_left(story, rules, ann) == {"resolution": 230}
    await story.text("thanks, but", to=DIRECT)
    assert await minutes_left(story, rules, ann) == {"next_response": 40, "resolution": 230}
    await story.close(ann)
    assert await minutes_left(story, rules, ann) == {}
    assert await story.count(t.running_targets) == 0


async def test_new_targets_reach_many_open_conversations_in_batches(
    story: Story, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh_queue_targets, "AT_ONCE", 2)
    anns = [
        (await story.text(number=f"+1202555{1000 + n}", to=DIRECT)).interaction_id or 0
        for n in range(5)
    ]
    await change(story, targets=(QueueTargets(priority=3, first_response=7),))

    async def refreshed() -> int:
        return sum([(await minutes_left(story, rules, one))["first_response"] == 7 for one in anns])

    due = t.due_work.c.kind == Work.REFRESH_TARGETS
    seen = [await refreshed()]
    while work := await story.rows(t.due_work, due):
        await story.store.write(refresh_queue_targets.refresh_next, work[0].key)
        seen.append(await refreshed())
    assert seen == [2, 4, 5]


async def test_no_target_runs_before_the_handoff_by_the_virtual_agent(
    story: Story, rules: Rules
) -> None:
    ann = (await story.text(to=MAIN)).interaction_id or 0
    assert await minutes_left(story, rules, ann) == {}
    rules.clock.move(300)
    await story.hand_off(ann)
    assert await minutes_left(story, rules, ann) == {"first_response": 20, "resolution": 240}


async def test_after_a_hand_back_no_response_target_runs(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    await story.write(ann, "the bot can do this")
    back = ReturnToBot(interaction_id=ann, agent_id=MIA, outcome="done")
    await story.store.write(return_to_bot, back)
    assert list(await minutes_left(story, rules, ann)) == ["resolution"]


async def test_a_new_conversation_after_closing_has_targets_again(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()
    await story.write(ann, "hello")
    await story.close(ann)
    other = await story.with_agent()
    assert list(await minutes_left(story, rules, other)) == ["first_response", "resolution"]


async def test_a_hold_pauses_targets(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    rules.clock.move(300)
    await set_state(story, ann, State.ON_HOLD)
    assert await minutes_left(story, rules, ann) == {"first_response": None, "resolution": None}
    found = await targets(story, ann)
    assert found["first_response"].minutes_left_on_hold == 15
    rules.clock.move(3600)
    await set_state(story, ann, State.WORK_IN_PROGRESS)
    assert await minutes_left(story, rules, ann) == {"first_response": 15, "resolution": 235}
    await set_state(story, ann, State.ON_HOLD)
    rules.clock.move(600)
    await story.text("any news?", to=DIRECT)
    assert await minutes_left(story, rules, ann) == {"first_response": 15, "resolution": 235}
    held = [(one.began_at, one.ended_at) for one in await story.rows(t.holds)]
    assert [(b - a).total_seconds() for a, b in held] == [3600, 600]


async def test_targets_count_only_opening_hours(
    story: Story, rules: Rules, clock: MovedClock
) -> None:
    """It is Monday, 09:00 in New York."""
    await change(story, schedule="Mo-Fr 08:00-09:10; PH off")
    ann = await story.with_agent()
    found = (await targets(story, ann))["first_response"]
    assert found.due_at is not None
    assert found.due_at - clock() == timedelta(days=1, minutes=-50), (
        "10 minutes remain for tomorrow"
    )


async def test_times_of_targets_follow_the_desks_time_zone(
    story: Story, rules: Rules, clock: MovedClock
) -> None:
    """At 14:00 UTC the queue is open in New York. In Honolulu it opens at 18:00 UTC."""
    await change(story, schedule="08:00-18:00")
    ann = await story.with_agent()
    assert (await minutes_left(story, rules, ann))["first_response"] == 20
    await story.store.write(change_desk, {"time_zone": "Pacific/Honolulu"})
    assert (await minutes_left(story, rules, ann))["first_response"] == 4 * 60 + 20


async def test_targets_follow_priority_and_queue(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    await set_priority(story, ann, 1)
    assert await minutes_left(story, rules, ann) == {"first_response": 5}
    await set_priority(story, ann, 2)
    assert await minutes_left(story, rules, ann) == {}
    await set_priority(story, ann, 3)
    await change(story, targets=())
    assert await minutes_left(story, rules, ann) == {}
    rules.clock.move(60)
    await change(story, targets=TARGETS)
    assert await minutes_left(story, rules, ann) == {"first_response": 19, "resolution": 239}
    other = await story.store.write(make_queue, QueueFields(name="Other"))
    away = Transfer(interaction_id=ann, agent_id=MIA, to_queue=other)
    await story.store.write(transfer, away)
    assert await minutes_left(story, rules, ann) == {}, "the other queue has no targets"


async def test_the_list_shows_the_target_that_is_due_first(story: Story, rules: Rules) -> None:
    await story.with_agent()

    async def ongoing_items() -> tuple[str, str]:
        found = await story.store.read(conversation_list.ongoing_items, MIA, others=False)
        target = found[0].target
        assert target is not None
        return target.title, target.tone(rules.clock())

    assert await ongoing_items() == ("First response", "")
    rules.clock.move(14 * 60)
    assert (await ongoing_items())[1] == ""
    rules.clock.move(60)
    assert (await ongoing_items())[1] == "wait", "a quarter of the time is left"
    rules.clock.move(301)
    assert (await ongoing_items())[1] == "fail"


# Timers -------------------------------------------------------------------------------------------


def due_in(minutes: int, kind: str = "first_response") -> dict[str, Any]:
    return {"conditions": [{"field": f"{kind}_left", "at_most": minutes}]}


async def fired_texts(story: Story, ann: int) -> list[str]:
    return [one.body for one in await story.lines(ann) if one.event in ("prompt", "alarm")]


async def test_an_action_fires_once_when_its_number_of_minutes_is_left(
    story: Story, rules: Rules
) -> None:
    await rules.add("soon", REQUESTER, "1m", **due_in(5))
    await rules.add("late", REQUESTER, "1m", **due_in(0))
    ann = await story.with_agent()
    await rules.wait(minutes=14, seconds=59)
    assert await fired_texts(story, ann) == []
    await rules.wait(seconds=1)
    assert await fired_texts(story, ann) == ["soon"]
    await rules.wait(minutes=5)
    assert await fired_texts(story, ann) == ["soon", "late"]
    await rules.wait(minutes=60)
    assert await fired_texts(story, ann) == ["soon", "late"], "once"


async def test_an_answer_in_time_cancels_the_timer(story: Story, rules: Rules) -> None:
    await rules.add("soon", REQUESTER, "1m", **due_in(5))
    ann = await story.with_agent()
    await rules.wait(minutes=10)
    await story.write(ann, "hello")
    await rules.wait(minutes=60)
    assert await fired_texts(story, ann) == []


async def test_a_timer_pauses_during_a_hold_and_before_the_handoff(
    story: Story, rules: Rules
) -> None:
    await rules.add("soon", REQUESTER, "1m", **due_in(5))
    bot = (await story.text(to=MAIN)).interaction_id or 0
    assert await rules.running(bot) == [], "the paused timer is not listed"
    assert await story.count(t.timers) == 1
    await rules.wait(minutes=30)
    await story.hand_off(bot)
    await story.available(MIA)
    await story.offer()
    await story.accept((await story.inbox(MIA))[0].id, MIA)
    await rules.wait(minutes=10)
    await set_state(story, bot, State.ON_HOLD)
    await rules.wait(minutes=60)
    assert await fired_texts(story, bot) == []
    await set_state(story, bot, State.WORK_IN_PROGRESS)
    await rules.wait(minutes=4)
    assert await fired_texts(story, bot) == []
    await rules.wait(minutes=1)
    assert await fired_texts(story, bot) == ["soon"]


async def test_a_higher_priority_moves_the_target_forward(story: Story, rules: Rules) -> None:
    await rules.add("late", REQUESTER, "1m", **due_in(0))
    ann = await story.with_agent()
    await rules.wait(minutes=6)
    await set_priority(story, ann, 1)
    await rules.fire()
    assert await fired_texts(story, ann) == ["late"]


async def test_conditions_about_targets_are_checked_together(story: Story, rules: Rules) -> None:
    both = [
        {"field": "first_response_left", "at_most": 10},
        {"field": "resolution_left", "at_most": 10},
    ]
    await rules.add("any", REQUESTER, "1m", conditions=both, match="any")
    await rules.add("all", REQUESTER, "1m", conditions=both, match="all")
    on_hold = [{"field": "first_response_left", "at_most": 5}, {"field": "state", "is": "on_hold"}]
    await rules.add("never", REQUESTER, "1m", conditions=on_hold)
    ann = await story.with_agent()
    await rules.wait(minutes=10)
    assert await fired_texts(story, ann) == ["any"]
    await rules.wait(minutes=219)
    assert await fired_texts(story, ann) == ["any"]
    await rules.wait(minutes=1)
    assert await fired_texts(story, ann) == ["any", "all"]


async def test_the_resolution_target_runs_while_the_requester_is_silent(
    story: Story, rules: Rules
) -> None:
    await rules.add("resolve it", AGENT, "1m", **due_in(60, "resolution"))
    ann = await story.with_agent()
    await story.write(ann, "I am looking into it")
    await rules.wait(minutes=179)
    assert await fired_texts(story, ann) == []
    await rules.wait(minutes=1)
    assert await fired_texts(story, ann) == ["resolve it"]


async def test_supervisors_get_an_alert_even_if_an_agent_is_assigned(
    story: Story, rules: Rules
) -> None:
    late = due_in(-10)
    await rules.add("late: {requester.name}", REQUESTER, "1m", "alert_supervisors",
        text="late: {requester.name}", **late)  # fmt: skip
    ann = await story.with_agent()
    await rules.wait(minutes=29)
    assert await seen_by_omar(story) == []
    await rules.wait(minutes=1)
    assert await seen_by_omar(story) == ["late: Ann Lee"]
    await story.write(ann, "sorry")
    assert await seen_by_omar(story) == []


async def seen_by_omar(story: Story) -> list[str]:
    found = await story.store.read(prompts.open_prompts, OMAR, supervises=True)
    return [one.said for one in found]


async def test_a_postponed_timer_stays_postponed(story: Story, rules: Rules) -> None:
    await rules.add("soon", REQUESTER, "1m", **due_in(5))
    ann = await story.with_agent()
    timer = (await rules.running(ann))[0]
    later = rules.clock() + timedelta(minutes=30)
    await story.store.write(
        postpone_timer,
        Postpone(interaction_id=ann, timer_id=timer.id, agent_id=MIA, due_at=later),
    )
    await story.text("hello?", to=DIRECT)
    await rules.wait(minutes=29)
    assert await fired_texts(story, ann) == []
    await rules.wait(minutes=1)
    assert await fired_texts(story, ann) == ["soon"]
