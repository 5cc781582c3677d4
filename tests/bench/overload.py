"""Overload: more texts arrive than the desk can store. The desk must answer each text with 200
within 2 s, or refuse it early. ``python -m tests.bench.overload`` first measures the sustainable
rate. Then it sends texts at five times that rate, each at a planned time, without waiting for
earlier answers.
"""

import asyncio
import os
import resource
import secrets
import sys
import time
from collections import defaultdict
from contextlib import closing

from tests.bench import KINDS
from tests.bench.desks import Desks
from tests.bench.load import measure, request

TIMES = float(os.environ.get("PATCHBOARD_BENCH_OVERLOAD", "5"))  # times the sustainable rate
SECONDS = float(os.environ.get("PATCHBOARD_BENCH_SECONDS", "10"))
MOST_CONNECTIONS = int(os.environ.get("PATCHBOARD_BENCH_CONNECTIONS", "2000"))
IN_TIME = 2.0  # seconds within which an answer with status 200 must arrive


class Sender(asyncio.Protocol):
    """One connection, which sends the next request after the answer to the previous one."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd, self._answer, self._wrote = crowd, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._crowd.free.append(self)

    def send(self, content: bytes) -> None:
        self._wrote = time.perf_counter()
        self._transport.write(content)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(
            head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        ):
            return
        self._answer = b""
        self._crowd.times[int(head.split(b" ")[1])].append(time.perf_counter() - self._wrote)
        self._crowd.free.append(self)

    def close(self) -> None:
        self._transport.close()  # type: ignore[attr-defined]


class Crowd:
    """Sends each request at its planned time on a free connection, as a proxy's connection pool
    does.
    """

    def __init__(self, port: int, requests: list[bytes], rate: float) -> None:
        self._port, self._requests, self._rate = port, requests, rate
        self.free: list[Sender] = []
        # status -> the seconds from sending each request to its whole answer
        self.times: dict[int, list[float]] = defaultdict(list)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        opened = [
            (await loop.create_connection(lambda: Sender(self), "127.0.0.1", self._port))[1]
            for _ in range(MOST_CONNECTIONS)
        ]
        began, sent = time.perf_counter(), 0
        while sent < len(self._requests):
            due = min(int((time.perf_counter() - began) * self._rate), len(self._requests))
            while sent < due and self.free:
                self.free.pop().send(self._requests[sent])
                sent += 1
            await asyncio.sleep(0.002)
        async with asyncio.timeout(30):
            while len(self.free) < MOST_CONNECTIONS:
                await asyncio.sleep(0.01)
        for sender in opened:
            sender.close()


def main() -> int:
    missed = 0
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # This also limits the service, because this process starts it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for kind in KINDS:
        with closing(Desks(kind)) as desks:
            receiver = desks.product()
            asyncio.run(measure(receiver.port, 64, 500, secrets.token_hex(4)))
            sustainable = asyncio.run(measure(receiver.port, 64, 3000, secrets.token_hex(4))).rate
            missed += _overload(kind, receiver.port, sustainable)
            after = asyncio.run(measure(receiver.port, 64, 1000, secrets.token_hex(4)))
            print(f"  afterwards {after.rate:.0f} texts/s are sustainable, {after.failed} refused")
    return 1 if missed else 0


def _overload(kind: str, port: int, sustainable: float) -> int:
    """Print the outcomes of the texts. Return whether a budget was missed."""
    rate, tag = TIMES * sustainable, secrets.token_hex(4)
    crowd = Crowd(port, [request(n, tag) for n in range(int(rate * SECONDS))], rate)
    began = time.perf_counter()
    asyncio.run(crowd.run())
    sent = sum(map(len, crowd.times.values())) / (time.perf_counter() - began)
    print(
        f"\n{kind}: {sustainable:.0f} texts/s are sustainable; {rate:.0f}/s are planned, "
        f"{sent:.0f}/s got an answer"
    )
    for status, times in sorted(crowd.times.items()):
        times.sort()
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(
            f"  {status}: {len(times):>7}, p50 {p50:.2f} s, p99 {p99:.2f} s, longest "
            f"{times[-1]:.2f} s"
        )
    late = sum(one > IN_TIME for one in crowd.times[200])
    print(
        f"  budget: every 200 within {IN_TIME:.0f} s: {late} late, "
        f"{'met' if not late else 'MISSED'}"
    )
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
