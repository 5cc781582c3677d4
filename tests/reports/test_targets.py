"""Targets met and missed in an invented month. The comments calculate the numbers by hand.

The queue is open from 08:00 to 18:00 in New York (12:00 to 22:00 UTC in June). Its targets for
priority 3, in minutes: first response 20, next response 40, resolution 240. Priority 1 has only a
first response of 5 minutes. Priority 2 has none.

| day | who | what happens | first | next | resolution |
|---|---|---|---|---|---|
| 1 | Ann | answered after 10 min, again after 30 min, closed after 1 h | met | met | met |
| 2 | Bob | answered after 25 min; texts again, answered after 50 min; closed after 2 h | missed | missed | met |
| 3 | Carl | texts at 17:50, answered at 08:05 the next day: 15 min; closed after 12 h | met | | missed |
| 4 | Dora | 15 min, then 3 h on hold, answered 3 min later: 18 min; closed in time | met | | met |
| 5 | Eve | priority 1, answered after 6 min | missed | | |
| 8 | Fay | priority 2, answered after an hour | | | |
| 9 | Gus | closed after 10 min without an answer | | | met |
| 10 | Hal | never answered, still open | missed | | missed |
| 11 | Ida | the virtual agent solves it | | | |
"""  # noqa: E501

from datetime import UTC, date, datetime, timedelta

import pytest

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.engine import tables as t
from handoff_service.store.reports.figure_conversations import conversations_of
from tests.conftest import MovedClock
from tests.reports.keeping import keep, pack, run_report, table, values
from tests.reports.test_a_month import end
from tests.support.story import DIRECT, MAIN, MIA, Story

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
PEOPLE = {name: f"+1202555{number}" for number, name in enumerate("abcdefghi", start=2200)}
TARGETS = (
    QueueTargets(priority=1, first_response=5),
    QueueTargets(priority=3, first_response=20, next_response=40, resolution=240),
)


@pytest.fixture
async def month(story: Story, clock: MovedClock) -> Story:
    """Create the month, as of 20 June."""
    values = {"targets": TARGETS, "schedule": "08:00-18:00"}
    clock.now = datetime(2026, 5, 31, tzinfo=UTC)
    await story.store.write(change_queue, ChangeQueue(id=1, values=values))
    await story.available(MIA)

    def at(day: int, hour: int = 14, minute: int = 0) -> None:
        clock.now = datetime(2026, 6, day, hour, minute, tzinfo=UTC)

    async def accepted_conversation(
        who: str, priority: int | None = None, state: State | None = None
    ) -> int:
        one = (await story.text(number=PEOPLE[who], to=DIRECT)).interaction_id or 0
        await story.offer()
        for offer in await story.inbox(MIA):
            await story.accept(offer.id, MIA)
        await change_conversation(one, priority=priority)
        return one

    async def change_conversation(one: int, **what: object) -> None:
        command = ChangeInteraction(interaction_id=one, agent_id=MIA, **what)  # type: ignore[arg-type]
        await story.store.write(change_interaction, command)

    def wait(minutes: float) -> None:
        clock.move(minutes * 60)

    at(1)
    ann = await accepted_conversation("a")
    wait(10)
    await story.write(ann, "hello")
    wait(5)
    await story.text("and now?", number=PEOPLE["a"], to=DIRECT)
    wait(30)
    await story.write(ann, "now it works")
    wait(15)
    await story.close(ann)
    at(2)
    bob = await accepted_conversation("b")
    wait(25)
    await story.write(bob, "hello")
    await story.text("and now?", number=PEOPLE["b"], to=DIRECT)
    wait(50)
    await story.write(bob, "now it works")
    wait(45)
    await story.close(bob)
    at(3, 21, 50)
    carl = await accepted_conversation("c")
    at(4, 12, 5)
    await story.write(carl, "good morning")
    at(4, 17, 50)
    await story.close(carl)
    at(4, 18)
    dora = await accepted_conversation("d")
    wait(15)
    await change_conversation(dora, state=State.ON_HOLD)
    wait(180)
    await change_conversation(dora, state=State.WORK_IN_PROGRESS)
    wait(3)
    await story.write(dora, "hello")
    await story.close(dora)
    at(5)
    eve = await accepted_conversation("e", priority=1)
    wait(6)
    await story.write(eve, "hello")
    await story.close(eve)
    at(8)
    fay = await accepted_conversation("f", priority=2)
    wait(60)
    await story.write(fay, "hello")
    await story.close(fay)
    at(9)
    gus = await accepted_conversation("g")
    wait(10)
    await end(story, gus, State.CLOSED_ABANDONED)
    at(10)
    await accepted_conversation("h")
    at(11)
    ida = (await story.text(number=PEOPLE["i"], to=MAIN)).interaction_id or 0
    await end(story, ida, State.CLOSED_COMPLETE)
    at(20)
    await keep(story.store)
    return story


