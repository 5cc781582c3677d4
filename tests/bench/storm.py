"""A storm of first texts while no live agent is there, beside texts in known conversations.

``python -m tests.bench.storm``: each first text opens a conversation and chooses a queue, and its
sender is texted that nobody is free. Storms and known conversations take turns in one run. Each
storm comes from numbers that have never texted.
"""

import asyncio
import secrets
import statistics
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from tests.bench import size
from tests.bench.load import Measured, request, send
from tests.bench.rungs import CONNECTIONS, baselines, running

LEAST = 0.8  # of the rate of known conversations
TEXTS = size(4000, 1000, "TEXTS")
ROUNDS = size(3, 1)
LIVE = "+18885550200"  # the demo desk's number for live agents


def main() -> int:
    missed = 0
    for kind in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            port = stack.enter_context(running(baselines(kind, stack)[1])).port
            known = [f"+1415555{n:04d}" for n in range(TEXTS // 4)]
            _texts(port, known)
            ratios, rates = [], []
            for turn in range(ROUNDS):
                first = [f"+1{305 + turn}{5550000 + n}" for n in range(TEXTS)]
                usual = _texts(port, (known * 4)[:TEXTS])
                storm = _texts(port, first)
                ratios.append(storm.rate / usual.rate)
                rates.append(storm.rate)
        ratio = statistics.median(ratios)
        missed += ratio < LEAST
        print(
            f"{kind}: a storm of {TEXTS} first texts at {statistics.median(rates):.0f} texts/s, "
            f"{ratio:.2f} of known conversations ({min(ratios):.2f} to {max(ratios):.2f})   "
            f"budget: at least {LEAST} {'met' if ratio >= LEAST else 'MISSED'}"
        )
    return missed


def _texts(port: int, senders: Iterable[str]) -> Measured:
    tag = secrets.token_hex(4)
    requests = [request(n, tag, LIVE, sender) for n, sender in enumerate(senders)]
    found = asyncio.run(send(port, CONNECTIONS, requests))
    if found.failed:
        raise RuntimeError(f"{found.failed} texts were not answered with 200")
    return found


if __name__ == "__main__":
    sys.exit(main())
