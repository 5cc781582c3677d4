"""Simultaneous clients are accepted within a few turns of the event loop, and none is reset."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest
import uvloop

from handoff_service.server import acceptor
from handoff_service.server.acceptor import AT_ONCE, Acceptor

CLIENTS = 3 * AT_ONCE


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


class Greeter(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b"hello")  # type: ignore[attr-defined]
        transport.close()


def connect(stack: ExitStack, listening: socket.socket, count: int) -> list[socket.socket]:
    address = listening.getsockname()
    return [
        stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(count)
    ]


def greeted(clients: list[socket.socket]) -> int:
    return sum(client.recv(5) == b"hello" for client in clients)


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_many_simultaneous_clients_are_accepted_within_a_few_turns(
    listening: socket.socket, new_loop: "type[asyncio.AbstractEventLoop]"
) -> None:
    async def serve() -> int:
        made: list[Greeter] = []

        def connection() -> Greeter:
            made.append(Greeter())
            return made[-1]

        accepting = Acceptor(listening, connection)
        accepting.start()
        clients = connect(stack, listening, CLIENTS)
        turns = 0
        while len(made) < CLIENTS:
            await asyncio.sleep(0)  # This lets the event loop run once.
            turns += 1
        assert await asyncio.to_thread(greeted, clients) == CLIENTS
        await accepting.close()
        return turns

    with ExitStack() as stack, asyncio.Runner(loop_factory=new_loop) as runner:
        # Each turn accepts AT_ONCE connections, and a connection is ready a few turns later.
        assert runner.run(serve()) < CLIENTS / 4


async def test_queued_connections_are_accepted_before_closing(listening: socket.socket) -> None:
    accepting = Acceptor(listening, Greeter)
    accepting.start()
    with ExitStack() as stack:
        clients = connect(stack, listening, CLIENTS)
        await accepting.close()  # This happens before the event loop has run.
        assert await asyncio.to_thread(greeted, clients) == CLIENTS


async def test_accepting_continues_after_the_process_ran_out_of_file_descriptors(
    listening: socket.socket,
) -> None:
    class Full:
        """A socket that fails once, as if the process had no file descriptors left."""

        def __init__(self) -> None:
            self.refused = False

        def accept(self) -> tuple[socket.socket, object]:
            if not self.refused:
                self.refused = True
                raise OSError(24, "Too many open files")
            return listening.accept()

        def __getattr__(self, name: str) -> object:
            return getattr(listening, name)

    full = Full()
    accepting = Acceptor(full, Greeter)  # type: ignore[arg-type]  # it behaves as a socket does
    with patch.object(acceptor, "PAUSE", 0.0), ExitStack() as stack:
        accepting.start()
        clients = connect(stack, listening, 1)
        assert await asyncio.to_thread(greeted, clients) == 1
        assert full.refused
    await accepting.close()
