"""A fake ticket system that receives webhooks: a real HTTP server on a free port.

It checks signatures with its own code, written from the Standard Webhooks specification.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, or so").decode()


@dataclass
class TicketSystem:
    """A receiver that records its calls."""

    address: str = ""
    #: the statuses of the next answers, in order; after them, 204
    answers: list[int] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)  #: the events with a valid signature
    ids: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    forged: int = 0
    #: the secret that the receiver uses to check signatures
    secret: str = SECRET
    elsewhere: int = 0
    #: While this event is not set, calls get no answer and count as not received. None: every call
    #: gets an answer.
    wakes: asyncio.Event | None = None
    unanswered: int = 0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        if self.wakes is not None and not self.wakes.is_set():
            self.unanswered += 1
            await self.wakes.wait()
            return web.Response(status=503)
        if not signed(request.headers, body, self.secret):
            self.forged += 1
            return web.Response(status=401)
        self.events.append(json.loads(body))
        self.ids.append(request.headers["webhook-id"])
        self.times.append(int(request.headers["webhook-timestamp"]))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(
            text="Sorry" if status >= 500 else None,
            status=status,
            headers={"Location": "/elsewhere"} if status // 100 == 3 else None,
        )

    async def redirected(self, _request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response(status=204)


def signed(headers: Any, body: str, secret: str) -> bool:
    """Return whether one of the signatures is valid for this secret, id, time and body."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.split("_", 1)[1])
    right = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, right) for one in headers["webhook-signature"].split(" "))


@asynccontextmanager
async def ticket_system() -> AsyncIterator[TicketSystem]:
    """Run a ticket system until the block ends."""
    made = TicketSystem()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    app.router.add_route("*", "/elsewhere", made.redirected)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.address = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"  # type: ignore[union-attr]
    try:
        yield made
    finally:
        await runner.cleanup()
