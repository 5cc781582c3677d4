"""The supervisors' view: current queues, agents and conversations, and the numbers of the day."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.errors import NotFound
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.conversations import (
    conversation_list,
    conversations,
    read_positions,
)
from handoff_service.store.desk.agents import presence_choices
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import prompts
from handoff_service.store.routing import (
    day_report,
    inbox,
    notification_news,
    presence,
    supervision,
)
from handoff_service.store.views.supervision import Now, Today
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, STRANGER, Story


async def read_view(story: Story, **how: int) -> Now:
    return await story.store.read(supervision.now, OMAR, **how)


async def today(story: Story) -> Today:
    return await story.store.read(day_report.today)


async def change(story: Story, query: sa.Executable) -> None:
    await story.store.write(lambda tx, _: tx.conn.execute(query), None)


async def waits_since(story: Story, interaction_id: int) -> datetime | None:
    return next(
        one.waiting_since
        for one in (await read_view(story)).conversations
        if one.id == interaction_id
    )


async def test_the_view_of_an_empty_desk_shows_its_queue_and_agents(story: Story) -> None:
    now = await read_view(story)
    (queue,) = now.queues
    assert (queue.name, queue.waiting, queue.oldest_since, queue.free, queue.eligible) == (
        "Service desk",
        0,
        None,
        0,
        2,
    )
    assert (queue.open_now, queue.opens_at, queue.closes_at, queue.problems) == (
        True,
        None,
        None,
        [],
    )
    assert [(a.name, a.presence, a.load, a.capacity, a.groups) for a in now.agents] == [
        ("Mia Chen", "offline", 0, 2, ["Service desk"]),
        ("Omar Haddad", "offline", 0, 2, ["Service desk"]),
    ]
    assert (now.conversations, now.active, now.waiting) == ([], 0, 0)
    assert (await today(story)).first_answer is None


async def test_a_queue_shows_its_longest_wait_and_free_agents(
    story: Story, clock: MovedClock
) -> None:
    began = clock.now
    await story.text(number=ANN, to=DIRECT)
    clock.move(60)
    await story.text(number=BOB, to=DIRECT)
    now = await read_view(story)
    assert (now.queues[0].waiting, now.queues[0].oldest_since, now.queues[0].free) == (2, began, 0)
    assert (now.waiting, now.oldest_since) == (2, began)
    await story.available(MIA)
    await story.offer()
    now = await read_view(story)
    assert (now.queues[0].waiting, now.queues[0].free) == (2, 0), (
        "an offered conversation still waits, and Mia has no free capacity"
    )
    assert now.agents[0].load == 2
    assert [
        (c.requester_number, [a.name for a in c.offered_to], c.said) for c in now.conversations
    ] == [
        (ANN, ["Mia Chen"], "offered to Mia Chen"),
        (BOB, ["Mia Chen"], "offered to Mia Chen"),
    ]


async def test_a_queue_shows_when_it_opens_and_closes_and_why_it_can_never_assign(
    story: Story, clock: MovedClock
) -> None:
    clock.now = datetime(2026, 6, 1, 14, tzinfo=UTC)  # a Monday, 10:00 in New York
    await change(story, sa.update(t.queues).values(schedule="Mo-Fr 08:00-18:00"))
    (queue,) = (await read_view(story)).queues
    assert (queue.open_now, queue.closes_at) == (True, datetime(2026, 6, 1, 22, tzinfo=UTC))
    clock.move(12 * 3600)
    (queue,) = (await read_view(story)).queues
    assert (queue.open_now, queue.opens_at) == (False, datetime(2026, 6, 2, 12, tzinfo=UTC))
    await change(story, sa.update(t.agents).values(active=False))
    (queue,) = (await read_view(story)).queues
    assert queue.problems == ["No active agent is in its groups (Service desk): add one."]


async def test_longest_waits_come_first_then_agents_then_the_bot(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    await story.write(ann, "hello")
    bot = (await story.text(number=BOB, to=MAIN)).interaction_id
    clock.move(60)
    queued = (await story.text(number=STRANGER, to=DIRECT)).interaction_id
    assert [c.id for c in (await read_view(story)).conversations] == [queued, ann, bot]
    clock.move(60)
    await story.text("still there?", number=ANN, to=DIRECT)
    now = await read_view(story)
    assert [c.id for c in now.conversations] == [queued, ann, bot]
    assert [c.owner.kind for c in now.conversations] == [
        Owner.QUEUE,
        Owner.AGENT,
        Owner.VIRTUAL_AGENT,
    ]
    assert [c.waiting_since for c in now.conversations] == [
        clock.now - timedelta(seconds=60),
        clock.now,
        None,
    ]
    assert (await read_view(story, most=1)).active == 3
    assert [c.id for c in (await read_view(story, queue_id=1)).conversations] == [
        queued,
        ann,
        bot,
    ], "the queue of its company number"
    assert (await read_view(story, queue_id=99)).conversations == []


async def test_the_view_shows_since_when_a_requester_waits_for_an_agent(
    story: Story, clock: MovedClock
) -> None:
    ann = (await story.text("hi", to=MAIN)).interaction_id or 0
    clock.move(300)
    handed = clock.now
    await story.hand_off(ann)
    assert await waits_since(story, ann) == handed, (
        "the wait does not start with the texts to the bot"
    )
    await story.available(MIA)
    await story.offer()
    clock.move(30)
    await story.accept((await story.inbox(MIA))[0].id, MIA)
    assert await waits_since(story, ann) == handed, "accepting is not answering"
    await story.write(ann, "hello")
    assert await waits_since(story, ann) is None
    clock.move(30)
    first = clock.now
    await story.text("one", to=MAIN)
    clock.move(30)
    await story.text("two", to=MAIN)
    assert await waits_since(story, ann) == first


async def test_a_transfer_does_not_wait_in_the_queue(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.available(OMAR)
    await story.store.write(transfer, Transfer(interaction_id=ann, agent_id=MIA, to_agent=OMAR))
    now = await read_view(story)
    assert (now.queues[0].waiting, now.waiting) == (0, 0)
    assert [a.name for a in now.conversations[0].offered_to] == ["Omar Haddad"]


async def test_the_view_shows_presences_with_history_and_custom_states(
    story: Story, clock: MovedClock
) -> None:
    await change(
        story, sa.insert(t.presence_states).values(name="back office", takes_work=True, position=1)
    )
    await change(
        story, sa.insert(t.presence_states).values(name="lunch", takes_work=False, position=2)
    )
    choices = await story.store.read(presence_choices)
    assert [(c.name, c.takes_work) for c in choices] == [
        ("available", True), ("away", False), ("offline", False), ("back office", True),
        ("lunch", False),
    ]  # fmt: skip
    await story.available(MIA)
    clock.move(3600)
    await story.store.write(set_presence, SetPresence(agent_id=MIA, presence="lunch"))
    await story.store.write(set_presence, SetPresence(agent_id=OMAR, presence="back office"))
    assert [
        (a.name, a.presence, a.takes_work, a.since) for a in (await read_view(story)).agents
    ] == [
        ("Omar Haddad", "back office", True, clock.now),
        ("Mia Chen", "lunch", False, clock.now),
    ]
    history = await story.store.read(presence.history, MIA)
    assert [(one.presence, one.until) for one in history] == [
        ("lunch", None),
        ("available", clock.now),
    ]
    assert history[1].since == clock.now - timedelta(hours=1)
    with pytest.raises(NotFound):
        await story.store.read(presence.history, 99)


async def test_the_numbers_of_the_day_begin_at_midnight_in_the_desks_time_zone(
    story: Story, clock: MovedClock
) -> None:
    clock.now = datetime(2026, 6, 1, 3, 50, tzinfo=UTC)  # 23:50 in New York
    yesterday = await story.with_agent(MIA)
    clock.now = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)  # 09:00
    await story.close(yesterday)
    ann = (await story.text("hi", number=BOB, to=MAIN)).interaction_id or 0
    await story.hand_off(ann)
    clock.move(40)
    await story.offer()
    await story.accept((await story.inbox(MIA))[0].id, MIA)
    clock.move(20)
    await story.write(ann, "hello")
    clock.move(3600)
    await story.close(ann, state=State.CLOSED_ABANDONED)
    (await story.text("hi", number=STRANGER, to=MAIN))
    numbers = await today(story)
    assert numbers.since == datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert (numbers.opened, numbers.handed, numbers.abandoned) == (2, 1, 1)
    assert numbers.first_answer is not None
    assert (numbers.first_answer.median, numbers.first_answer.mean) == (60, 60)
    handling = [9 * 3600 + 600, 3620]
    assert numbers.handling is not None
    assert numbers.handling.mean == sum(handling) / 2
    nine, ten = numbers.hours[9:]
    assert (nine.opened, nine.handed, nine.abandoned, nine.first_answer, nine.waiting) == (
        1,
        1,
        0,
        60,
        0,
    )
    assert (ten.opened, ten.handed, ten.abandoned, ten.handling) == (1, 0, 1, 3620)


async def test_the_view_reads_only_the_day_and_open_conversations(
    story: Story,
) -> None:
    """Closed conversations accumulate for years, so queries must use an index or read backward from
    the newest row.
    """
    plans = await story.store.read(_plans) if story.store.is_sqlite else {}
    for statement, plan in plans.items():
        walked = "DESC" in statement and re.search(r"LIMIT \?[^()]*$", statement)
        for table in ("interactions", "messages", "work_items", "offers", "presence_log"):
            assert f"SCAN {table}" not in plan or walked, statement


def _plans(conn: sa.Connection) -> dict[str, list[str]]:
    """Return statement -> SQLite's query plan."""
    found: dict[str, list[str]] = {}
    since = datetime(2026, 11, 23, tzinfo=UTC)

    def explain(
        _conn: object, _cursor: object, statement: str, parameters: Any, *_more: object
    ) -> None:
        rows = (
            conn.connection.cursor()
            .execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            .fetchall()
        )
        found[statement] = [row[3] for row in rows]

    sa.event.listen(conn, "after_cursor_execute", explain)
    day_report.today(conn)
    supervision.now(conn, OMAR)
    for supervises in (False, True):
        prompts.open_prompts(conn, OMAR, supervises=supervises)
    conversation_list.ongoing_items(conn, OMAR, others=True)
    read_positions.newest_unread(conn, OMAR)
    conversations.others_count(conn, OMAR)
    inbox.offered(conn, OMAR)
    notification_news.news(conn, [OMAR], since, since)
    sa.event.remove(conn, "after_cursor_execute", explain)
    return found


async def test_supervisors_get_one_hint_for_each_transaction(story: Story) -> None:
    def change_twice(tx: Transaction, _: None) -> list[str]:
        tx.desk_changed()
        tx.desk_changed()
        return [hint.channel for hint in tx.hints]

    assert await story.store.write(change_twice, None) == ["desk"]
