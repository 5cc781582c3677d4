"""Measures how long the steps of an erasure hold the lane, and those of the job that keeps the
facts for reports.

The person has many conversations, one of them very long, and trainer items in one big cluster. The
provider has copies of all texts, and notes in other conversations mention the person.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import sqlalchemy as sa

from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.desk import audit_chain
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    preview,
    request_erasure,
)
from handoff_service.operations.reports import keep_facts
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.privacy import erasures
from handoff_service.store.reports import pack_days
from handoff_service.worker import Worker
from tests.bench.desks import Desks, database
from tests.bench.holds import Hold, print_holds, results, watched
from tests.bench.result import Result
from tests.bench.retention import KEPT, OLD, fill, later
from tests.conftest import Heard, lay_out
from tests.support.privacy import BotWithMemory, GoodProvider

NUMBER, NAME, USER = "+12025550642", "Zoe Quetzalcoatl", 900_001
MENTIONS = OLD  # notes about the person in other conversations
LONG_ONE = OLD + KEPT + 1  # the long conversation of ``fill``


def measure(desks: Desks) -> Iterator[Result]:
    with database(desks.kind) as url:
        asyncio.run(lay_out(url))
        fill(url, also=_person)
        facts, erasure = asyncio.run(_runs(url))
    yield from results("facts for reports", desks.kind, facts)
    yield from results("erasure", desks.kind, erasure)
    print_holds(desks.kind, [*facts, *erasure])


class _Clock:
    """A clock that can be moved."""

    moved = timedelta()

    def __call__(self) -> datetime:
        return later() + self.moved


async def _runs(url: str) -> tuple[list[Hold], list[Hold]]:
    """Keep the facts of all conversations, then erase the person. Return the transactions."""
    clock = _Clock()
    store = Store(url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    with TemporaryDirectory() as folder:
        deps = WorkerDeps(
            store=store,
            provider=GoodProvider(),
            bot=BotWithMemory(),
            clock=clock,
            media=MediaFolder(Path(folder)),
        )
        try:
            while await store.write(audit_chain.chain_audit, "k" * 64):
                pass
            with watched(store) as facts:
                await _keep_facts(deps, clock)
            with watched(store) as erasure:
                await _erase(deps)
        finally:
            store.close()
    return facts, erasure


async def _keep_facts(deps: WorkerDeps, clock: _Clock) -> None:
    worker = Worker(deps, frozenset({Work.KEEP_FACTS}))
    await deps.store.write(keep_facts.schedule_facts, None)
    with mock.patch.object(keep_facts, "PAUSE", 0):
        while await worker.step():
            pass
        clock.moved += pack_days.UNCHANGED_FOR + keep_facts.EVERY
        while await worker.step():
            pass
    f = t.conversation_facts
    count = sa.select(sa.func.count()).select_from(f)
    kept = await deps.store.read(lambda conn: conn.execute(count).scalar_one())
    if kept < OLD + KEPT or await deps.store.read(pack_days.next_to_pack) is not None:
        raise RuntimeError(f"the job has kept {kept} facts, or has not packed them")


async def _erase(deps: WorkerDeps) -> None:
    worker = Worker(deps, frozenset({Work.ERASE}))
    whom = RequestedPerson(user_id=USER)
    planned = await deps.store.read(preview, whom)
    command = RequestErasure(whom=whom, agent_id=None, planned=planned.counts)
    made = await deps.store.write(request_erasure, command)
    while await worker.step():
        pass
    receipt = await deps.store.read(erasures.get, made)
    if receipt.state != "done" or receipt.removed["mentions"] < MENTIONS:
        raise RuntimeError(f"the erasure ended as {receipt}")


def _person(conn: sa.Connection) -> None:
    """Give the old conversations to one user, and mention this user in newer ones."""
    u = {"id": USER, "external_id": "E77431", "name": NAME, "email": "zoe@quetzal.example"}
    conn.execute(sa.insert(t.users).values(**u, active=True))
    conn.execute(sa.insert(t.user_numbers).values(user_id=USER, number=NUMBER))
    i, m = t.interactions, t.messages
    mine = (i.c.id <= OLD) | (i.c.id == LONG_ONE)
    conn.execute(sa.update(i).where(mine).values(user_id=USER, requester_number=NUMBER))
    lines = (m.c.interaction_id <= OLD) | (m.c.interaction_id == LONG_ONE)
    sid = sa.literal("SM") + sa.cast(m.c.id, sa.Text)
    conn.execute(sa.update(m).where(lines).values(provider_sid=sid))
    about = m.c.interaction_id.between(OLD + 1, OLD + MENTIONS) & (m.c.kind == "note")
    words = f"Ask {NAME} ({NUMBER}) for the badge, who has it since Monday."
    conn.execute(sa.update(m).where(about).values(body=words))
