"""Measures the cost of the index of texts for each script: bytes and time per text, with the same
help desk texts in each language.

The baseline is an index of whole words, which cannot find parts of words in scripts without spaces.
The benchmark indexes texts as the worker does, including folding, and measures bytes and time.
Other programs affect the times. On SQLite the bytes are the same in every run.
"""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

import sqlalchemy as sa
from sqlalchemy import Connection

from handoff_service.rules.conversations import scripts, search_query
from handoff_service.store.conversations import text_index
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.migrate import migrate
from tests.bench import size
from tests.bench.desks import Desks
from tests.bench.desks import database as desk_database
from tests.bench.result import Result, ratios, spread
from tests.bench.sentences import MIX, SENTENCES

TEXTS = size(20_000, 1_500, "INDEXED")
TIMES = size(3, 2)
LINES = 10  # lines of a conversation
# Limits from issue 12, as multiples of the cost of whole words, for the mix of languages.
MOST_GROWTH = 1.3
MIXED = "mix"
BYTES = {
    "sqlite": "SELECT sum(length(block)) FROM message_words_data",
    "postgresql": "SELECT pg_total_relation_size('message_words')",
}
EMPTY = {
    "sqlite": "INSERT INTO message_words (message_words) VALUES ('delete-all')",
    "postgresql": "TRUNCATE message_words",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one text."""

    size: float  # bytes
    took: float  # microseconds


def measure(desks: Desks) -> Iterator[Result]:
    with database(desks.kind) as conn:
        index(conn, MIXED, TEXTS // 10)  # a warm-up
        for texts in (*SENTENCES, MIXED):
            yield from _results(desks.kind, conn, texts)


def _results(kind: str, conn: Connection, texts: str) -> Iterator[Result]:
    """Measure bytes and time of one script. Only the mix of languages has budgets."""
    pairs = [(whole_words(conn, texts, TEXTS), index(conn, texts, TEXTS)) for _ in range(TIMES)]
    whole, now = zip(*pairs, strict=True)
    budget = MOST_GROWTH if texts == MIXED else None
    for what, unit, cost in (
        ("size", "bytes a text", lambda one: one.size),
        ("time", "µs a text", lambda one: one.took),
    ):
        ours = [cost(one) for one in now]
        compared = ratios(ours, [cost(one) for one in whole])
        yield Result(
            what=f"text index, {texts}: {what}",
            database=kind,
            value=spread(ours).middle,
            unit=unit,
            floor="an index of whole words",
            ratio=compared.middle,
            low=compared.low,
            high=compared.high,
            budget=budget,
        )


@contextmanager
def database(kind: str) -> Iterator[Connection]:
    """Create a new database with the service's tables."""
    with desk_database(kind) as url, ExitStack() as stack:
        migrate(url)
        opened = engine(url, size=1, writes=True)
        stack.callback(opened.dispose)
        yield stack.enter_context(opened.connect())


def whole_words(conn: Connection, texts: str, count: int) -> Cost:
    """Return the cost of an index in which each run of letters is one word."""
    with ExitStack() as stack:
        for module in (scripts, search_query, text_index):
            stack.enter_context(mock.patch.object(module, "length_of_words", _one_word))
        return index(conn, texts, count)


def _one_word(_run: str) -> int:
    return 0  # A function, because a mock would add time.


def index(conn: Connection, texts: str, count: int) -> Cost:
    """Fill the empty index with texts, one batch per transaction as the worker does."""
    kind = conn.dialect.name
    conn.execute(sa.text(EMPTY[kind]))
    conn.commit()
    rows = _lines(texts, count)
    start = time.perf_counter()
    for first in range(0, count, text_index.AT_ONCE):
        text_index._insert(conn, rows[first : first + text_index.AT_ONCE])
        conn.commit()
        while text_index.merge_index(conn, begins=False, pages=100):
            conn.commit()
        conn.commit()
    took = time.perf_counter() - start
    # The size of an index with one part depends only on its words.
    more = text_index.merge_index(conn, begins=True, pages=1000)
    while more:
        more = text_index.merge_index(conn, begins=False, pages=1000)
    conn.commit()
    size: float = conn.execute(sa.text(BYTES[kind])).scalar_one()
    conn.commit()
    return Cost(size / count, took * 1e6 / count)


def _lines(texts: str, count: int) -> list[Any]:
    """Return requesters' texts in the form that ``index_next`` reads: one sentence, or two and a
    number.
    """
    chance = random.Random(3)
    rows: list[Any] = []
    for n, body in enumerate(_bodies(texts, count, chance)):
        interaction, seq = divmod(n, LINES)
        rows.append(
            SimpleNamespace(
                interaction_id=interaction + 1,
                seq=seq + 1,
                kind="message",
                event=None,
                direction="inbound",
                body=body,
                reason=None,
                requester_number=f"+1312{interaction:07d}",
            )
        )
    return rows


def _bodies(texts: str, count: int, chance: random.Random) -> Iterator[str]:
    for _ in range(count):
        script = chance.choices(list(MIX), list(MIX.values()))[0] if texts == MIXED else texts
        one, other = chance.choices(SENTENCES[script], k=2)
        yield one if chance.random() < 0.5 else f"{one} {other} {chance.randrange(1000, 9999)}"
