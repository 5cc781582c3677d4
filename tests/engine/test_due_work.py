"""Any number of processes claim due work, each item once, and in order within a line."""

import asyncio
import json
from datetime import timedelta

import sqlalchemy as sa

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine.claiming import Claim
from handoff_service.store.engine.due_work import Due
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import Heard, MovedClock


async def arm(store: Store, *work: tuple[str, str, float], kind: Work = Work.DELIVER) -> None:
    """Schedule work: (key, line, seconds from now)."""

    def operation(tx: Transaction, _: None) -> None:
        for key, line, seconds in work:
            due_work.schedule(
                tx, [Due(kind=kind, key=key, line=line, due_at=tx.now + timedelta(seconds=seconds))]
            )

    await store.write(operation, None)


async def claimed(store: Store, most: int = 100) -> list[str]:
    return [c.key for c in await store.write(claiming.claim, Claim(most))]


async def done(store: Store, *keys: str) -> None:
    await store.write(lambda tx, _: due_work.cancel(tx, Work.DELIVER, keys), None)


async def test_a_line_has_one_claim_at_a_time_and_the_lowest_id_comes_first(store: Store) -> None:
    await arm(store, ("1", "ann", 0), ("2", "ann", 0), ("3", "bob", 0))
    assert await claimed(store) == ["1", "3"]
    assert await claimed(store) == []
    await done(store, "1")
    assert await claimed(store) == ["2"]


async def test_a_retry_delays_later_work_of_its_line(store: Store, clock: MovedClock) -> None:
    await arm(store, ("1", "ann", 0), ("2", "ann", 0))
    assert await claimed(store) == ["1"]
    at = clock.now + timedelta(seconds=4)
    await store.write(lambda tx, _: due_work.release(tx, Work.DELIVER, "1", at), None)
    assert await claimed(store) == []
    clock.move(4)
    assert await claimed(store) == ["1"]


async def test_after_a_lease_ends_another_process_can_claim_the_work(
    store: Store, clock: MovedClock
) -> None:
    await arm(store, ("1", "ann", 0))
    assert await claimed(store) == ["1"]
    clock.move(59)
    assert await claimed(store) == []
    clock.move(1)
    (again,) = await store.write(claiming.claim, Claim(1))
    assert (again.key, again.attempts) == ("1", 2)


async def test_work_is_not_claimed_before_its_time_and_scheduling_again_moves_it(
    store: Store, clock: MovedClock
) -> None:
    await arm(store, ("1", "ann", 1.5))
    clock.move(1)
    await arm(store, ("1", "ann", 1.5))
    clock.move(1)
    assert await claimed(store) == []
    assert await store.read(claiming.next_due, clock()) == timedelta(seconds=0.5)
    clock.move(0.5)
    assert await claimed(store) == ["1"]


async def test_the_search_for_the_next_work_does_not_read_work_of_other_kinds(store: Store) -> None:
    timers = [(str(n), str(n), 86_400) for n in range(3_000)]
    await arm(store, *timers, kind=Work.TIMER)

    def plan(conn: sa.Connection) -> str:
        query = claiming._NEXT_FREE[conn.dialect.name].compile(dialect=conn.dialect)
        if conn.dialect.name == "sqlite":
            given = query.construct_params({"kinds": json.dumps([Work.DELIVER])})
            values = tuple(given[name] for name in query.positiontup or ())
            found = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
        else:
            values = query.construct_params({"kinds": [Work.DELIVER]})
            found = conn.exec_driver_sql(f"EXPLAIN {query}", values)
        return "\n".join(str(row) for row in found)

    assert "ix_due_work_free" in await store.read(plan)


async def test_the_worker_sleeps_until_the_next_work_that_can_be_claimed(
    store: Store, clock: MovedClock
) -> None:
    assert await store.read(claiming.next_due, clock()) is None
    await arm(store, ("1", "ann", 0), ("2", "ann", 0), ("3", "bob", 20))
    assert await claimed(store) == ["1"]
    assert await store.read(claiming.next_due, clock()) == timedelta(seconds=20), (
        "the second work item of a line cannot be claimed yet"
    )


async def test_many_simultaneous_claims_get_each_row_once(
    store: Store, database_url: str, clock: MovedClock
) -> None:
    await arm(store, *((str(n), f"line {n}", 0) for n in range(200)))
    other = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    got: list[str] = []
    stores = [store, other] if not store.is_sqlite else [store]

    async def work(one: Store, lane: int) -> None:
        while batch := await one.write(claiming.claim, Claim(7), near=lane):
            got.extend(c.key for c in batch)

    await asyncio.gather(*(work(one, lane) for one in stores for lane in range(4)))
    other.close()
    assert sorted(got, key=int) == [str(n) for n in range(200)]


async def test_a_claim_never_takes_more_than_its_limit_whatever_the_query_plan(
    store: Store,
) -> None:
    """For a small or new table, PostgreSQL may choose a nested loop, which runs a subquery once per
    row. If it ran the claim's subquery again, the claim would take more rows than the limit.
    """

    def claim_by_nested_loops(tx: Transaction, most: int) -> int:
        if tx.conn.dialect.name == "postgresql":
            for plan in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
                tx.conn.execute(sa.text(f"SET LOCAL enable_{plan} = off"))
        return len(claiming.claim(tx, Claim(most, frozenset({Work.DELIVER}))))

    await arm(store, *((f"text {n}", f"line {n}", 0) for n in range(50)))
    assert await store.write(claim_by_nested_loops, 5) == 5
    assert await store.write(claim_by_nested_loops, 7) == 7
