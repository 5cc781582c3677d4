"""``make bench``: all benchmarks on SQLite and PostgreSQL, then the bot.

The run prints each result as it comes. At the end, it prints one table and the facts about the
machine. The exit code is 1 if a result missed its budget. Quote the ratios, because absolute
figures depend on the machine, and the load generator uses the same cores.

``QUICK=1``: small sizes. ``ONLY=webhook,storm``: only these benchmarks. ``OUT=file``: also write
file.md and file.json.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing

from tests.bench import (
    KINDS,
    QUICK,
    bot_turns,
    commit_numbers,
    erasures,
    machine,
    nudges,
    offers,
    outbox,
    processes,
    reads,
    reports,
    retention,
    signed_in_agents,
    storm,
    ten_million,
    text_index,
    timers,
    trainer_pages,
    user_search,
    webhook,
)
from tests.bench.desks import Desks
from tests.bench.report import Report
from tests.bench.result import Result

#: In an order in which they disturb each other little. A benchmark that adds rows to a shared desk
#: comes late.
ON_EACH_DATABASE: dict[str, Callable[[Desks], Iterator[Result]]] = {
    "webhook": webhook.measure,
    "storm": storm.measure,
    "processes": processes.measure,
    "nudge": nudges.measure,
    "commit_numbers": commit_numbers.measure,
    "outbox": outbox.measure,
    "timers": timers.measure,
    "ongoing": reads.many_ongoing,
    "user_search": user_search.measure,
    "text_index": text_index.measure,
    "trainer": trainer_pages.measure,
    "offers": offers.many_agents,
    "signed_in": signed_in_agents.measure,
    "long_past": reads.long_past,
    "offers_long_past": offers.long_past,
    "reports": reports.measure,
    "retention": retention.measure,
    "erasures": erasures.measure,
}
#: benchmarks that run only when ``ONLY`` names them
ON_DEMAND: dict[str, Callable[[Desks], Iterator[Result]]] = {"ten_million": ten_million.measure}


def main() -> int:
    only = {name for name in os.environ.get("ONLY", "").split(",") if name}
    if unknown := only - {*ON_EACH_DATABASE, *ON_DEMAND, "bot"}:
        names = ", ".join([*ON_EACH_DATABASE, *ON_DEMAND, "bot"])
        print(f"ONLY: there is no benchmark {min(unknown)}. There are: {names}.", file=sys.stderr)
        return 2
    report = Report(machine.look(), QUICK)
    if report.machine.warning:
        print(f"Warning: {report.machine.warning}", file=sys.stderr)
    for kind in KINDS:
        with closing(Desks(kind)) as desks:
            for name, measure in (ON_EACH_DATABASE | ON_DEMAND).items():
                if name in only or (not only and name in ON_EACH_DATABASE):
                    _run(report, f"{name}, {kind}", measure(desks))
                    desks.end_benchmark()
    if not only or "bot" in only:
        _run(report, "bot", bot_turns.measure())
    print("\n" + report.markdown())
    if out := os.environ.get("OUT"):
        report.write(out)
    return 1 if report.missed else 0


def _run(report: Report, name: str, results: Iterator[Result]) -> None:
    """Run one benchmark. A failure does not stop the other benchmarks."""
    began = time.monotonic()
    try:
        for result in results:
            report.add(result)
    except Exception as error:  # noqa: BLE001  # reported, and the run ends with 1
        traceback.print_exc()
        report.failures[name] = f"{type(error).__name__}: {error}"[:200]
    report.seconds[name] = time.monotonic() - began
    print(f"-> {name}: {report.seconds[name]:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
