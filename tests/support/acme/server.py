"""A fake of Acme's server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.acme.provider import KEY


class FakeAcme:
    """Records the texts that it accepted, and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.url = ""
        self.texts: dict[str, dict[str, Any]] = {}
        self.taken: asyncio.Queue[str] = asyncio.Queue()
        self.opted_out: set[str] = set()

    async def send(self, request: web.Request) -> web.Response:
        assert request.headers["X-Acme-Key"] == KEY
        text = await request.json()
        if len(text["to"]) < 8:
            return web.json_response({"error": 1}, status=422)
        if text["to"] in self.opted_out:
            return web.json_response({"error": 2}, status=422)
        sid = f"acme-{len(self.texts) + 1}"
        self.texts[sid] = text
        self.taken.put_nowait(sid)
        return web.json_response({"id": sid}, status=201)

    async def find(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        found = [sid for sid, text in self.texts.items() if asked.items() <= text.items()]
        return web.json_response(found)


@asynccontextmanager
async def fake_acme() -> AsyncIterator[FakeAcme]:
    acme, app = FakeAcme(), web.Application()
    app.router.add_post("/texts", acme.send)
    app.router.add_get("/texts", acme.find)
    async with TestServer(app) as server:
        acme.url = str(server.make_url("/"))
        yield acme
