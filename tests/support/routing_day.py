"""A large desk's day in simulated time. Agents come and go, conversations arrive, and agents and
requesters act at random. After each step, independent queries check the invariants.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from handoff_service.errors import Conflict, Refusal
from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.routing.answer_offer import Accept, Reject, accept_work, reject_work
from handoff_service.operations.routing.connection import Lost, connection_lost
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.routing.assignment import ROUND_PAUSE
from handoff_service.rules.shared.vocabulary import Presence, WorkItemState
from handoff_service.store.desk.availability import PRESENCE
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from tests.conftest import MovedClock

TICK = timedelta(seconds=10)
# After this wait, a supervisor closes a conversation. If every agent with the skill has rejected it
# for good, nobody else ever does.
CLOSED_AFTER = timedelta(minutes=30)
QUEUES = (  # rule, required skill, seconds until the second group joins
    ("most_capacity", None, None),
    ("longest_idle", None, 30),
    ("round_robin", "network", None),
    ("first_to_accept", None, None),
)
CAPACITY = 3
REASONS = ("Busy with another conversation", "Not my subject", "in my own words")


def lay_out(conn: Connection, agents: int) -> None:
    """Create agents in four groups, a queue for each group, and a company number for each queue."""
    for n, (rule, skill, second) in enumerate(QUEUES, start=10):
        conn.execute(sa.insert(t.groups).values(id=n, name=f"Group {n}"))
        queue = {"id": n, "name": f"Queue {n}", "assignment": rule, "accept_seconds": 40}
        conn.execute(sa.insert(t.queues).values(**queue))
        number = {
            "number": f"+188855505{n}",
            "label": "",
            "first_responder": "live_agent",
            "segments_per_second": 1,
        }
        conn.execute(sa.insert(t.provider_numbers).values(queue_id=n, **number))
        conn.execute(sa.insert(t.queue_groups).values(queue_id=n, group_id=n, after_seconds=0))
        if skill:
            conn.execute(sa.insert(t.queue_skills).values(queue_id=n, skill=skill, mandatory=True))
        if second is not None:
            conn.execute(
                sa.insert(t.queue_groups).values(queue_id=n, group_id=10, after_seconds=second)
            )
    ids = range(100, 100 + agents)
    made = [
        {"id": k, "email": f"{k}@example.com", "name": f"Agent {k}", "password_hash": "",
            "capacity": CAPACITY,
         "presence": "offline"} for k in ids
    ]  # fmt: skip
    conn.execute(sa.insert(t.agents), made)
    conn.execute(sa.insert(t.agent_groups), [{"agent_id": k, "group_id": 10 + k % 4} for k in ids])
    conn.execute(
        sa.insert(t.agent_skills), [{"agent_id": k, "skill": "network"} for k in ids if k % 3]
    )


@dataclass
class Day:
    """The simulation of one day."""

    store: Store
    clock: MovedClock
    #: a function that does all due work, in one or several processes
    work: Callable[[], Awaitable[int]]
    agents: int
    chance: random.Random
    begun: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    async def run(self, conversations: int, a_tick: int) -> None:
        """Run until this many conversations have arrived and all of them are closed."""
        while self.begun < conversations or await self.store.read(_active):
            fresh = min(a_tick, conversations - self.begun)
            seen = await self.store.read(_seen, self.clock.now - CLOSED_AFTER)
            await asyncio.gather(*self._acts(seen, fresh))
            self.clock.move(TICK.total_seconds())
            while await self.work():
                pass
            self.faults += await self.store.read(_faults, self.clock.now)
            assert not self.faults, self.faults[:5]

    def _acts(self, seen: "_Seen", fresh: int) -> list[Awaitable[Any]]:
        chance = self.chance.random
        acts: list[Awaitable[Any]] = [self._text(n) for n in range(self.begun, self.begun + fresh)]
        self.begun += fresh
        for offer in seen.offers:
            if (what := chance()) < 0.4:
                acts.append(
                    self._try(
                        accept_work,
                        Accept(work_item_id=offer.work_item_id, agent_id=offer.agent_id),
                    )
                )
            elif what < 0.6:
                why = self.chance.choice(REASONS)
                command = Reject(
                    work_item_id=offer.work_item_id, agent_id=offer.agent_id, reason=why
                )
                acts.append(self._try(reject_work, command))
        for one in seen.owned:
            if (what := chance()) < 0.25:
                close = CloseInteraction(
                    interaction_id=one.id, agent_id=one.assigned_to, closing_text=""
                )
                acts.append(self._try(close_interaction, close))
            elif what < 0.28:
                to: dict[str, int] = self.chance.choice(
                    [
                        {"to_queue": self.chance.randrange(10, 14)},
                        {"to_agent": 100 + self.chance.randrange(self.agents)},
                    ]
                )
                command = Transfer(interaction_id=one.id, agent_id=one.assigned_to, **to)
                acts.append(self._try(transfer, command))
        for interaction_id in seen.forgotten:
            by_hand = CloseInteraction(interaction_id=interaction_id, agent_id=100, closing_text="")
            acts.append(self._try(close_interaction, by_hand))
        for agent in seen.agents:
            acts += self._change_presence(agent)
        return acts

    def _change_presence(self, agent: Any) -> list[Awaitable[Any]]:
        what, there = self.chance.random(), agent.presence == Presence.AVAILABLE
        if there and what < 0.02:
            return [self._try(connection_lost, Lost(agent.id))]
        if there and what < 0.04:
            return [self._try(set_presence, SetPresence(agent_id=agent.id, presence=Presence.AWAY))]
        if not there and what < 0.25:
            return [
                self._try(set_presence, SetPresence(agent_id=agent.id, presence=Presence.AVAILABLE))
            ]
        return []

    async def _text(self, n: int) -> None:
        text = Text(
            sid=f"SM{n:032d}",
            requester_number=f"+1303{n:07d}",
            provider_number=f"+188855505{10 + n % 4}",
            body="my badge",
        )
        await self.store.write(receive_sms, text)

    async def _try(self, operation: Any, command: Any) -> None:
        """Run a command that may fail because another agent or requester acted first."""
        try:
            await self.store.write(operation, command, near=self.chance.random())
        except Conflict:  # Another agent or requester acted first.
            self.refused += 1
        except Refusal as error:
            self.faults.append(repr(error))


@dataclass(frozen=True)
class _Seen:
    offers: list[Any]
    owned: list[Any]
    agents: list[Any]
    forgotten: list[int]


def _seen(conn: Connection, before: datetime) -> _Seen:
    o, i, a, w = t.offers, t.interactions, t.agents, t.work_items
    waits = (w.c.state == WorkItemState.QUEUED, w.c.created_at < before)
    return _Seen(
        list(conn.execute(sa.select(o.c.work_item_id, o.c.agent_id).where(o.c.outcome.is_(None)))),
        list(
            conn.execute(
                sa.select(i.c.id, i.c.assigned_to).where(
                    i.c.owner == "agent", i.c.closed_at.is_(None)
                )
            )
        ),
        list(conn.execute(sa.select(a.c.id, PRESENCE.label("presence")).where(a.c.id >= 100))),
        list(conn.execute(sa.select(w.c.interaction_id).where(*waits)).scalars()),
    )


def _active(conn: Connection) -> int:
    return conn.execute(
        sa.select(sa.func.count()).where(t.interactions.c.closed_at.is_(None))
    ).scalar_one()


TOO_MUCH = """
SELECT a.id FROM agents a WHERE a.capacity <
  (SELECT count(*) FROM interactions i WHERE i.assigned_to = a.id AND i.closed_at IS NULL AND
    i.state <> 'on_hold')
  + (SELECT count(*) FROM offers o WHERE o.agent_id = a.id AND o.outcome IS NULL)"""
TWICE = """
SELECT work_item_id FROM offers WHERE outcome = 'accepted' GROUP BY work_item_id HAVING count(*) > 1
UNION ALL SELECT id FROM interactions WHERE closed_at IS NULL AND owner = 'agent' AND assigned_to
  IS NULL
