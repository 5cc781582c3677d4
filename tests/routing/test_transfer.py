"""Transfer to an agent or a queue, hand-back, and assignment by hand. A conversation always has one
owner, and no message is lost.
"""

import asyncio

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.routing.answer_offer import (
    Expire,
    Reject,
    expire_offer,
    reject_work,
)
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.routing.transfer import (
    CancelTransfer,
    Transfer,
    cancel_transfer,
    transfer,
)
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.shared.vocabulary import Event, Owner, Presence, Work
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import BOB, DIRECT, MIA, OMAR, STRANGER, Story


async def transfer_conversation(story: Story, interaction_id: int, **to: object) -> None:
    await story.store.write(transfer, Transfer(interaction_id=interaction_id, agent_id=MIA, **to))  # type: ignore[arg-type]


@pytest.fixture
async def ann(story: Story) -> int:
    """Give Mia a conversation with Ann, and make Omar available."""
    made = await story.with_agent(MIA)
    await story.available(OMAR)
    return made


async def test_when_the_other_agent_accepts_the_sender_leaves(story: Story, ann: int) -> None:
    await transfer_conversation(story, ann, to_agent=OMAR, note="Knows the dock.")
    (offer,) = await story.inbox(OMAR)
    assert (offer.reason, offer.note) == (
        "Mia Chen is transferring this to you.",
        "Knows the dock.",
    )
    assert (await story.see(ann)).owner.name == "Mia Chen", "Mia stays the owner until Omar accepts"
    await story.text("one more thing", to=DIRECT)
    await story.accept(offer.id, OMAR)
    seen = await story.see(ann)
    assert (seen.owner.name, [a.name for a in seen.live_group]) == ("Omar Haddad", ["Omar Haddad"])
    assert "one more thing" in [line.body for line in await story.lines(ann)]


@pytest.mark.parametrize("how", ["declined", "expired", "agent goes away", "withdrawn"])
async def test_a_conversation_stays_with_the_sender_when_a_transfer_fails(
    how: str, story: Story, ann: int, clock: MovedClock
) -> None:
    await transfer_conversation(story, ann, to_agent=OMAR)
    (offer,) = await story.inbox(OMAR)
    if how == "declined":
        await story.store.write(
            reject_work, Reject(work_item_id=offer.id, agent_id=OMAR, reason="Not my subject")
        )
    elif how == "expired":
        (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER)
        clock.now = work.due_at
        await story.store.write(expire_offer, Expire(int(work.key)))
    elif how == "agent goes away":
        await story.store.write(set_presence, SetPresence(agent_id=OMAR, presence=Presence.AWAY))
    else:
        await story.store.write(cancel_transfer, CancelTransfer(interaction_id=ann, agent_id=MIA))
    assert (await story.see(ann)).owner.name == "Mia Chen"
    assert await story.inbox(OMAR) == []
    with pytest.raises(Conflict):
        await story.accept(offer.id, OMAR)
    told = [
        line.body for line in await story.lines(ann) if line.event in (Event.PROMPT, Event.TRANSFER)
    ]
    assert len(told) == 2, "the history has the start and the end of the transfer"
    await story.available(OMAR)
    await transfer_conversation(story, ann, to_agent=OMAR)  # Mia can try the transfer again.


async def test_a_transfer_to_a_queue_is_immediate_and_offered_to_a_colleague_first(
    story: Story, ann: int
) -> None:
    await transfer_conversation(story, ann, to_queue=1, note="Needs a second look.")
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.live_group) == (Owner.QUEUE, [])
    said = [(line.body, line.reason) for line in await story.lines(ann)]
    assert ("Mia Chen transferred this to Service desk", None) in said
    await story.offer()
    assert await story.inbox(MIA) == []
    (offer,) = await story.inbox(OMAR)
    assert offer.note == "Needs a second look."


async def test_closing_during_a_transfer_ends_it(story: Story, ann: int) -> None:
    await transfer_conversation(story, ann, to_agent=OMAR)
    await story.close(ann)
    assert await story.inbox(OMAR) == []


async def test_of_two_simultaneous_transfers_one_is_refused(story: Story, ann: int) -> None:
    tries = await asyncio.gather(
        transfer_conversation(story, ann, to_agent=OMAR),
        transfer_conversation(story, ann, to_agent=OMAR),
        return_exceptions=True,
    )
    assert sorted(type(found).__name__ for found in tries) == ["Conflict", "NoneType"]
    assert len(await story.inbox(OMAR)) == 1


