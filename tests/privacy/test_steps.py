"""Retention, erasures and the job that keeps facts for reports write in steps.

The times of the last two steps decide the size of the next one. However small the steps are, each
row is written once, and an interrupted run continues where it stopped.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.privacy import empty_conversations, erase_steps, retain_steps
from handoff_service.operations.privacy.request_erasure import RequestedPerson
from handoff_service.operations.privacy.retain import run_now, stop_run
from handoff_service.operations.reports import keep_facts
from handoff_service.operations.shared import steps
from handoff_service.operations.shared.job import Job, WorkerDeps
from handoff_service.operations.shared.steps import in_steps
from handoff_service.rules.privacy.kinds import KeptKind
from handoff_service.rules.shared.step_size import AIM, FEW, FIRST, LEAST, MOST, Pace, next_pace
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import empty_rows, erasures, retention_status
from handoff_service.store.privacy.erase_plan import Part
from handoff_service.store.reports import facts
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.privacy.test_erase_person import CANARIES, Place, create_history_of_zoe, make_place
from tests.support.privacy import BotWithMemory, GoodProvider, everything_in
from tests.support.story import MAIN, Story

DAY = 86_400


@pytest.fixture
def deps(story: Story, clock: MovedClock, tmp_path: Path) -> WorkerDeps:
    return WorkerDeps(
        store=story.store,
        provider=GoodProvider(),
        bot=BotWithMemory(),
        clock=clock,
        media=MediaFolder(tmp_path / "media"),
    )


@pytest.fixture
def place(story: Story, clock: MovedClock, database_url: str, tmp_path: Path) -> Place:
    return make_place(story, clock, database_url, tmp_path, GoodProvider(), BotWithMemory())


@pytest.fixture
def one_row_per_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each step a single row, as on a machine where rows are very slow."""

    monkeypatch.setattr(steps, "next_pace", lambda *_: Pace(LEAST))


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Part, Sequence[int]]]:
    """The rows that each step empties or deletes."""
    found: list[tuple[Part, Sequence[int]]] = []

    def recorded(tx: Transaction, part: Part, keys: Sequence[int]) -> int:
        found.append((part, keys))
        return empty_rows.empty_rows(tx, part, keys)

    for module in (retain_steps, erase_steps):
        monkeypatch.setattr(module, "empty_rows", recorded)
    return found


def no_row_twice(emptied: Sequence[tuple[Part, Sequence[int]]]) -> bool:
    """Return whether each row was emptied at most once."""
    rows = [(id(part), key) for part, keys in emptied for key in keys]
    return len(rows) == len(set(rows))


FAST, SLOW, LONG, VERY_LONG = AIM / 2, AIM * 1.5, AIM * 3, AIM * 10


@pytest.mark.parametrize(
    ("size", "rows", "before", "seconds", "following"),
    [
        (10, 10, FAST, FAST, 16),  # fast: the next step is larger by half
        (10, 4, FAST, FAST, 10),  # fast, but the step had few rows
        (LEAST, LEAST, SLOW, FAST, 2),
        (MOST, MOST, FAST, FAST, MOST),
        (40, 40, FAST, LONG, 40),  # the slow step may have waited for something else
        (40, 40, SLOW, LONG, 26),  # two slow steps: the faster one counts
        (40, 40, LONG, LONG, 13),
        (40, 20, LONG, LONG, 6),
        (40, 40, FAST, VERY_LONG, FEW),  # very slow: the size falls at once
        (MOST, MOST, FAST, VERY_LONG, 20),
        (FEW, FEW, SLOW, SLOW, FEW),  # smaller steps would only add steps
        (40, 3, SLOW, SLOW, FEW),
        (2, 2, SLOW, SLOW, 4),
        (4, 4, SLOW, LONG, FEW),
        (FEW, FEW, LONG, LONG, LEAST),  # two steps that were far too slow
        (FEW, FEW, FAST, VERY_LONG, LEAST),
        (LEAST, LEAST, LONG, LONG, LEAST),
    ],
)
def test_the_times_of_the_last_two_steps_decide_the_size_of_the_next(
    size: int, rows: int, before: float, seconds: float, following: int
) -> None:
    assert next_pace(Pace(size, before), rows, seconds) == Pace(following, seconds)


