"""The limits for connections, with real connections to a real server and short time limits."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sanic import Request, Sanic
from sanic.response import text

from handoff_service.server import http_connection
from handoff_service.server.http_connection import ConnectionLimits, HttpConnection
from handoff_service.web.shared.webhook_overload import WebhooksUnderWay, bytes_to_come

GET = b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n"


class Webhooks(WebhooksUnderWay):
    """Allows this many simultaneous webhooks."""

    is_full = False

    def admit(self, app: Sanic[Any, Any]) -> bool:
        return not self.is_full and super().admit(app)


class Server:
    """A server with these limits. ``open`` opens a new connection to it."""

    def __init__(self, port: int, webhooks: "Webhooks", connections: set[HttpConnection]) -> None:
        self._port, self.webhooks, self.connections = port, webhooks, connections

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

    @app.post("/webhooks/one")
    async def webhook(request: Request) -> object:
        return text(f"hello {request.form.get('a')}")

    @app.get("/stream")
    async def stream(request: Request) -> None:
        response = await request.respond(content_type="text/event-stream")
        await response.send("data: 1\n\n")  # type: ignore[union-attr]
        await asyncio.Event().wait()

    limits = ConnectionLimits(per_address=per_address, in_all=in_all)
    webhooks = Webhooks()
    made = await app.create_server(
        host="127.0.0.1",
        port=0,
        protocol=partial(HttpConnection, limits=limits, webhooks=webhooks),
        return_asyncio_server=True,
    )
    assert made is not None
    await made.startup()
    await made.before_start()
    await made.start_serving()
    yield Server(made.server.sockets[0].getsockname()[1], webhooks, made.connections)
    made.close()
    for connection in list(made.connections):
        connection.abort()
    Sanic.unregister_app(app)


@pytest.mark.parametrize("server", [(20, 1000, ())], indirect=True)
async def test_the_longest_idle_connections_of_an_address_are_closed_first(server: Server) -> None:
    connections = [await server.open() for _ in range(20)]
    # After this request, the connection is no longer the longest idle one.
    assert await server.answers(connections[0])
    assert await server.answers(await server.open())
    ended = [
        reader.at_eof() or not await server.answers((reader, writer))
        for reader, writer in connections
    ]
    assert sum(ended) == 2  # a tenth of the limit
    assert not ended[0]


@pytest.mark.parametrize("server", [(3, 20, ("proxy",))], indirect=True)
async def test_a_proxy_has_only_the_limit_for_all_connections(
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
        (b"", b""),  # a client that sends nothing
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),  # headers that never end
        (b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", b"x"),  # a body that never ends
    ],
)
async def test_the_server_ends_a_request_that_never_ends(
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


HEAD = (
    b"POST /webhooks/one HTTP/1.1\r\nHost: desk\r\nContent-Type: "
    b"application/x-www-form-urlencoded\r\n"
)
WHOLE = HEAD + b"Content-Length: 3\r\n\r\na=1"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n"
ROOMY = pytest.mark.parametrize("server", [(500, 1000, ())], indirect=True)


async def answer(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], *parts: bytes
) -> tuple[int, bytes]:
    """Send a request in these parts. Return the status and body of the answer."""
    reader, writer = connection
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head.split(b" ")[1]), await reader.readexactly(length)


@ROOMY
async def test_a_webhook_over_the_limit_is_refused_and_its_connection_stays_open(
    server: Server,
) -> None:
    connection = await server.open()
    server.webhooks.is_full = True
    for parts in ([WHOLE], [WHOLE[:-3], WHOLE[-3:]], [WHOLE[:-3], WHOLE[-3:-1], WHOLE[-1:]]):
        status, body = await answer(connection, *parts)
        assert (status, body[:13]) == (503, b"The service i")
    assert await server.answers(connection), "the limit does not apply to pages"
    server.webhooks.is_full = False
    assert await answer(connection, WHOLE) == (200, b"hello 1")


@ROOMY
async def test_a_webhook_counts_as_open_until_its_answer(server: Server) -> None:
    connection, other = await server.open(), await server.open()
    assert await answer(connection, WHOLE) == (200, b"hello 1")
    assert server.webhooks.count == 0
    for _, writer in (connection, other):
        writer.write(WHOLE[:-1])
    while server.webhooks.count < 2:
        await asyncio.sleep(0)
    other[1].close()
    while server.webhooks.count > 1:
        await asyncio.sleep(0)
    assert await answer(connection, WHOLE[-1:]) == (200, b"hello 1")
    assert server.webhooks.count == 0


@ROOMY
@pytest.mark.parametrize("request_", [CHUNKED, WHOLE + WHOLE], ids=["chunked", "two at once"])
async def test_a_request_of_unknown_length_is_never_cut_off(
    server: Server, request_: bytes
) -> None:
    server.webhooks.is_full = True
    assert await answer(await server.open(), request_) == (200, b"hello 1")


@ROOMY
@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "awake"])
async def test_a_stream_survives_a_freeze_of_the_process(server: Server, frozen: bool) -> None:
    reader, writer = await server.open()
    writer.write(b"GET /stream HTTP/1.1\r\nHost: desk\r\n\r\n")
    await reader.readuntil(b"data: 1")
    (connection,) = server.connections
    connection._time -= 60  # This simulates a minute without data.
    if frozen:
        # This simulates a minute without checks, as in a frozen process.
        connection._checked_at -= 60
    connection.check_timeouts()
    await asyncio.sleep(0)
    assert connection.transport is not None
    assert connection.transport.is_closing() is (not frozen)


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (WHOLE, 0),
        (WHOLE[:-2], 2),
        (WHOLE[:-3], 3),
        (WHOLE[:-5], None),  # the headers are not complete
        (WHOLE + b"x", None),
        (CHUNKED, None),
        (HEAD + b"CONTENT-LENGTH:12\r\n\r\n", 12),
        (HEAD + b"X-A: \r\nContent-Length: -1\r\n\r\n", None),
        (HEAD + b"\r\nContent-Length: 4\r\n\r\n", None),  # the connection ends inside the body
    ],
)
def test_the_missing_bytes_of_a_request_are_counted(data: bytes, left: int | None) -> None:
    assert bytes_to_come(data) == left
