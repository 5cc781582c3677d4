"""Lanes: all waiting commands share a commit, only a faulty command fails, and no caller gets an
answer before the commit.
"""

import asyncio
import itertools
import threading

import pytest
import sqlalchemy as sa

from handoff_service.errors import BadInput
from handoff_service.store.engine import priority_queue
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.priority_queue import MIN_SHARE, OwnShare
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint, OperationSettings, SetBased, Transaction
from tests.conftest import Heard, MovedClock
from tests.support.blocked_lane import blocked


def add_group(tx: Transaction, name: str) -> str:
    if name == "bad":
        raise BadInput(errors={"name": "must not be bad"})
    tx.conn.execute(sa.insert(t.groups).values(name=name))
    tx.hint(f"group:{name}")
    return name


async def names(store: Store) -> set[str]:
    return set(
        await store.read(lambda conn: conn.execute(sa.select(t.groups.c.name)).scalars().all())
    )


async def test_waiting_commands_share_a_commit_and_only_the_faulty_one_fails(
    store: Store, heard: Heard
) -> None:
    answers = await asyncio.gather(
        *(store.write(add_group, name) for name in ("a", "b", "bad", "c")), return_exceptions=True
    )
    assert [a for a in answers if isinstance(a, str)] == ["a", "b", "c"]
    assert isinstance(answers[2], BadInput)
    assert {"a", "b", "c"} <= await names(store)
    assert sorted(heard.hints, key=str) == [Hint(f"group:{n}") for n in "abc"], (
        "a rerun publishes no hint twice"
    )


async def test_a_set_based_operation_gets_all_waiting_commands(store: Store) -> None:
    sizes: list[int] = []

    def add_groups(tx: Transaction, commands: list[str]) -> list[str]:
        sizes.append(len(commands))
        tx.conn.execute(sa.insert(t.groups), [{"name": name} for name in commands])
        return [name.upper() for name in commands]

    operation: SetBased[str, str] = SetBased(add_groups)  # type: ignore[arg-type]
    async with blocked(store):
        rest = [asyncio.ensure_future(store.write(operation, f"g{n}", near=1)) for n in range(20)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*rest) == [f"G{n}" for n in range(20)]
    assert sizes == [20]


async def test_a_request_runs_before_the_services_own_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, time = [], itertools.count()
    # Each piece of the service's own work takes half of MIN_SHARE.
    monkeypatch.setattr(priority_queue, "monotonic", lambda: next(time) * MIN_SHARE / 2)

    def note(_tx: Transaction, what: str) -> None:
        ran.append(what)

    async def later(store: Store, what: str) -> None:
        await store.write(note, what, near=1)

    async with blocked(store):
        own = [asyncio.ensure_future(later(store, f"own {n}")) for n in range(5)]
        await asyncio.sleep(0)
        request = asyncio.ensure_future(later(store.for_requests(), "request"))
        await asyncio.sleep(0)
    await asyncio.gather(*own, request)
    assert ran == ["request", *(f"own {n}" for n in range(5))]


@pytest.mark.parametrize(("requests_took", "own"), [(0.0, 3), (0.11, 6), (0.21, 11)])
def test_the_services_own_work_gets_at_least_its_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch, requests_took: float, own: int
) -> None:
    now = 0.0
    monkeypatch.setattr(priority_queue, "monotonic", lambda: now)
    share, ran = OwnShare(), 0
    now += requests_took
    while share.has_room():
        ran += 1
        now += 0.01  # seconds that each command takes
    assert ran == own


def test_postponed_work_keeps_its_position_and_finishes_after_a_close() -> None:
    lane: priority_queue.CommandQueue[str] = priority_queue.CommandQueue(2)
    for name in ("own 1", "own 2", "own 3"):
        lane.put(name, own=True)
    lane.put("request", own=False)
    lane.close()
    assert lane.take() == ["request", "own 1", "own 2"]
    lane.put_back(["own 1", "own 2"])
    assert lane.take() == ["own 1", "own 2"]
    assert lane.take() == ["own 3"]
    assert lane.take() == []


async def test_canceling_the_caller_does_not_cancel_the_command(store: Store) -> None:
    hold = threading.Event()

    def slow(tx: Transaction, name: str) -> str:
        hold.wait(5)
        return add_group(tx, name)

    waiting = asyncio.ensure_future(store.write(slow, "kept", near=1))
    await asyncio.sleep(0)
    waiting.cancel()
    hold.set()
    await store.write(add_group, "after", near=1)
    assert {"kept", "after"} <= await names(store)


async def test_a_unique_conflict_runs_the_operation_again_once(store: Store) -> None:
    tries: list[int] = []

    def insert_or_look(tx: Transaction, _: None) -> str:
        tries.append(1)
        there = tx.conn.execute(sa.select(t.groups.c.name).where(t.groups.c.name == "x")).scalar()
        if there and len(tries) > 2:
            return "found"
        tx.conn.execute(sa.insert(t.groups).values(name="x"))
        return "made"

    await store.write(add_group, "x")
    assert await store.write(insert_or_look, None) == "found"


@pytest.fixture
async def closing(database_url: str, clock: MovedClock) -> Store:
    """A store that the test itself closes."""
    return Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())


async def test_closing_finishes_queued_commands(
    closing: Store, database_url: str, clock: MovedClock
) -> None:
    answers = [asyncio.ensure_future(closing.write(add_group, f"g{n}")) for n in range(50)]
    await asyncio.sleep(0)
    closing.close()
    assert await asyncio.gather(*answers) == [f"g{n}" for n in range(50)]
    again = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    assert {f"g{n}" for n in range(50)} <= await names(again)
    again.close()
