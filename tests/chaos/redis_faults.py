"""The Redis drill: two whole services on one PostgreSQL database, and a Redis server that dies,
hangs, loses its data and sends garbage, fifty times.

Meanwhile texts arrive at both services. An agent has an event stream of the API at each service,
and an open page at one of them, which loads the conversation again at each hint. Five seconds after
Redis is back, both streams and the page must have shown every text. The drill prints ``faults=N
events=N missed=N slowest=N.Ns``, and fails if a text was missed.

    python -m tests.chaos.redis_faults [FAULTS]
"""

import asyncio
import random
import re
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import aiohttp

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import DESK, Heard, MovedClock, postgres_database
from tests.support.fake_twilio import FakeTwilio
from tests.support.own_redis import OwnRedis, own_redis
from tests.support.service import Service, running_service
from tests.support.story import ANN, DIRECT
from tests.web.test_api import Client, read_events, sign_in
from tests.web.workspace_server import Visitor, visitor

FAULTS = 50
WITHIN = 5.0  # seconds after Redis is back
FAULT_LASTS = (0.1, 4.0)  # seconds
# seconds of every fifth fault, which is longer than each timeout
EVERY_LONG, LONG_LASTS = 5, (6.0, 9.0)
_TEXT = re.compile(r"text \d+")


class Watcher:
    """Collects the texts that an agent sees on one process, and reconnects as a client does."""

    def __init__(self) -> None:
        self.bodies: set[str] = set()
        self.heard = asyncio.Event()

    async def listen(self) -> None:
        while True:
            try:
                await self._once()
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)

    async def _once(self) -> None:
        """Collect until the stream ends."""
        raise NotImplementedError


class EventStream(Watcher):
    """The API's events."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._last: str | None = None

    async def _once(self) -> None:
        headers = {"Authorization": f"Bearer {self._client.token}"}
        headers |= {"Last-Event-ID": self._last} if self._last else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=25)
        url = f"{self._client.url}/api/v1/events"
        async with self._client.session.get(url, headers=headers, timeout=timeout) as stream:
            async for event in read_events(stream):
                self._last = event["id"]
                if event["event"] == "message":
                    self.bodies.add(event["data"]["body"])
                self.heard.set()


class Page(Watcher):
    """The page of an open conversation, which reloads at each hint."""

    def __init__(self, visitor: Visitor, conversation: int) -> None:
        super().__init__()
        self._visitor, self._conversation = visitor, conversation

    async def _once(self) -> None:
        events = f"{self._visitor.address}/workspace/events?open={self._conversation}"
        timeout = aiohttp.ClientTimeout(total=None, sock_read=25)
        async with self._visitor.client.get(events, timeout=timeout) as stream:
            async for line in stream.content:
                if line in (b"event: hello\n", b"event: thread\n"):
                    shown = await self._visitor.get(
                        f"/workspace/conversations/{self._conversation}"
                    )
                    self.bodies.update(_TEXT.findall(shown.text))
                    self.heard.set()


async def _desk(url: str) -> None:
    migrate(url)
    store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
    await store.write(import_desk, read_desk_file.read(DESK))
    store.close()


async def _fault(kind: str, redis: OwnRedis, lasts: float) -> None:
    """Start a fault, and end it after this many seconds."""
    begin, end = {
        "dies": (redis.kill, redis.start),
        "hangs": (redis.hang, redis.resume),
        "forgets": (redis.forget, lambda: None),
        "sends garbage": (redis.publish_garbage, lambda: None),
    }[kind]
    await asyncio.to_thread(begin)
    await asyncio.sleep(lasts)
    await asyncio.to_thread(end)


async def _texts(
    twilio: FakeTwilio, services: list[Service], sent: list[str], stop: asyncio.Event
) -> None:
    """Send about five texts a second, to one service or the other."""
    while not stop.is_set():
        body = f"text {len(sent)}"
        url = f"{random.choice(services).url}/webhooks/twilio/sms"
        answer = await twilio.send_inbound(url, ANN, DIRECT, body)
        assert answer.status == 200
        sent.append(body)
        await asyncio.sleep(random.uniform(0.05, 0.35))


async def _until_all_shown(streams: list[Watcher], sent: list[str]) -> None:
    for stream in streams:
        while not stream.bodies.issuperset(sent):
            stream.heard.clear()
            await stream.heard.wait()


async def drill(
    faults: int, services: list[Service], redis: OwnRedis, twilio: FakeTwilio
) -> tuple[int, int, float]:
    """Return the number of texts, the number of texts that a watcher missed, and the slowest
    recovery in seconds.
    """
    async with (
        aiohttp.ClientSession() as session,
        AsyncExitStack() as open_,
        asyncio.TaskGroup() as tasks,
    ):
        clients = [await sign_in(Client(session, one.url), "mia") for one in services]
        mia = clients[0]
        await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
        await twilio.send_inbound(f"{services[0].url}/webhooks/twilio/sms", ANN, DIRECT, "my badge")
        offers = await mia.until("/inbox", lambda found: found["items"])
        offer = offers["items"][0]
        await mia.call("POST", f"/work-items/{offer['id']}/accept")
        browser = await open_.enter_async_context(visitor(services[0].url))
        await browser.sign_in()
        streams: list[Watcher] = [
            *map(EventStream, clients),
            Page(browser, offer["interaction"]["id"]),
        ]
        listening = [tasks.create_task(stream.listen()) for stream in streams]
        for stream in streams:
            await stream.heard.wait()
        sent: list[str] = []
        missed, slowest = 0, 0.0
        for n in range(faults):
            kind = random.choice(["dies", "hangs", "forgets", "sends garbage"])
            stop = asyncio.Event()
            texting = tasks.create_task(_texts(twilio, services, sent, stop))
            long = n % EVERY_LONG == EVERY_LONG - 1
            await _fault(kind, redis, random.uniform(*(LONG_LASTS if long else FAULT_LASTS)))
            back = time.monotonic()
            stop.set()
            await texting
            try:
                await asyncio.wait_for(_until_all_shown(streams, sent), WITHIN)
            except TimeoutError:
                missed += sum(len(set(sent) - stream.bodies) for stream in streams)
            slowest = max(slowest, time.monotonic() - back)
            print(
                f"{n + 1}: {kind}: {len(sent)} texts, {missed} missed", file=sys.stderr, flush=True
            )
        for task in listening:
            task.cancel()
        presence: Any = await mia.call("GET", "/agents/me/presence")
        assert presence["presence"] == "available", presence
    return len(sent), missed, slowest


async def main(faults: int) -> None:
    with ExitStack() as open_:
        home = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        url = open_.enter_context(postgres_database())
        redis = open_.enter_context(own_redis(home))
        await _desk(url)
        twilio = FakeTwilio()
        await twilio.start()
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": redis.url,
            **twilio.settings,
        }
        services = [
            open_.enter_context(running_service(home / str(n), **settings)) for n in range(2)
        ]
        sent, missed, slowest = await drill(faults, services, redis, twilio)
        await twilio.close()
    print(f"faults={faults} events={3 * sent} missed={missed} slowest={slowest:.1f}s")
    if missed:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else FAULTS))
