"""Measures the time of pages and lists, with very many ongoing conversations and with a long
history.

The benchmark measures the server's whole answer over one keep-alive connection, which includes the
session check, the queries and the template.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import requests

from handoff_service.web.shared.list_query import LISTED_AT_FIRST
from tests.bench import seed, size
from tests.bench.desks import FEW, MIA, STORED, Desks, agent, signed_in
from tests.bench.result import Result, ratios, spread

ONGOING = size(1000, 1000, "ONGOING")
TIMES = size(15, 9, "READS")
MOST_MS = 25.0
MOST_SEARCH_MS = 300.0
WARM_UP = size(3, 2)
CALLS = {  # path -> its budget, as a multiple of its time with a short past; None: MOST_SEARCH_MS
    "/api/v1/inbox": 1.25,
    "/api/v1/ongoing": 1.25,
    "/api/v1/ongoing?others=true": 1.25,
    "/workspace/lists": 1.25,
    "/workspace?others=1": 1.25,
    "/workspace/search?q=laptop": None,  # every text contains this word
    "/workspace/search?q=la": None,
    "/workspace/search?q=laptop+777": None,
    '/workspace/search?q="it is number 777"': None,
    "/workspace/search?q=laptop+nowhere": None,
    "/workspace/search?q=0000777": None,
    "/workspace/search?q=lee": None,
}


def many_ongoing(desks: Desks) -> Iterator[Result]:
    """Measure a list of very many ongoing conversations: its first page, and the whole list."""
    desk = desks.demo()
    seed.ongoing(desk.database, 1, ONGOING)
    with signed_in(desk, MIA) as session:
        for path, items, most in (
            ("/workspace", LISTED_AT_FIRST, MOST_MS),
            ("/workspace/lists", LISTED_AT_FIRST, MOST_MS),
            ("/workspace?all=1", ONGOING, None),
        ):
            before = desk.processor_seconds()
            took = _times([lambda p=path, n=items: _get(session, desk.url + p, n)])[0]  # type: ignore[misc]
            used = (desk.processor_seconds() - before) * 1000 / (TIMES + WARM_UP)
            what = f"{ONGOING:,} ongoing conversations, {path}"
            yield _time(f"{what}: whole answer", desks.kind, took, most)
            yield Result(
                what=f"{what}: processor time of the service",
                database=desks.kind,
                value=used,
                unit="ms",
                low=used,
                high=used,
            )


def _time(what: str, kind: str, took: list[float], most: float | None) -> Result:
    found = spread(took, quartile=1)
    return Result(
        what=what,
        database=kind,
        value=found.middle,
        unit="ms",
        low=found.low,
        high=found.high,
        budget=most,
    )


def long_past(desks: Desks) -> Iterator[Result]:
    """Measure two desks alternately, one with a short and one with a long past, so that other load
    on the machine affects both.
    """
    short, long = desks.past(FEW), desks.past(STORED)
    with signed_in(short, agent(0)) as one, signed_in(long, agent(0)) as other:
        for path, most in CALLS.items():
            few, many = _times(
                [
                    lambda path=path: _get(one, short.url + path),  # type: ignore[misc]
                    lambda path=path: _get(other, long.url + path),  # type: ignore[misc]
                ]
            )
            what = f"{STORED:,} closed conversations stored, {path}"
            if most is None:
                yield _time(what, desks.kind, many, MOST_SEARCH_MS)
                continue
            compared = ratios(many, few, quartile=1)
            yield Result(
                what=what,
                database=desks.kind,
                value=spread(many, quartile=1).middle,
                unit="ms",
                floor=f"{FEW:,} stored",
                ratio=compared.middle,
                low=compared.low,
                high=compared.high,
                budget=most,
            )


def _get(session: requests.Session, url: str, items: int | None = None) -> None:
    answer = session.get(url, timeout=60)
    answer.raise_for_status()
    if items is not None and answer.text.count('<li id="item-') != items:
        raise RuntimeError(f"{url} does not show {items} conversations")


def _times(works: Sequence[Callable[[], None]]) -> list[list[float]]:
    """Measure the requests alternately. Return the milliseconds of each."""
    took: list[list[float]] = [[] for _ in works]
    for turn in range(WARM_UP + TIMES):
        for times, work in zip(took, works, strict=True):
            began = time.perf_counter()
            work()
            if turn >= WARM_UP:
                times.append((time.perf_counter() - began) * 1000)
    return took
