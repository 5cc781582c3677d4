"""Measures the time from a text for live agents to the offer on an agent's screen, with many agents
signed in and with a long history.

The time starts when the requester sends the text and ends when an agent's lists show it, so it
includes the webhook.
"""

import asyncio
from collections.abc import Iterator

import aiohttp

from tests.bench import size
from tests.bench.desks import FEW, FEW_AGENTS, STORED, Desk, Desks
from tests.bench.result import Result, percentile, ratios, spread
from tests.bench.screens import open_floor

AGENTS = size(200, 200, "AGENTS")
OFFERS = size(60, 12, "OFFERS")
WARM_UP = size(5, 3)
MAX_MS, MAX_RATIO = 60.0, 1.1


def many_agents(desks: Desks) -> Iterator[Result]:
    took = asyncio.run(_offers(desks.desk(agents=AGENTS)))
    found = spread(took)
    yield Result(
        what=f"from a text to the offer on a screen, {AGENTS} agents signed in",
        database=desks.kind,
        value=found.middle,
        unit="ms",
        low=found.low,
        high=found.high,
        budget=MAX_MS,
    )
    slow = percentile(took, 0.95)
    yield Result(
        what=f"from a text to the offer on a screen, {AGENTS} agents signed in, p95",
        database=desks.kind,
        value=slow,
        unit="ms",
        low=slow,
        high=max(took),
    )


async def _offers(desk: Desk) -> list[float]:
    async with open_floor(desk, AGENTS) as floor, aiohttp.ClientSession() as phone:
        took = [await floor.offered(phone, f"+1202556{n:04}") for n in range(WARM_UP + OFFERS)]
    return took[WARM_UP:]


def long_past(desks: Desks) -> Iterator[Result]:
    """Measure two desks alternately, so that other load on the machine affects both."""
    few, many = asyncio.run(_in_turns(desks.past(FEW), desks.past(STORED)))
    compared = ratios(many, few, quartile=1)
    yield Result(
        what=f"from a text to the offer on a screen, {STORED:,} closed work items stored",
        database=desks.kind,
        value=spread(many, quartile=1).middle,
        unit="ms",
        floor=f"{FEW:,} stored",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=MAX_RATIO,
    )


async def _in_turns(short: Desk, long: Desk) -> tuple[list[float], list[float]]:
    few, many = [], []
    async with (
        open_floor(short, FEW_AGENTS) as one,
        open_floor(long, FEW_AGENTS) as other,
        aiohttp.ClientSession() as phone,
    ):
        for n in range(WARM_UP + OFFERS):
            few.append(await one.offered(phone, f"+1202556{n:04}"))
            many.append(await other.offered(phone, f"+1202556{n:04}"))
    return few[WARM_UP:], many[WARM_UP:]
