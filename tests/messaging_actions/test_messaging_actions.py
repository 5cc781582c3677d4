"""Messaging actions: each row of table 4 and each of its rules, on both databases."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.messaging_actions.change_timer import (
    Cancel,
    Postpone,
    cancel_timer,
    postpone_timer,
)
from handoff_service.operations.messaging_actions.fire_timers import Fire, fire_timers
from handoff_service.operations.messaging_actions.messaging_actions import (
    ChangeMessagingAction as ChangeAction,
)
from handoff_service.operations.messaging_actions.messaging_actions import (
    change_messaging_action,
    delete_messaging_action,
)
from handoff_service.operations.shared.conversation_hints import SUPERVISORS
from handoff_service.rules.messaging_actions.messaging_actions import SHIPPED
from handoff_service.rules.shared.vocabulary import Owner, State, Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.messaging_actions import messaging_actions
from tests.conftest import Heard, MovedClock
from tests.support.action_story import AGENT, REQUESTER, Rules, fired
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, STRANGER, Story


@pytest.fixture
async def rules(store: Store, clock: MovedClock) -> Rules:
    """A desk without messaging actions. Each test adds its own."""
    made = Rules(store, clock)
    await made.none()
    return made


async def prompts(story: Story, interaction_id: int) -> list[str]:
    return fired(await story.lines(interaction_id))


async def put_on_hold(story: Story, interaction_id: int) -> None:
    await story.store.write(
        change_interaction,
        ChangeInteraction(interaction_id=interaction_id, agent_id=MIA, state=State.ON_HOLD),
    )


# The run ------------------------------------------------------------------------------------------


async def test_the_first_unanswered_message_starts_the_timer_and_later_ones_do_not_restart_it(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    await rules.wait(minutes=20)
    await story.text("hello?", to=DIRECT)
    await rules.wait(minutes=9, seconds=59)
    assert await prompts(story, ann) == []
    await rules.wait(seconds=1)
    assert await prompts(story, ann) == ["remind"]


async def test_an_action_fires_once_for_each_run(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    await rules.wait(minutes=30)
    await story.text("still there?", to=DIRECT)
    await rules.wait(hours=5)
    assert await prompts(story, ann) == ["remind"], "these texts belong to the same run"
    await story.write(ann, "here I am")
    await story.text("good", to=DIRECT)
    await rules.wait(minutes=30)
    assert await prompts(story, ann) == ["remind", "remind"]


async def test_a_message_from_the_other_side_cancels_the_timer(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    await rules.add("nudge", AGENT, "30m", "prompt_requester")
    ann = await story.with_agent()
    await rules.wait(minutes=29)
    await story.write(ann, "hello Ann")
    assert [timer.started_at for timer in await rules.running(ann)] == [rules.clock()]
    await rules.wait(minutes=29)
    await story.text("hi", to=DIRECT)
    assert await prompts(story, ann) == []
    assert [timer.due_at for timer in await rules.running(ann)] == [
        rules.clock() + timedelta(minutes=30)
    ]
    await rules.wait(minutes=30)
    assert await prompts(story, ann) == ["remind"]


async def test_another_agents_message_is_a_response(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent(MIA)
    await story.write(ann, "Omar here", OMAR)
    assert await rules.running(ann) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TIMER) == 0


async def test_more_messages_of_an_agent_do_not_restart_the_timer(
    story: Story, rules: Rules
) -> None:
    await rules.add(
        "nudge",
        AGENT,
        "1h",
        "prompt_requester",
        text="{requester.first_name}, do you still need us?",
    )
    ann = await story.with_agent()
    await story.write(ann, "one")
    await rules.wait(minutes=59)
    await story.write(ann, "two")
    await rules.wait(minutes=1)
    assert (await story.texted(ann))[-1] == "Ann, do you still need us?"
    await rules.wait(days=1)
    assert (await story.texted(ann)).count("Ann, do you still need us?") == 1


async def test_closing_cancels_the_timer(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    await story.close(ann)
    assert await rules.running(ann) == []
    await rules.wait(hours=1)
    assert await prompts(story, ann) == ["Mia has closed this conversation. Text us any time."]
    again = await story.text("one more thing", to=DIRECT)
    assert again.interaction_id is not None
    await rules.wait(minutes=30)
    assert "remind" in await prompts(story, again.interaction_id), (
        "a new interaction has its own runs"
    )


async def test_a_closing_text_starts_no_timer(story: Story, rules: Rules) -> None:
    await rules.add("nudge", AGENT, "1m", "prompt_requester")
    ann = await story.with_agent()
    await story.close(ann, closing_text="Bye")
    assert await story.count(t.timers) == 0


async def test_the_virtual_agents_answer_neither_cancels_nor_starts_a_timer(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    await rules.add("nudge", AGENT, "1m", "prompt_requester")
    received = await story.text("hi")
    ann = received.interaction_id or 0
    before = await rules.running(ann)
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, "Hello Ann")
    assert await rules.running(ann) == before
    await rules.wait(minutes=30)
    assert await prompts(story, ann) == ["remind"]


async def test_system_messages_and_notes_neither_cancel_nor_start_a_timer(
    story: Story, rules: Rules
) -> None:
    await rules.add("ask", REQUESTER, "10m", "prompt_requester")
    await rules.add("remind", REQUESTER, "30m")
    await rules.add("nudge", AGENT, "1m", "prompt_requester")
    ann = await story.with_agent()
    await story.store.write(write_note, Write(interaction_id=ann, agent_id=MIA, body="calls back"))
    await rules.wait(minutes=10)
    await rules.wait(minutes=20)
    assert (await prompts(story, ann))[-2:] == ["ask", "remind"]


async def test_an_agent_who_starts_a_conversation_starts_a_run(story: Story, rules: Rules) -> None:
    await rules.add("nudge", AGENT, "2d", "set_state", state="closed_abandoned")
    to = Recipient(to=BOB, provider_number=MAIN)
    started = await story.store.write(
        start_conversation, Start(agent_id=MIA, recipient=to, body="Hi Bob")
    )
    await rules.wait(days=2)
    assert (await story.see(started.interaction_id)).state is State.CLOSED_ABANDONED


async def test_an_agents_first_text_cancels_the_timers_of_the_conversation_it_closes(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    received = await story.text("hi")
    to = Recipient(to=ANN, provider_number=MAIN)
    await story.store.write(start_conversation, Start(agent_id=MIA, recipient=to, body="Hi Ann"))
    assert await rules.running(received.interaction_id or 0) == []


# Conditions and limits ----------------------------------------------------------------------------


async def test_conditions_are_checked_when_the_timer_fires(story: Story, rules: Rules) -> None:
    await rules.add("on hold", REQUESTER, "10m", conditions=[{"field": "state", "is": "on_hold"}])
    await rules.add(
        "late", REQUESTER, "20m", conditions=[{"field": "state", "is": "work_in_progress"}]
    )
    ann = await story.with_agent()
    await rules.wait(minutes=10)
    assert await prompts(story, ann) == [], (
        "the state was not on hold, so the action does nothing and the timer does not return"
    )
    await put_on_hold(story, ann)
    await rules.wait(minutes=10)
    assert await prompts(story, ann) == []
    assert await rules.running(ann) == []


async def test_a_condition_sees_the_effect_of_an_earlier_action(story: Story, rules: Rules) -> None:
    await rules.add("hold", REQUESTER, "10m", "set_state", state="on_hold")
    await rules.add("seen", REQUESTER, "10m", conditions=[{"field": "state", "is": "on_hold"}])
    await rules.add(
        "unseen", REQUESTER, "10m", conditions=[{"field": "state", "is": "work_in_progress"}]
    )
    ann = await story.with_agent()
    await rules.wait(minutes=10)
    assert await prompts(story, ann) == ["“hold” set this to on hold", "seen"]


async def test_an_action_can_be_limited_to_provider_numbers_and_queues(
    story: Story, rules: Rules
) -> None:
    await rules.add("main", REQUESTER, "1m", provider_numbers=[MAIN])
    await rules.add("desk", REQUESTER, "2m", queues=["Service desk"])
    main, direct = await story.text("hi", to=MAIN), await story.text("hi", to=DIRECT)
    await rules.wait(minutes=5)
    assert await prompts(story, main.interaction_id or 0) == ["main", "desk"]
    assert await prompts(story, direct.interaction_id or 0) == ["desk"]


async def test_switching_an_action_off_cancels_its_timers_and_starts_no_new_ones(
    story: Story, rules: Rules
) -> None:
    remind = await rules.add("remind", REQUESTER, "30m")
    await rules.add("later", REQUESTER, "40m")
    ann = await story.with_agent()
    await story.store.write(
        change_messaging_action, ChangeAction(id=remind, values={"active": False})
    )
    await rules.wait(hours=1)
    assert await prompts(story, ann) == ["later"]
    bob = await story.text("hi", number=BOB)
    assert len(await rules.running(bob.interaction_id or 0)) == 1


async def test_deleting_an_action_cancels_its_timers(story: Story, rules: Rules) -> None:
    remind = await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    await story.store.write(delete_messaging_action, remind)
    await rules.wait(hours=1)
    assert await prompts(story, ann) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TIMER) == 0


# Business hours -----------------------------------------------------------------------------------

# In New York it is Monday 09:00, and Thursday is Thanksgiving.
OFFICE = "Mo-Fr 08:00-18:00; PH off"
NY = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("after", "duration", "due"),
    [
        pytest.param(0, "2h", "Mon 11:00", id="while it is open"),
        pytest.param(8, "2h", "Tue 09:00", id="overnight"),
        pytest.param(11, "30m", "Tue 08:30", id="begins while the queue is closed"),
        pytest.param(2 * 24 + 8, "61m", "Fri 08:01", id="over a holiday"),
        pytest.param(0, "1d", "Wed 13:00", id="a day is 24 open hours"),
    ],
)
async def test_business_hours_count_the_queues_open_time(
    story: Story, rules: Rules, after: int, duration: str, due: str
) -> None:
    await rules.open(OFFICE)
    await rules.add("remind", REQUESTER, duration, business_hours=True)
    rules.clock.move(after * 3600)
    received = await story.text("hi", to=DIRECT)
    (timer,) = await rules.running(received.interaction_id or 0)
    assert f"{timer.due_at.astimezone(NY):%a %H:%M}" == due


async def test_actions_with_and_without_business_hours_run_in_parallel(
    story: Story, rules: Rules
) -> None:
    await rules.open("Mo-Fr 08:00-09:30")
    await rules.add("by the clock", AGENT, "2h")
    await rules.add("by the schedule", AGENT, "1h", business_hours=True, text="{waiting}")
    ann = await story.with_agent()
    await story.write(ann, "hello")
    assert [timer.due_at.astimezone(NY).hour for timer in await rules.running(ann)] == [11, 8]
    await rules.wait(hours=2)
    assert await prompts(story, ann) == ["by the clock"]
    await rules.wait(hours=21, minutes=30)
    assert (await prompts(story, ann))[1:] == ["23 hours 30 minutes"], (
        "waiting times in texts are elapsed time, not business hours"
    )


async def test_a_running_timer_keeps_its_time_when_the_schedule_or_the_queue_changes(
    story: Story, rules: Rules
) -> None:
    await rules.open(OFFICE)
    await rules.add("remind", REQUESTER, "2h", business_hours=True)
    ann = await story.with_agent()
    (before,) = await rules.running(ann)
    await rules.open("Sa 10:00-11:00")
    other = sa.insert(t.queues).values(name="Night", assignment="most_capacity", accept_seconds=60)
    moved = sa.update(t.interactions).values(
        queue_id=sa.select(sa.func.max(t.queues.c.id)).scalar_subquery()
    )
    await story.store.write(lambda tx, _: [tx.conn.execute(one) for one in (other, moved)], None)
    assert await rules.running(ann) == [before]
    await story.write(ann, "here")
    await story.text("and now?", to=DIRECT)
    (after,) = await rules.running(ann)
    assert after.due_at - after.started_at == timedelta(hours=2), (
        "the conversation's current queue is always open"
    )


async def test_a_queue_that_never_opens_starts_no_timer_in_business_hours(
    story: Story, rules: Rules
) -> None:
    await rules.add("never", REQUESTER, "1m", business_hours=True)
    await rules.add("never answered", AGENT, "1m", business_hours=True)
    ann = await story.with_agent()
    await rules.open("2020 Jan 01 08:00-09:00")
    await story.write(ann, "hello")
    assert await rules.running(ann) == []
    await story.text("thanks", to=DIRECT)
    await rules.wait(days=400)
    assert await prompts(story, ann) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TIMER) == 0


async def test_a_timer_starts_even_if_the_countrys_holidays_are_unknown(
    story: Story, rules: Rules
) -> None:
    await rules.open(OFFICE)
    await rules.add("remind", REQUESTER, "2h", business_hours=True)
    await story.store.write(
        lambda tx, _: tx.conn.execute(sa.update(t.desk).values(country="XX")), None
    )
    received = await story.text("hi")
    assert len(await rules.running(received.interaction_id or 0)) == 1


# Order --------------------------------------------------------------------------------------------


async def test_actions_fire_by_duration_and_then_in_the_admins_order(
    story: Story, rules: Rules
) -> None:
    for name, duration in [
        ("third", "3h"),
        ("first", "1h"),
        ("second a", "2h"),
        ("second b", "2h"),
    ]:
        await rules.add(name, REQUESTER, duration)
    ann = await story.with_agent()
    await rules.wait(days=1)  # The service was down, so all timers are due.
    assert await prompts(story, ann) == ["first", "second a", "second b", "third"]


async def test_an_action_that_closes_cancels_later_timers(story: Story, rules: Rules) -> None:
    await rules.add("close", AGENT, "1h", "set_state", state="closed_complete")
    await rules.add("too late", AGENT, "2h")
    ann = await story.with_agent()
    await story.write(ann, "hello")
    await rules.wait(days=1)
    seen = await story.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    line = (await story.lines(ann))[-1]
    assert (line.body, line.reason) == (
        "“close” set this to closed complete",
        "1 day without requester response",
    )


# Actions ------------------------------------------------------------------------------------------


async def test_prompt_agent_adds_a_line_that_only_agents_see(
    story: Story, rules: Rules, heard: Heard
) -> None:
    text = (
        "{requester.name} ({requester.first_name}) waits for {agent.name} "
        "({agent.first_name}), {interaction.number}"
    )
    await rules.add("remind", REQUESTER, "90s", text=text + ", {waiting}")
    ann = await story.with_agent()
    texted = await story.texted(ann)
    heard.hints.clear()
    await rules.wait(seconds=90)
    assert await story.texted(ann) == texted
    line = (await story.lines(ann))[-1]
    number = f"INT{ann:07d}"
    assert line.body == f"Ann Lee (Ann) waits for Mia Chen (Mia), {number}, 1 minute 30 seconds"
    assert (line.kind, line.event, line.direction, line.status) == ("system", "prompt", None, None)
    assert f"agent:{MIA}" in {hint.channel for hint in heard.hints}


async def test_prompt_agent_reaches_every_agent_in_the_live_group(
    story: Story, rules: Rules, heard: Heard
) -> None:
    await rules.add("remind", REQUESTER, "1m")
    ann = await story.with_agent(MIA)
    await story.write(ann, "may I?", agent=OMAR)
    await story.text("still there?", to=DIRECT)
    heard.hints.clear()
    await rules.wait(minutes=1)
    assert {f"agent:{MIA}", f"agent:{OMAR}"} <= {
        hint.channel for hint in heard.hints if hint.interaction_id == ann
    }


async def test_prompt_agent_without_an_assigned_agent_alerts_the_supervisors(
    story: Story, rules: Rules, heard: Heard
) -> None:
    await rules.add("remind", REQUESTER, "1m", text="{requester.name} waits for {agent.name}")
    received = await story.text("hi", number=STRANGER, to=DIRECT)
    heard.hints.clear()
    await rules.wait(minutes=1)
    assert await prompts(story, received.interaction_id or 0) == ["The requester waits for nobody"]
    assert (SUPERVISORS, received.interaction_id) in {
        (hint.channel, hint.interaction_id) for hint in heard.hints
    }


async def test_a_prompt_to_the_requester_never_takes_more_than_one_segment(
    story: Story, rules: Rules
) -> None:
    await rules.add(
        "ask", REQUESTER, "1m", "prompt_requester", text="{requester.name}" + "x" * 130 + " ok?"
    )
    await story.store.write(
        lambda tx, _: tx.conn.execute(
            sa.update(t.users).values(name="Żaneta-Maximiliana von und zu Ann")
        ),
        None,
    )
    ann = await story.with_agent()
    await rules.wait(minutes=1)
    line = (await story.lines(ann))[-1]
    assert line.segments == 1
    assert (
        await story.count(
            t.due_work, t.due_work.c.kind == Work.DELIVER, t.due_work.c.key == str(line.id)
        )
        == 1
    )


async def test_reassign_clears_the_agent_and_returns_to_work_assignment(
    story: Story, rules: Rules
) -> None:
    await rules.add("give back", REQUESTER, "1h", "reassign")
    ann = await story.with_agent(MIA)
    before = await story.see(ann)
    await rules.wait(hours=1)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.assigned_to, seen.live_group) == (Owner.QUEUE, None, [])
    assert seen.epoch == before.epoch + 1
    assert [line.reason for line in await story.lines(ann)][
        -1
    ] == "“give back”, 1 hour without agent response"
    await story.available(OMAR)
    await story.offer()
    (offer,) = await story.inbox(OMAR) or await story.inbox(MIA)
    assert offer.reason == "“give back”, 1 hour without agent response"


async def test_reassign_leaves_queued_conversations_in_place(story: Story, rules: Rules) -> None:
    await rules.add("give back", REQUESTER, "1h", "reassign")
    received = await story.text("hi", to=DIRECT)
    before = await story.see(received.interaction_id or 0)
    await rules.wait(hours=1)
    assert (await story.see(before.id)).epoch == before.epoch
    assert await story.count(t.work_items) == 1


async def test_reassign_takes_the_conversation_from_the_virtual_agent(
    story: Story, rules: Rules
) -> None:
    await rules.add("give up", REQUESTER, "1h", "reassign")
    received = await story.text("hi")
    await rules.wait(hours=1)
    assert (await story.see(received.interaction_id or 0)).owner.kind is Owner.QUEUE
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


@pytest.mark.parametrize(
    "state", ["on_hold", "work_in_progress", "closed_abandoned", "closed_complete"]
)
async def test_an_action_sets_the_state(story: Story, rules: Rules, state: str) -> None:
    await rules.add("change", AGENT, "1h", "set_state", state=state)
    ann = await story.with_agent()
    await story.write(ann, "hello")
    if state == "work_in_progress":
        await put_on_hold(story, ann)
    await rules.wait(hours=1)
    assert (await story.see(ann)).state == state


async def test_an_action_sets_on_hold_and_a_text_ends_the_hold(story: Story, rules: Rules) -> None:
    await rules.add("hold", AGENT, "1h", "set_state", state="on_hold")
    ann = await story.with_agent()
    await story.write(ann, "hello")
    await rules.wait(hours=1)
    await story.text("back", to=DIRECT)
    assert (await story.see(ann)).state is State.WORK_IN_PROGRESS


async def test_open_pages_get_a_hint_when_a_timer_ends_without_effect(
    story: Story, rules: Rules, heard: Heard
) -> None:
    await rules.add("held", REQUESTER, "10m", conditions=[{"field": "state", "is": "on_hold"}])
    ann = await story.with_agent()
    heard.hints.clear()
    await rules.wait(minutes=10)
    assert f"interaction:{ann}" in {hint.channel for hint in heard.hints}


# Timers that agents handle ------------------------------------------------------------------------


async def test_an_agent_postpones_a_timer_and_the_history_shows_it(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    await rules.add("second", REQUESTER, "1h")
    ann = await story.with_agent()
    first, _ = await rules.running(ann)
    until = rules.clock() + timedelta(hours=2)
    await story.store.write(
        postpone_timer, Postpone(interaction_id=ann, timer_id=first.id, agent_id=MIA, due_at=until)
    )
    line = (await story.lines(ann))[-1]
    assert line.body == "Mia Chen postponed “remind” until 23 November 2026, 11:00 EST"
    assert (line.event, line.direction) == ("timer", None)
    await rules.wait(hours=1)
    await rules.wait(hours=1)
    assert (await prompts(story, ann))[1:] == ["second", "remind"]


async def test_a_time_in_the_past_is_refused(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    (timer,) = await rules.running(ann)
    wish = Postpone(interaction_id=ann, timer_id=timer.id, agent_id=MIA, due_at=rules.clock())
    with pytest.raises(BadInput) as error:
        await story.store.write(postpone_timer, wish)
    assert error.value.errors == {"due_at": "must be in the future"}


async def test_a_canceled_timer_does_not_return_in_its_run(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    (timer,) = await rules.running(ann)
    command = Cancel(interaction_id=ann, timer_id=timer.id, agent_id=MIA)
    await story.store.write(cancel_timer, command)
    await story.text("hello?", to=DIRECT)
    await rules.wait(days=1)
    assert await prompts(story, ann) == ["Mia Chen canceled “remind”"]
    with pytest.raises(NotFound):
        await story.store.write(cancel_timer, command)


async def test_a_timer_of_another_interaction_is_not_found(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann, bob = await story.with_agent(), await story.text("hi", number=BOB)
    (timer,) = await rules.running(ann)
    command = Cancel(interaction_id=bob.interaction_id or 0, timer_id=timer.id, agent_id=MIA)
    with pytest.raises(NotFound):
        await story.store.write(cancel_timer, command)


# Batches, races, restarts -------------------------------------------------------------------------


async def test_many_simultaneous_texts_schedule_one_timer(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    await asyncio.gather(*(story.text(str(n)) for n in range(20)))
    assert await story.count(t.timers) == 1
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TIMER) == 1


async def test_a_reply_that_commits_before_the_timer_fires_cancels_it(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    rules.clock.move(30 * 60)
    (claimed,) = await story.store.write(
        claiming.claim, claiming.Claim(10, frozenset({Work.TIMER}))
    )
    await story.write(ann, "here")  # This happens while the worker is processing the timer.
    assert await story.store.write(fire_timers, Fire(int(claimed.key))) == 0
    assert await prompts(story, ann) == []


async def test_a_timer_adds_no_prompt_after_a_simultaneous_reply(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ids = [
        (await story.text("hi", number=f"+1202555{6000 + n}", to=DIRECT)).interaction_id or 0
        for n in range(20)
    ]
    rules.clock.move(30 * 60)
    await asyncio.gather(
        *(story.store.write(fire_timers, Fire(one), near=one) for one in ids),
        *(story.store.write(_reply, one, near=one + 1) for one in ids),
    )
    assert await story.count(t.timers) == 0
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TIMER) == 0
    for one in ids:
        lines = await story.lines(one)
        prompted = [line.seq for line in lines if line.event == "prompt"]
        replied = [line.seq for line in lines if line.author.kind == "agent"]
        assert len(prompted) <= 1
        assert not prompted or prompted < replied, "there is no prompt after the reply"


def _reply(tx: object, interaction_id: int) -> int:
    from handoff_service.operations.conversations.send_sms import send_sms

    return send_sms(tx, Write(interaction_id=interaction_id, agent_id=MIA, body="here"))  # type: ignore[arg-type]


async def test_a_timer_that_came_due_while_the_service_was_down_fires_once(
    story: Story, rules: Rules, database_url: str, clock: MovedClock
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    clock.move(29 * 60)
    await story.store.write(claiming.claim, claiming.Claim(10, frozenset({Work.TIMER})))
    clock.move(60 * 60)
    reopened = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    await Rules(reopened, clock).fire()
    await Rules(reopened, clock).fire()
    reopened.close()
    assert await prompts(story, ann) == ["remind"]


async def test_another_worker_fires_the_timer_of_a_worker_that_died(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    rules.clock.move(30 * 60)
    assert (
        len(await story.store.write(claiming.claim, claiming.Claim(10, frozenset({Work.TIMER}))))
        == 1
    )
    await rules.wait(seconds=59)
    assert await prompts(story, ann) == []
    await rules.wait(seconds=1)
    assert await prompts(story, ann) == ["remind"]


async def test_timers_add_few_statements_to_a_batch_of_texts(story: Story, rules: Rules) -> None:
    seen: list[str] = []
    listening = story.store._writing
    sa.event.listen(listening, "before_cursor_execute", lambda *a: seen.append(a[2]))

    async def texts(first: int, count: int) -> int:
        seen.clear()
        await asyncio.gather(
            *(story.text("hi", number=f"+1202555{first + n}", to=MAIN) for n in range(count))
        )
        return len([s for s in seen if "timers" in s])

    await texts(1000, 1)  # a warm-up
    none = await texts(1100, 1)
    assert none == 0, "a desk without actions needs no extra statement"
    await rules.add("remind", REQUESTER, "30m")
    one = await texts(2000, 1)
    assert one == 1
    assert await texts(2000, 1) == 0, "an open run needs no extra statement"
    assert not [s for s in seen if "schedule" in s]
    await rules.add("open time", REQUESTER, "30m", business_hours=True)
    await texts(3000, 20)
    assert len([s for s in seen if "schedule" in s]) < 20, "a batch reads the schedules once"


async def test_timers_that_wait_for_a_text_pause_while_the_requester_is_opted_out(
    story: Story, rules: Rules
) -> None:
    await rules.add("remind", REQUESTER, "30m")
    await rules.add("return", REQUESTER, "40m", "reassign")
    await rules.add("close", REQUESTER, "50m", "set_state", state="closed_abandoned")
    ann = await story.with_agent()
    await story.text("STOP", to=DIRECT)
    shown = await story.store.read(messaging_actions.running, ann)
    assert [timer.action.name for timer in shown] == ["close"]
    told = await prompts(story, ann)
    await rules.wait(minutes=45)
    assert await prompts(story, ann) == told, "the requester gets only the confirmation"
    assert (await story.see(ann)).owner.kind is Owner.AGENT
    await rules.wait(minutes=5)
    assert (await story.see(ann)).state is State.CLOSED_ABANDONED


async def test_after_opting_in_again_a_requester_waits_again(story: Story, rules: Rules) -> None:
    await rules.add("remind", REQUESTER, "30m")
    ann = await story.with_agent()
    await story.text("STOP", to=DIRECT)
    await story.text("START", to=DIRECT)
    await rules.wait(minutes=30)
    assert "remind" in await prompts(story, ann)


async def test_a_new_desk_has_the_default_actions(store: Store) -> None:
    found = await store.read(messaging_actions.list_)
    assert tuple(stored.action for stored in found.values()) == SHIPPED
