"""One process that serves HTTP on a listening socket. Before it stops, it finishes the requests and
the work that it has started.

The order of a stop:

- Accept no more connections.
- End the event streams.
- Answer every running request with ``Connection: close``.
- Close the idle connections.
- Close the desk (work, gateways, lanes, database).
"""

import asyncio
import errno
import gc
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import Any

import uvloop
from sanic import Sanic
from sanic.models.server_types import Signal

from handoff_service import clock, log
from handoff_service.context import AppContext
from handoff_service.errors import SetupError
from handoff_service.server.acceptor import Acceptor
from handoff_service.server.http_connection import ConnectionLimits, HttpConnection
from handoff_service.web.shared.webhook_overload import WebhooksUnderWay

PORT_IS_FREE_WITHIN = 3.0  # seconds, because a process that has just ended may still use the port
# During a stop, an idle connection may send one more request within this many seconds.
IDLE_LINGER = 1.0
REQUESTS_WITHIN = 10.0  # seconds for running requests to finish
STOP_WITHIN = 30.0  # seconds from the signal to the end of the process, even if something hangs
LOOK = 0.02  # seconds between two checks of the open connections during a stop

type App = Sanic[Any, Any]


def listen(host: str, port: int) -> socket.socket:
    """The socket on which one or more processes listen. Raises SetupError when the address cannot
    be used.

    This only binds the socket. The system refuses connections until a process serves, so clients do
    not wait during the migration of the database.
    """
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:  # the address is a host name
        family = socket.AF_INET
    until = time.monotonic() + PORT_IS_FREE_WITHIN
    while True:
        try:
            return _bound(family, host, port)
        except socket.gaierror as error:
            raise SetupError(
                f"PATCHBOARD_HOST {host!r} is not an address of this machine: {error.strerror}."
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise SetupError(_cannot_listen(host, port, error)) from error


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Another program already uses {host}:{port}. Stop it, or set PATCHBOARD_HOST or "
            "PATCHBOARD_PORT to another address."
        )
    why = os.strerror(error.errno or 0)
    return (
        f"Patchboard cannot listen on {host}:{port} ({why}). Set PATCHBOARD_HOST or "
        "PATCHBOARD_PORT."
    )


def raise_file_limit() -> int:
    """Raise this process's limit of open files to the system's maximum, because each connection is
    an open file. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run(
    make_app: Callable[[], App], listening: socket.socket, *, lifeline: socket.socket | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. With a ``lifeline``, also stop when the supervisor process
    closes its end, and write ``ready`` to the lifeline as soon as this process answers
    requests."""
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(make_app, listening, lifeline))


async def _run(
    make_app: Callable[[], App], listening: socket.socket, lifeline: socket.socket | None
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, _no_rolling_restart)
    app = make_app()
    if lifeline is not None:
        _watch(lifeline, loop, stopping, partial(_look_for_work, app))

    def ready() -> None:
        if lifeline is not None:
            # if the supervisor has ended, the thread of ``_watch`` notices it
            with suppress(OSError):
                lifeline.sendall(b"ready")

    await _serve(app, listening, stopping, ready)


def _no_rolling_restart() -> None:
    log.warning(
        "no_rolling_restart",
        why="A rolling restart needs PATCHBOARD_WORKERS of at least 2. Send the signal to the "
        "supervisor process.",
    )


def _look_for_work(app: App) -> None:
    """Look for work that another process has released."""
    desk: AppContext | None = getattr(app.ctx, "desk", None)
    for worker in desk.workers if desk is not None else ():
        worker.nudge(clock.now())


def _watch(
    lifeline: socket.socket,
    loop: asyncio.AbstractEventLoop,
    stopping: asyncio.Event,
    look: Callable[[], None],
) -> None:
    """Look for work when the supervisor asks for it, and stop when the supervisor has ended. Runs
    in a thread, so that the process also ends if its event loop is blocked."""

    def wait() -> None:
        with suppress(OSError):  # a reset: the supervisor was killed before it read everything
            while lifeline.recv(1):
                loop.call_soon_threadsafe(look)
        log.warning("supervisor_gone", pid=os.getpid())
        loop.call_soon_threadsafe(stopping.set)
        _end_in_time()

    threading.Thread(target=wait, daemon=True, name="lifeline").start()


def _end_in_time() -> None:
    """Kill the process if its stop takes too long. The work that it has claimed then waits until
    the lease ends."""
    time.sleep(STOP_WITHIN)
    log.warning("stop_took_too_long", seconds=STOP_WITHIN, pid=os.getpid())
    os._exit(1)


async def _serve(
    app: App, listening: socket.socket, stopping: asyncio.Event, ready: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    connection = partial(HttpConnection, limits=ConnectionLimits(), webhooks=WebhooksUnderWay())
    # Sanic's server handles the connections, and runs the app's start and stop. It accepts none
    # itself.
    server: Any = await app.create_server(
        sock=listening,
        protocol=connection,  # type: ignore[arg-type]  # any callable that makes one works
        return_asyncio_server=True,
        asyncio_server_kwargs={"start_serving": False},
    )
    made = partial(connection, loop=loop, app=app, connections=server.connections, signal=Signal())
    acceptor = Acceptor(listening.dup(), made)
    await server.startup()
    await server.before_start()
    acceptor.start()
    await server.after_start()
    # The program's own objects never become garbage. Without this, the garbage collector would
    # check them all, and stop every thread for a sixth of a second.
    gc.freeze()
    ready()
    await stopping.wait()
    threading.Thread(target=_end_in_time, daemon=True, name="end-in-time").start()
    log.info("stopping", pid=os.getpid(), connections=len(server.connections))
    await _drain(app, server, acceptor)
    await server.before_stop()
    await server.after_stop()


async def _drain(app: App, server: Any, acceptor: Acceptor) -> None:
    """Accept no more connections, answer the requests that have arrived, and close all connections.
    A request that takes longer than ``REQUESTS_WITHIN`` is aborted."""
    loop = asyncio.get_running_loop()
    app.config.KEEP_ALIVE = False  # each further answer has the header Connection: close
    desk: AppContext = app.ctx.desk
    for open_connection in list(server.connections):
        open_connection.answer_and_close()
    server.server.close()
    await acceptor.close()
    desk.fanout.end_streams()
    began = loop.time()
    while server.connections and loop.time() < began + REQUESTS_WITHIN:
        if loop.time() >= began + IDLE_LINGER:
            for open_connection in list(server.connections):
                open_connection.close_if_idle()
        await asyncio.sleep(LOOK)
    if server.connections:
        log.warning("requests_not_finished", count=len(server.connections))
    for open_connection in list(server.connections):
        open_connection.abort()
