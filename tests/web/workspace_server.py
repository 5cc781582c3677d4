"""The whole service on a free port with a SQLite file, and a browser without JavaScript: aiohttp
with a cookie jar.
"""

import asyncio
import functools
import re
import shutil
import socket
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
from sanic import Sanic

from handoff_service import clock, settings
from handoff_service.app.http_app import App, create_app
from handoff_service.context import AppContext
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import DESK
from tests.support.compiled_templates import share_compiled_templates
from tests.support.migrated import migrated_file
from tests.support.run_folder import made_once
from tests.support.story import Story

PAGE = {"Accept": "text/html"}
SCRIPT = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the service. In ``text``, a line break and its indentation are one space, as in
    a browser.
    """

    status: int
    text: str
    headers: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", re.sub(r"\n {2,}", " ", self.text))


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser. ``csrf`` is the form token on its pages after sign-in."""

    address: str
    client: aiohttp.ClientSession

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        async with self.client.get(
            self.address + path, headers=headers or PAGE, allow_redirects=False
        ) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        async with self.client.post(
            self.address + path, data=fields, headers=headers or PAGE, allow_redirects=False
        ) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def sign_in(self, email: str = "mia@example.com", password: str = "demo-mia") -> Answer:
        return await self.post("/sign-in", email=email, password=password)

    async def csrf(self) -> str:
        found = re.search(
            r'<meta name="csrf" content="(\w+)">', (await self.get("/workspace")).text
        )
        assert found is not None
        return found[1]

    async def act(self, path: str, **fields: str) -> Answer:
        """Post a form as the page's script does."""
        return await self.post(path, SCRIPT | {"X-CSRF-Token": await self.csrf()}, **fields)


@asynccontextmanager
async def visitor(address: str) -> AsyncIterator[Visitor]:
    """A browser with its own cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield Visitor(address, client)


@dataclass(frozen=True, slots=True)
class Running:
    """The running service: its address, its desk, and helpers that act as requesters and agents."""

    address: str
    desk: AppContext
    story: Story
    app: App

    def visitor(self) -> AbstractAsyncContextManager[Visitor]:
        return visitor(self.address)


@functools.cache
def _laid_out() -> Path:
    """Return a SQLite file with every migration and the desk of ``tests/desk.toml``. It is created
    once, and each service gets a copy.
    """
    return made_once("web.db", _make)


def _make(path: Path) -> None:
    asyncio.run(_import(migrated_file(path)))


async def _import(path: Path) -> None:
    store = Store(
        f"sqlite:///{path}",
        clock=clock.now,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=lambda _hints, _work_at: None,
    )
    await store.write(import_desk, read_desk_file.read(DESK))
    store.close()


#: Applications that no test is using, by ``_routing_settings``. Building one takes most of a start.
_APPS: defaultdict[Settings, list[App]] = defaultdict(list)


def _routing_settings(config: Settings) -> Settings:
    """Return the settings without those that only a start reads, such as the addresses of a test's
    fakes. ``create_app`` makes the same application for equal results.
    """
    return replace(
        config,
        home=Path(),
        database_url="",
        secret_key="",
        bot_token="",
        bot_url=None,
        bot_data=Path(),
        twilio_api_url="",
        media_store=None,
        s3_url=None,
        smtp_url=None if config.smtp_url is None else "",  # without it, there is a mailbox page
    )


def _build_app(config: Settings) -> App:
    """Build an application that can start more than once. In test mode Sanic keeps the routes."""
    share_compiled_templates()
    Sanic.test_mode = True
    app = create_app(config)
    app.config.TOUCHUP = False  # touch-up works for one start in a process
    Sanic.unregister_app(app)
    return app


def _adopt_signals(app: App) -> None:
    """Bind Sanic's signals to the running event loop, because they belong to the loop of one test.
    ``reset`` would do the same, but each start would then compile the signals' router again, with
    one signal more.
    """
    router = app.signal_router
    router.ctx.loop = asyncio.get_running_loop()
    for signal in router.routes:
        signal.ctx.waiters = deque()


@asynccontextmanager
async def running(home: Path, **changes: str) -> AsyncIterator[Running]:
    """Start the service with the desk of ``tests/desk.toml``, or on the given database. Stop it
    afterwards.
    """
    environ = {"PATCHBOARD_HOME": str(home), "PATCHBOARD_DEMO": "1", "PATCHBOARD_BOT_URL": ""}
    environ |= {"PATCHBOARD_WEBHOOK_HOSTS": "127.0.0.1"} | changes
    config = settings.read(environ)
    home.mkdir(parents=True, exist_ok=True)
    if "PATCHBOARD_DATABASE_URL" not in changes:
        made = await asyncio.to_thread(_laid_out)
        shutil.copy(made, config.database_url.removeprefix("sqlite:///"))
    apps = _APPS[_routing_settings(config)]
    app = apps.pop() if apps else _build_app(config)
    _adopt_signals(app)
    app.ctx.settings = config
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = await app.create_server(sock=listening, return_asyncio_server=True)
        assert server is not None
        await server.startup()
        await server.before_start()
        await server.start_serving()
        desk: AppContext = app.ctx.desk
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield Running(address, desk, Story(desk.store), app)
        finally:
            await server.before_stop()
            server.close()
            await server.wait_closed()
    # only after success, so that a failed start or stop leaves no app for the next test
    apps.append(app)


def shown(html: str) -> str:
    """Return a page's text, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
