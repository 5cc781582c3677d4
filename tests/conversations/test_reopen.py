"""An agent can undo closing a conversation within a minute. Undo cancels a closing text that was
not sent yet.
"""

from datetime import timedelta

import pytest

from handoff_service.errors import Conflict
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.rules.shared.vocabulary import Owner, State, Status, Unanswered, Work
from handoff_service.store.conversations import colleague_notices
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MIA, OMAR, Story

LATER = {"undo_within": timedelta(seconds=15)}


async def undo(story: Story, ann: int, agent: int = MIA) -> None:
    await story.store.write(reopen, Reopen(interaction_id=ann, agent_id=agent))


async def test_undo_returns_the_conversation_to_its_agent_and_cancels_the_closing_text(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    before = await story.see(ann)
    timers = await story.count(t.timers)
    await story.close(ann, **LATER)
    line = next(one for one in await story.lines(ann) if "has closed" in one.body)
    sends = t.due_work.c.kind == Work.DELIVER
    due = {row.key: row.due_at for row in await story.rows(t.due_work, sends)}
    assert due[str(line.id)] == clock() + LATER["undo_within"]
    assert await story.store.read(ongoing_items, MIA, others=False) == []
    clock.move(10)
    await undo(story, ann)
    now = await story.see(ann)
    assert (now.state, now.owner, now.closed_at) == (before.state, before.owner, None)
    assert now.epoch == before.epoch + 2
    (row,) = await story.rows(t.interactions, t.interactions.c.id == ann)
    assert row.unanswered == Unanswered.REQUESTER_MESSAGE
    assert await story.count(t.timers) == timers
    lines = {one.id: one for one in await story.lines(ann)}
    assert lines[line.id].status is Status.CANCELED
    assert str(line.id) not in {row.key for row in await story.rows(t.due_work, sends)}
    assert (await story.lines(ann))[-1].body == "Mia Chen reopened this conversation"
    (item,) = await story.store.read(ongoing_items, MIA, others=False)
    assert item.interaction.id == ann


async def test_undo_returns_a_colleagues_conversation_to_the_colleague(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.close(ann, OMAR)
    await undo(story, ann, OMAR)
    now = await story.see(ann)
    assert (now.owner.kind, now.owner.id, now.state) == (
        Owner.AGENT,
        MIA,
        State.WORK_IN_PROGRESS,
    )
    notices = [one.said for one in await story.store.read(colleague_notices.open_notices, MIA)]
    assert "Omar Haddad reopened this conversation. This is your conversation" in notices


async def test_only_the_closing_agent_reopens_a_recently_closed_conversation(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    with pytest.raises(Conflict, match="is not closed"):
        await undo(story, ann)
    await story.close(ann)
    with pytest.raises(Conflict, match="Only the agent who closed it"):
        await undo(story, ann, OMAR)
    clock.move(61)
    with pytest.raises(Conflict, match="within a minute"):
        await undo(story, ann)


async def test_undo_is_refused_after_a_new_conversation_began(story: Story) -> None:
    ann = await story.with_agent()
    await story.close(ann)
    new = await story.text("one more question", to=DIRECT)
    assert new.interaction_id != ann
    with pytest.raises(Conflict, match="already begun another conversation"):
        await undo(story, ann)
    assert (await story.see(ann)).closed_at is not None
