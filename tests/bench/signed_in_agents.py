"""Signs in very many agents on one process. Measures the memory of each agent, and the time of a
page meanwhile.

Each agent has a session and an open stream of events. A separate process holds the streams, so that
they do not delay the timed requests:

    python -m tests.bench.signed_in_agents URL FIRST COUNT LOOKS

This process prints a line when all streams are open and ends when its input closes.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.bench import size
from tests.bench.desks import Desk, Desks, agent
from tests.bench.result import Result, percentile
from tests.bench.screens import Floor, Screen, browser

AGENTS = size(1000, 100, "SIGNED_IN")
WARM_UP = 50  # Agents who sign in before the memory is measured, so that they fill the caches.
MOST_KB = 30.0
PAGES = size(200, 40)
AT_ONCE = 16
OPEN_WITHIN = 120.0  # seconds, for all streams


def measure(desks: Desks) -> Iterator[Result]:
    desk = desks.desk(agents=AGENTS + WARM_UP + 1)
    with requests.Session() as session:
        session.post(f"{desk.url}/sign-in", data=agent(AGENTS + WARM_UP), timeout=30)
        alone = _pages(desk, session)
        with open_streams(desk, 0, WARM_UP):
            before = desk.memory()
            with open_streams(desk, WARM_UP, AGENTS):
                each = (desk.memory() - before) / AGENTS
                among = _pages(desk, session)
    yield Result(
        what=f"memory of each of {AGENTS:,} agents signed in on one process",
        database=desks.kind,
        value=each,
        unit="KB",
        low=each,
        high=each,
        budget=MOST_KB,
    )
    yield Result(
        what=f"workspace page while {AGENTS:,} agents are signed in, p99",
        database=desks.kind,
        value=percentile(among, 0.99),
        unit="ms",
        floor="p99 with nobody else signed in",
        ratio=percentile(among, 0.99) / percentile(alone, 0.99),
        low=percentile(among, 0.9) / percentile(alone, 0.99),
        high=max(among) / percentile(alone, 0.99),
    )


def _pages(desk: Desk, session: requests.Session) -> list[float]:
    """Return the milliseconds of each page."""
    took = []
    for _ in range(PAGES):
        began = time.perf_counter()
        session.get(f"{desk.url}/workspace", timeout=60).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return took


@contextmanager
def open_streams(desk: Desk, first: int, count: int, *, looks: bool = False) -> Iterator[None]:
    """Keep agents' streams open in a separate process until the block ends. ``looks``: the agents
    fetch their lists after each hint. Each sign-in publishes a hint to all other agents, so the
    work then grows with the square of the number of agents.
    """
    command = [sys.executable, "-m", "tests.bench.signed_in_agents", desk.url]
    with subprocess.Popen(
        [*command, str(first), str(count), "looks" if looks else ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that Ctrl-C ends only the soak and not its streams
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            if not program.stdout.readline():
                raise RuntimeError("the agents cannot sign in")
            yield
        finally:
            program.stdin.close()


async def _hold(url: str, first: int, count: int, *, looks: bool) -> None:
    screens = [Screen(Floor(url), browser()) for _ in range(count)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def sign_in(screen: Screen, n: int) -> None:
        async with limit:
            await screen.sign_in(n)

    await asyncio.gather(*(sign_in(one, first + n) for n, one in enumerate(screens)))
    async with asyncio.TaskGroup() as group:  # the error of a refused stream ends the program
        watching = [group.create_task(one.watch(looks=looks)) for one in screens]
        async with asyncio.timeout(OPEN_WITHIN):
            for one in screens:
                await one.ready.wait()
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in watching:
            task.cancel()
    for one in screens:
        await one.client.close()


if __name__ == "__main__":
    asyncio.run(_hold(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), looks=bool(sys.argv[4])))
