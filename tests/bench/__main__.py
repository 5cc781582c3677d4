"""``make bench``: the inbound webhook beside its floors, in turns in one run, on SQLite and
PostgreSQL; then a storm of first texts (``storm.py``), what the commit numbers cost
(``commit_numbers.py``), the outbox and receipts (``outbox.py``), what lists and searches cost
(``reads.py``), what a search for a person costs (``user_search.py``), what the
index of texts costs for each script (``text_index.py``), how long an offer takes to
an agent's screen (``offers.py``), what the bot's turns cost (``bot_turns.py``), and how long
reports over a year take (``reports.py``).

Quote the ratios: absolute figures are this machine's. The load generator shares its cores.
"""

import statistics
import sys
from contextlib import ExitStack

from tests.bench import (
    bot_turns,
    commit_numbers,
    offers,
    outbox,
    reads,
    reports,
    size,
    storm,
    text_index,
    user_search,
)
from tests.bench.rungs import CONNECTIONS, Rung, baselines, measured, running

ROUNDS = size(5, 2, "ROUNDS")
COUNT = size(4000, 1500, "TEXTS")


def main() -> int:
    missed = 0
    for kind in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            rungs = [stack.enter_context(running(rung)) for rung in baselines(kind, stack)]
            for turn in range(ROUNDS + 1):  # the first is a warm-up
                for rung in rungs:
                    found = measured(rung.port, COUNT if turn else COUNT // 4)
                    if turn:
                        rung.found.append(found)
                print(f"-> {kind}: round {turn} of {ROUNDS}", file=sys.stderr)
            missed += _report(kind, rungs)
    missed += storm.main() + commit_numbers.main()
    missed += outbox.main() + reads.main() + user_search.main()
    missed += text_index.main() + offers.main() + bot_turns.main() + reports.main()
    return 1 if missed else 0


def _report(kind: str, rungs: list[Rung]) -> int:
    """Print the table of one database. Returns how many budgets were missed."""
    floor = rungs[0]
    print(f"\n{kind}, {CONNECTIONS} connections, median of {ROUNDS} rounds of {COUNT} texts")
    print(f"{'':<60}{'texts/s':>9}{'of floor':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for rung in rungs:
        p50, p99 = (
            statistics.median(getattr(m, name) for m in rung.found) for name in ("p50", "p99")
        )
        print(
            f"{rung.name:<60}{rung.rate:>9.0f}{rung.rate / floor.rate:>10.2f}{p50:>9.1f}{p99:>9.1f}"
        )
    missed = 0
    for rung in rungs:
        for other, least in rung.budgets.items():
            ratio = rung.rate / next(r.rate for r in rungs if r.name == other)
            missed += ratio < least
            print(
                f"  budget: at least {least:.2f}x of '{other}': {ratio:.2f}x "
                f"{'met' if ratio >= least else 'MISSED'}"
            )
    return missed


if __name__ == "__main__":
    sys.exit(main())
