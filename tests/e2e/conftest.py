"""The whole service in a process of its own, and a browser to look at it with."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

CHROMIUM = os.environ.get("PATCHBOARD_TEST_CHROMIUM", "/usr/bin/chromium")
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_WITHIN = 20.0  # seconds; it takes two


@dataclass(slots=True)
class DeskServer:
    """``patchboard serve`` on a free port with demo data, in a fresh home. It can be stopped and started again."""

    home: Path
    settings: dict[str, str]
    port: int = field(default_factory=lambda: _free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "serve.log"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBOARD_")}
        asked = {"PATCHBOARD_HOME": str(self.home), "PATCHBOARD_PORT": str(self.port)} | self.settings
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "handoff_service.cli", "serve"]
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(command, env=kept | asked, stdout=sink, stderr=sink)
        async with asyncio.timeout(READY_WITHIN), aiohttp.ClientSession() as client:
            while not await self._answers(client):
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it as a service manager does, by its own process id."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait, 15)
        self.process = None

    async def _answers(self, client: aiohttp.ClientSession) -> bool:
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"the service ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            async with client.get(f"{self.url}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


type StartDesk = Callable[..., Awaitable[DeskServer]]


@pytest.fixture
async def start_desk(tmp_path: Path) -> AsyncIterator[StartDesk]:
    """Start the service with settings of the test's own: ``await start_desk(PATCHBOARD_BOT_URL=...)``."""
    started: list[DeskServer] = []

    async def start(**settings: str) -> DeskServer:
        demo = {"PATCHBOARD_DEMO": "1", "PATCHBOARD_BOT_URL": ""}
        server = DeskServer(home=tmp_path / f"desk{len(started)}", settings=demo | settings)
        started.append(server)
        await server.start()
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def desk_server(start_desk: StartDesk) -> DeskServer:
    """The service without a bot: live agents answer."""
    return await start_desk()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium that talks to nobody but the service."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield opened
        await opened.close()


@dataclass(slots=True)
class Troubles:
    """What pages complained of: failing scripts, and anything that the content security policy kept from happening."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.seen.append(message.text)


@pytest.fixture
def troubles() -> AsyncIterator[Troubles]:
    """A test whose pages complained has failed."""
    found = Troubles()
    yield found
    assert found.seen == []
