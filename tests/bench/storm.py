"""Compares a storm of first texts with texts in existing conversations. No live agent is available.

Each first text opens a conversation and chooses a queue, and the sender gets the text that no agent
is free. The run alternates between storms and texts in existing conversations. Each storm comes
from numbers that have never texted.
"""

import asyncio
import secrets
import statistics
from collections.abc import Iterable, Iterator

from tests.bench import size
from tests.bench.desks import DIRECT, Desks
from tests.bench.load import Measured, request, send
from tests.bench.receivers import CONNECTIONS
from tests.bench.result import Direction, Result, ratios

LEAST = 0.8  # share of the rate in existing conversations
TEXTS = size(4000, 1000, "TEXTS")
ROUNDS = size(3, 2)


def measure(desks: Desks) -> Iterator[Result]:
    port = desks.product().port
    known = [f"+1415555{n:04d}" for n in range(TEXTS // 4)]
    _texts(port, known)
    usual, storms = [], []
    for turn in range(ROUNDS):
        first = [f"+1{305 + turn}{5550000 + n}" for n in range(TEXTS)]
        usual.append(_texts(port, (known * 4)[:TEXTS]).rate)
        storms.append(_texts(port, first).rate)
    compared = ratios(storms, usual)
    yield Result(
        what=f"a storm of {TEXTS:,} first texts while no agent is there",
        database=desks.kind,
        value=statistics.median(storms),
        unit="/s",
        floor="texts in known conversations",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=LEAST,
        direction=Direction.AT_LEAST,
    )


def _texts(port: int, senders: Iterable[str]) -> Measured:
    tag = secrets.token_hex(4)
    requests = [request(n, tag, DIRECT, sender) for n, sender in enumerate(senders)]
    found = asyncio.run(send(port, CONNECTIONS, requests))
    if found.failed:
        raise RuntimeError(f"{found.failed} texts were not answered with 200")
    return found
