"""The index of texts: search finds every stored text exactly once, for any order of commits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.index_texts import index_texts, schedule_indexing
from handoff_service.rules.conversations.search_query import read
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_index, text_matches
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.store import Store
from tests.support.story import ANN, BOB, Story

EVERYTHING = 1 << 62


async def index(story: Story) -> int:
    """Index all texts. Return the number of batches."""
    batches = 1
    while await story.store.write(index_texts, None):
        batches += 1
    return batches


async def search_results(story: Story, typed: str) -> list[tuple[int, int]]:
    """Return (interaction, seq) of each match, newest interaction first."""
    wanted = read(typed)
    places = await story.store.read(text_matches.matches, wanted, EVERYTHING, 1000)
    return [text_index.interaction_of(at) for at in places]


async def test_a_text_is_found_after_indexing(story: Story) -> None:
    await story.text("my laptop won't start")
    assert await search_results(story, "laptop") == []
    await index(story)
    assert await search_results(story, "laptop") == [(1, 1)]
    await story.text("the LAPTOP again")
    await index(story)
    await index(story)
    assert await search_results(story, "laptop") == [(1, 2), (1, 1)]


async def test_batches_index_every_text(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_index, "AT_ONCE", 3)
    await story.store.write(schedule_indexing, None)
    for n in range(10):
        await story.text(f"word{n}", number=ANN if n % 2 else BOB)
    assert await story.store.write(index_texts, None)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.INDEX_TEXTS) == 1
    assert await index(story) >= 3
    assert await story.count(t.due_work, t.due_work.c.kind == Work.INDEX_TEXTS) == 0
    assert [len(await search_results(story, f"word{n}")) for n in range(10)] == [1] * 10


async def test_another_process_continues_where_a_killed_one_stopped(
    story: Story, database_url: str, monkeypatch: pytest.MonkeyPatch, clock: object
) -> None:
    monkeypatch.setattr(text_index, "AT_ONCE", 3)
    for n in range(7):
        await story.text(f"word{n}")
    await story.store.write(index_texts, None)
    again = Store(
        database_url,
        clock=clock,
        settings=story.store.settings,
        after_commit=lambda *_: None,
    )  # type: ignore[arg-type]
    await index(Story(again))
    again.close()
    assert [len(await search_results(story, f"word{n}")) for n in range(7)] == [1] * 7


@contextmanager
def slow_writer(url: str, interaction_id: int) -> Iterator[sa.Connection]:
    """Store a text in another lane. The text has its id, but its transaction is still open."""
    opened = engine(url, size=1, writes=True)
    with opened.connect() as conn:
        i, m = t.interactions, t.messages
        conn.execute(sa.update(i).where(i.c.id == interaction_id).values(last_seq=i.c.last_seq + 1))
        last = conn.execute(
            sa.select(m).where(m.c.interaction_id == interaction_id).order_by(m.c.seq.desc())
        ).first()
        assert last is not None
        row = last._asdict() | {
            "seq": last.seq + 1,
            "body": "committed late",
            "provider_sid": "SMlate",
        }
        del row["id"]
        conn.execute(sa.insert(m).values(**row))
        yield conn
    opened.dispose()


async def test_a_late_commit_with_a_low_id_is_found(
    story: Story, request: pytest.FixtureRequest, database_url: str
) -> None:
    if story.store.is_sqlite:
        pytest.skip("SQLite has one writer, so ids are committed in order")
    bob = (await story.text("hi", number=BOB)).interaction_id or 0
    await index(story)
    with slow_writer(database_url, bob) as conn:
        for n in range(5):
            await story.text(f"word{n}", number=ANN)
            await index(story)
        assert await search_results(story, "word4") != []
        assert await search_results(story, "late") == []
        conn.commit()
    await index(story)
    assert await search_results(story, "late") == [(bob, 2)]
    for n in range(3):
        await story.text(f"more{n}", number=ANN)
        await index(story)
    (state,) = await story.rows(t.text_index)
    (late,) = await story.rows(t.messages, t.messages.c.body == "committed late")
    assert state.done_to > late.id, "the index does not wait for the same transaction twice"
    assert await search_results(story, "late") == [(bob, 2)]
