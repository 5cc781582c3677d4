"""The live agents' actions (write, read, note, hold, close) and their lists."""

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    ReadInteraction,
    change_interaction,
    read_interaction,
)
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.rules.shared.vocabulary import Kind, Owner, State, Work
from handoff_service.store.conversations import conversations, read_positions
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, STRANGER, Story


async def test_an_agents_texts_are_queued_in_one_line_with_their_encoding(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.write(ann, "Hi Ann, Mia here. Does the dock have a light on?")
    await story.write(ann, "It’s the small one")
    await story.write(ann, "It’s the small one 👍")
    first, second, third = [line for line in await story.lines(ann) if line.author.kind == "agent"]
    assert (first.author.name, first.status, first.segments, first.encoding) == (
        "Mia Chen",
        "queued",
        1,
        "GSM-7",
    )
    assert (second.body, second.encoding) == ("It's the small one", "GSM-7")
    assert (third.body, third.encoding) == ("It’s the small one 👍", "UCS-2")
    rows = await story.rows(t.due_work, t.due_work.c.kind == Work.DELIVER)
    assert len({row.line for row in rows}) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [("  ", "must not be empty"), ("a" * 16_001, "at most 16000"), ("a\0b", "NUL")],
)
async def test_a_text_that_cannot_be_sent_gets_an_error_at_its_field(
    story: Story, body: str, says: str
) -> None:
    ann = await story.with_agent(MIA)
    with pytest.raises(BadInput) as refusal:
        await story.write(ann, body)
    assert says in refusal.value.errors["body"]
    assert await story.count(t.messages, t.messages.c.author == "agent") == 0


