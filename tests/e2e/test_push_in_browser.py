"""Web Push in Chromium: from a click on the account page to a notification of the service worker.

A real browser uses a push service on the internet. Here the browser subscribes to a push service
that the test runs. It receives Patchboard's real messages, decrypts them with the browser's keys,
and gives them to Chromium's own service worker, as the connection to a real push service does.

The headless shell allows no notifications, so the test records the notifications that the service
worker wants to show. A full Chromium shows them:

    PATCHBOARD_TEST_CHROMIUM=/usr/bin/chromium pytest tests/e2e/test_push_in_browser.py
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Page, expect
from py_vapid import Vapid02, b64urlencode

from tests.e2e.conftest import Troubles
from tests.e2e.people import DIRECT, Story
from tests.support.demo_home import demo_home
from tests.support.service import running_service

SECRET = "my badge number is 4711"
NOTIFY = "handoff_service.operations.routing.notify_agents"
AUTH = b"0123456789abcdef"
SHOWN = "({title, body, tag, data}) => ({title, body, tag, data})"
# For the headless shell: scripts for the page and for the service worker.
GRANTS = """
if (Notification.permission !== "granted") {
  window.Notification = class extends Notification {
    static get permission() { return "granted"; }
  };
}
"""
RECORDS = """
() => {
  const shown = [];
  ServiceWorkerRegistration.prototype.showNotification = async (title, how) => {
    shown.push({ title, ...how });
  };
  ServiceWorkerRegistration.prototype.getNotifications = async () => shown;
}
"""
# For the page: subscribe to the test's push service instead of Google's.
SUBSCRIBES = """
(() => {
  const kept = "fake-push";
  const made = (key) => ({
    endpoint: "%(url)s/send/1",
    options: {
      applicationServerKey: Uint8Array.from(
        atob(key.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer,
    },
    toJSON: () => ({ keys: { p256dh: "%(p256dh)s", auth: "%(auth)s" } }),
    unsubscribe: async () => { localStorage.removeItem(kept); return true; },
  });
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error("only visible notifications are allowed");
    localStorage.setItem(kept, applicationServerKey);
    return made(applicationServerKey);
  };
  PushManager.prototype.getSubscription = async () =>
    localStorage.getItem(kept) ? made(localStorage.getItem(kept)) : null;
})();
"""


@dataclass
class PushServer:
    """Stores the messages that it receives, and decrypts them with the browser's keys."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    browser: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def script(self) -> str:
        point = self.browser.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": b64urlencode(point), "auth": b64urlencode(AUTH)}
        return SUBSCRIBES % {"url": self.url, **keys}

    def next(self) -> str:
        """Return the next message in plain text."""
        assert self.came.wait(30)
        self.came.clear()
        headers, body = self.got.pop()
        assert Vapid02.verify(auth=headers["Authorization"])
        read: bytes = http_ece.decrypt(
            body, private_key=self.browser, auth_secret=AUTH, version="aes128gcm"
        )
        return read.decode()


@contextmanager
def push_server() -> Iterator[PushServer]:
    received = PushServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.got.append((dict(self.headers), body))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()
            received.came.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def pushes() -> Iterator[PushServer]:
    with push_server() as server:
        yield server


@pytest.fixture
def here(
    tmp_path: Path, browser: Browser, troubles: Troubles, pushes: PushServer
) -> Iterator[Story]:
    """A desk that is allowed to call the test's push service."""
    quicker: dict[str, object] = {f"{NOTIFY}.EVERY": timedelta(seconds=0.5)}
    with running_service(
        demo_home(tmp_path), constants=quicker, DEMO="1", WEBHOOK_HOSTS="127.0.0.1"
    ) as service:
        yield Story(service, browser, troubles)


class BrowserWorker:
    """The workspace's service worker in Chromium. ``page``: any page of the service."""

    def __init__(self, page: Page, *, records: bool) -> None:
        self.seen: dict[str, str] = {}
        self.page, self.devtools = page, page.context.new_cdp_session(page)
        self.devtools.on("ServiceWorker.workerRegistrationUpdated", self._updated)
        self.devtools.send("ServiceWorker.enable")
        (self.worker,) = page.context.service_workers
        if records:
            self.worker.evaluate(RECORDS)

    def _updated(self, event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            self.seen[urlsplit(one["scopeURL"]).path] = one["registrationId"]

    def push(self, data: str) -> None:
        """Deliver a message as the connection to a push service does."""
        address = urlsplit(self.page.url)
        asked = {
            "origin": f"{address.scheme}://{address.netloc}",
            "registrationId": self.seen["/workspace"],
            "data": data,
        }
        self.devtools.send("ServiceWorker.deliverPushMessage", asked)

    def shows(self, count: int) -> list[dict[str, Any]]:
        """Wait until the browser shows this many notifications. Return them."""
        ask = f"async () => (await self.registration.getNotifications()).map({SHOWN})"
        for _ in range(200):
            found: list[dict[str, Any]] = self.worker.evaluate(ask)
            if len(found) >= count:
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not {count} notifications: {found}")


def test_an_agent_gets_a_notification_while_no_page_is_open(
    here: Story, pushes: PushServer
) -> None:
    context = here.context(permissions=["notifications"])
    context.add_init_script(GRANTS + pushes.script)
    mia = here.page(context, "/sign-in")
    mia.get_by_role("button", name="Mia Chen").click()
    mia.wait_for_url("**/workspace")
    mia.goto(f"{here.desk.url}/workspace/account")
    row = mia.locator("#push-here")
    row.get_by_role("button").click()
    expect(row.get_by_text("on", exact=True)).to_be_visible()
    records = mia.evaluate("Object.getPrototypeOf(Notification).permission") == "denied"
    other = here.page(context, "/phone")  # a page outside the workspace
    worker = BrowserWorker(other, records=records)
    mia.get_by_role("button", name="Send a test").click()
    worker.push(pushes.next())
    (test,) = worker.shows(1)
    assert (test["title"], test["data"]) == ("Patchboard can reach you", "/workspace/account")

    mia.goto(f"{here.desk.url}/workspace")
    mia.locator("#me").click()
    mia.get_by_role("radio", name="Available").click()
    expect(mia.locator("#me")).to_contain_text("Available")
    mia.close()
    here.text_many([SECRET], to=DIRECT)
    worker.push(pushes.next())
    shown = worker.shows(2)
    assert ("Offer: Ann Lee", "Service desk") in [(one["title"], one["body"]) for one in shown]
    assert SECRET not in json.dumps(shown)
