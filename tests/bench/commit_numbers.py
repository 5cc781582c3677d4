"""Measures the cost of the commit numbers for the inbound webhook.

Each transaction stores a commit number (``store/engine/commit_numbers.py``). This may make a batch
of texts at most 3 % slower. The benchmark alternates batches with and without a number in one lane,
because the rate of a whole service varies by more than 3 % between rounds.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any

from handoff_service.store.engine.commit_numbers import CommitNumbers
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.bench import size
from tests.bench.desks import Desks, database
from tests.bench.receivers import CONNECTIONS
from tests.bench.result import Result, ratios
from tests.conftest import Heard, MovedClock, lay_out
from tests.support.story import Story

MOST_COST = 1.03  # times the duration of a batch without a number
BATCHES = size(600, 60)
WARM_UP = size(20, 5)
REQUESTERS = 2000


def measure(desks: Desks) -> Iterator[Result]:
    with database(desks.kind) as url:
        stored, none = asyncio.run(_measured(url))
    compared = ratios(stored, none)
    yield Result(
        what=f"a batch of {CONNECTIONS} texts with a commit number",
        database=desks.kind,
        value=statistics.median(stored) * 1000,
        unit="ms",
        floor="a batch without the number",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=MOST_COST,
    )


async def _measured(url: str) -> tuple[list[float], list[float]]:
    """Return the seconds of each batch with a number and of each batch without one."""
    await lay_out(url)
    store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
    story, store_number = Story(store), CommitNumbers.store
    took: tuple[list[float], list[float]] = ([], [])
    try:
        for turn in range(2 * (BATCHES + WARM_UP)):
            number: Any = store_number if turn % 2 else lambda *_: None
            CommitNumbers.store = number  # type: ignore[method-assign]
            began = time.perf_counter()
            await asyncio.gather(*(story.text("hello", number=one) for one in _numbers(turn)))
            if turn >= 2 * WARM_UP:
                took[1 - turn % 2].append(time.perf_counter() - began)
    finally:
        CommitNumbers.store = store_number  # type: ignore[method-assign]
        store.close()
    return took


def _numbers(turn: int) -> list[str]:
    first = turn * CONNECTIONS
    return [f"+1415555{n % REQUESTERS:04d}" for n in range(first, first + CONNECTIONS)]
