"""Reports of random histories agree with a slow count over the stored rows."""

import random
from contextlib import suppress
from datetime import date
from statistics import median

import pytest
import sqlalchemy as sa

from handoff_service.errors import Conflict
from handoff_service.rules.reports.columns import COLUMNS
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.reports.keeping import keep, pack, run_report, table, values
from tests.reports.test_a_month import end
from tests.support.story import DIRECT, MAIN, MIA, OMAR, Story

i, m, w, o = t.interactions, t.messages, t.work_items, t.offers
PEOPLE = [f"+1202555{n:04}" for n in range(300, 306)]
RANGE = (date(2026, 11, 1), date(2027, 1, 31))


def test_the_table_has_exactly_the_columns() -> None:
    own = {"interaction_id", "day", "look_again_at"}
    assert {c.name for c in t.conversation_facts.columns} == own | set(COLUMNS)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_reports_agree_with_a_slow_count(story: Story, clock: MovedClock, seed: int) -> None:
    chance = random.Random(seed)
    await story.available(MIA, OMAR)
    for _ in range(60):
        await _something(story, chance)
        clock.move(chance.choice([1, 30, 600, 7200, 86_400]))
        if chance.random() < 0.1:
            await keep(story.store)
        if chance.random() < 0.1:
            await pack(story.store)
    clock.move(8 * 86_400)
    await keep(story.store)
    clock.move(3600)
    await pack(story.store)
    await _equal(story)


async def _something(story: Story, chance: random.Random) -> None:
    """Do one random action."""
    active = await story.rows(i, i.c.closed_at.is_(None))
    act = chance.choice(["text", "text", "text", "hand off", "offer", "write", "write", "close"])
    one = chance.choice(active) if active else None
    if act == "text" or one is None:
        await story.text("hello", number=chance.choice(PEOPLE), to=chance.choice([MAIN, DIRECT]))
    elif act == "hand off" and one.owner == "virtual_agent":
        await story.hand_off(one.id)
    elif act == "offer":
        await story.offer()
        for agent in (MIA, OMAR):
            for offered in (await story.inbox(agent))[:1]:
                with suppress(Conflict):  # The offer has expired.
                    await story.accept(offered.id, agent)
    elif act == "write" and one.owner == "agent":
        message = await story.write(one.id, "hi", agent=one.assigned_to)
        status = chance.choice(["delivered", "failed", "sent"])
        paid = {"status": status, "provider_sid": f"SM{message}", "segments": 2, "price": 7900}
        more = {"currency": "USD", "error_code": 30003 if status == "failed" else None}
        await story.store.write(
            lambda tx, _: tx.conn.execute(
                sa.update(m).where(m.c.id == message).values(**paid, **more)
            ),
            None,
        )
    elif act == "close":
        states = [State.CLOSED_COMPLETE, State.CLOSED_ABANDONED]
        await end(story, one.id, chance.choice(states))


async def _equal(story: Story) -> None:
    conversations = await story.rows(i)
    lines = await story.rows(m)
    items = await story.rows(w)
    volume = values(await run_report(story.store, "volume", *RANGE))
    assert volume["conversations"] == len(conversations)
    assert volume["texts_in"] == sum(one.direction == "inbound" for one in lines)
    gone = [one for one in lines if one.direction == "outbound" and one.provider_sid]
    assert volume["texts_out"] == len(gone)
    cost = values(await run_report(story.store, "cost", *RANGE))
    assert (cost["segments"], cost["cost"]) == (2 * len(gone), 7900 * len(gone))
    delivery = await run_report(story.store, "delivery", *RANGE)
    assert values(delivery)["failed"] == sum(one.status == "failed" for one in gone)
    waiting = values(await run_report(story.store, "waiting", *RANGE))
    queued = {one.interaction_id: one.created_at for one in reversed(items)}
    assert waiting["queued"] == len(queued)
    first = []
    for interaction_id, at in queued.items():
        answers = [
            one.created_at
            for one in lines
            if one.interaction_id == interaction_id and one.author == "agent"
            and one.kind == "message" and one.created_at >= at
        ]  # fmt: skip
        first += [(min(answers) - at).total_seconds()] if answers else []
    responses = values(await run_report(story.store, "responses", *RANGE))
    assert responses["first_response_median"] == (round(median(first)) if first else None)
    bot = values(await run_report(story.store, "bot", *RANGE))
    to_main = [one for one in conversations if one.provider_number_id == 1]
    assert bot["bot_began"] == len(to_main)
    solved = [o for o in to_main if o.state == "closed_complete" and o.id not in queued]
    ended = [o for o in to_main if o.closed_at or o.id in queued]
    assert bot["contained"] == (100 * len(solved) / len(ended) if ended else None)
    agents = await run_report(story.store, "agents", *RANGE)
    for agent, name in ((MIA, "Mia Chen"), (OMAR, "Omar Haddad")):
        written = [o for o in lines if o.author == "agent" and o.agent_id == agent and o.direction]
        assert (table(agents, "answers").get(name) or 0) == len(written)
