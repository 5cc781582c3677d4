"""Two processes on PostgreSQL and Redis serve one desk. Every request gets the same result from
either process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.gateways.test_fanout import REDIS, channel  # noqa: F401  # the fixture that looks for Redis
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import Service, running_service
from tests.support.story import DIRECT
from tests.web.test_api import Client, read_events, sign_in, wait_for


async def test_both_processes_send_events_of_a_text_that_one_stored(
    postgres_url: str,
    channel: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Several connections reach both processes. Each connection gets an event for every text, and
    no work runs twice.
    """
    twilio = FakeTwilio()
    await twilio.start()
    settings = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": REDIS,
        "WORKERS": "2",
        **twilio.settings,
    }
    with running_service(tmp_path, **settings) as service:
        # A new connection can reach either process.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(60):
            mia = await sign_in(Client(session, service.url), "mia")
            await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
            url = f"{service.url}/webhooks/twilio/sms"
            await twilio.send_inbound(url, "+12025559000", DIRECT, "my badge")
            offers = await mia.until("/inbox", lambda found: found["items"])
            taken = await mia.call("POST", f"/work-items/{offers['items'][0]['id']}/accept")
            headers = {"Authorization": f"Bearer {mia.token}"}
            streams = [
                await session.get(f"{service.url}/api/v1/events", headers=headers) for _ in range(6)
            ]
            readers = [read_events(stream) for stream in streams]
            for reader in readers:
                await wait_for(reader, "hello")
            bodies = [f"text {n}" for n in range(20)]
            for body in bodies:
                assert (await twilio.send_inbound(url, "+12025559000", DIRECT, body)).status == 200
            for reader in readers:
                for body in bodies:
                    await wait_for(reader, "message", body=body)
            await mia.call(
                "POST",
                f"/interactions/{taken['id']}/messages",
                {"body": "Got all of them."},
                status=201,
            )
            await mia.until(
                f"/interactions/{taken['id']}/messages?limit=200",
                lambda found: any(
                    m["body"] == "Got all of them." and m["status"] == "delivered"
                    for m in found["items"]
                ),
            )
            assert await scrapes(session, service.url) == {
                'patchboard_texts_total{outcome="stored"} 21.0'
            }
            for stream in streams:
                stream.close()
    assert [m.body for m in twilio.sent].count("Got all of them.") == 1
    await twilio.close()


async def test_a_stream_resumes_on_another_host(
    postgres_url: str,
    channel: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    """A stream's position is a time. So a host that never served the stream can send the missed
    events.
    """
    settings = {"DATABASE_URL": postgres_url, "REDIS_URL": REDIS, "SECRET_KEY": "of both hosts"}
    async with FakeTwilio() as twilio, aiohttp.ClientSession() as session, asyncio.timeout(60):

        async def texts(host: Service, body: str) -> None:
            url = f"{host.url}/webhooks/twilio/sms"
            assert (await twilio.send_inbound(url, "+12025559000", DIRECT, body)).status == 200

        with running_service(tmp_path / "b", **settings, **twilio.settings) as other:
            with running_service(tmp_path / "a", **settings, **twilio.settings) as lost:
                mia = await sign_in(Client(session, lost.url), "mia")
                await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
                await texts(lost, "my badge")
                offers = await mia.until("/inbox", lambda found: found["items"])
                taken = await mia.call("POST", f"/work-items/{offers['items'][0]['id']}/accept")
                async with stream(mia) as events:
                    await texts(lost, "before")
                    last = await wait_for(events, "message", body="before")
                lost.kill()
            there = Client(session, other.url, mia.token)
            await texts(other, "missed")
            await there.call("POST", f"/interactions/{taken['id']}/close", {"closing_text": ""})
            async with stream(there, after=last["id"]) as events:
                assert (await anext(events))["event"] == "hello"
                missed = await wait_for(events, "message", body="missed")
                assert missed["data"]["interaction_id"] == taken["id"]
                closed = await wait_for(events, "interaction", id=taken["id"])
                assert closed["data"]["closed_at"] is not None


@asynccontextmanager
async def stream(
    agent: Client, after: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {agent.token}"} | (
        {"Last-Event-ID": after} if after else {}
    )
    async with agent.session.get(f"{agent.url}/api/v1/events", headers=headers) as answer:
        assert answer.status == 200
        yield read_events(answer)


async def scrapes(session: aiohttp.ClientSession, url: str) -> set[str]:
    """Return the metric of stored texts from six scrapes. Either process can answer a scrape."""
    shown = [await (await session.get(f"{url}/metrics")).text() for _ in range(6)]
    return {
        line
        for text in shown
        for line in text.splitlines()
        if line.startswith('patchboard_texts_total{outcome="stored"}')
    }
