"""Work assignment: the agent with the most free capacity gets an offer. The requester gets one text
that explains the wait.
"""

import asyncio

import pytest

from handoff_service.errors import Conflict
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.routing.answer_offer import (
    Expire,
    Reject,
    expire_offer,
    reject_work,
)
from handoff_service.rules.shared.vocabulary import (
    Event,
    Owner,
    Presence,
    State,
    Work,
    WorkItemState,
)
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import inbox
from tests.conftest import Heard, MovedClock
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, STRANGER, Story

IN_LINE = "You're in line for Service desk. We'll reply here."
WAITING = "Everyone at Service desk is busy right now. You're in line and we'll reply here."
WAITING += " Text BOT for the virtual agent."


async def test_an_offer_shows_requester_reason_and_deadline_and_the_requester_gets_one_text(
    story: Story, heard: Heard, clock: MovedClock
) -> None:
    await story.available(MIA)
    ann = (await story.text("hi")).interaction_id or 0
    await story.hand_off(ann, Device="laptop")
    assert await story.offer() == 1
    (offer,) = await story.inbox(MIA)
    assert (offer.interaction.id, offer.reason, offer.collected) == (
        ann,
        "Asked for a person.",
        {"Device": "laptop"},
    )
    assert (offer.expires_at - clock()).total_seconds() == 60
    assert await story.texted(ann) == [IN_LINE]
    assert f"agent:{MIA}" in {hint.channel for hint in heard.hints}
    assert await story.offer() == 0
    assert await story.texted(ann) == [IN_LINE]


async def test_accepting_makes_the_agent_the_owner_and_increases_the_epoch(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    ann = (await story.text("hi", to=DIRECT)).interaction_id or 0
    await story.offer()
    clock.move(22)
    assert await story.accept((await story.inbox(MIA))[0].id, MIA) == ann
    seen = await story.see(ann, MIA)
    assert (seen.owner.kind, seen.owner.name, seen.epoch, seen.state, seen.unread) == (
        Owner.AGENT, "Mia Chen", 2, State.WORK_IN_PROGRESS, 0,
    )  # fmt: skip
    assert [a.name for a in seen.live_group] == ["Mia Chen"]
    marker = next(line for line in await story.lines(ann) if line.event is Event.OWNER_CHANGED)
    assert (marker.body, marker.reason) == ("Mia Chen accepted", "after 22 s")
    assert await story.inbox(MIA) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER) == 0


async def test_the_text_that_no_agent_is_free_is_sent_once_and_the_oldest_is_offered_first(
    story: Story, clock: MovedClock
) -> None:
    waiting = []
    for number in (ANN, BOB, STRANGER):
        waiting.append((await story.text(number=number, to=DIRECT)).interaction_id or 0)
        clock.move(1)
    await story.offer()
    await story.offer()
    assert [await story.texted(w) for w in waiting] == [[WAITING]] * 3
    await story.available(MIA)
    await story.offer()
    assert [o.interaction.id for o in await story.inbox(MIA)] == waiting[:2], (
        "Mia has a capacity of two"
    )
    assert await story.texted(waiting[0]) == [WAITING], "the requester gets no second text"


async def test_a_new_agent_gets_waiting_work_while_a_colleague_has_earlier_offers(
    story: Story,
) -> None:
    await story.available(OMAR)
    waiting = [
        (await story.text(number=number, to=DIRECT)).interaction_id or 0
        for number in (ANN, BOB, STRANGER)
    ]
    assert await story.offer() == 2, "Omar has a capacity of two"
    await story.available(MIA)
    assert await story.offer() == 1
    assert [o.interaction.id for o in await story.inbox(MIA)] == waiting[2:]


async def test_after_a_rejection_the_next_agent_gets_the_offer_at_once(story: Story) -> None:
    await story.available(MIA, OMAR)
    await story.text(to=DIRECT)
    await story.offer()
    (first,) = await story.inbox(MIA)
    await story.store.write(
        reject_work, Reject(work_item_id=first.id, agent_id=MIA, reason="Not my expertise")
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.OFFER_WORK) == 1
    await story.offer()
    assert await story.inbox(MIA) == []
    assert len(await story.inbox(OMAR)) == 1
    item = await story.store.read(inbox.work_item, first.id)
    assert [(o.agent.name, o.outcome, o.outcome_reason) for o in item.offers] == [
        ("Mia Chen", "rejected", "Not my expertise"),
        ("Omar Haddad", None, None),
    ]


async def test_work_that_all_agents_declined_is_offered_again_after_a_pause(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.text(to=DIRECT)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.store.write(reject_work, Reject(work_item_id=offer.id, agent_id=MIA, reason="Busy"))
    assert await story.offer() == 0
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.OFFER_WORK)
    clock.now = work.due_at
    assert await story.offer() == 1
    assert len(await story.inbox(MIA)) == 1


async def test_an_expired_offer_sets_the_agent_to_away_and_goes_to_a_colleague(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA, OMAR)
    ann = (await story.text(to=DIRECT)).interaction_id or 0
    await story.offer()
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER)
    clock.now = work.due_at
    (offer,) = await story.inbox(MIA)
    with pytest.raises(Conflict):
        await story.accept(offer.id, MIA)
    await story.store.write(expire_offer, Expire(int(work.key)))
    await story.offer()
    agents = await story.store.read(agents_by_id)
    assert (agents[MIA].presence, agents[MIA].load) == (Presence.AWAY, 0)
    assert len(await story.inbox(OMAR)) == 1
    assert await story.texted(ann) == [IN_LINE]


async def test_an_expired_offer_without_another_free_agent_texts_the_requester(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    ann = (await story.text(to=DIRECT)).interaction_id or 0
    await story.offer()
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER)
    clock.now = work.due_at
    await story.store.write(expire_offer, Expire(int(work.key)))
    await story.offer()
    assert await story.texted(ann) == [IN_LINE, WAITING]


async def test_exactly_one_of_many_simultaneous_clicks_gets_the_conversation(story: Story) -> None:
    await story.available(MIA)
    await story.text(to=DIRECT)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    answers = await asyncio.gather(
        *(story.accept(offer.id, MIA) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(a).__name__ for a in answers) == ["Conflict"] * 7 + ["int"]


async def test_only_the_offered_agent_can_answer_an_offer(story: Story) -> None:
    await story.available(MIA)
    await story.text(to=DIRECT)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    with pytest.raises(Conflict):
        await story.accept(offer.id, OMAR)


async def test_a_conversation_on_hold_frees_capacity(story: Story) -> None:
    first = await story.with_agent(MIA, number=ANN)
    await story.with_agent(MIA, number=BOB)
    await story.text(number=STRANGER, to=DIRECT)
    assert await story.offer() == 0
    await story.store.write(
        change_interaction,
        ChangeInteraction(interaction_id=first, agent_id=MIA, state=State.ON_HOLD),
    )
    assert await story.offer() == 1


async def test_closing_an_offered_conversation_withdraws_the_offer(story: Story) -> None:
    await story.available(MIA)
    ann = (await story.text(to=DIRECT)).interaction_id or 0
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.close(ann, OMAR)
    assert await story.inbox(MIA) == []
    item = await story.store.read(inbox.work_item, offer.id)
    assert (item.state, item.offers[0].outcome) == (WorkItemState.CANCELED, "withdrawn")
    with pytest.raises(Conflict):
        await story.accept(offer.id, MIA)
