"""Reads by key that wait at the same time share a transaction."""

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest
import sqlalchemy as sa

from tests.support.story import Story


class Squares:
    """A query that returns the squares of even numbers. Its first read waits for ``go``."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.began, self.go = threading.Event(), threading.Event()

    def __call__(self, conn: sa.Connection, keys: Sequence[int]) -> Mapping[int, int]:
        self.reads.append(list(keys))
        self.began.set()
        self.go.wait(10)
        if 13 in keys:
            raise ValueError("13")
        return {key: conn.execute(sa.select(key * key)).scalar_one() for key in keys if not key % 2}


async def test_keys_that_wait_for_a_read_share_the_next_one(story: Story) -> None:
    squares = Squares()

    async def square(key: int) -> int | None:
        return await story.store.read_by_key(squares, key)

    first = asyncio.create_task(square(2))
    await asyncio.to_thread(squares.began.wait, 10)
    others = [asyncio.create_task(square(key)) for key in (4, 5, 4)]
    canceled = asyncio.create_task(square(6))
    await asyncio.sleep(0)
    canceled.cancel()
    squares.go.set()
    assert await first == 4
    assert await asyncio.gather(*others) == [16, None, 16]
    assert squares.reads == [[2], [4, 5, 6]]


async def test_an_error_reaches_the_callers_of_its_read_and_no_others(story: Story) -> None:
    squares = Squares()
    squares.go.set()
    with pytest.raises(ValueError, match="13"):
        await story.store.read_by_key(squares, 13)
    assert await story.store.read_by_key(squares, 8) == 64
