"""Compares the inbound webhook with its floors by alternate measurements. Every server stores a
text durably before it answers.

The load generator runs on the same cores.
"""

import statistics
from collections.abc import Iterator

from tests.bench import size
from tests.bench.desks import Desks
from tests.bench.load import Measured
from tests.bench.receivers import measured
from tests.bench.result import Direction, Result, ratios

ROUNDS = size(5, 3, "ROUNDS")
COUNT = size(4000, 1000, "TEXTS")
LEAST_OF_FLOOR = {"SQLite": 0.55, "PostgreSQL": None}
LEAST_OF_NAIVE = {"SQLite": 4.0, "PostgreSQL": 1.1}
MOST_P99 = 2.5  # times the floor's p99


def measure(desks: Desks) -> Iterator[Result]:
    floor, product, naive = receivers = desks.webhook_receivers()
    found: dict[str, list[Measured]] = {receiver.name: [] for receiver in receivers}
    for turn in range(ROUNDS + 1):  # the first round is a warm-up
        for receiver in receivers:
            one = measured(receiver.port, COUNT if turn else COUNT // 4)
            if turn:
                found[receiver.name].append(one)
    ours = found[product.name]
    for other, least in ((floor, LEAST_OF_FLOOR), (naive, LEAST_OF_NAIVE)):
        yield _rates(desks.kind, ours, found[other.name], other.name, least[desks.kind])
    times, floors = ([one.p99 for one in some] for some in (ours, found[floor.name]))
    compared = ratios(times, floors)
    yield Result(
        what="inbound webhook, p99",
        database=desks.kind,
        value=statistics.median(times),
        unit="ms",
        floor=floor.name,
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=MOST_P99,
    )


def _rates(
    kind: str, ours: list[Measured], floors: list[Measured], name: str, least: float | None
) -> Result:
    compared = ratios([one.rate for one in ours], [one.rate for one in floors])
    return Result(
        what=f"inbound webhook, texts a second, beside {name}",
        database=kind,
        value=statistics.median(one.rate for one in ours),
        unit="/s",
        floor=name,
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=least,
        direction=Direction.AT_LEAST,
    )