async def test_a_refused_transfer_has_the_reason(story: Story, ann: int) -> None:
    for to, error, said in (
        ({}, BadInput, "agent_id"),
        ({"to_agent": OMAR, "to_queue": 1}, BadInput, "agent_id"),
        ({"to_agent": 99}, NotFound, "no active agent 99"),
        ({"to_queue": 99}, NotFound, "no queue 99"),
        ({"to_agent": MIA}, Conflict, "already has this conversation"),
    ):
        with pytest.raises(error) as refused:
            await transfer_conversation(story, ann, **to)
        assert said in f"{refused.value.detail} {refused.value.errors}"
    await story.store.write(set_presence, SetPresence(agent_id=MIA, presence=Presence.AWAY))
    await story.with_agent(OMAR, number=BOB)
    await story.with_agent(OMAR, number=STRANGER)
    with pytest.raises(Conflict, match="is at capacity: 2 of 2"):
        await transfer_conversation(story, ann, to_agent=OMAR)
    await story.store.write(set_presence, SetPresence(agent_id=OMAR, presence=Presence.AWAY))
    with pytest.raises(Conflict, match="the presence “away”"):
        await transfer_conversation(story, ann, to_agent=OMAR)


async def test_a_hand_back_sends_the_outcome_to_the_bot(story: Story, ann: int) -> None:
    command = ReturnToBot(interaction_id=ann, agent_id=MIA, outcome="New dock ordered")
    await story.store.write(return_to_bot, command)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.live_group, seen.assigned_to) == (Owner.VIRTUAL_AGENT, [], None)
    with pytest.raises(Conflict):
        await story.store.write(return_to_bot, command)
    await story.text("thanks", to=DIRECT)
    question = await story.begin(ann)
    assert question is not None
    assert question.metadata["handed_back"]["outcome"] == "New dock ordered"


async def test_after_a_blank_text_the_bot_still_learns_of_the_hand_back(
    story: Story, ann: int
) -> None:
    await story.store.write(
        return_to_bot, ReturnToBot(interaction_id=ann, agent_id=MIA, outcome="New dock ordered")
    )
    await story.text("\u200b", to=DIRECT)
    assert await story.begin(ann) is None
    assert (await story.texted(ann))[-1].startswith("Your text had no words.")
    await story.text("what now?", to=DIRECT)
    question = await story.begin(ann)
    assert question is not None
    assert question.metadata["before"]["payload"] == "/handed_back"
    await story.finish(question, "It comes on Monday")
    await story.text("ok", to=DIRECT)
    later = await story.begin(ann)
    assert later is not None
    assert "before" not in later.metadata


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("it is jammed again", "printer"),
        ("still jammed", "printer"),
        ("I need a new headset", None),
        ("something else: no sound", None),
    ],
)
async def test_after_a_hand_back_the_device_of_the_last_case_is_known(
    story: Story, ann: int, text: str, device: str | None
) -> None:
    case = OpenByHand(agent_id=MIA, description="Paper jam", device="printer", interaction_id=ann)
    await story.store.write(open_by_hand, case)
    command = ReturnToBot(interaction_id=ann, agent_id=MIA, outcome="Cleared the jam")
    await story.store.write(return_to_bot, command)
    await story.text(text, to=DIRECT)
    question = await story.begin(ann)
    assert question is not None
    slots = question.metadata["before"]["slots"]
    assert (slots["device"], slots["problem"]) == (device, None)


async def test_a_supervisor_assigns_by_hand_or_takes_over(story: Story, ann: int) -> None:
    await transfer_conversation(story, ann, to_agent=OMAR)
    by_hand = AssignTo(interaction_id=ann, agent_id=OMAR, by=OMAR)
    await story.store.write(assign_by_hand, by_hand)
    seen = await story.see(ann)
    assert (seen.owner.name, [a.name for a in seen.live_group]) == ("Omar Haddad", ["Omar Haddad"])
    assert await story.inbox(OMAR) == [], "the assignment ended the transfer"
    await story.store.write(assign_by_hand, AssignTo(interaction_id=ann, agent_id=MIA, by=OMAR))
    lines = [line.body for line in await story.lines(ann) if line.event is Event.OWNER_CHANGED]
    assert lines[-2:] == ["Omar Haddad took over", "Omar Haddad assigned this to Mia Chen"]


async def test_requesters_who_have_not_texted_get_no_queue_texts(story: Story) -> None:
    recipient = Recipient(to=BOB, provider_number=DIRECT, user_id=None)
    command = Start(agent_id=MIA, recipient=recipient, body="Your laptop is ready.")
    bob = (await story.store.write(start_conversation, command)).interaction_id
    await transfer_conversation(story, bob, to_queue=1)
    await story.offer()
    assert await story.texted(bob) == ["Your laptop is ready."]
    await story.text("where can I get it?", number=BOB, to=DIRECT)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.OFFER_WORK) == 1, (
        "a requester who texts may have to wait"
    )
    await story.offer()
    assert len(await story.texted(bob)) == 2
    assert "You're in line" in (await story.texted(bob))[1]
    await story.text("hello?", number=BOB, to=DIRECT)
    await story.offer()
    assert len(await story.texted(bob)) == 2
