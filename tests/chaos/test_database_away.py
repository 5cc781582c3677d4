"""While the database is unavailable, the webhook answers 503, so that Twilio tries the fallback
address. Work resumes when the database is back.
"""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from tests.support.cable import Cable
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import running_service
from tests.support.story import MAIN

IN_TIME = 10.0  # seconds; providers wait about 15 for an answer, and this machine may be busy


@pytest.mark.parametrize("hangs", [False, True], ids=["stopped", "hangs"])
async def test_requests_get_503_during_an_outage_and_200_after_it(
    postgres_url: str, tmp_path: Path, hangs: bool
) -> None:
    cable, url = await Cable.to(postgres_url)
    twilio = FakeTwilio()
    await twilio.start()
    settings = {"DATABASE_URL": url, **twilio.settings}
    service = running_service(tmp_path, **settings)
    # In a thread, because this event loop runs the cable.
    running = await asyncio.to_thread(service.__enter__)
    try:
        webhook = f"{running.url}/webhooks/twilio/sms"
        assert (await twilio.send_inbound(webhook, "+12025557001", MAIN, "before")).status == 200
        if hangs:
            cable.hang()
        else:
            await cable.pull()
        began = time.monotonic()
        meanwhile = twilio.send_inbound(webhook, "+12025557001", MAIN, "meanwhile")
        answer, _ = await asyncio.gather(meanwhile, _assert_outage_is_reported(running.url))
        assert answer.status == 503
        assert time.monotonic() - began < IN_TIME
        if hangs:
            cable.flow()
        else:
            await cable.plug_in(cable.port)
        async with asyncio.timeout(15):  # Wait for hanging work to end first.
            while (await twilio.send_inbound(webhook, "+12025557001", MAIN, "after")).status != 200:
                await asyncio.sleep(0.1)
        # The service now does overdue work, so the requester gets the text about the handoff.
        async with asyncio.timeout(30):
            while not twilio.sent:
                await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)
        await cable.pull()
        await twilio.close()


async def _assert_outage_is_reported(address: str) -> None:
    """Check that the probe, the API and a page answer 503 in time. The API and the page must also
    send Retry-After.
    """
    headers = {"Accept": "text/html", "Authorization": "Bearer x", "Cookie": "patchboard=x"}
    async with aiohttp.ClientSession(
        headers=headers, timeout=aiohttp.ClientTimeout(total=IN_TIME)
    ) as session:

        async def get(path: str) -> tuple[int, str | None, str]:
            async with session.get(address + path, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Retry-After"), await answer.text()

        ready, *rest = await asyncio.gather(
            *(get(p) for p in ("/readyz", "/api/v1/agents", "/workspace"))
        )
    assert ready[0] == 503
    assert '"database"' in ready[2]
    assert [(status, bool(again)) for status, again, _ in rest] == [(503, True)] * 2
