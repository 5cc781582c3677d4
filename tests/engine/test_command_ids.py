"""A repeated command runs once and gets the same answer as the first time."""

import asyncio
import importlib
import inspect
import pkgutil
import typing

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from handoff_service import operations
from handoff_service.errors import BadInput
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.command_ids import KEPT_FOR, CommandId, OtherBody
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import Heard, MovedClock

ONE = CommandId("one", "body")


def add_group(tx: Transaction, name: str) -> int:
    if name == "bad":
        raise BadInput
    added: int = tx.conn.execute(
        sa.insert(t.groups).values(name=name).returning(t.groups.c.id)
    ).scalar_one()
    return added


async def groups(store: Store) -> int:
    return await store.read(
        lambda conn: conn.execute(sa.select(sa.func.count()).select_from(t.groups)).scalar_one()
    )


async def test_a_repeated_id_returns_the_first_answer_and_changes_nothing(store: Store) -> None:
    before = await groups(store)
    first = await store.under(ONE).write(add_group, "a")
    assert await store.under(ONE).write(add_group, "a") == first
    assert await groups(store) == before + 1


async def test_the_commands_of_one_request_have_different_ids(store: Store) -> None:
    before = await groups(store)
    for _ in range(2):
        request = store.under(ONE)
        assert [await request.write(add_group, "a"), await request.write(add_group, "b")]
    assert await groups(store) == before + 2


async def test_the_same_id_with_another_command_is_refused(store: Store) -> None:
    await store.under(ONE).write(add_group, "a")
    with pytest.raises(OtherBody):
        await store.under(CommandId("one", "another body")).write(add_group, "b")


async def test_a_refused_command_may_be_sent_again(store: Store) -> None:
    with pytest.raises(BadInput):
        await store.under(ONE).write(add_group, "bad")
    assert await store.under(ONE).write(add_group, "good")


async def test_ids_are_stored_for_a_day(store: Store, clock: MovedClock) -> None:
    first = await store.under(ONE).write(add_group, "a")
    clock.move(KEPT_FOR.total_seconds() - 1)
    assert await store.under(ONE).write(add_group, "a") == first
    clock.move(1)
    assert await store.under(ONE).write(add_group, "b") != first
    kept = await store.read(
        lambda conn: conn.execute(sa.select(t.command_ids.c.id)).scalars().all()
    )
    assert list(kept) == ["one:1"]


async def test_simultaneous_repeats_in_two_processes_run_once(
    store: Store, database_url: str, clock: MovedClock
) -> None:
    other = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    before = await groups(store)
    answers = await asyncio.gather(
        *(one.under(ONE).write(add_group, "a", near=n) for n in range(10) for one in (store, other))
    )
    other.close()
    assert len(set(answers)) == 1
    assert await groups(store) == before + 1


def test_every_answer_of_an_operation_can_be_stored() -> None:
    """Pages and API clients can repeat any request, so every answer must be readable from JSON."""
    checked = 0
    for module in pkgutil.walk_packages(operations.__path__, operations.__name__ + "."):
        for name, function in inspect.getmembers(
            importlib.import_module(module.name), inspect.isfunction
        ):
            parameters = list(inspect.signature(function).parameters.values())
            if (
                name.startswith("_")
                or len(parameters) != 2
                or parameters[0].annotation is not Transaction
            ):
                continue
            TypeAdapter(typing.get_type_hints(function)["return"])
            checked += 1
    assert checked > 60
