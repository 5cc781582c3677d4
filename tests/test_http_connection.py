"""Limits of connections: real ones to a real server, with the patience of clients made short."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sanic import Sanic
from sanic.response import text

from handoff_service import http_connection
from handoff_service.http_connection import ConnectionLimits, HttpConnection

GET = b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n"


class Server:
    """A server with these limits. ``open`` gives a new connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def answers(self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
        reader, writer = connection
        try:
            writer.write(GET)
            return (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        except (asyncio.IncompleteReadError, OSError):
            return False


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    per_address, in_all, proxies = request.param
    app = Sanic(f"test-{time.monotonic_ns()}", configure_logging=False)
    app.config.update(TOUCHUP=False, REQUEST_TIMEOUT=0.3, RESPONSE_TIMEOUT=0.6)
    app.ctx.proxies = proxies

    @app.post("/")
    @app.get("/", name="get")
    async def hello(_request: object) -> object:
        return text("hello")

    limits = ConnectionLimits(per_address=per_address, in_all=in_all)
    made = await app.create_server(
        host="127.0.0.1",
        port=0,
        protocol=partial(HttpConnection, limits=limits),  # type: ignore[arg-type]
        return_asyncio_server=True,
    )
    assert made is not None
    await made.startup()
    await made.before_start()
    await made.start_serving()
    yield Server(made.server.sockets[0].getsockname()[1])
    made.close()
    for connection in list(made.connections):
        connection.abort()
    Sanic.unregister_app(app)


@pytest.mark.parametrize("server", [(20, 1000, ())], indirect=True)
async def test_the_idlest_connections_of_an_address_make_room(server: Server) -> None:
    connections = [await server.open() for _ in range(20)]
    assert await server.answers(connections[0])  # so this one is not the idlest
    assert await server.answers(await server.open())
    ended = [reader.at_eof() or not await server.answers((reader, writer)) for reader, writer in connections]
    assert sum(ended) == 2  # a tenth of the limit
    assert not ended[0]


@pytest.mark.parametrize("server", [(3, 20, ("proxy",))], indirect=True)
async def test_a_proxy_has_no_limit_of_its_own_but_the_limit_of_all(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "is_proxy", lambda _address, proxies: bool(proxies))
    connections = [await server.open() for _ in range(20)]
    assert all([await server.answers(one) for one in connections])
    assert await server.answers(await server.open())
    assert sum([await server.answers(one) for one in connections]) == 18


@pytest.mark.parametrize("server", [(100, 100, ())], indirect=True)
@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"", b""),  # nothing is ever sent
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),  # a head that never ends
        (b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", b"x"),  # a body that never ends
    ],
)
async def test_a_request_that_never_ends_is_ended(
    server: Server, begin: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "FIRST_REQUEST_WITHIN", 0.3)
    reader, writer = await server.open()
    writer.write(begin)
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(10):
        while not reading.done():
            if drip:
                writer.write(drip)
            await asyncio.wait([reading], timeout=0.05)
    assert b"200" not in (b"" if reading.exception() else reading.result())
