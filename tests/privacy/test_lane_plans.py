"""Retention, erasures and the job that keeps facts for reports never read a whole table in a lane,
because texts wait for the lane and tables grow for years.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.privacy.request_erasure import RequestedPerson
from handoff_service.operations.privacy.retain import run_now
from handoff_service.operations.reports.keep_facts import schedule_facts
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.privacy.kinds import KeptKind, setting_of
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.privacy.erase_plan import PARTS
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.privacy.test_erase_person import Place, create_history_of_zoe, make_place
from tests.support.privacy import BotWithMemory, GoodProvider
from tests.support.story import Story

#: Tables that stay small: one row for the desk, for each kind of content, for each agent or for
#: each erasure.
SMALL = {
    "agents",
    "audit_removal",
    "desk",
    "erasures",
    "retention",
    "report_progress",
    "text_index",
}
DELETED = {part.table for part in PARTS if part.empties is None} | {
    t.audit_log,
    t.consents,
    t.opt_outs,
    t.user_merges,
    t.users,
}


@contextmanager
def scans(store: Store) -> Iterator[dict[str, str]]:
    """Collect the lanes' statements that read a whole table. Yield statement -> SQLite's plan."""
    found: dict[str, str] = {}

    def explain(
        conn: sa.Connection, _cursor: object, statement: str, given: Any, _c: object, many: bool
    ) -> None:
        if not re.match("SELECT|UPDATE|DELETE|WITH", statement):
            return
        raw: Any = conn.connection.dbapi_connection
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement}", given[0] if many else given)
        steps = [row[3] for row in plan]
        walked = re.search(r"ORDER BY [^()]* LIMIT \?", statement)  # reads only a few rows
        for step in steps:
            table = re.match(r"SCAN (\w+)", step)
            if table and table[1] in t.metadata.tables and table[1] not in SMALL and not walked:
                found[" ".join(statement.split())] = step

    sa.event.listen(store._writing, "before_cursor_execute", explain)
    yield found
    sa.event.remove(store._writing, "before_cursor_execute", explain)


@pytest.fixture
def place(story: Story, clock: MovedClock, database_url: str, tmp_path: Path) -> Place:
    return make_place(story, clock, database_url, tmp_path, GoodProvider(), BotWithMemory())


def needs_sqlite(store: Store) -> None:
    if not store.is_sqlite:
        pytest.skip("PostgreSQL's plans depend on the sizes of the tables")


async def test_an_erasure_searches_outside_the_lane(place: Place) -> None:
    needs_sqlite(place.story.store)
    user_id, _ = await create_history_of_zoe(place)
    with scans(place.story.store) as found:
        receipt = await place.erase(RequestedPerson(user_id=user_id))
    assert receipt.state == "done"
    assert found == {}


async def test_retention_and_the_job_of_reports_search_outside_the_lane(place: Place) -> None:
    store = place.story.store
    needs_sqlite(store)
    await create_history_of_zoe(place)
    deps = WorkerDeps(
        store=store,
        provider=GoodProvider(),
        bot=place.bot,
        clock=place.clock,
        media=MediaFolder(place.home / "media"),
    )
    worker = Worker(deps, frozenset({Work.RETAIN, Work.KEEP_FACTS}))
    await store.write(schedule_facts, None)
    place.clock.move(864_000)
    await store.write(change_desk, {setting_of(kind): 1 for kind in KeptKind})
    with scans(store) as found:
        await worker.step()
        place.clock.move(3600)
        await store.write(run_now, None)
        await worker.step()
    r = t.retention.c
    assert await place.story.count(t.retention, r.state == "done") == len(KeptKind)
    assert found == {}


@pytest.mark.parametrize("table", sorted(DELETED, key=lambda one: one.name), ids=str)
def test_an_index_finds_the_rows_that_refer_to_a_deleted_row(table: sa.Table) -> None:
    for other in t.metadata.tables.values():
        firsts = {next(iter(index.columns)).name for index in other.indexes}
        firsts |= {next(iter(other.primary_key.columns)).name}
        firsts |= {
            next(iter(one.columns)).name
            for one in other.constraints
            if isinstance(one, sa.UniqueConstraint)
        }
        for key in other.foreign_keys:
            if key.column.table is table:
                assert key.parent.name in firsts, f"{other.name}.{key.parent.name} has no index"