UNION ALL SELECT interaction_id FROM work_items WHERE state IN ('queued', 'pending_accept')
  GROUP BY interaction_id HAVING count(*) > 1"""
# Conversations whose owner is outside the live group, and queued conversations without a work item.
STRAYS = """
SELECT i.id FROM interactions i WHERE i.closed_at IS NULL AND i.owner = 'agent'
  AND (SELECT count(*) FROM live_group g WHERE g.interaction_id = i.id AND g.agent_id =
    i.assigned_to) <> 1
UNION ALL SELECT i.id FROM interactions i WHERE i.closed_at IS NULL AND i.owner = 'queue'
  AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.interaction_id = i.id
    AND w.state IN ('queued', 'pending_accept'))"""
UNTOLD = """
SELECT w.id FROM work_items w WHERE w.state IN ('queued', 'pending_accept') AND w.for_agent_id IS
  NULL
  AND w.created_at < :a_tick_ago AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.interaction_id =
    w.interaction_id
    AND m.direction = 'outbound' AND m.author = 'system')"""


def _faults(conn: Connection, now: Any) -> list[str]:
    """Return violations of the invariants."""
    earlier = sa.bindparam("a_tick_ago", now - TICK, type_=t.work_items.c.created_at.type)
    found = [
        f"{what}: {row[0]}"
        for what, query in (
            ("has too much", TOO_MUCH),
            ("is owned twice or by nobody", TWICE),
            ("is astray", STRAYS),
        )
        for row in conn.execute(sa.text(query))
    ]
    found += [
        f"was told nothing: {row[0]}" for row in conn.execute(sa.text(UNTOLD).bindparams(earlier))
    ]
    return found + _left_waiting(conn, now)


def _left_waiting(conn: Connection, now: Any) -> list[str]:
    """Return waiting work that a free agent could take and has not declined in this round."""
    w, o, a = t.work_items, t.offers, t.agents
    queued = conn.execute(sa.select(w).where(w.c.state == "queued")).all()
    if not queued:
        return []
    load = dict.fromkeys(
        conn.execute(sa.select(a.c.id).where(PRESENCE == "available")).scalars(), 0
    )
    counted = sa.text(
        "SELECT assigned_to FROM interactions WHERE closed_at IS NULL AND assigned_to IS NOT NULL "
        "UNION ALL SELECT agent_id FROM offers WHERE outcome IS NULL"
    )
    for agent in conn.execute(counted).scalars():
        if agent in load:
            load[agent] += 1
    free = {agent for agent, count in load.items() if count < CAPACITY}
    for_good: dict[int, set[int]] = {}
    # Recently declined items. The service offers them again to the same agents after a pause.
    in_a_round: set[int] = set()
    of_these = o.c.work_item_id.in_([item.id for item in queued])
    for r in conn.execute(sa.select(o).where(of_these, o.c.outcome.in_(["rejected", "timed_out"]))):
        if not r.again:
            for_good.setdefault(r.work_item_id, set()).add(r.agent_id)
        if r.ended_at > now - ROUND_PAUSE - TICK:
            in_a_round.add(r.work_item_id)
    found = []
    for item in queued:
        _, skill, second = QUEUES[item.queue_id - 10]
        waited = (now - item.created_at).total_seconds()
        groups = {item.queue_id, *([10] if second is not None and waited >= second else [])}
        able = {k for k in free if 10 + k % 4 in groups and (skill is None or k % 3)}
        able -= for_good.get(item.id, set()) | {item.from_agent_id}
        if able and item.id not in in_a_round:
            found.append(f"waits though {sorted(able)[:3]} are free: {item.id}")
    return found
