"""Causes faults in a service that ``running_service`` forks. The n-th call to another server fails,
loses its answer or kills the process, or SQLite refuses to write. The fork imports this module if
``constants`` names one of its values. The import installs the hooks::

    running_service(home, constants={"tests.support.fork_faults.PLAN": Plan(...)})

The module counts calls only after the file ``begin`` exists, so that calls during a service's start
do not count. It writes every call to ``log`` before making it.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import requests
import sqlalchemy as sa
from redis import exceptions as redis_errors
from redis.asyncio.connection import AbstractConnection
from requests.adapters import HTTPAdapter


class Call(StrEnum):
    HTTP = "http"
    REDIS = "redis"
    STATEMENT = "statement"


class Fault(StrEnum):
    REFUSED = "refused"  #: the call never reaches the server
    ANSWER_LOST = "answer lost"  #: the server carries out the call, but the answer is lost
    CRASH = "crash"  #: the process kills itself before the call


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One planned fault, which happens once."""

    begin: Path  #: counting begins when this file exists
    log: Path  #: gets one line for each counted call
    call: Call = Call.HTTP
    number: int = 0  #: 0: no fault happens
    fault: Fault = Fault.REFUSED


PLAN: Plan | None = None
#: while this file exists, SQLite answers every write with SQLITE_READONLY
READ_ONLY: Path | None = None
_counts: Counter[Call] = Counter()
_lock = threading.Lock()


def _fault_of(call: Call, words: str) -> Fault | None:
    """Count a call. Return its fault, if any. A planned crash happens in this function."""
    if PLAN is None or not PLAN.begin.exists():
        return None
    with _lock:
        _counts[call] += 1
        number = _counts[call]
    with PLAN.log.open("a") as log:
        log.write(f"{call} {number} {' '.join(words.split())[:60]}\n")
    if (call, number) != (PLAN.call, PLAN.number):
        return None
    if PLAN.fault is Fault.CRASH:
        os.kill(os.getpid(), signal.SIGKILL)
    return PLAN.fault


def _requests(real: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    def send(self: HTTPAdapter, request: Any, *args: Any, **more: Any) -> requests.Response:
        fault = _fault_of(Call.HTTP, f"{request.method} {request.path_url}")
        if fault is Fault.REFUSED:
            raise requests.ConnectTimeout("the test refuses this call", request=request)
        answer = real(self, request, *args, **more)
        if fault is Fault.ANSWER_LOST:
            raise requests.ConnectionError("the test loses this answer", request=request)
        return answer

    return send


def _aiohttp(real: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        fault = _fault_of(Call.HTTP, f"{method} {url}")
        if fault is Fault.REFUSED:
            raise aiohttp.ClientConnectionError("the test refuses this call")
        answer = await real(self, method, url, **more)
        if fault is Fault.ANSWER_LOST:
            answer.close()
            raise aiohttp.ServerDisconnectedError("the test loses this answer")
        return answer

    return request


def _redis(real: Callable[..., Any]) -> Callable[..., Any]:
    async def send(self: AbstractConnection, command: Any, *args: Any, **more: Any) -> Any:
        fault = _fault_of(Call.REDIS, repr(command))
        if fault is Fault.REFUSED:
            await self.disconnect()
            raise redis_errors.ConnectionError("the test refuses this call")
        await real(self, command, *args, **more)
        if fault is Fault.ANSWER_LOST:
            await self.disconnect()
            raise redis_errors.ConnectionError("the test loses this answer")

    return send


def _statement(*given: Any) -> None:
    _fault_of(Call.STATEMENT, str(given[2]))


def _commit(_connection: sa.Connection) -> None:
    _fault_of(Call.STATEMENT, "commit")


def _read_only(connection: sa.Connection) -> None:
    if READ_ONLY is not None and connection.dialect.name == "sqlite":
        refused = "ON" if READ_ONLY.exists() else "OFF"
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA query_only={refused}")


HTTPAdapter.send = _requests(HTTPAdapter.send)  # type: ignore[method-assign]
aiohttp.ClientSession._request = _aiohttp(aiohttp.ClientSession._request)  # type: ignore[method-assign]
AbstractConnection.send_packed_command = _redis(  # type: ignore[method-assign]
    AbstractConnection.send_packed_command
)
sa.event.listen(sa.Engine, "before_cursor_execute", _statement)
sa.event.listen(sa.Engine, "commit", _commit)
sa.event.listen(sa.Engine, "begin", _read_only)
