"""What the commit numbers cost the inbound webhook: with and without them, in turns in one run.

``python -m tests.bench.commit_numbers``: the number that each transaction stores
(``store/engine/commit_numbers.py``) may cost at most 3 % of the texts per second. ``serve`` as an
argument starts the service that stores none.
"""

import dataclasses
import statistics
import sys
from contextlib import ExitStack

from handoff_service import cli
from handoff_service.store.engine.commit_numbers import CommitNumbers
from tests.bench import size
from tests.bench.rungs import Rung, baselines, measured, running

WORST = 0.97  # of the rate without numbers
ROUNDS = size(9, 2)
TEXTS = size(4000, 1500)  # a turn


def main() -> int:
    missed = 0
    for kind in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            stores = baselines(kind, stack)[1]
            plain = dataclasses.replace(
                baselines(kind, stack)[1],
                command=[sys.executable, "-m", "tests.bench.commit_numbers", "serve"],
                found=[],
            )
            for rung in (stores, plain):
                stack.enter_context(running(rung))
            ratios = [_ratio(stores, plain, turn) for turn in range(ROUNDS + 1)][1:]
        ratio = statistics.median(ratios)
        missed += ratio < WORST
        print(
            f"{kind}: with commit numbers {ratio:.3f} of the texts/s without "
            f"({min(ratios):.3f} to {max(ratios):.3f})   budget: at least {WORST} "
            f"{'met' if ratio >= WORST else 'MISSED'}"
        )
    return missed


def _ratio(stores: Rung, plain: Rung, turn: int) -> float:
    """The rate of one over the other's. Each goes first in every second turn; the first turn is a
    warm-up."""
    pair = (stores, plain) if turn % 2 else (plain, stores)
    rate = {rung.port: measured(rung.port, TEXTS).rate for rung in pair}
    return rate[stores.port] / rate[plain.port]


def _serve_without() -> None:
    """Start the service with lanes that store no numbers."""
    CommitNumbers.next = lambda _self, _now: 0  # type: ignore[method-assign]
    CommitNumbers.store = lambda *_: None  # type: ignore[method-assign]
    sys.argv = ["patchboard", "serve"]
    cli.main()


if __name__ == "__main__":
    sys.exit(_serve_without() if sys.argv[1:] == ["serve"] else main())