@pytest.mark.parametrize(
    ("own", "row", "least", "most"),
    [
        (AIM / 6, AIM / 20, 16, 25),  # an idle machine
        # a busy machine, where a step is slow however few rows it has
        (AIM * 1.5, AIM / 60, FEW, FEW),
        (AIM / 6, AIM * 2, LEAST, LEAST),  # large rows
        (0.0, AIM / 1000, MOST, MOST),
    ],
)
def test_the_size_of_steps_settles_at_a_useful_value(
    own: float, row: float, least: int, most: int
) -> None:
    """``own``: the seconds of a step without rows; ``row``: the seconds of a row."""
    pace, sizes = Pace(), []
    for _ in range(60):
        sizes.append(pace.size)
        pace = next_pace(pace, pace.size, own + pace.size * row)
    assert (min(sizes[20:]), max(sizes[20:])) == (least, most)


async def sizes_of_steps(
    deps: WorkerDeps, monkeypatch: pytest.MonkeyPatch, rows: int, cost: Callable[[int], float]
) -> list[int]:
    """Return the sizes of the steps that write this many rows. ``cost``: the seconds of a row."""
    taken: list[Sequence[int]] = []
    now = 0.0

    def write(_tx: Transaction, keys: Sequence[int]) -> None:
        nonlocal now
        now += sum(map(cost, keys))
        taken.append(keys)

    monkeypatch.setattr(steps, "monotonic", lambda: now)
    await deps.store.write(keep_facts.schedule_facts, None)
    (claimed,) = await deps.store.write(claiming.claim, claiming.Claim(1, {Work.KEEP_FACTS}))
    assert await in_steps(Job(claimed, deps), "rows", range(rows), write, list)
    assert [key for keys in taken for key in keys] == list(range(rows))
    return [len(keys) for keys in taken]


