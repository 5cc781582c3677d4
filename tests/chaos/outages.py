"""The presence drill, in real time. A service on PostgreSQL loses its database for a minute, has a
read-only database for 15 seconds, and freezes for a minute. An agent's event stream stays open all
the time.

Afterwards, and for longer than the grace time, the agent must be available and must get an offer
for a new text. A page that opens after the outage must not set its agent to Away. The drill prints
``outages=3 set_away=N``.

    python -m tests.chaos.outages
"""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.chaos.test_nobody_away import is_offered_work, pulled_cable
from tests.conftest import DESK, Heard, MovedClock, postgres_database
from tests.routing.test_connections import read_only
from tests.support.fake_twilio import FakeTwilio
from tests.web.test_api import Client, sign_in

AWAY, READ_ONLY, FROZEN = 60.0, 15.0, 60.0  # seconds
LONGER_THAN_GRACE = 60.0  # seconds; the desk's grace time is 45
NUMBERS = ("+12025559101", "+12025559102", "+12025559103")


async def listen(client: Client, opened: asyncio.Event, ended: list[str]) -> None:
    """Keep the agent's stream open. If it ends, the drill fails."""
    headers = {"Authorization": f"Bearer {client.token}"}
    url, never = f"{client.url}/api/v1/events", aiohttp.ClientTimeout(total=None)
    async with client.session.get(url, headers=headers, timeout=never) as stream:
        stream.raise_for_status()
        async for _ in stream.content:
            opened.set()
    ended.append(client.url)


async def drill(url: str, home: Path, twilio: FakeTwilio) -> int:
    async with (
        pulled_cable(url, home, twilio) as (service, cable, plugged),
        aiohttp.ClientSession() as session,
    ):
        mia = await sign_in(Client(session, service.url), "mia")
        await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
        ended: list[str] = []
        opened = asyncio.Event()
        listening = asyncio.create_task(listen(mia, opened, ended))
        await opened.wait()

        async def no_database() -> None:
            await cable.pull()
            await asyncio.sleep(AWAY)
            await cable.plug_in(plugged)

        async def only_reading() -> None:
            await asyncio.to_thread(read_only, url, "on")
            await asyncio.sleep(READ_ONLY)
            await asyncio.to_thread(read_only, url, "off")

        async def freeze() -> None:
            service.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(FROZEN)
            service.process.send_signal(signal.SIGCONT)

        set_away = 0
        happens: tuple[Callable[[], Awaitable[None]], ...] = (no_database, only_reading, freeze)
        for outage, number in zip(happens, NUMBERS, strict=True):
            await outage()
            await asyncio.sleep(LONGER_THAN_GRACE)
            presence: Any = await mia.call("GET", "/agents/me/presence")
            print(
                f"after {outage.__name__}: {presence}, stream ended: {ended}",
                file=sys.stderr,
                flush=True,
            )
            set_away += presence["presence"] != "available"
            await is_offered_work(mia, twilio, number)
            (offer,) = (await mia.call("GET", "/inbox"))["items"]
            taken = await mia.call("POST", f"/work-items/{offer['id']}/accept")
            await mia.call("POST", f"/interactions/{taken['id']}/close", {"closing_text": ""})
        listening.cancel()
        return set_away + len(ended)


async def main() -> None:
    with tempfile.TemporaryDirectory() as home, postgres_database() as url:
        migrate(url)
        store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
        await store.write(import_desk, read_desk_file.read(DESK))
        store.close()
        async with FakeTwilio() as twilio:
            failed = await drill(url, Path(home), twilio)
    print(f"outages=3 set_away={failed}")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main())
