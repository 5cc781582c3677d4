"""Another process holds SQLite's lock. Webhooks, the API and pages answer 503 with Retry-After
before Twilio's timeout.
"""

import asyncio
import sqlite3
import time
from pathlib import Path

import aiohttp

from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.support.story import MAIN
from tests.web.workspace_server import running

IN_TIME = 5.0  # seconds
LOGIN = {"email": "mia@example.com", "password": "wrong"}


async def test_a_locked_database_gets_503_with_retry_after(tmp_path: Path) -> None:
    settings = {
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PATCHBOARD_TWILIO_API_URL": "http://127.0.0.1:1",
        "PATCHBOARD_PUBLIC_URL": "http://desk.example.com",
    }
    async with (
        running(tmp_path, **settings) as desk,
        FakeTwilio() as twilio,
        aiohttp.ClientSession(desk.address) as client,
    ):
        twilio.reroute = {"http://desk.example.com": desk.address}
        webhook = "http://desk.example.com/webhooks/twilio/sms"

        async def text(body: str) -> int:
            return (await twilio.send_inbound(webhook, "+12025557001", MAIN, body)).status

        async def ask(path: str, **given: object) -> tuple[int, bool]:
            async with client.post(path, **given) as answer:  # type: ignore[arg-type]
                return answer.status, "Retry-After" in answer.headers

        other = sqlite3.connect(
            desk.desk.settings.database_url.removeprefix("sqlite:///"), autocommit=True
        )
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        status, *answers = await asyncio.gather(
            text("meanwhile"),
            ask("/api/v1/login", json=LOGIN),
            ask("/sign-in", data=LOGIN),
        )
        assert time.monotonic() - began < IN_TIME
        other.execute("ROLLBACK")
        other.close()
        assert status == 503
        assert answers == [(503, True)] * 2
        assert await text("after") == 200
