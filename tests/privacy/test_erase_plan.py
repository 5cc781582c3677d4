"""The erase plan is complete. It names every column that can contain personal data, and after an
erasure no row contains the person's words.
"""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    request_erasure,
)
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.privacy import erasures
from handoff_service.store.privacy.erase_plan import BY_VALUE, NOT_PERSONAL, PARTS, WORDS
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.privacy import BotWithMemory, GoodProvider, everything_in
from tests.support.schema_rows import ONE_ROW, START, add_rows, reflect
from tests.support.story import Story

HOLDS_WORDS = (sa.Text, sa.JSON, sa.LargeBinary)
CANARY = "kanarienvogel"
NUMBER = "+15005550777"
#: Columns that contain a phone number. An erasure searches them.
NUMBERS = {
    "interactions.requester_number",
    "messaging_profiles.number",
    "consents.number",
    "opt_outs.number",
    "proofs.number",
    "proof_sends.number",
    "satisfaction_questions.requester_number",
    "unknown_replies.number",
    "user_numbers.number",
    "due_work.line",
}
#: Columns whose values the erasure interprets, so each value must be one of the product's own
#: words.
VALID: dict[str, Any] = {
    "interactions.state": "closed_complete",
    "interactions.owner": "none",
    "interactions.unanswered": None,
    "interactions.expects": None,
    "messages.kind": "note",
    "messages.direction": None,
    "messages.author": "agent",
    "messages.event": None,
    "messages.status": None,
    "messages.owner": "none",
    "messages.price": None,
    "consents.source": "keyword",
    "bot_turns.outcome": None,
    "work_items.state": "accepted",
    "record_changes.noun": "user",
    "audit_log.subject": "user",
    "audit_log.action": "changed",
    "deleted_records.noun": "user",
    "users.merged_into": None,
    "due_work.kind": Work.BOT_TURN,
    "trainer_items.lane": "teach",
    "trainer_labels.file": None,
    "offers.outcome": "accepted",
    "cases.external_number": "T-1",  # The receipt contains it.
    "media.file": "ca" * 32,
}


def personal(table: sa.Table) -> set[str]:
    """Return the columns of a table that can contain personal data, by their types."""
    return {c.name for c in table.columns if isinstance(c.type, HOLDS_WORDS)}


@pytest.mark.parametrize("name", sorted(t.metadata.tables))
def test_the_plan_names_every_column_that_can_contain_personal_data(name: str) -> None:
    if name in NOT_PERSONAL:
        assert name not in BY_VALUE
        return
    table = t.metadata.tables[name]
    parts = [part for part in PARTS if part.table is table]
    if any(part.empties is None for part in parts):
        return  # An erasure deletes the rows of this table.
    emptied = {column for part in parts for column in part.empties or ()}
    left = personal(table) - emptied - BY_VALUE.get(name, set()) - WORDS.get(name, set())
    assert not left, f"say in store/privacy/erase_plan.py what an erasure does with these: {left}"


def test_the_plan_names_only_existing_columns() -> None:
    there = set(t.metadata.tables)
    assert {*BY_VALUE, *WORDS, *NOT_PERSONAL} <= there
    for name, columns in [*BY_VALUE.items(), *WORDS.items()]:
        assert columns <= set(t.metadata.tables[name].c.keys()), name


def fill(url: str) -> tuple[int, set[str]]:
    """Add a row with recognizable words to every table. All rows belong to one user. Return the
    user's id and the tables.
    """
    opened = engine(url, size=1, writes=True)
    with opened.begin() as conn:
        # The desk's own row was inserted with an explicit id.
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SELECT setval('desk_id_seq', 100)")
        add_rows(conn, reflect(conn, list(t.metadata.tables)), itertools.count(7_000_000))
        for name in ("desk", *ONE_ROW):
            conn.execute(sa.delete(t.metadata.tables[name]).where(_newest(t.metadata.tables[name])))
        for name, table in t.metadata.tables.items():
            values = _canaries(table)
            if table is t.audit_log:  # These entries cannot be changed.
                new = {"at": START, "agent": "", "address": "", "record": "7"}
                conn.execute(sa.insert(table).values(**new, **values))
            elif values and name not in ONE_ROW:
                conn.execute(sa.update(table).where(_newest(table)).values(values))
        user_id = conn.execute(sa.select(sa.func.max(t.users.c.id))).scalar_one()
        conn.execute(
            sa.update(t.record_changes).where(_newest(t.record_changes)).values(record=str(user_id))
        )
        text_index.index_next(conn, text_index.newest_message(conn))
    opened.dispose()
    return user_id, {
        name
        for name, table in t.metadata.tables.items()
        if name not in NOT_PERSONAL and personal(table) - WORDS.get(name, set())
    }


def _newest(table: sa.Table) -> sa.ColumnElement[bool]:
    key = next(iter(table.primary_key.columns))
    return key == sa.select(sa.func.max(key)).scalar_subquery()


def _canaries(table: sa.Table) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.columns:
        path = f"{table.name}.{column.name}"
        if path in VALID:
            values[column.name] = VALID[path]
        elif path in NUMBERS:
            values[column.name] = NUMBER
        elif table.name in NOT_PERSONAL or column.name in WORDS.get(table.name, ()):
            continue
        elif isinstance(column.type, sa.JSON):
            values[column.name] = {f"{CANARY} {path}": [f"{CANARY} {path}"]}
        elif isinstance(column.type, sa.Text) and not column.primary_key:
            values[column.name] = f"{CANARY} {path}"
    if table is t.deleted_records:
        values["changes"] = {"numbers": [[NUMBER], None], "name": [CANARY, None]}
    if table is t.audit_log:
        values["details"] = {"numbers": [[NUMBER], []]}
        values["name"] = NUMBER
    if table is t.practice_runs:
        values["score"] = {"conversations": [], "said": NUMBER}
    if table is t.bot_models:
        values["data_diff"] = f"+ - my number is {NUMBER}"
    if table is t.erasures:
        values = {"state": "done", "step": "copies"}
    if table is t.erased_copies:
        values = {"state": "erased"}
    return values


async def test_an_erasure_leaves_no_word_of_the_person_in_any_table(
    database_url: str, story: Story, clock: MovedClock, tmp_path: Path
) -> None:
    user_id, tables = await asyncio.to_thread(fill, database_url)
    before = await asyncio.to_thread(everything_in, database_url)
    assert tables <= {name for name, rows in before.items() if CANARY in rows or NUMBER in rows} | {
        "erasures"
    }
    whom = RequestedPerson(user_id=user_id)
    erasure_id = await story.store.write(
        request_erasure, RequestErasure(whom=whom, agent_id=None, planned={})
    )
    bot = BotWithMemory()
    deps = WorkerDeps(
        store=story.store,
        provider=GoodProvider(),
        bot=bot,
        clock=clock,
        media=MediaFolder(tmp_path / "media"),
    )
    worker = Worker(deps, frozenset({Work.ERASE}))
    for _ in range(20):
        if not await worker.step():
            break
    receipt = await story.store.read(erasures.get, erasure_id)
    assert receipt.state == "done", receipt.doing
    after = await asyncio.to_thread(everything_in, database_url)
    left = {name: rows for name, rows in after.items() if CANARY in rows or NUMBER in rows}
    assert left == {}
    assert bot.forgotten
