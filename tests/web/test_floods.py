"""An attacker holds thousands of connections open and makes a hundred parallel sign-ins. Texts
still arrive at their usual speed.
"""

import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.fake_twilio import FakeTwilio
from tests.support.service import Service, running_service
from tests.support.story import MAIN

IDLE = 2_000
SIGN_INS = 100
TEXTS = 400
AT_ONCE = 4
NOISE = 0.05  # seconds by which a p99 varies on two busy cores without a flood


# A hundred parallel sign-ins, each with another account and address. A separate process makes them,
# so that the clients' load does not count as the service's.
FLOOD = """
import asyncio, json, sys, aiohttp
async def one(session, n):
    form = {"email": f"nobody{n}@example.com", "password": "wrong"}
    headers = {"X-Forwarded-For": f"203.0.113.{n}"}
    async with session.post(sys.argv[1], data=form, headers=headers) as answer:
        return answer.status
async def all():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(await asyncio.gather(*(one(session, n) for n in range(int(sys.argv[2]))))))
asyncio.run(all())
"""


async def p99(twilio: FakeTwilio, url: str, until: asyncio.Event | None = None) -> float:
    """Return the 99th percentile of the webhook's answer times, in seconds. Send a number of texts,
    or send until the event is set.
    """
    took: list[float] = []

    async def send() -> None:
        while len(took) < TEXTS or not (until is None or until.is_set()):
            began = time.monotonic()
            number = f"+120255510{secrets.randbelow(100):02}"
            assert (await twilio.send_inbound(url, number, MAIN, "hello")).status == 200
            took.append(time.monotonic() - began)

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return statistics.quantiles(took, n=100)[-1]


def memory(service: Service) -> int:
    """Return the service's peak memory in MB."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


# Only ``make chaos`` runs this test alone; otherwise other tests may run in parallel.
LONG = os.environ.get("PATCHBOARD_LONG_TESTS") == "1"


@pytest.fixture(params=["sqlite_url", *(["postgres_url"] if LONG else [])])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


async def test_texts_arrive_at_their_usual_speed_during_a_flood(
    database_url: str, tmp_path: Path
) -> None:
    async with FakeTwilio() as twilio:
        settings = {"DATABASE_URL": database_url, **twilio.settings}
        with running_service(tmp_path, **settings) as service:
            url = f"{service.url}/webhooks/twilio/sms"
            await p99(twilio, url)  # warm-up
            usual = await p99(twilio, url)
            before = memory(service)
            address = urlsplit(service.url).hostname, urlsplit(service.url).port
            idle = [await asyncio.open_connection(*address) for _ in range(IDLE)]
            flood = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", FLOOD, f"{service.url}/sign-in", str(SIGN_INS)),
                stdin=PIPE,
                stdout=PIPE,
            )
            assert flood.stdout is not None
            await flood.stdout.readline()
            over = asyncio.Event()
            measured = asyncio.create_task(p99(twilio, url, over))
            said, _ = await flood.communicate(b"go\n")
            over.set()
            statuses = json.loads(said)
            meanwhile = await measured
            print(
                f"p99 before the flood {usual * 1e3:.1f} ms, during it {meanwhile * 1e3:.1f} ms; "
                f"memory {before} -> {memory(service)} MB"
            )
            print({status: statuses.count(status) for status in set(statuses)})
            if LONG:
                assert meanwhile <= max(2 * usual, usual + NOISE)
            assert set(statuses) == {401, 503}
            assert memory(service) - before < 250
            for _, writer in idle:
                writer.close()
