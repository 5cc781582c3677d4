"""During a database outage or a freeze of the process, agents with an open stream stay available
and get offers.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from tests.support.cable import Cable
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import Service, running_service
from tests.support.story import ANN, BOB, DIRECT
from tests.web.test_api import Client, read_events, sign_in

OVERDUE = "UPDATE due_work SET due_at = now() - interval '1 minute' WHERE kind = 'lost_connection'"


@asynccontextmanager
async def pulled_cable(
    url: str, home: Path, twilio: FakeTwilio
) -> AsyncIterator[tuple[Service, Cable, int]]:
    cable, by_cable = await Cable.to(url)
    settings = {"DATABASE_URL": by_cable, **twilio.settings}
    service = running_service(home, **settings)
    # In a thread, because this event loop runs the cable.
    running = await asyncio.to_thread(service.__enter__)
    try:
        yield running, cable, cable.port
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)
        await cable.pull()


async def grace_time_has_restarted(url: str) -> None:
    """Wait until the grace time has restarted. That happens after the worker or the end of the gap
    has handled the overdue decision.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        found: Any = None
        while found is None:
            query = (
                "SELECT 1 FROM due_work WHERE kind = 'lost_connection' AND due_at > now() "
                "AND lease_until IS NULL"
            )
            found = await (await db.execute(query)).fetchone()
            await asyncio.sleep(0.02)


async def test_an_outage_and_a_freeze_set_no_agent_to_away(
    postgres_url: str, tmp_path: Path
) -> None:
    async with (
        FakeTwilio() as twilio,
        pulled_cable(postgres_url, tmp_path, twilio) as (service, cable, plugged),
        aiohttp.ClientSession() as session,
        asyncio.timeout(90),
        await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as db,
    ):
        mia = await sign_in(Client(session, service.url), "mia")
        await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
        stream = await session.get(
            f"{service.url}/api/v1/events", headers={"Authorization": f"Bearer {mia.token}"}
        )
        heard = read_events(stream)
        assert (await anext(heard))["event"] == "hello"
        await cable.pull()
        await db.execute(OVERDUE)
        async with session.get(f"{service.url}/readyz") as ready:
            assert ready.status == 503
        await cable.plug_in(plugged)
        await grace_time_has_restarted(postgres_url)
        await is_offered_work(mia, twilio, ANN)

        service.process.send_signal(signal.SIGSTOP)
        await db.execute(OVERDUE)
        service.process.send_signal(signal.SIGCONT)
        await grace_time_has_restarted(postgres_url)
        await is_offered_work(mia, twilio, BOB)
        assert [one["event"] for one in [await anext(heard)]] == ["offer"], "the stream stayed open"
        stream.close()


async def is_offered_work(mia: Client, twilio: FakeTwilio, number: str) -> None:
    assert (await mia.call("GET", "/agents/me/presence"))["presence"] == "available"
    answer = await twilio.send_inbound(
        f"{mia.url}/webhooks/twilio/sms", number, DIRECT, "my badge is stuck"
    )
    assert answer.status == 200

    def of_number(found: Any) -> list[Any]:
        return [one for one in found["items"] if one["interaction"]["requester_number"] == number]

    await mia.until("/inbox", of_number)
