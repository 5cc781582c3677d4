"""After an agent has taken over, the virtual agent's late answers are never sent. The test uses
many of them.
"""

import asyncio
import os

import sqlalchemy as sa

from handoff_service.rules.shared.vocabulary import Author, Direction, Event, TurnOutcome, Work
from handoff_service.store.engine import tables as t
from tests.support.story import MIA, Story

MANY = int(os.environ.get("PATCHBOARD_TEST_LATE_ANSWERS", "80"))  # 1,000 in `make chaos`


async def test_late_answers_become_notes_and_are_never_sent(story: Story) -> None:
    numbers = [f"+1303555{n:04d}" for n in range(MANY)]
    received = await asyncio.gather(
        *(story.text("my laptop is dead", number=number) for number in numbers)
    )
    ids = [one.interaction_id or 0 for one in received]
    questions = await asyncio.gather(*(story.begin(one) for one in ids))
    await asyncio.gather(*(story.write(one, "Mia here, I take this.", MIA) for one in ids))
    outcomes = await asyncio.gather(
        *(story.finish(q, "Is it on?", "Still there?") for q in questions if q)
    )
    assert outcomes == [TurnOutcome.LATE] * MANY
    m = t.messages.c
    by_bot = m.author == Author.VIRTUAL_AGENT
    assert (
        await story.count(
            t.messages,
            sa.or_(by_bot, m.body.in_(["Is it on?", "Still there?"])),
            m.status.is_not(None),
        )
        == 0
    )
    assert (
        await story.count(t.messages, m.event == Event.LATE_REPLY, m.direction.is_(None))
        == 2 * MANY
    )
    assert await story.count(t.messages, m.direction == Direction.OUTBOUND) == MANY
    assert await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER) == MANY
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0
