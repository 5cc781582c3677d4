"""An agent starts a conversation: each row of table 3, and a preview that matches the effect of
sending.
"""

import asyncio

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.preview_start import Preview, Recipient, preview_start
from handoff_service.operations.conversations.start_conversation import (
    Start,
    Started,
    start_conversation,
)
from handoff_service.rules.conversations.agent_initiated import NO_REASSIGNMENT, TABLE, Situation
from handoff_service.rules.shared.vocabulary import Owner, State, Work
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, DIRECT, MAIN, MIA, OMAR, SHARED, STRANGER, Story

ANN_ID, BOB_ID, CY_ID = 1, 2, 3


class Desk:
    """Starts conversations as Mia, and checks that sending does what the preview shows."""

    def __init__(self, story: Story) -> None:
        self.story = story

    async def start(
        self, *, to: str = ANN, user: int | None = None, agent: int = MIA, body: str = "Hi"
    ) -> Started:
        recipient = Recipient(to=to, provider_number=MAIN, user_id=user)
        seen = await self.preview(to=to, user=user, agent=agent)
        started = await self.story.store.write(
            start_conversation, Start(agent_id=agent, recipient=recipient, body=body)
        )
        assert started.row is seen.row, "sending did what the preview announced"
        return started

    async def preview(self, *, to: str = ANN, user: int | None = None, agent: int = MIA) -> Preview:
        recipient = Recipient(to=to, provider_number=MAIN, user_id=user)
        return await self.story.store.read(preview_start, recipient, agent)

    async def profiles(self, number: str = ANN) -> list[tuple[int | None, bool]]:
        rows = await self.story.rows(t.messaging_profiles, t.messaging_profiles.c.number == number)
        return [(r.user_id, r.active) for r in sorted(rows, key=lambda r: r.id)]


@pytest.fixture
def desk(story: Story) -> Desk:
    return Desk(story)


async def test_without_an_active_interaction_the_agent_gets_a_new_one(
    desk: Desk, story: Story
) -> None:
    started = await desk.start()
    assert started.row is Situation.NO_ACTIVE_INTERACTION
    seen = await story.see(started.interaction_id)
    assert (seen.owner.kind, seen.owner.id, seen.state, seen.epoch) == (
        Owner.AGENT,
        MIA,
        State.WORK_IN_PROGRESS,
        1,
    )
    assert [a.id for a in seen.live_group] == [MIA]
    assert seen.user is not None
    assert seen.user.id == ANN_ID
    assert await story.texted(seen.id) == ["Hi"]
    answer = await story.text("hello Mia")
    assert answer.interaction_id == seen.id, "the requester's answer goes to the agent"


async def test_a_text_into_a_live_agents_conversation_keeps_its_owner(
    desk: Desk, story: Story
) -> None:
    assert TABLE[Situation.ACTIVE_WITH_LIVE_AGENT].promises == (NO_REASSIGNMENT,)
    first = await desk.start(agent=OMAR)
    second = await desk.start(agent=MIA, body="Mia too")
    assert (second.row, second.interaction_id) == (
        Situation.ACTIVE_WITH_LIVE_AGENT,
        first.interaction_id,
    )
    seen = await story.see(first.interaction_id)
    assert (seen.owner.id, seen.epoch) == (OMAR, 1)
    assert {a.id for a in seen.live_group} == {OMAR, MIA}


