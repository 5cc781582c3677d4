"""Three reports of a made-up month. The comments work the right numbers out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.start_conversation import (
    Start,
    start_conversation,
)
from handoff_service.operations.messaging_actions.fire_timers import fire_timers
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.reports.keeping import asked, keep, pack, table, values
from tests.support.story import ANN, BOB, MIA, OMAR, STRANGER, Story

JUNE = date(2026, 6, 1), date(2026, 6, 30)
CARL, DORA = "+12025550155", "+12025550166"


async def at(clock: MovedClock, day: int, hour: int = 14, minute: int = 0) -> None:
    clock.now = datetime(2026, 6, day, hour, minute, tzinfo=UTC)


async def test_a_probe(story: Story, clock: MovedClock) -> None:
    await at(clock, 1)
    one = await story.with_agent(MIA)
    clock.move(60)
    await story.write(one, "hello")
    clock.move(60)
    await story.close(one)
    await keep(story.store)
    found = await asked(story.store, "responses", *JUNE)
    print(found)
    print(await story.rows(t.conversation_facts))
    clock.move(3600)
    await keep(story.store)
    for name in ("volume", "responses", "resolution", "waiting", "agents", "bot", "lasting", "delivery", "cost"):
        before = await asked(story.store, name, *JUNE)
        print(before)
    clock.move(3600)
    print(await pack(story.store))
    for name in ("volume", "responses", "resolution", "waiting", "agents", "bot", "lasting", "delivery", "cost"):
        print(await asked(story.store, name, *JUNE))
    assert 0