async def test_steps_grow_while_they_are_fast(
    deps: WorkerDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = await sizes_of_steps(deps, monkeypatch, 100, lambda _key: AIM / 1000)
    assert sizes == [FIRST, 7, 11, 17, 26, 35]
    assert deps.paces["rows"].size == 40, "the next job goes on with this size"


async def test_steps_shrink_to_a_single_slow_row_and_grow_again(
    deps: WorkerDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = await sizes_of_steps(
        deps, monkeypatch, 40, lambda key: AIM * 3 if 20 <= key < 29 else AIM / 1000
    )
    assert sizes == [FIRST, 7, 11, FEW, LEAST, LEAST, LEAST, 2, 4, 4]


async def one_long_conversation(story: Story, clock: MovedClock, **days: int) -> int:
    """Store a conversation that is older than these limits."""
    interaction_id = await story.with_agent()
    for n in range(12):
        await story.write(interaction_id, f"This is text {n}.")
    await story.close(interaction_id)
    while await story.store.write(index_texts, None):
        pass
    clock.move(20 * DAY)
    values: dict[str, Any] = {f"keep_{kind}_days": count for kind, count in days.items()}
    await story.store.write(change_desk, values)
    return interaction_id


async def test_retention_with_one_row_per_step_removes_each_row_once(
    story: Story,
    deps: WorkerDeps,
    clock: MovedClock,
    one_row_per_step: None,
    emptied: list[tuple[Part, Sequence[int]]],
) -> None:
    interaction_id = await one_long_conversation(story, clock, conversations=10)
    await story.store.write(run_now, None)
    assert await Worker(deps, frozenset({Work.RETAIN})).step() == 1
    assert {line.body for line in await story.lines(interaction_id)} == {""}
    assert no_row_twice(emptied)
    assert [len(keys) for part, keys in emptied if part.table is t.messages][1:4] == [1, 1, 1]


async def test_a_stopped_run_of_retention_continues(
    story: Story,
    deps: WorkerDeps,
    clock: MovedClock,
    one_row_per_step: None,
    emptied: list[tuple[Part, Sequence[int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interaction_id = await one_long_conversation(story, clock, texts=10)
    worker = Worker(deps, frozenset({Work.RETAIN}))
    write = deps.store.write

    async def stopping(operation: Any, command: Any, **how: Any) -> Any:
        answer = await write(operation, command, **how)
        if len(emptied) == 3:
            emptied.append((emptied[0][0], ()))  # stop only once
            await write(stop_run, None)
        return answer

    monkeypatch.setattr(type(deps.store), "write", staticmethod(stopping))
    await write(run_now, None)
    await worker.step()
    before = await story.store.read(retention_status.status, clock(), counted=True)
    texts = next(one for one in before.kinds if one.kind is KeptKind.TEXTS)
    assert texts.state == "stopped"
    assert texts.would_remove
    assert texts.removed
    await write(run_now, None)
    await worker.step()
    after = await story.store.read(retention_status.status, clock(), counted=True)
    again = next(one for one in after.kinds if one.kind is KeptKind.TEXTS)
    assert (again.state, again.removed, again.would_remove) == ("done", texts.would_remove, 0)
    assert no_row_twice(emptied)
    assert {line.body for line in await story.lines(interaction_id)} == {""}


async def test_an_erasure_with_one_row_per_step_erases_each_row_once(
    place: Place,
    one_row_per_step: None,
    emptied: list[tuple[Part, Sequence[int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (empty_rows, empty_conversations):
        monkeypatch.setattr(module, "READ_AT_ONCE", 2)
    user_id, interaction_id = await create_history_of_zoe(place)
    lines = await place.story.count(t.messages, t.messages.c.interaction_id == interaction_id)
    receipt = await place.erase(RequestedPerson(user_id=user_id))
    assert receipt.state == "done"
    assert (receipt.removed["messages"], receipt.removed["conversations"]) == (lines, 1)
    assert (receipt.removed["users"], receipt.removed["mentions"]) == (1, 2)
    assert no_row_twice(emptied)
    rows = await asyncio.to_thread(everything_in, place.url)
    assert {name: word for name, text in rows.items() for word in CANARIES if word in text} == {}


async def test_an_interrupted_erasure_continues(
    place: Place,
    one_row_per_step: None,
    emptied: list[tuple[Part, Sequence[int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process ends after each transaction in turn, and another process continues."""
    user_id, interaction_id = await create_history_of_zoe(place)
    lines = await place.story.count(t.messages, t.messages.c.interaction_id == interaction_id)
    write, left = place.story.store.write, 1

    class Ended(BaseException):
        """The process has ended."""

    async def ending(operation: Any, command: Any, **how: Any) -> Any:
        nonlocal left
        answer = await write(operation, command, **how)
        left -= 1
        if left == 0:
            raise Ended
        return answer

    receipt = await place.erase(RequestedPerson(user_id=user_id), works=False)
    monkeypatch.setattr(type(place.story.store), "write", staticmethod(ending))
    ended = 0
    for after in itertools.count(5, 4):
        left = after
        try:
            await place.work()
        except Ended:
            ended += 1
            place.clock.move(120)  # the lease has expired
        else:
            break
    receipt = await place.story.store.read(erasures.get, receipt.id)
    assert ended > 3
    assert receipt.state == "done"
    assert (receipt.removed["messages"], receipt.removed["conversations"]) == (lines, 1)
    assert (receipt.removed["users"], receipt.removed["mentions"]) == (1, 2)
    assert no_row_twice(emptied)
    rows = await asyncio.to_thread(everything_in, place.url)
    assert {name: word for name, text in rows.items() for word in CANARIES if word in text} == {}


async def test_facts_are_stored_in_steps_and_an_interrupted_batch_is_stored_again(
    story: Story,
    deps: WorkerDeps,
    clock: MovedClock,
    one_row_per_step: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for n in range(6):
        await story.text("hello", number=f"+1202555{1000 + n}", to=MAIN)
    written: list[int] = []
    store_rows, ends = facts.write_rows, True

    def recorded(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
        if ends and len(written) == 2:
            raise RuntimeError("the process ends")
        written.extend(row["interaction_id"] for row in rows)
        store_rows(tx, rows)

    monkeypatch.setattr(facts, "write_rows", recorded)
    monkeypatch.setitem(deps.paces, "facts", Pace(LEAST))
    await story.store.write(keep_facts.schedule_facts, None)
    worker = Worker(deps, frozenset({Work.KEEP_FACTS}))
    await worker.step()
    (progress,) = await story.rows(t.report_progress)
    assert (len(written), progress.read_to) == (2, 0)
    ends = False
    clock.move(3600)
    await worker.step()
    assert await story.count(t.conversation_facts) == 6
    (progress,) = await story.rows(t.report_progress)
    newest = sa.select(sa.func.max(t.messages.c.id))
    assert progress.read_to == await story.store.read(
        lambda conn: conn.execute(newest).scalar_one()
    )
    assert len(written) == 2 + 6


async def test_other_commits_wait_for_the_disk_but_a_step_does_not(deps: WorkerDeps) -> None:
    if deps.store.is_sqlite:
        pytest.skip("SQLite flushes each commit")
    # The databases of the tests never wait for the disk, so the test checks where the setting comes
    # from.
    query = "SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'"
    found: list[tuple[str, str]] = []

    def look(tx: Transaction, _command: object) -> None:
        setting, source = tx.conn.exec_driver_sql(query).one()
        found.append((setting, source))

    await deps.store.write(steps.timed(look), None)
    await deps.store.write(look, None)
    assert found == [("off", "session"), ("off", "database")]