async def test_sending_closes_the_virtual_agents_conversation_and_starts_a_new_one(
    desk: Desk, story: Story
) -> None:
    bots = (await story.text("hi")).interaction_id or 0
    started = await desk.start()
    assert started.row is Situation.ACTIVE_WITH_VIRTUAL_AGENT
    assert started.interaction_id != bots
    old = await story.see(bots)
    assert (old.state, old.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert await story.texted(bots) == [], "the requester gets no text about the change"
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


async def test_a_different_person_replaces_the_profile(desk: Desk, story: Story) -> None:
    anns = (await story.text("hi")).interaction_id or 0
    started = await desk.start(user=BOB_ID)
    assert started.row is Situation.ACTIVE_WITH_SOMEONE_ELSE
    assert (await story.see(anns)).state is State.CLOSED_COMPLETE
    new = await story.see(started.interaction_id)
    assert new.user is not None
    assert new.user.id == BOB_ID
    assert await desk.profiles() == [(ANN_ID, False), (BOB_ID, True)]


async def test_the_row_for_a_different_person_comes_before_the_rows_for_owners(desk: Desk) -> None:
    await desk.start(agent=OMAR)
    assert (await desk.start(user=BOB_ID)).row is Situation.ACTIVE_WITH_SOMEONE_ELSE


async def test_a_guest_is_not_a_different_person_and_the_profile_gets_the_user(
    desk: Desk, story: Story
) -> None:
    guest = (await story.text("hi", number=STRANGER)).interaction_id or 0
    await story.write(guest, "Who is this?", OMAR)
    started = await desk.start(to=STRANGER, user=CY_ID)
    assert (started.row, started.interaction_id) == (Situation.ACTIVE_WITH_LIVE_AGENT, guest)
    seen = await story.see(guest)
    assert seen.user is not None
    assert (seen.user.id, seen.owner.id) == (CY_ID, OMAR)
    assert await desk.profiles(STRANGER) == [(CY_ID, True)]


async def test_without_a_chosen_user_table_1_decides_the_user(desk: Desk, story: Story) -> None:
    shared = await story.see((await desk.start(to=SHARED)).interaction_id)
    assert shared.guest
    assert len(shared.candidates) == 2
    stranger = await story.see((await desk.start(to=STRANGER)).interaction_id)
    assert stranger.guest


async def test_a_profile_without_an_active_interaction_is_also_replaced(
    desk: Desk, story: Story
) -> None:
    await story.close((await story.text("hi")).interaction_id or 0)
    started = await desk.start(user=BOB_ID)
    assert started.row is Situation.NO_ACTIVE_INTERACTION
    assert await desk.profiles() == [(ANN_ID, False), (BOB_ID, True)]


async def test_the_preview_describes_the_row_in_one_sentence_and_changes_nothing(
    desk: Desk, story: Story
) -> None:
    first = await desk.start(agent=OMAR)
    seen = await desk.preview()
    assert seen.interaction_id == first.interaction_id
    assert seen.effect == ("Your text joins the current conversation. Omar Haddad stays in charge.")
    own = await desk.preview(agent=OMAR)
    assert own.effect == (
        "Your text joins the current conversation, which you are already in. You stay in charge."
    )
    other = await desk.preview(user=BOB_ID)
    assert other.effect.startswith(
        "Closes the conversation with Ann Lee, links the number to Bob Ruiz"
    )
    assert await story.count(t.interactions) == 1


@pytest.mark.parametrize(
    "expected", [row for row in Situation if row is not Situation.ACTIVE_WITH_VIRTUAL_AGENT]
)
async def test_sending_is_refused_if_the_agent_saw_another_row(
    desk: Desk, story: Story, expected: Situation
) -> None:
    bots = (await story.text("hi")).interaction_id or 0
    start = Start(
        agent_id=MIA,
        recipient=Recipient(to=ANN, provider_number=MAIN),
        body="Hi",
        expected_row=expected,
    )
    with pytest.raises(Conflict) as refusal:
        await story.store.write(start_conversation, start)
    assert (
        "Closes the conversation with the virtual agent and starts a new one"
        in refusal.value.detail
    )
    assert (await story.see(bots)).owner.kind is Owner.VIRTUAL_AGENT
    assert await story.count(t.interactions) == 1
    assert await story.texted(bots) == []


async def test_two_simultaneous_agents_apply_only_the_row_they_saw(
    desk: Desk, story: Story
) -> None:
    recipient = Recipient(to=ANN, provider_number=MAIN)
    outcomes = await asyncio.gather(
        *(
            story.store.write(
                start_conversation,
                Start(
                    agent_id=agent,
                    recipient=recipient,
                    body="Hi",
                    expected_row=Situation.NO_ACTIVE_INTERACTION,
                ),
                near=agent,
            )
            for agent in (MIA, OMAR)
        ),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Started"]
    assert await story.count(t.interactions) == 1


async def test_sending_assigns_the_queued_conversation_to_the_agent(
    desk: Desk, story: Story
) -> None:
    waiting = (await story.text("hi")).interaction_id or 0
    await story.hand_off(waiting)
    assert (await desk.preview()).effect == (
        "Your text joins the conversation that is waiting for a live agent, and the "
        "conversation is assigned to you."
    )
    started = await desk.start()
    assert started.interaction_id == waiting
    assert (await story.see(waiting)).owner.id == MIA


async def test_conversations_with_other_company_numbers_do_not_matter(
    desk: Desk, story: Story
) -> None:
    await story.text("hi", to=DIRECT)
    assert (await desk.start()).row is Situation.NO_ACTIVE_INTERACTION


async def test_an_invalid_request_is_refused_and_changes_nothing(desk: Desk, story: Story) -> None:
    bots = (await story.text("hi")).interaction_id or 0
    with pytest.raises(BadInput):
        await desk.start(body="  ")
    with pytest.raises(NotFound):
        await desk.start(user=99)
    recipient = Recipient(to=ANN, provider_number="+15005550006")
    with pytest.raises(BadInput) as refusal:
        await story.store.write(
            start_conversation, Start(agent_id=MIA, recipient=recipient, body="x")
        )
    assert "from" in refusal.value.errors
    assert (await story.see(bots)).owner.kind is Owner.VIRTUAL_AGENT
