"""On SQLite, a transaction that changes the index of texts adds a part to it and merges none. The
jobs that change the index merge its parts in transactions of their own.
"""

from typing import Any

import pytest

from handoff_service.operations.conversations import merge_index as merging
from handoff_service.operations.conversations.index_texts import index_texts, schedule_indexing
from handoff_service.operations.conversations.merge_index import (
    MergePages,
    merge_index,
    merge_pages,
)
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.conversations.search_query import read
from handoff_service.rules.shared.step_size import Pace
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_matches
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.server.test_worker import Bot, Provider
from tests.support.story import Story

TEXTS = 20
EVERYTHING = 1 << 62


async def parts(store: Store) -> int:
    """Return how many parts the index has."""
    query = "SELECT count(DISTINCT segid) FROM message_words_idx"
    return await store.read(lambda conn: int(conn.exec_driver_sql(query).scalar_one()))


async def found(store: Store) -> list[int]:
    return await store.read(text_matches.matches, read("laptop"), EVERYTHING, 1000)


@pytest.fixture
async def deps(story: Story, clock: MovedClock) -> WorkerDeps:
    """The dependencies of a worker, and an index with many parts."""
    if not story.store.is_sqlite:
        pytest.skip("PostgreSQL's index has no parts")
    for n in range(TEXTS):
        others = " ".join(f"word{n:02}{m:03}" for m in range(120))
        await story.text(f"my laptop does not start {others}")
        while await story.store.write(index_texts, None):
            pass
    return WorkerDeps(store=story.store, provider=Provider(), bot=Bot(), clock=clock)


async def test_transactions_that_change_the_index_merge_nothing(deps: WorkerDeps) -> None:
    assert await parts(deps.store) >= TEXTS


async def test_a_merge_leaves_few_parts_and_finds_the_same(
    deps: WorkerDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []

    def recorded(tx: Transaction, command: MergePages) -> bool:
        pages.append(command.pages)
        return merge_pages(tx, command)

    monkeypatch.setattr(merging, "merge_pages", recorded)
    monkeypatch.setattr(merging, "next_pace", lambda *_: Pace(1))
    before = await found(deps.store)
    assert len(before) == TEXTS
    await merge_index(deps)
    assert await parts(deps.store) <= 4
    assert await found(deps.store) == before
    assert len(pages) > 2
    assert set(pages[1:]) == {1}


async def test_a_merge_of_everything_leaves_one_part(deps: WorkerDeps) -> None:
    before = await found(deps.store)
    await merge_index(deps, all=True)
    assert await parts(deps.store) == 1
    assert await found(deps.store) == before


async def test_the_job_that_indexes_texts_merges_them(deps: WorkerDeps) -> None:
    await deps.store.write(schedule_indexing, None)
    assert await Worker(deps, frozenset({Work.INDEX_TEXTS})).step() == 1
    assert await parts(deps.store) <= 4


async def test_an_interrupted_merge_continues(
    deps: WorkerDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await found(deps.store)
    monkeypatch.setitem(deps.paces, merging.PAGES, Pace(1))
    write, writes = deps.store.write, 0

    async def ending(operation: Any, command: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes == 2:
            raise ConnectionError("the process ends")
        return await write(operation, command)

    monkeypatch.setattr(type(deps.store), "write", staticmethod(ending))
    with pytest.raises(ConnectionError):
        await merge_index(deps)
    assert await found(deps.store) == before
    await merge_index(deps)
    assert await parts(deps.store) <= 4
    assert await found(deps.store) == before