async def test_another_agent_who_writes_joins_and_the_owner_stays(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.write(ann, "Omar here", OMAR)
    seen = await story.see(ann)
    assert (seen.owner.id, seen.epoch) == (MIA, 2)
    assert [a.name for a in seen.live_group] == ["Mia Chen", "Omar Haddad"]


async def test_an_agent_who_texts_into_the_virtual_agents_conversation_takes_over(
    story: Story,
) -> None:
    ann = (await story.text()).interaction_id or 0
    await story.write(ann, "Mia here", MIA)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.owner.id, seen.epoch, seen.state) == (
        Owner.AGENT,
        MIA,
        2,
        State.WORK_IN_PROGRESS,
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


async def test_notes_are_never_sent(story: Story) -> None:
    ann = await story.with_agent(MIA)
    before = await story.texted(ann)
    await story.store.write(
        write_note, Write(interaction_id=ann, agent_id=MIA, body="Orange blink is 1.4")
    )
    note = (await story.lines(ann))[-1]
    assert (note.kind, note.direction, note.status, note.author.name) == (
        Kind.NOTE,
        None,
        None,
        "Mia Chen",
    )
    assert await story.texted(ann) == before


async def test_closing_texts_the_requester_once_and_clears_the_owner(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    clock.move(60)
    await story.close(ann)
    seen = await story.see(ann)
    assert (seen.state, seen.owner.kind, seen.closed_at, seen.epoch) == (
        State.CLOSED_COMPLETE, Owner.NONE, clock(), 3,
    )  # fmt: skip
    assert seen.short_description == "my badge is stuck", (
        "without a description from an agent, the list shows the first text"
    )
    assert (await story.texted(ann))[-1] == "Mia has closed this conversation. Text us any time."
    assert await story.store.read(ongoing_items, MIA, others=False) == []
    with pytest.raises(Conflict):
        await story.close(ann)
    with pytest.raises(Conflict):
        await story.write(ann, "one more thing")


async def test_an_agent_closes_without_a_closing_text_or_with_their_own(story: Story) -> None:
    quiet = await story.with_agent(MIA, number=ANN)
    before = await story.texted(quiet)
    await story.close(
        quiet, closing_text="  ", state=State.CLOSED_ABANDONED, short_description="Dock firmware"
    )
    assert await story.texted(quiet) == before
    assert (await story.see(quiet)).short_description == "Dock firmware"
    own = await story.with_agent(MIA, number=BOB)
    await story.close(own, closing_text="Bye Bob!")
    assert (await story.texted(own))[-1] == "Bye Bob!"


async def test_the_badge_counts_conversations_not_messages(story: Story, clock: MovedClock) -> None:
    ann, bob = await story.with_agent(MIA, number=ANN), await story.with_agent(MIA, number=BOB)
    clock.move(1)
    for _ in range(3):
        await story.text("hello?", number=ANN, to=DIRECT)
    assert await story.store.read(read_positions.unread_conversations, MIA) == 1
    mine = await story.store.read(ongoing_items, MIA, others=False)
    assert [(o.interaction.id, o.interaction.unread) for o in mine] == [(ann, 3), (bob, 0)]
    assert mine[0].last is not None
    assert mine[0].last.body == "hello?"
    await story.store.write(read_interaction, ReadInteraction(interaction_id=ann, agent_id=MIA))
    assert await story.store.read(read_positions.unread_conversations, MIA) == 0


async def test_reading_up_to_a_line_leaves_later_lines_unread_and_never_goes_back(
    story: Story,
) -> None:
    ann = await story.with_agent(MIA)
    for body in ("one", "two"):
        await story.text(body, to=DIRECT)
    one, two = (await story.lines(ann))[-2:]
    for up_to, unread in ((one.seq, 1), (two.seq, 0), (one.seq, 0)):
        await story.store.write(
            read_interaction, ReadInteraction(interaction_id=ann, agent_id=MIA, up_to=up_to)
        )
        assert (await story.see(ann, MIA)).unread == unread


async def test_colleagues_conversations_have_their_own_list(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.text(number=STRANGER, to=MAIN)
    assert [o.interaction.id for o in await story.store.read(ongoing_items, OMAR, others=True)] == [
        ann
    ]
    assert await story.store.read(conversations.others_count, OMAR) == 1
    assert await story.store.read(ongoing_items, MIA, others=True) == []


async def test_the_newest_activity_comes_first(story: Story, clock: MovedClock) -> None:
    ann, bob = await story.with_agent(MIA, number=ANN), await story.with_agent(MIA, number=BOB)
    clock.move(1)
    await story.text(number=ANN, to=DIRECT)
    order = [o.interaction.id for o in await story.store.read(ongoing_items, MIA, others=False)]
    assert order == [ann, bob]


async def test_a_missing_conversation_is_not_found(story: Story) -> None:
    with pytest.raises(NotFound):
        await story.see(999)
    with pytest.raises(NotFound):
        await story.write(999, "hi")


async def test_a_change_cannot_set_a_closed_state(story: Story) -> None:
    ann = await story.with_agent(MIA)
    with pytest.raises(BadInput):
        await story.store.write(
            change_interaction,
            ChangeInteraction(interaction_id=ann, agent_id=MIA, state=State.CLOSED_COMPLETE),
        )


async def test_a_changed_priority_and_description_are_in_the_history(story: Story) -> None:
    ann = await story.with_agent(MIA)
    change = ChangeInteraction(
        interaction_id=ann,
        agent_id=MIA,
        priority=1,
        short_description="Printer",
        state=State.ON_HOLD,
    )
    await story.store.write(change_interaction, change)
    again = ChangeInteraction(
        interaction_id=ann, agent_id=MIA, priority=1, short_description="Printer"
    )
    await story.store.write(change_interaction, again)
    assert [line.body for line in await story.lines(ann)][-3:] == [
        "Mia Chen changed the priority from 3 to 1",
        "Mia Chen changed the short description",
        "Mia Chen put this on hold",
    ]


async def test_the_sequence_numbers_of_a_conversation_have_no_gaps(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.write(ann, "hi")
    await story.text("yes", to=DIRECT)
    await story.close(ann)
    assert [line.seq for line in await story.lines(ann)] == list(
        range(1, len(await story.lines(ann)) + 1)
    )


async def test_agents_see_past_interactions_of_the_number(story: Story) -> None:
    first = await story.with_agent(MIA)
    await story.close(first)
    second = await story.see((await story.text("again")).interaction_id or 0)
    past = await story.store.read(conversations.past, second)
    assert [(p.id, p.short_description) for p in past] == [(first, "my badge is stuck")]
    assert [p.requester_number for p in past] == [ANN]
