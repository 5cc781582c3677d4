"""Agents join and leave a live group, or observe without joining. An offer's card shows facts about
the conversation.
"""

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.conversations.join_group import Member, join_group, leave_group
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.routing import offer_card
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, DIRECT, MAIN, MIA, OMAR, Story


async def join(story: Story, interaction_id: int, agent: int = OMAR) -> None:
    await story.store.write(join_group, Member(interaction_id=interaction_id, agent_id=agent))


async def leave(story: Story, interaction_id: int, agent: int = OMAR) -> None:
    await story.store.write(leave_group, Member(interaction_id=interaction_id, agent_id=agent))


async def line_bodies(story: Story, interaction_id: int) -> list[str]:
    return [
        line.body for line in await story.lines(interaction_id) if line.event is Event.LIVE_GROUP
    ]


async def group(story: Story, interaction_id: int) -> list[str]:
    return [agent.name for agent in (await story.see(interaction_id)).live_group]


async def test_joining_adds_a_line_and_keeps_the_owner(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.text("one", to=DIRECT)
    before = await story.see(ann, OMAR)
    await join(story, ann)
    seen = await story.see(ann, OMAR)
    assert (seen.owner.name, seen.epoch, seen.unread) == ("Mia Chen", before.epoch, 0)
    await story.text("two", to=DIRECT)
    assert (await story.see(ann, OMAR)).unread == 1
    assert await line_bodies(story, ann) == ["Omar Haddad joined"]
    assert "Omar Haddad joined" not in await story.texted(ann)


async def test_a_second_or_simultaneous_join_changes_nothing(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await asyncio.gather(join(story, ann), join(story, ann))
    assert (await group(story, ann), await line_bodies(story, ann)) == (
        ["Mia Chen", "Omar Haddad"],
        ["Omar Haddad joined"],
    )


async def test_leaving_adds_a_line_and_the_owner_cannot_leave(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await join(story, ann)
    await leave(story, ann)
    await leave(story, ann)
    assert (await group(story, ann), await line_bodies(story, ann)) == (
        ["Mia Chen"],
        ["Omar Haddad joined", "Omar Haddad left"],
    )
    with pytest.raises(Conflict, match="assigned to you"):
        await leave(story, ann, MIA)


async def test_only_an_active_conversation_of_an_agent_can_be_joined(
    story: Story,
) -> None:
    bot = (await story.text(to=MAIN)).interaction_id or 0
    with pytest.raises(Conflict, match="Take it over instead"):
        await join(story, bot)
    ann = await story.with_agent(MIA, number="+12025550102")
    await story.close(ann)
    for act in (join, leave):
        with pytest.raises(Conflict, match="is closed"):
            await act(story, ann)
        with pytest.raises(NotFound):
            await act(story, 999)


async def test_taking_over_a_joined_conversation_leaves_one_owner(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await join(story, ann)
    await story.store.write(assign_by_hand, AssignTo(interaction_id=ann, agent_id=OMAR, by=OMAR))
    assert ((await story.see(ann)).owner.name, await group(story, ann)) == (
        "Omar Haddad",
        ["Omar Haddad"],
    )


# Cards --------------------------------------------------------------------------------------------

ANNS = {"problem": "Laptop", "device": "Dell", "impact": ""}
CARDS = {
    "without a choice, all collected fields": ([], ANNS),
    "the chosen fields, in their order": (["device", "problem"],
        {"device": "Dell", "problem": "Laptop"}),
    "chosen with other capitals than the virtual agent's": (["Problem"], {"problem": "Laptop"}),
    "unknown fields are left out": (["impact", "room", "device"], {"device": "Dell"}),
    "fields of the user's record": (
        ["user.department", "user.external_id"],
        {"user.department": "IT", "user.external_id": "E1001"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "card"), CARDS.values(), ids=CARDS.keys())
async def test_a_card_shows_the_chosen_fields(
    fields: Sequence[str], card: dict[str, str], story: Story
) -> None:
    await story.store.write(
        lambda tx, _: tx.conn.execute(sa.update(t.desk).values(card_fields=fields)), None
    )
    values = {"attributes": {"department": "IT"}}
    anns = sa.update(t.users).where(t.users.c.external_id == "E1001").values(**values)
    await story.store.write(lambda tx, _: tx.conn.execute(anns), None)
    await story.available(MIA)
    ann = (await story.text(number=ANN, to=MAIN)).interaction_id or 0
    await story.hand_off(ann, **ANNS)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    assert list(offer.card.items()) == list(card.items())


async def test_a_transfers_card_keeps_collected_facts_and_names_the_sender(story: Story) -> None:
    await story.available(MIA)
    ann = (await story.text(to=MAIN)).interaction_id or 0
    await story.hand_off(ann, problem="Laptop")
    await story.offer()
    await story.accept((await story.inbox(MIA))[0].id, MIA)
    await story.available(OMAR)
    await story.store.write(transfer, Transfer(interaction_id=ann, agent_id=MIA, to_agent=OMAR))
    (offer,) = await story.inbox(OMAR)
    assert offer.sender is not None
    assert (offer.sender.name, offer.card) == ("Mia Chen", {"problem": "Laptop"})
    await story.accept(offer.id, OMAR)
    await story.available(MIA)
    await story.store.write(transfer, Transfer(interaction_id=ann, agent_id=OMAR, to_queue=1))
    await story.offer()
    assert (await story.inbox(MIA))[0].collected == {"problem": "Laptop"}


WRONG = {
    "too many": ([f"field {n}" for n in range(13)], "must have at most 12 fields"),
    "the same field twice": (["a", "b", "a"], "“a” is listed twice"),
    "not a field name": (["problem", "<b>"], "“<b>” is not a field. Use names such as"),
    "empty": ([""], "“” is not a field"),
}


@pytest.mark.parametrize(("fields", "said"), WRONG.values(), ids=WRONG.keys())
def test_an_invalid_choice_of_fields_is_refused(fields: Sequence[str], said: str) -> None:
    assert said in (offer_card.error(fields) or "")
    assert offer_card.error(["problem", "user.department"]) is None
