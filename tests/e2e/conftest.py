"""Fixtures that run the whole service in its own process, and a browser for its pages. They close
Playwright's synchronous API after each file, because its event loop would disturb asynchronous
tests in the same session.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.people import Story
from tests.support.demo_home import demo_home
from tests.support.service import Service, running_service

# The first program is Chromium without a window, which needs less memory.
BROWSERS = "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"
CHROMIUM = os.environ.get("PATCHBOARD_TEST_CHROMIUM") or next(
    filter(os.path.exists, BROWSERS), BROWSERS[-1]
)
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=20_000)  # ms, so that a slow machine causes no failures


@pytest.fixture(scope="module")
def desk_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with demo data and without a bot, so that live agents answer. After each test,
    ``clear`` resets the desk.
    """
    with running_service(demo_home(tmp_path_factory.mktemp("desk")), DEMO="1") as service:
        yield service


def clear(service: Service) -> None:
    """Set the demo agents to Offline and close all conversations, so that the next test starts
    without open work."""
    for name in ("omar", "mia"):
        login = {"email": f"{name}@example.com", "password": f"{name}-demo"}
        token = requests.post(f"{service.url}/api/v1/login", json=login, timeout=10).json()["token"]
        me = {"Authorization": f"Bearer {token}"}
        requests.put(
            f"{service.url}/api/v1/agents/me/presence",
            json={"presence": "offline"},
            headers=me,
            timeout=10,
        )
    active = f"{service.url}/api/v1/interactions?state=active"
    for one in requests.get(active, headers=me, timeout=10).json()["items"]:
        url = f"{service.url}/api/v1/interactions/{one['id']}"
        # If no live agent has the conversation, the service refuses to let anybody join. In that
        # case, any agent may close it.
        requests.post(f"{url}/join", headers=me, timeout=10)
        requests.post(
            f"{url}/close", json={"closing_text": ""}, headers=me, timeout=10
        ).raise_for_status()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium that can connect only to the service."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield opened
        opened.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The shared browser, without the pages of earlier tests."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@dataclass
class Troubles:
    """Collects the errors of pages: failing scripts and violations of the content security
    policy."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.seen.append(message.text)


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    """Collects the errors of a test's pages, and fails the test if there are any."""
    found = Troubles()
    yield found
    assert found.seen == []


@pytest.fixture
def story(desk_server: Service, browser: Browser, troubles: Troubles) -> Iterator[Story]:
    yield Story(desk_server, browser, troubles)
    clear(desk_server)
