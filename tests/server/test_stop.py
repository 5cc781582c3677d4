"""After SIGTERM, the service answers its open requests, and finishes or releases its work."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine.store import Store
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.server.test_worker import Provider
from tests.support.fake_twilio import FakeTwilio
from tests.support.load_client import Load, get, text
from tests.support.service import free_port, running_service
from tests.support.story import MAIN, Story


async def test_every_open_request_gets_an_answer(sqlite_url: str, tmp_path: Path) -> None:
    async with FakeTwilio() as twilio:
        settings = {"DATABASE_URL": sqlite_url, **twilio.settings}
        with running_service(tmp_path, **settings) as service:
            load = Load(service.url)
            texts = text(service.url, twilio.account_sid, twilio.auth_token, MAIN)
            clients = [
                asyncio.create_task(load.run(made, keep=keep))
                for made in (texts, get("/readyz"))
                for keep in (True, False)
                for _ in range(8)
            ]
            async with asyncio.timeout(60):
                while load.outcomes["200"] < 200:
                    await asyncio.sleep(0.01)
                service.process.send_signal(signal.SIGTERM)
                while service.process.poll() is None:
                    await asyncio.sleep(0.01)
            load.stop.set()
            await asyncio.gather(*clients)
        assert service.process.returncode == 0
        assert load.outcomes["refused"] > 0
        assert set(load.outcomes) == {"200", "refused"}


@pytest.fixture
async def bot() -> AsyncIterator[tuple[str, list[str]]]:
    """Yield the URL of a bot that never answers its first turn and answers later turns immediately,
    and the messages that it has received.
    """
    asked: list[str] = []

    async def turn(request: web.Request) -> web.Response:
        asked.append((await request.json())["message"])
        if len(asked) == 1:
            await asyncio.Event().wait()
        return web.json_response([{"text": "Here I am."}])

    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", turn)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield str(server.make_url("/webhooks/sms/webhook")), asked


async def test_work_that_does_not_finish_is_released(
    postgres_url: str, bot: tuple[str, list[str]], tmp_path: Path
) -> None:
    """Otherwise, on PostgreSQL, no process could claim the work before its lease of 55 seconds
    ends.
    """
    url, asked = bot
    port = free_port()
    async with FakeTwilio() as twilio:
        settings = {
            "DATABASE_URL": postgres_url,
            **twilio.settings,
            "BOT_URL": url,
            "BOT_TIMEOUT": "20",
        }
        waits = {"handoff_service.app.service.WORK_WITHIN": 0.5}
        with running_service(tmp_path, port=port, constants=waits, **settings) as service:
            await twilio.send_inbound(
                f"{service.url}/webhooks/twilio/sms", "+12025559001", MAIN, "hello"
            )
            async with asyncio.timeout(30):
                while not asked:
                    await asyncio.sleep(0.01)
        assert "action=work_given_back count=1" in service.log.read_text()
        with running_service(tmp_path, port=port, **settings):
            async with asyncio.timeout(30):
                while not any(m.body == "Here I am." for m in twilio.sent):
                    await asyncio.sleep(0.01)


async def test_a_stop_ends_event_streams_with_their_last_chunk(
    sqlite_url: str, tmp_path: Path
) -> None:
    with running_service(tmp_path, DATABASE_URL=sqlite_url) as service:
        async with aiohttp.ClientSession() as session:
            login = {"email": "mia@example.com", "password": "demo-mia"}
            async with session.post(f"{service.url}/api/v1/login", json=login) as answer:
                headers = {"Authorization": f"Bearer {(await answer.json())['token']}"}
            async with session.get(f"{service.url}/api/v1/events", headers=headers) as stream:
                assert b"hello" in await stream.content.readuntil(b"\n\n")
                service.process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(10):
                    # This raises an error if the last chunk is missing.
                    await stream.content.read()
    assert re.search("action=stopped", service.log.read_text())


async def test_a_claim_that_was_running_at_the_stop_is_released(
    store: Store, story: Story, clock: MovedClock
) -> None:
    """``run`` is canceled while the claim is in the lane. Without a release, no worker could do the
    work before the lease ends.
    """
    deps = WorkerDeps(store=store, provider=Provider(), bot=NoBot(), clock=clock)
    worker = Worker(deps, frozenset({Work.BOT_TURN}))
    await story.text()
    clock.move(60)
    running = asyncio.create_task(worker.run())
    while worker._claiming is None:
        await asyncio.sleep(0)
    running.cancel()
    await worker.close()
    claimed = await store.write(claiming.claim, claiming.Claim(10, frozenset({Work.BOT_TURN})))
    assert len(claimed) == 1
