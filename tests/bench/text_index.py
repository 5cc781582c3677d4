"""What the index of texts costs for each script: bytes and time per text, with the same help desk
texts in each language.

The baseline is an index of whole words, in which parts of words cannot be found in scripts without
spaces. The texts are counted and timed as the worker indexes them, folding included. Other work of
the machine disturbs the times; the bytes are the same in every run on SQLite.
"""

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
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
from tests.bench.sentences import MIX, SENTENCES
from tests.conftest import postgres_database

TEXTS = size(20_000, 4_000, "INDEXED")
TIMES = size(3, 1)
LINES = 10  # lines of a conversation
MOST = 1.3  # times the cost of whole words, for the mix: from issue 12
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
    """Per text."""

    size: float  # bytes
    took: float  # microseconds


def main() -> int:
    """Print the tables. Returns how many budgets were missed."""
    return sum(_measure(kind) for kind in ("SQLite", "PostgreSQL"))


def _measure(kind: str) -> int:
    print(f"\n{kind}, index of {TEXTS} texts: bytes and microseconds per text, median of {TIMES}")
    print(f"{'':<12}{'whole words':>18}{'as it is':>18}{'bytes':>10}{'time':>8}")
    with database(kind) as conn:
        index(conn, MIXED, TEXTS // 10)  # a warm-up
        return sum(_report(conn, texts) for texts in (*SENTENCES, MIXED))


def _report(conn: Connection, texts: str) -> int:
    """Print a row. Returns how many budgets were missed: only the mix has them."""
    pairs = [(whole_words(conn, texts, TEXTS), index(conn, texts, TEXTS)) for _ in range(TIMES)]
    whole, now = (_median([pair[n] for pair in pairs]) for n in (0, 1))
    ratios = {"bytes": now.size / whole.size, "time": now.took / whole.took}
    print(
        f"{texts:<12}{whole.size:>9.1f}{whole.took:>9.1f}{now.size:>9.1f}{now.took:>9.1f}"
        f"{ratios['bytes']:>10.2f}{ratios['time']:>8.2f}"
    )
    if texts != MIXED:
        return 0
    for what, ratio in ratios.items():
        print(
            f"  budget: {what} of the mix at most {MOST} times those of whole words: {ratio:.2f} "
            f"{'met' if ratio <= MOST else 'MISSED'}"
        )
    return sum(ratio > MOST for ratio in ratios.values())


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.size for cost in costs),
        statistics.median(cost.took for cost in costs),
    )


@contextmanager
def database(kind: str) -> Iterator[Connection]:
    """A new database with the tables of the service."""
    with ExitStack() as stack:
        url = (
            f"sqlite:///{stack.enter_context(TemporaryDirectory())}/desk.db"
            if kind == "SQLite"
            else stack.enter_context(postgres_database())
        )
        migrate(url)
        opened = engine(url, size=1, writes=True)
        stack.callback(opened.dispose)
        yield stack.enter_context(opened.connect())


def whole_words(conn: Connection, texts: str, count: int) -> Cost:
    """The cost of an index in which each run of letters is one word."""
    with ExitStack() as stack:
        for module in (scripts, search_query, text_index):
            stack.enter_context(mock.patch.object(module, "length_of_words", _one_word))
        return index(conn, texts, count)


def _one_word(_run: str) -> int:
    return 0  # a mock would take time of its own


def index(conn: Connection, texts: str, count: int) -> Cost:
    """Fill the empty index with texts, a batch in each transaction as the worker does."""
    kind = conn.dialect.name
    conn.execute(sa.text(EMPTY[kind]))
    conn.commit()
    rows = _lines(texts, count)
    start = time.perf_counter()
    for first in range(0, count, text_index.AT_ONCE):
        text_index._insert(conn, rows[first : first + text_index.AT_ONCE])
        conn.commit()
    took = time.perf_counter() - start
    size: float = conn.execute(sa.text(BYTES[kind])).scalar_one()
    conn.commit()
    return Cost(size / count, took * 1e6 / count)


def _lines(texts: str, count: int) -> list[Any]:
    """Requesters' texts as ``index_next`` reads them: one sentence, or two and a number."""
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
