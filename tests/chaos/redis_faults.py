"""The Redis drill: two whole services on one PostgreSQL database, and a Redis server that dies,
hangs, loses its data and sends garbage, fifty times.

Meanwhile texts arrive at both services, and an agent has an event stream at each. Five seconds
after Redis is back, both streams must have reported every text. Prints ``faults=N events=N missed=N
slowest=N.Ns``; fails if a stream missed one.

    python -m tests.chaos.redis_faults [FAULTS]
"""

import asyncio
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp

from handoff_service.operations.desk_file import desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine.lanes import OperationSettings
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from tests.conftest import DESK, Heard, MovedClock, postgres_database
from tests.support.fake_twilio import FakeTwilio
from tests.support.own_redis import OwnRedis, own_redis
from tests.support.service import Service, running_service
from tests.support.story import ANN, DIRECT
from tests.web.test_api import Client, read_events, sign_in

FAULTS = 50
WITHIN = 5.0  # seconds after Redis is back
FAULT_LASTS = (0.1, 4.0)  # seconds


class Told:
    """Collects the events of one stream, and reconnects as a client does."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.bodies: set[str] = set()
        self.heard = asyncio.Event()
        self._last: str | None = None

    async def listen(self) -> None:
        while True:
            try:
                await self._once()
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)

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


async def _desk(url: str) -> None:
    migrate(url)
    store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
    await store.write(import_desk, desk_file.read(DESK))
    store.close()


async def _fault(kind: str, redis: OwnRedis) -> None:
    """Begin a fault, let it last, and end it."""
    begin, end = {
        "dies": (redis.kill, redis.start),
        "hangs": (redis.hang, redis.go_on),
        "forgets": (redis.forget, lambda: None),
        "talks nonsense": (redis.say_garbage, lambda: None),
    }[kind]
    await asyncio.to_thread(begin)
    await asyncio.sleep(random.uniform(*FAULT_LASTS))
    await asyncio.to_thread(end)


async def _texts(
    twilio: FakeTwilio, services: list[Service], sent: list[str], stop: asyncio.Event
) -> None:
    """About five texts a second, to one service or the other."""
    while not stop.is_set():
        body = f"text {len(sent)}"
        url = f"{random.choice(services).url}/webhooks/twilio/sms"
        answer = await twilio.send_inbound(url, ANN, DIRECT, body)
        assert answer.status == 200
        sent.append(body)
        await asyncio.sleep(random.uniform(0.05, 0.35))


async def _until_told(streams: list[Told], sent: list[str]) -> None:
    for stream in streams:
        while not stream.bodies.issuperset(sent):
            stream.heard.clear()
            await stream.heard.wait()


async def drill(
    faults: int, services: list[Service], redis: OwnRedis, twilio: FakeTwilio
) -> tuple[int, int, float]:
    """Returns how many texts there were, how many times one was missed, and the slowest return
    in seconds."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        clients = [await sign_in(Client(session, one.url), "mia") for one in services]
        mia = clients[0]
        await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
        await twilio.send_inbound(f"{services[0].url}/webhooks/twilio/sms", ANN, DIRECT, "my badge")
        offers = await mia.until("/inbox", lambda found: found["items"])
        await mia.call("POST", f"/work-items/{offers['items'][0]['id']}/accept")
        streams = [Told(client) for client in clients]
        listening = [tasks.create_task(stream.listen()) for stream in streams]
        for stream in streams:
            await stream.heard.wait()
        sent: list[str] = []
        missed, slowest = 0, 0.0
        for n in range(faults):
            kind = random.choice(["dies", "hangs", "forgets", "talks nonsense"])
            stop = asyncio.Event()
            texting = tasks.create_task(_texts(twilio, services, sent, stop))
            await _fault(kind, redis)
            back = time.monotonic()
            stop.set()
            await texting
            try:
                await asyncio.wait_for(_until_told(streams, sent), WITHIN)
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
    print(f"faults={faults} events={2 * sent} missed={missed} slowest={slowest:.1f}s")
    if missed:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else FAULTS))