async def test_the_report_counts_met_and_missed_targets(month: Story) -> None:
    found = values(await run_report(month.store, "targets", FIRST, LAST))
    # first: Ann, Carl and Dora met it; Bob, Eve and Hal missed it
    assert (found["first_response_met"], found["first_response_missed"]) == (3, 3)
    assert found["first_response_on_time"] == 50
    # next: Ann's met it, Bob's missed it
    assert (found["next_response_met"], found["next_response_missed"]) == (1, 1)
    # resolution: Ann, Bob, Dora and Gus met it; Carl and Hal missed it
    assert (found["resolution_met"], found["resolution_missed"]) == (4, 2)
    assert found["resolution_on_time"] == pytest.approx(100 * 4 / 6)


async def test_the_report_groups_by_priority_agent_and_queue(month: Story) -> None:
    by_priority = await run_report(month.store, "targets", FIRST, LAST, group="priority")
    assert table(by_priority, "first_response_missed") == {
        "1, critical": 1,
        "2, high": 0,
        "3, moderate": 2,
    }
    by_agent = await run_report(month.store, "targets", FIRST, LAST, group="agent")
    assert table(by_agent, "resolution_missed") == {"Mia Chen": 2, "No agent": 0}
    only = values(await run_report(month.store, "targets", FIRST, LAST, priority=1))
    assert (only["first_response_met"], only["first_response_missed"]) == (0, 1)


async def test_each_number_links_to_its_conversations(month: Story) -> None:
    found = await run_report(month.store, "targets", FIRST, LAST)
    for one in found.figures:
        if one.figure.endswith("on_time"):
            continue
        behind = await month.store.read(
            conversations_of,
            FIGURES[one.figure],
            DayRange(FIRST, LAST),
            Filters(),
            skip=0,
            most=100,
        )
        assert behind.count == one.value, one.figure


async def test_packed_days_give_the_same_numbers(month: Story, clock: MovedClock) -> None:
    before = values(await run_report(month.store, "targets", FIRST, LAST))
    clock.move(3600)
    assert await pack(month.store) > 0
    assert values(await run_report(month.store, "targets", FIRST, LAST)) == before


async def test_an_overdue_target_counts_without_a_new_line(story: Story, clock: MovedClock) -> None:
    await story.store.write(change_queue, ChangeQueue(id=1, values={"targets": TARGETS}))
    ann = await story.with_agent()
    await keep(story.store)
    look_again = (await story.rows(t.conversation_facts))[0].look_again_at
    assert look_again - clock() == timedelta(minutes=15), "the receipts are due first"
    clock.move(15 * 60)
    await keep(story.store)
    look_again = (await story.rows(t.conversation_facts))[0].look_again_at
    assert look_again - clock() == timedelta(minutes=5), "the first response is due then"
    clock.move(6 * 60)
    await keep(story.store)
    row = (await story.rows(t.conversation_facts))[0]
    assert (row.interaction_id, row.first_response_target, row.resolution_target) == (ann, 0, None)
