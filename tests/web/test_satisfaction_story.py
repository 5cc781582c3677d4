"""Satisfaction grades through the whole service: Twilio's webhook, the outbox, the worker and the
API.
"""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import aiohttp

from tests.support.fake_twilio import FakeTwilio
from tests.support.service import running_service
from tests.support.story import DIRECT
from tests.web.test_api import Client, sign_in

NUMBER = "+12025559000"
SOON = {
    "handoff_service.rules.reports.satisfaction.SOONEST": timedelta(seconds=0.2),
    "handoff_service.operations.reports.keep_facts.EVERY": timedelta(seconds=0.2),
}


async def test_a_requester_answers_the_question_with_one_digit(
    sqlite_url: str, tmp_path: Path
) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as desk:
        desk.execute("UPDATE queues SET satisfaction_after_hours = 0")
    desk.close()
    async with FakeTwilio() as twilio:
        settings = {"DATABASE_URL": sqlite_url, **twilio.settings}
        with running_service(tmp_path, constants=SOON, **settings) as service:
            async with aiohttp.ClientSession() as session, asyncio.timeout(60):
                await _story(twilio, session, service.url)


async def _story(twilio: FakeTwilio, session: aiohttp.ClientSession, url: str) -> None:
    webhook = f"{url}/webhooks/twilio/sms"
    mia = await sign_in(Client(session, url), "mia")
    omar = await sign_in(Client(session, url), "omar")
    await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
    await twilio.send_inbound(webhook, NUMBER, DIRECT, "my badge is stuck")
    offers = await mia.until("/inbox", lambda found: found["items"])
    taken = await mia.call("POST", f"/work-items/{offers['items'][0]['id']}/accept")
    messages = f"/interactions/{taken['id']}/messages"
    await mia.call("POST", messages, {"body": "It opens again."}, status=201)
    await mia.call("POST", f"/interactions/{taken['id']}/close", {})
    await mia.until(
        messages,
        lambda found: any(
            m["event"] == "satisfaction" and m["status"] == "delivered" for m in found["items"]
        ),
    )
    assert (await twilio.send_inbound(webhook, NUMBER, DIRECT, "5 thanks")).status == 200
    found = await mia.call("GET", messages)
    assert [(m["body"], m["event"], m["reason"]) for m in found["items"]][-1] == (
        "5 thanks",
        "grade",
        "5",
    )
    closed = await mia.call("GET", f"/interactions/{taken['id']}")
    assert closed["state"] == "closed_complete"
    assert (await mia.call("GET", "/inbox"))["items"] == []
    report = await omar.until(
        "/reports/satisfaction?by=agent",
        lambda found: any(one["figure"] == "graded" and one["value"] for one in found["figures"]),
    )
    assert report["rows"][0]["values"]["satisfied"] == 100
    assert report["rows"][0]["intervals"]["satisfied"]["low"] < 21
    await twilio.send_inbound(webhook, NUMBER, DIRECT, "my VPN is down")
    assert await mia.until("/inbox", lambda found: found["items"])
