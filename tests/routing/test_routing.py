"""Work assignment beyond the first offer: pools, skills, rounds, closed queues, presence, lost
connections.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.errors import BadInput, Conflict
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.routing.answer_offer import (
    Expire,
    Reject,
    expire_offer,
    reject_work,
)
from handoff_service.operations.routing.connection import (
    Connected,
    Gap,
    Lost,
    after_gap,
    connection_lost,
    still_connected,
)
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.routing.queues import make_queue
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.routing.queues import QueueFields, QueuePool
from handoff_service.rules.shared.conditions import Condition, Operator
from handoff_service.rules.shared.vocabulary import Assignment, Event, Owner, Presence, Work
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.messaging_actions import prompts
from handoff_service.store.routing import inbox
from handoff_service.store.views import WorkItem
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.action_story import NOBODY
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, STRANGER, Story

SERVICE_DESK = 1


async def change(
    store: Store, table: sa.Table, where: sa.ColumnElement[bool] | None = None, **values: Any
) -> None:
    """Change columns directly in the database."""
    query = sa.update(table).values(**values)
    await store.write(
        lambda tx, _: tx.conn.execute(query if where is None else query.where(where)), None
    )


async def add(store: Store, table: sa.Table, **values: Any) -> None:
    await store.write(lambda tx, _: tx.conn.execute(sa.insert(table).values(**values)), None)


async def waiting_item(story: Story, interaction_id: int) -> WorkItem:
    found = await story.store.read(inbox.handoff_of, interaction_id)
    assert found is not None
    return found


async def reject(story: Story, agent: int, reason: str = "Busy with another conversation") -> None:
    (offer,) = await story.inbox(agent)
    await story.store.write(
        reject_work, Reject(work_item_id=offer.id, agent_id=agent, reason=reason)
    )


async def start_conversation(story: Story, number: str = ANN) -> int:
    """Start a conversation on the number that live agents answer."""
    return (await story.text("my badge", number=number, to=DIRECT)).interaction_id or 0


async def run_due(story: Story, clock: MovedClock) -> int:
    """Move the clock to the next run of work assignment, and run it."""
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.OFFER_WORK)
    clock.now = max(clock.now, work.due_at)
    return await story.offer()


async def test_the_log_has_a_reason_for_each_candidate(story: Story) -> None:
    await story.available(MIA)
    ann = await start_conversation(story)
    await story.offer()
    (decision,) = (await waiting_item(story, ann)).decisions
    assert (decision.said, decision.round) == ("offered to Mia Chen", 1)
    assert {c.agent.name: (c.chosen, c.why) for c in decision.candidates} == {
        "Mia Chen": (True, "has the most free capacity: 0 of 2"),
        "Omar Haddad": (False, "is offline"),
    }


async def test_the_second_pool_joins_after_its_time(story: Story, clock: MovedClock) -> None:
    await add(story.store, t.groups, name="Second line")
    await change(story.store, t.agent_groups, t.agent_groups.c.agent_id == OMAR, group_id=2)
    await add(story.store, t.queue_groups, queue_id=SERVICE_DESK, group_id=2, after_seconds=90)
    await story.available(OMAR)
    ann = await start_conversation(story)
    assert await story.offer() == 0
    assert (await story.texted(ann))[0].startswith("Everyone at Service desk is busy")
    assert await run_due(story, clock) == 1
    assert len(await story.inbox(OMAR)) == 1
    assert [d.said for d in (await waiting_item(story, ann)).decisions] == [
        "everyone is busy", "offered to Omar Haddad",
    ]  # fmt: skip


async def test_a_mandatory_skill_excludes_agents_and_an_optional_one_prefers_them(
    story: Story,
) -> None:
    await story.available(MIA, OMAR)
    await add(story.store, t.queue_skills, queue_id=SERVICE_DESK, skill="hardware", mandatory=True)
    await start_conversation(story)
    await story.offer()
    assert (len(await story.inbox(MIA)), len(await story.inbox(OMAR))) == (1, 0)
    await change(story.store, t.queue_skills, mandatory=False)
    await start_conversation(story, BOB)
    await story.offer()
    assert (len(await story.inbox(MIA)), len(await story.inbox(OMAR))) == (2, 0), (
        "this agent has less free capacity, but the skill"
    )


async def test_a_groups_limit_applies_in_addition_to_the_agents_own(story: Story) -> None:
    await change(story.store, t.groups, capacity=1)
    await story.available(MIA)
    await start_conversation(story)
    await start_conversation(story, BOB)
    assert await story.offer() == 1


async def test_the_last_agent_gets_the_first_offer_for_some_days(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent(OMAR)
    await story.close(ann, OMAR)
    await story.available(MIA)
    clock.move(86_400)
    await start_conversation(story)
    await story.offer()
    assert len(await story.inbox(OMAR)) == 1
    await reject(story, OMAR)
    await story.offer()
    assert len(await story.inbox(MIA)) == 1, "an agent gets an offer only once in a round"


async def test_an_offer_to_all_goes_to_the_first_to_accept_and_disappears_for_others(
    story: Story,
) -> None:
    await change(story.store, t.queues, assignment=Assignment.FIRST_TO_ACCEPT)
    await story.available(MIA)
    ann = await start_conversation(story)
    assert await story.offer() == 1
    await story.available(OMAR)
    assert await story.offer() == 1, "an agent who becomes free also gets the offer"
    (offer,) = await story.inbox(OMAR)
    await reject(story, MIA)
    assert await story.offer() == 0, "Omar still has the offer"
    await story.accept(offer.id, OMAR)
    assert await story.inbox(MIA) == []
    assert (await story.see(ann)).owner.name == "Omar Haddad"


async def test_a_queue_with_automatic_assignment_makes_no_offer(story: Story) -> None:
    await change(story.store, t.queues, auto_assign=True)
    await story.available(MIA)
    ann = await start_conversation(story)
    assert await story.offer() == 1
    seen = await story.see(ann)
    assert (seen.owner.name, seen.state, await story.inbox(MIA)) == (
        "Mia Chen",
        "work_in_progress",
        [],
    )


async def test_when_all_decline_supervisors_get_one_alert_and_rounds_repeat_after_a_pause(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA, OMAR)
    ann = await start_conversation(story)
    for agent in (MIA, OMAR):
        await story.offer()
        await reject(story, agent)
    assert await story.offer() == 0
    assert await story.offer() == 0
    alerts = [line.body for line in await story.lines(ann) if line.event is Event.WAITING]
    assert alerts == ["Nobody in Service desk has accepted. Patchboard asks again in 30 seconds."]
    assert await run_due(story, clock) == 1
    assert (await waiting_item(story, ann)).round == 2


@pytest.mark.parametrize("ends_by", ["an agent", "the virtual agent"])
async def test_an_alert_about_a_long_wait_ends_with_the_wait(story: Story, ends_by: str) -> None:
    async def alerts() -> list[str]:
        read = partial(prompts.open_prompts, supervises=True)
        return [one.said for one in await story.store.read(read, OMAR)]

    await story.available(MIA)
    await start_conversation(story)
    await story.offer()
    await reject(story, MIA)
    await story.offer()
    assert len(await alerts()) == 1
    if ends_by == "an agent":
        await story.available(OMAR)
        await story.offer()
        await story.accept((await story.inbox(OMAR))[0].id, OMAR)
    else:
        await story.text("Bot", to=DIRECT)
    assert await alerts() == []


async def test_an_agent_who_rejects_with_a_final_reason_gets_no_second_offer(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    ann = await start_conversation(story)
    await story.offer()
    await reject(story, MIA, "Not my subject")
    clock.move(3600)
    assert await story.offer() == 0
    assert await story.offer() == 0
    (last,) = [
        d
        for d in (await waiting_item(story, ann)).decisions
        if d.said == "all available agents have rejected it for good"
    ]
    assert "rejected this conversation" in {c.why for c in last.candidates}
    alerts = [line.body for line in await story.lines(ann) if line.event is Event.WAITING]
    assert alerts == [
        "Everybody available in Service desk has rejected this conversation for good. Assign it, "
        "or transfer it to another queue."
    ]


async def test_a_closed_queue_texts_its_opening_time_and_offers_work_when_it_opens(
    story: Story, clock: MovedClock
) -> None:
    await change(story.store, t.queues, schedule="Mo-Fr 08:00-18:00; PH off")
    await story.available(MIA)
    # Wednesday 18:30; Thursday is Thanksgiving
    clock.now = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    ann = await start_conversation(story)
    assert await story.offer() == 0
    assert await story.texted(ann) == [
        "Service desk is closed and opens again on Friday at 08:00. You're in line and we'll "
        "reply here. Text BOT for the virtual agent."
    ]
    assert await run_due(story, clock) == 1
    assert clock.now == datetime(2026, 11, 27, 13, 0, tzinfo=UTC)
    assert len(await story.texted(ann)) == 1, "the requester gets this text once"


async def test_waiting_requesters_can_return_to_the_virtual_agent(story: Story) -> None:
    ann = await start_conversation(story)
    await story.offer()
    await story.text("Bot", to=DIRECT)
    seen = await story.see(ann)
    assert (seen.owner.kind, (await story.texted(ann))[-1]) == (
        Owner.VIRTUAL_AGENT, "You're back with the virtual agent. Text AGENT for a person.",
    )  # fmt: skip
    await story.available(MIA)
    assert await story.offer() == 0
    await story.text("reset my password", to=DIRECT)
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "reset my password"
    assert question.metadata["handed_back"] == {
        "said": "The requester went back to the virtual agent",
        "outcome": None,
    }


async def test_supervisors_get_one_alarm_for_a_long_wait(story: Story, clock: MovedClock) -> None:
    await change(story.store, t.queues, alarm_seconds=300)
    ann = await start_conversation(story)
    await story.offer()
    await run_due(story, clock)
    await story.offer()
    alerts = [line.body for line in await story.lines(ann) if line.event is Event.WAITING]
    assert alerts == ["Waiting in Service desk for 5 minutes."]


async def test_waiting_work_in_one_queue_does_not_delay_another_queue(story: Story) -> None:
    await add(story.store, t.queues, name="Other", assignment="most_capacity", accept_seconds=60)
    await add(story.store, t.queue_groups, queue_id=2, group_id=1)
    await change(story.store, t.provider_numbers, t.provider_numbers.c.number == DIRECT, queue_id=2)
    await add(
        story.store, t.queue_skills, queue_id=SERVICE_DESK, skill="nobody has it", mandatory=True
    )
    ann = (await story.text("hi")).interaction_id or 0
    await story.hand_off(ann)
    await story.available(MIA)
    bob = await start_conversation(story, BOB)
    assert await story.offer() == 1
    assert [o.interaction.id for o in await story.inbox(MIA)] == [bob]


# The choice of a queue ----------------------------------------------------------------------------


async def add_queue(story: Story, name: str, **conditions: object) -> int:
    """Create a queue with these conditions."""
    lines = tuple(Condition(field=f, operator=Operator.IS, value=v) for f, v in conditions.items())  # type: ignore[arg-type]
    return await story.store.write(
        make_queue,
        QueueFields(name=name, pools=(QueuePool(group="Service desk"),), conditions=lines),
    )


async def test_a_conversation_goes_to_the_first_queue_whose_conditions_match(story: Story) -> None:
    await add_queue(story, "Network", topic="network")
    await add_queue(story, "Español", language="es")
    await change(
        story.store, t.users, t.users.c.external_id == "E1002", attributes={"language": "es"}
    )
    by_topic = (await story.text("hi")).interaction_id or 0
    await story.hand_off(by_topic, Topic="network")
    by_language = await start_conversation(story, BOB)
    neither = await start_conversation(story, STRANGER)
    for interaction, queue in (
        (by_topic, "Network"),
        (by_language, "Español"),
        (neither, "Service desk"),
    ):
        seen = await story.see(interaction)
        assert (seen.owner.name, (await waiting_item(story, interaction)).queue.name) == (
            queue,
            queue,
        )


# Presence -----------------------------------------------------------------------------------------


async def set_to(story: Story, presence: str, agent: int = MIA) -> None:
    await story.store.write(set_presence, SetPresence(agent_id=agent, presence=presence))


async def test_a_custom_presence_stays_and_may_take_work(story: Story) -> None:
    await add(story.store, t.presence_states, name="Lunch", takes_work=False, position=1)
    await add(story.store, t.presence_states, name="Training", takes_work=True, position=2)
    with pytest.raises(BadInput) as refused:
        await set_to(story, "Asleep")
    assert refused.value.errors == {
        "presence": "must be one of available, away, offline, Lunch, Training"
    }
    await set_to(story, "Lunch")
    await start_conversation(story)
    assert await story.offer() == 0
    await set_to(story, "Training")
    assert await story.offer() == 1
    assert [r.presence for r in await story.rows(t.presence_log)] == ["Lunch", "Training"]


async def test_an_agent_who_goes_away_passes_the_offer_on_at_once(story: Story) -> None:
    await story.available(MIA, OMAR)
    await start_conversation(story)
    await story.offer()
    await set_to(story, Presence.AWAY)
    assert await story.inbox(MIA) == []
    await story.offer()
    assert len(await story.inbox(OMAR)) == 1


async def test_an_expired_offer_is_the_reason_for_away(story: Story, clock: MovedClock) -> None:
    await story.available(MIA)
    await start_conversation(story)
    await story.offer()
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER)
    clock.now = work.due_at
    await story.store.write(expire_offer, Expire(int(work.key)))
    mia = (await story.store.read(agents_by_id))[MIA]
    assert (mia.presence, mia.presence_reason) == ("away", "An offer expired")
    await set_to(story, Presence.AVAILABLE)
    assert (await story.store.read(agents_by_id))[MIA].presence_reason is None


async def test_a_lost_connection_sets_an_agent_to_away_after_the_grace_time(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.store.write(still_connected, Connected(held=[MIA]))
    clock.move(30)
    await story.store.write(still_connected, Connected(held=[MIA]))
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert work.due_at == clock.now + timedelta(seconds=55), (
        "the grace time starts when the next report about Mia is missing"
    )
    clock.now = work.due_at + timedelta(hours=1)
    await story.store.write(after_gap, Gap())
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert work.due_at == clock.now + timedelta(seconds=45), "the service itself was down"
    await story.store.write(connection_lost, Lost(MIA))
    assert (await story.store.read(agents_by_id))[MIA].presence == "available", (
        "Mia's grace time has not ended"
    )
    clock.now = work.due_at
    await story.store.write(connection_lost, Lost(MIA))
    mia = (await story.store.read(agents_by_id))[MIA]
    assert (mia.presence, mia.presence_reason) == ("away", "The connection was lost")


async def test_a_text_to_an_away_agent_returns_to_the_queue_if_the_desk_wants_that(
    story: Story,
) -> None:
    ann = await story.with_agent(MIA)
    await story.available(OMAR)
    await set_to(story, Presence.AWAY)
    await story.text("still there?", to=DIRECT)
    assert (await story.see(ann)).owner.name == "Mia Chen"
    await change(story.store, t.desk, reassign_when_away=True)
    await story.text("hello?", to=DIRECT)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.live_group) == (Owner.QUEUE, [])
    assert (await waiting_item(story, ann)).reason == "Mia Chen is away."
    await story.offer()
    assert len(await story.inbox(OMAR)) == 1


async def test_only_an_agent_with_the_offer_can_accept_it(story: Story) -> None:
    await story.available(MIA)
    await start_conversation(story, STRANGER)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    with pytest.raises(Conflict):
        await story.accept(offer.id, OMAR)


async def test_an_agent_who_cannot_get_the_first_items_gets_later_ones(
    story: Story, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.operations.routing.offer_work.AT_ONCE", 2)
    deps = WorkerDeps(store=story.store, provider=NOBODY, bot=NoBot(), clock=clock)
    worker = Worker(deps, frozenset({Work.OFFER_WORK}))
    await story.available(MIA)
    for n in range(2):
        await start_conversation(story, f"+1303555{n:04d}")
        await story.offer()
        await reject(story, MIA, "Not my expertise")  # This reason is final.
    await story.store.write(set_presence, SetPresence(agent_id=MIA, presence=Presence.AWAY))
    third = await start_conversation(story, "+13035550009")
    # These requesters now have their first text, so their work items no longer come first.
    await story.offer()
    await story.available(MIA)
    while await worker.step():
        pass
    (offer,) = await story.inbox(MIA)
    assert offer.interaction.id == third


async def test_an_agent_whose_offer_a_colleague_accepts_gets_the_next_one_at_once(
    story: Story, clock: MovedClock
) -> None:
    """An offer that another agent accepts disappears and frees capacity, even if nothing else
    happens.
    """
    await change(story.store, t.queues, assignment=Assignment.FIRST_TO_ACCEPT)
    await change(story.store, t.agents, capacity=1)
    await story.available(MIA, OMAR)
    await start_conversation(story, ANN)
    await story.offer()
    second = await start_conversation(story, BOB)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.accept(offer.id, MIA)
    assert await run_due(story, clock) == 1
    (offer,) = await story.inbox(OMAR)
    assert offer.interaction.id == second
