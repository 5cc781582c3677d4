"""The database away: Twilio is told 503, so that it tries its fallback; when it is back, all goes on by itself."""

import asyncio
from pathlib import Path

import aiohttp

from tests.fake_twilio import FakeTwilio
from tests.service import running_service
from tests.story import MAIN


class Cable:
    """A TCP connection to PostgreSQL that can be pulled."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open: set[asyncio.StreamWriter] = set()

    async def plug_in(self, port: int = 0) -> int:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", port)
        plugged: int = self._server.sockets[0].getsockname()[1]
        return plugged

    async def pull(self) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._to)
        self._open |= {writer, back}
        await asyncio.gather(_pump(reader, back), _pump(there, writer), return_exceptions=True)
        self._open -= {writer, back}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_503_while_it_is_away_and_200_when_it_is_back(postgres_url: str, tmp_path: Path) -> None:
    host, _, rest = postgres_url.removeprefix("postgresql://").partition(":")
    port, _, name = rest.partition("/")
    cable = Cable(host.rpartition("@")[2], int(port))
    plugged = await cable.plug_in()
    twilio = FakeTwilio()
    await twilio.start()
    settings = {
        "DATABASE_URL": f"postgresql://{host}:{plugged}/{name}",
        "SMS_PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_API_URL": twilio.url,
    }
    service = running_service(tmp_path, **settings)
    running = await asyncio.to_thread(service.__enter__)  # in a thread: the cable is carried by this loop
    try:
        url = f"{running.url}/webhooks/twilio/sms"
        assert (await twilio.send_inbound(url, "+12025557001", MAIN, "before")).status == 200
        await cable.pull()
        assert (await twilio.send_inbound(url, "+12025557001", MAIN, "meanwhile")).status == 503
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/readyz") as ready:
            assert ready.status == 503
            assert "database" in (await ready.json())["not_ready"]
        await cable.plug_in(plugged)
        assert (await twilio.send_inbound(url, "+12025557001", MAIN, "after")).status == 200
        async with asyncio.timeout(30):  # what was due meanwhile is done now: both texts' handoff is told
            while not twilio.sent:
                await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)
        await cable.pull()
        await twilio.close()
