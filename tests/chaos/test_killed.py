"""The test kills the service with -9 while texts arrive. Every text with an answer 200 is stored,
gets its reply, and reaches the webhook.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import free_port, running_service
from tests.support.story import MAIN
from tests.support.ticket_system import SECRET, TicketSystem, ticket_system

KILLS = int(os.environ.get("PATCHBOARD_TEST_KILLS", "1"))  # ``make chaos`` kills more often
REQUESTERS = 15
ANSWERED = "about "


@pytest.fixture
async def bot() -> AsyncIterator[str]:
    """A bot that repeats the requester's words, one word per text. It gives the same answer to a
    repeated turn.
    """

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
    """Requesters who text one word after another and record the words that got an answer 200."""

    def __init__(self, twilio: FakeTwilio, url: str) -> None:
        self._twilio, self._url = twilio, url
        self._words = itertools.count()
        self.acknowledged: list[str] = []

    async def text_until(self, ended: asyncio.Event) -> None:
        async def text_words(number: str) -> None:
            while not ended.is_set():
                word = f"word{next(self._words)}"
                try:
                    answer = await self._twilio.send_inbound(self._url, number, MAIN, word)
                except (aiohttp.ClientError, OSError):
                    return
                if answer.status == 200:
                    self.acknowledged.append(word)

        await asyncio.gather(*(text_words(f"+1202555{8000 + n}") for n in range(REQUESTERS)))


async def test_a_service_that_is_killed_while_texts_arrive_loses_none(
    database_url: str, bot: str, tmp_path: Path
) -> None:
    port = free_port()
    twilio = FakeTwilio()
    await twilio.start()
    async with ticket_system() as receiver:
        want_texts(database_url, receiver.address)
        # Kill the service after the commit and before the answer to each call.
        receiver.wakes = asyncio.Event()
        requesters = await _texts_and_kills(database_url, bot, tmp_path, port, twilio, receiver)
        receiver.wakes.set()
        settings = _settings(database_url, bot, twilio)
        with running_service(tmp_path, port=port, **settings):
            # On PostgreSQL, the leases of a killed process end after about 20 s.
            async with asyncio.timeout(90):
                while missing := _unanswered(twilio, requesters.acknowledged) | _not_reported(
                    receiver, requesters.acknowledged
                ):
                    await asyncio.sleep(0.1)
        _in_order(receiver)
    assert not missing
    bodies = [m.body for m in twilio.sent]
    assert sorted(bodies) == sorted(set(bodies)), "no text was sent twice"
    await twilio.close()


def want_texts(database_url: str, address: str) -> None:
    """Set up a webhook that receives the texts of requesters."""
    opened = engine(database_url, size=1, writes=True)
    hook = {"name": "Texts", "url": address, "secret": SECRET, "with_texts": True}
    with opened.begin() as conn:
        conn.execute(sa.insert(t.webhooks).values(events=["message.inbound"], **hook))
    opened.dispose()


def _settings(database_url: str, bot: str, twilio: FakeTwilio) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        **twilio.settings,
        "WEBHOOK_HOSTS": "127.0.0.1",
        "BOT_URL": bot,
        "BOT_TIMEOUT": "3",
    }


async def _texts_and_kills(
    database_url: str,
    bot: str,
    tmp_path: Path,
    port: int,
    twilio: FakeTwilio,
    receiver: TicketSystem,
) -> Requesters:
    """Send texts, and kill the service again and again during texts and calls to the webhook."""
    settings = _settings(database_url, bot, twilio)
    requesters = Requesters(twilio, f"http://127.0.0.1:{port}/webhooks/twilio/sms")
    for kill in range(KILLS):
        with running_service(tmp_path, port=port, **settings) as service:
            ended = asyncio.Event()
            texting = asyncio.create_task(requesters.text_until(ended))
            wanted = len(requesters.acknowledged) + 60 + 17 * kill
            before = receiver.unanswered
            async with asyncio.timeout(30):
                while (
                    len(requesters.acknowledged) < wanted or receiver.unanswered == before
                ) and not texting.done():
                    await asyncio.sleep(0.01)
            service.kill()
            ended.set()
            await texting
    return requesters


def _not_reported(receiver: TicketSystem, words: list[str]) -> set[str]:
    return set(words) - {event["data"]["message"]["body"] for event in receiver.events}


def _in_order(receiver: TicketSystem) -> None:
    """Check that the first calls about each conversation are in the order of its texts."""
    seen: dict[int, list[int]] = {}
    first = {event["data"]["message"]["id"]: event["data"] for event in receiver.events[::-1]}
    for event in receiver.events:
        message = event["data"]["message"]
        if first.pop(message["id"], None) is not None:
            seen.setdefault(event["data"]["conversation"]["id"], []).append(message["seq"])
    assert all(seqs == sorted(seqs) for seqs in seen.values())


def _unanswered(twilio: FakeTwilio, words: list[str]) -> set[str]:
    told = {word for m in twilio.sent if m.body.startswith(ANSWERED) for word in m.body.split()}
    return set(words) - told
