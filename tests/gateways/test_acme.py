"""Follows docs/how-to/add-a-provider.md. The provider Acme needs one folder and one line of wiring,
and carries texts in both directions.
"""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sanic import Sanic

from handoff_service import settings
from handoff_service.app.http_app import APP_NAME, create_app
from handoff_service.gateways import providers
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.store.consent import consents
from tests.gateways.sms_provider_contract import SmsProviderContract
from tests.support.acme.provider import ERRORS, KEY, AcmeProvider, kind
from tests.support.acme.server import FakeAcme, fake_acme
from tests.support.story import ANN, DIRECT, MIA, Story


@pytest.fixture
async def acme() -> AsyncIterator[FakeAcme]:
    async with fake_acme() as server:
        yield server


@pytest.fixture
async def provider(acme: FakeAcme) -> AsyncIterator[SmsProvider]:
    made = AcmeProvider(acme.url)
    yield made
    await made.close()


class TestContract(SmsProviderContract):
    """The contract of every SMS provider."""

    errors = ERRORS


@asynccontextmanager
async def service(database_url: str, home: Path) -> AsyncIterator[tuple[str, Story]]:
    """The whole service in this process, with Acme as its provider."""
    environ = {
        "PATCHBOARD_HOME": str(home),
        "PATCHBOARD_DATABASE_URL": database_url,
        "PATCHBOARD_BOT_URL": "",
    }
    app = create_app(dataclasses.replace(settings.read(environ), sms_provider="acme"))
    app.config.update(TOUCHUP=False)  # Sanic's touch-up supports only one start per process.
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server: Any = await app.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.start_serving()
        try:
            yield (
                f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks",
                Story(app.ctx.desk.store.for_own_work()),
            )
        finally:
            await server.before_stop()
            server.close()
            await server.wait_closed()
            Sanic.unregister_app(app)
    assert app.name == APP_NAME


async def post(url: str, said: dict[str, str], key: str = KEY) -> int:
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json=said, headers={"X-Acme-Key": key}) as answer,
    ):
        return answer.status


async def receive_and_answer(webhooks: str, story: Story, number: str) -> tuple[int, int]:
    """Receive a text from this number, and let Mia answer it. Return the interaction and the
    message.
    """
    said = {"id": f"in{number}", "from": number, "to": DIRECT, "text": "my badge is stuck"}
    assert await post(f"{webhooks}/acme/texts", said) == 200
    await story.available(MIA)
    await story.offer()
    offer = (await story.inbox(MIA))[-1]
    await story.accept(offer.id, MIA)
    return offer.interaction.id, await story.write(offer.interaction.id, "Does it have a light on?")


async def test_acme_carries_a_text_and_its_answer(
    acme: FakeAcme, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(providers.PROVIDERS, "acme", kind(acme.url))  # type: ignore[arg-type]  # the line of wiring
    async with service(sqlite_url, tmp_path) as (webhooks, story):
        assert await post(f"{webhooks}/acme/texts", {}, key="forged") == 403
        assert await post(f"{webhooks}/twilio/sms", {}) == 404, (
            "no webhook exists for a provider that is not set up"
        )
        interaction, message = await receive_and_answer(webhooks, story, ANN)
        async with asyncio.timeout(10):
            while acme.texts.get(sid := await acme.taken.get(), {})["ref"] != message:
                pass
        assert acme.texts[sid]["text"] == "Does it have a light on?"
        assert (
            await post(f"{webhooks}/acme/receipts", {"id": sid, "state": "lost", "error": "3"})
            == 200
        )
        (line,) = [one for one in await story.lines(interaction) if one.id == message]
        assert line.status is Status.UNDELIVERED
        assert line.error is not None
        assert (line.error.code, line.error.meaning) == (3, "The phone is off.")
        assert await post(f"{webhooks}/acme/receipts", {"id": sid, "state": "arrived"}) == 200
        acme.opted_out.add(ANN)
        await story.write(interaction, "Is it there now?")
        async with asyncio.timeout(10):
            while not (opted_out := await story.store.read(consents.in_force)):
                await asyncio.sleep(0.02)
        assert [(one.number, one.words) for one in opted_out] == [(ANN, "2")]
