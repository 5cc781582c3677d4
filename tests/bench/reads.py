"""What the list costs: with very many ongoing conversations, and with a long past behind it.

The server's whole answer is measured, over one keep-alive connection: session, queries, template.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.bench import fill
from tests.conftest import postgres_database
from tests.service import Service, running_service

ONGOING = int(os.environ.get("PATCHBOARD_BENCH_ONGOING", "1000"))
STORED = int(os.environ.get("PATCHBOARD_BENCH_STORED", "1000000"))
FEW = 1000
TIMES = int(os.environ.get("PATCHBOARD_BENCH_READS", "15"))
MOST_MS = 100.0
MOST_RATIO = 1.25
MIA = {"email": "mia@example.com", "password": "mia-demo"}


def main() -> int:
    """Print the tables. Returns how many budgets were missed."""
    missed = 0
    for kind in ("SQLite", "PostgreSQL"):
        missed += _many_ongoing(kind) + _long_past(kind)
    return missed


def _many_ongoing(kind: str) -> int:
    print(f"\n{kind}, a list of {ONGOING} ongoing conversations: ms until the whole answer, median (p95) of {TIMES}")
    missed = 0
    with _desk(kind) as (desk, url):
        fill.ongoing(url, 1, ONGOING)
        with _signed_in(desk) as session:
            for path in ("/workspace", "/workspace/lists"):
                took = _times(lambda path=path: _get(session, desk.url + path, ONGOING))  # type: ignore[misc]
                median, p95 = statistics.median(took), sorted(took)[int(len(took) * 0.95)]
                met = median < MOST_MS
                missed += not met
                print(f"{path:<60}{median:>9.1f}{p95:>9.1f}  budget: {MOST_MS:.0f} ms {'met' if met else 'MISSED'}")
    return missed


def _long_past(kind: str) -> int:
    print(f"\n{kind}, the inbox and the ongoing list over closed interactions: ms, median of {TIMES}")
    calls = (
        "/api/v1/inbox",
        "/api/v1/ongoing",
        "/api/v1/ongoing?others=true",
        "/workspace/lists",
        "/workspace?others=1",
    )
    found: dict[int, dict[str, float]] = {}
    with _desk(kind) as (desk, url):
        fill.ongoing(url, 1, 20)
        stored = 20
        for count in (FEW, STORED):
            began = time.perf_counter()
            fill.closed_interactions(url, stored + 1, count + 20)
            stored = count + 20
            print(f"-> {kind}: {count} stored, filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            with _signed_in(desk) as session:
                found[count] = {path: _least(session, desk.url + path) for path in calls}
    missed = 0
    for path in calls:
        few, many = found[FEW][path], found[STORED][path]
        met = many <= MOST_RATIO * few
        missed += not met
        said = f"budget: at most {MOST_RATIO}x {'met' if met else 'MISSED'}"
        print(f"{path:<60}{FEW}: {few:.1f}  {STORED}: {many:.1f}  {many / few:.2f}x  {said}")
    return missed


@contextmanager
def _desk(kind: str) -> Iterator[tuple[Service, str]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{home}/desk.db" if kind == "SQLite" else stack.enter_context(postgres_database())
        yield stack.enter_context(running_service(home, DATABASE_URL=url, DEMO="1")), url


@contextmanager
def _signed_in(desk: Service) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        session.post(f"{desk.url}/sign-in", data=MIA, timeout=30).raise_for_status()
        answer = session.post(f"{desk.url}/api/v1/login", json=MIA, timeout=30)
        session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield session


def _get(session: requests.Session, url: str, items: int | None = None) -> None:
    answer = session.get(url, timeout=60)
    answer.raise_for_status()
    if items is not None and answer.text.count('<li id="item-') != items:
        raise RuntimeError(f"{url} does not show all {items} conversations")


def _times(work: Callable[[], None]) -> list[float]:
    for _ in range(3):
        work()
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return took


def _least(session: requests.Session, url: str) -> float:
    return statistics.median(_times(lambda: _get(session, url)))


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
