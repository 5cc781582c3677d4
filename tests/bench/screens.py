"""Simulated agents who have the workspace open.

A screen does what the page's script does. It reads the stream of hints, and fetches the lists after
each hint.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.bench.desks import DIRECT, Desk, agent

NEVER = aiohttp.ClientTimeout(total=None)
PATIENCE = 30.0  # seconds after which a missing offer counts as lost
SIGN_IN_AT_ONCE = 8


@dataclass
class Floor:
    """All agents of one desk. It records when each requester's offer appears on a screen."""

    url: str
    seen: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    async def offered(self, phone: aiohttp.ClientSession, number: str) -> float:
        """Text as this requester. Return the milliseconds until an agent's lists show the offer."""
        self.seen[number] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        body = {"from": number, "to": DIRECT, "body": "my laptop will not start"}
        async with phone.post(
            f"{self.url}/phone/texts", data=body, headers={"HX-Request": "true"}
        ) as answer:
            answer.raise_for_status()
        return (await asyncio.wait_for(self.seen[number], PATIENCE) - began) * 1000


@dataclass(frozen=True)
class Screen:
    """One agent's page. After sign-in, ``client`` has the session."""

    floor: Floor
    client: aiohttp.ClientSession
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def sign_in(self, n: int) -> None:
        """Sign in. Retry while the service refuses work because of overload."""
        while True:
            async with self.client.post(
                f"{self.floor.url}/sign-in", data=agent(n), allow_redirects=False
            ) as answer:
                if answer.status != 503:
                    answer.raise_for_status()
                    return
            await asyncio.sleep(0.2)

    async def watch(self, *, looks: bool = True) -> None:
        """Read the stream of hints. ``looks``: whether to fetch the lists after a hint."""
        async with self.client.get(f"{self.floor.url}/workspace/events") as stream:
            if not stream.ok:
                raise RuntimeError(f"The event stream was refused with {stream.status}.")
            async for line in stream.content:
                if line == b"event: hello\n":
                    self.ready.set()
                elif looks and line == b"event: lists\n":
                    await self.look()

    async def look(self) -> None:
        async with self.client.get(
            f"{self.floor.url}/workspace/lists", headers={"HX-Request": "true"}
        ) as answer:
            shown = await answer.text()
        now = time.perf_counter()
        for number in _numbers(shown):
            expected = self.floor.seen.get(number)
            if expected and not expected.done():
                expected.set_result(now)


def _numbers(shown: str) -> Iterator[str]:
    for text in re.findall(r'data-who="([^"]+)"', shown):
        yield "+" + re.sub(r"\D", "", text)


@asynccontextmanager
async def open_floor(desk: Desk, agents: int, *, first: int = 0) -> AsyncIterator[Floor]:
    """Sign in this many agents and open the workspace for each. ``first``: the number of the first
    agent.
    """
    floor = Floor(desk.url)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        screens = [Screen(floor, await stack.enter_async_context(browser())) for _ in range(agents)]
        limit = asyncio.Semaphore(SIGN_IN_AT_ONCE)

        async def sign_in(screen: Screen, n: int) -> None:
            async with limit:
                await screen.sign_in(n)

        await asyncio.gather(*(sign_in(one, first + n) for n, one in enumerate(screens)))
        watching = [group.create_task(one.watch()) for one in screens]
        for one in screens:
            await one.ready.wait()
        yield floor
        for task in watching:
            task.cancel()


def browser() -> aiohttp.ClientSession:
    """Return a browser without cookies and without a time limit for answers."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=NEVER)
