"""The service killed with -9 while texts come in: what was answered 200 is there afterwards and
gets its answer."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.fake_twilio import FakeTwilio
from tests.support.service import free_port, running_service
from tests.support.story import MAIN

KILLS = int(os.environ.get("PATCHBOARD_TEST_KILLS", "1"))  # make chaos kills more often
REQUESTERS = 15
ANSWERED = "about "


@pytest.fixture
async def bot() -> AsyncIterator[str]:
    """A bot that repeats what it was asked, one word a text, and answers the same turn the same
    way."""

    async def turn(request: web.Request) -> web.Response:
        asked = await request.json()
        turn_id = asked["metadata"]["turn_id"]
        return web.json_response(
            [{"text": f"{ANSWERED}{' '.join(asked['message'].split())} in turn {turn_id}"}]
        )

    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", turn)
    async with TestServer(app) as server:
        yield str(server.make_url("/webhooks/sms/webhook"))


class Requesters:
    """People who text one word after the other, and remember which of them was answered 200."""

    def __init__(self, twilio: FakeTwilio, url: str) -> None:
        self._twilio, self._url = twilio, url
        self._words = itertools.count()
        self.acknowledged: list[str] = []

    async def text_until(self, ended: asyncio.Event) -> None:
        async def one(number: str) -> None:
            while not ended.is_set():
                word = f"word{next(self._words)}"
                try:
                    answer = await self._twilio.send_inbound(self._url, number, MAIN, word)
                except (aiohttp.ClientError, OSError):
                    return
                if answer.status == 200:
                    self.acknowledged.append(word)

        await asyncio.gather(*(one(f"+1202555{8000 + n}") for n in range(REQUESTERS)))


async def test_killed_while_texts_come_in(database_url: str, bot: str, tmp_path: Path) -> None:
    port = free_port()
    twilio = FakeTwilio()
    await twilio.start()
    settings = {
        "DATABASE_URL": database_url,
        **twilio.settings,
        "BOT_URL": bot,
        "BOT_TIMEOUT": "3",
    }
    requesters = Requesters(twilio, f"http://127.0.0.1:{port}/webhooks/twilio/sms")
    for kill in range(KILLS):
        with running_service(tmp_path, port=port, **settings) as service:
            ended = asyncio.Event()
            texting = asyncio.create_task(requesters.text_until(ended))
            wanted = len(requesters.acknowledged) + 60 + 17 * kill
            async with asyncio.timeout(30):
                while len(requesters.acknowledged) < wanted and not texting.done():
                    await asyncio.sleep(0.01)
            service.kill()
            ended.set()
            await texting
    with running_service(tmp_path, port=port, **settings):
        # the leases of the killed are over after some 20 s on PostgreSQL
        async with asyncio.timeout(90):
            while missing := _unanswered(twilio, requesters.acknowledged):
                await asyncio.sleep(0.1)
    assert not missing
    bodies = [m.body for m in twilio.sent]
    assert sorted(bodies) == sorted(set(bodies)), "nothing was sent twice"
    await twilio.close()


def _unanswered(twilio: FakeTwilio, words: list[str]) -> set[str]:
    told = {word for m in twilio.sent if m.body.startswith(ANSWERED) for word in m.body.split()}
    return set(words) - told
