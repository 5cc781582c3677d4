"""While the SQLite file is read-only, requests get 503 with a clear cause. Work resumes when the
file is writable again.
"""

from pathlib import Path

import aiohttp

from tests.support.fake_twilio import FakeTwilio
from tests.support.service import running_service
from tests.support.story import MAIN

REFUSES = "tests.support.fork_faults.READ_ONLY"
NUMBER = "+12025557001"


async def test_requests_get_503_while_the_file_is_read_only(
    sqlite_url: str, tmp_path: Path
) -> None:
    refuses = tmp_path / "read-only"
    async with FakeTwilio() as twilio, aiohttp.ClientSession() as session:
        settings = {"DATABASE_URL": sqlite_url, **twilio.settings}
        with running_service(tmp_path, constants={REFUSES: refuses}, **settings) as service:
            webhook = f"{service.url}/webhooks/twilio/sms"
            assert (await twilio.send_inbound(webhook, NUMBER, MAIN, "before")).status == 200
            refuses.touch()
            assert (await twilio.send_inbound(webhook, NUMBER, MAIN, "meanwhile")).status == 503
            login = {"email": "mia@example.com", "password": "demo-mia"}
            async with session.post(f"{service.url}/api/v1/login", json=login) as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"]
            async with session.get(f"{service.url}/healthz") as alive:
                assert alive.status == 200
            async with session.get(f"{service.url}/readyz") as ready:
                assert ready.status == 503
                assert (await ready.json())["not_ready"]["database"] == "SQLITE_READONLY"
            refuses.unlink()
            assert (await twilio.send_inbound(webhook, NUMBER, MAIN, "after")).status == 200
            assert "SQLITE_READONLY" in service.log.read_text(), "the log must name the cause"
