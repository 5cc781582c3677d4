"""Serves only a provider's webhooks on a free port. The store can be a fake that only records its
commands.
"""

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from sanic import Sanic

from handoff_service import settings
from handoff_service.gateways.provider import ProviderKind
from handoff_service.gateways.twilio import provider
from handoff_service.metrics import Metrics
from handoff_service.operations.conversations.receive_sms import (
    Received,
    ReceiveOutcome,
    receive_sms,
)
from handoff_service.operations.delivery.record_receipt import record_receipt
from handoff_service.operations.delivery.watch_gateway import record_heartbeat
from handoff_service.web.webhooks.sms_provider import blueprint
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, Answer

PUBLIC = "https://sms.example.com/desk"  # the service is behind a proxy that removes /desk


class RecordingStore:
    """Records commands in place of the real store. Tests set ``answers``. ``write`` raises
    ``failure`` if a test sets it.
    """

    def __init__(self) -> None:
        self.written: list[tuple[Any, Any]] = []
        self.nears: list[object] = []
        self.answers: dict[int, object] = {
            id(receive_sms): Received(ReceiveOutcome.STORED, 1),
            id(record_receipt): True,
            id(record_heartbeat): None,
        }
        self.failure: Exception | None = None

    async def write(self, operation: object, command: object, *, near: object = None) -> object:
        if self.failure is not None:
            raise self.failure
        self.written.append((operation, command))
        self.nears.append(near)
        return self.answers[id(operation)]


@asynccontextmanager
async def running(store: RecordingStore, home: Path, **changes: str) -> AsyncIterator[str]:
    """Run Twilio's webhooks and yield their address."""
    environ = {
        "PATCHBOARD_HOME": str(home),
        "PATCHBOARD_PUBLIC_URL": PUBLIC,
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    }
    async with serving(store, provider.KIND, settings.read(environ | changes)) as address:
        yield address


@asynccontextmanager
async def serving(
    store: object, kind: ProviderKind, config: settings.Settings
) -> AsyncIterator[str]:
    """Run only this provider's webhooks on a free port and yield their address."""
    app = Sanic(f"webhooks-{secrets.token_hex(4)}", configure_logging=False)
    # Sanic's touch-up supports only one start per process.
    app.config.update(MOTD=False, ACCESS_LOG=False, TOUCHUP=False)
    app.ctx.desk = SimpleNamespace(store=store, metrics=Metrics(), outage=lambda: None)
    app.blueprint(blueprint(kind, config))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = await app.create_server(sock=listening, return_asyncio_server=True)
        assert server is not None
        await server.startup()
        await server.start_serving()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.close()
        await server.wait_closed()
    Sanic.unregister_app(app)


async def post_raw(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Post these bytes with only these headers. A blank header is not sent."""
    sent = {name: value for name, value in headers.items() if value}
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as client,
        client.post(url, data=body, headers=sent) as response,
    ):
        return Answer(response.status, await response.text())
