"""Measures how long transactions lock shared rows when nothing competes for them. The lanes run
batches in this process, one lane after the other. A transaction holds a row from the statement that
locks it to the end of the commit.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.operations.conversations.index_texts import index_texts, schedule_indexing
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.routing.offer_work import offer_work
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.bench.desks import DIRECT
from tests.conftest import Heard
from tests.support.story import MAIN

OFFER_RUN = "row of due_work: the next offer run"
INDEX_RUN = "row of due_work: the next index run"
REPLY_LIMITS = "row of desk: limits of replies to unknown numbers"
RATE = "row of provider_numbers: rate of a number"


def shared_row(statement: str, given: str) -> str | None:
    """Return the name of the shared row that this statement locks, if any. ``given``: the
    statement's values.
    """
    words = " ".join(statement.split())
    if "due_work" in words and not words.startswith("SELECT"):
        runs = {"'offer_work'": OFFER_RUN, "'index_texts'": INDEX_RUN}
        return next((r for w, r in runs.items() if w in given and "'desk'" in given), None)
    if "FROM desk FOR UPDATE" in words:
        return REPLY_LIMITS
    if "FROM provider_numbers" in words and "FOR NO KEY UPDATE" in words:
        return RATE
    return None


@dataclass(slots=True)
class Timed:
    """The summed times of one kind of transaction. Medians would hide the long transactions."""

    transactions: int = 0
    commands: int = 0
    seconds: float = 0.0  #: from BEGIN to the end of the commit
    #: seconds that the transaction waited for the database's answers
    statements: float = 0.0
    commits: float = 0.0  #: seconds that the transaction spent in COMMIT
    #: name of a shared row -> seconds that transactions held it
    held: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Timed") -> None:
        self.transactions += other.transactions
        self.seconds += other.seconds
        self.statements += other.statements
        self.commits += other.commits
        for name, seconds in other.held.items():
            self.held[name] = self.held.get(name, 0.0) + seconds


@dataclass
class _Watch:
    """Times the transactions of an engine that run one at a time."""

    timed: Timed = field(default_factory=Timed)
    _began: float = 0.0
    _statement: float = 0.0
    _locked: dict[str, float] = field(default_factory=dict)

    def listen(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, "begin", self._begin)
        sa.event.listen(engine, "before_cursor_execute", self._before)
        sa.event.listen(engine, "after_cursor_execute", self._after)

    def _begin(self, _conn: sa.Connection) -> None:
        self._began, self._locked = time.perf_counter(), {}

    def _before(self, _conn: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        self._statement = time.perf_counter()
        row = shared_row(statement, str(given))
        if row is not None:
            self._locked.setdefault(row, self._statement)

    def _after(self, *_: Any) -> None:
        self.timed.statements += time.perf_counter() - self._statement

    def committed(self, began: float) -> None:
        now = time.perf_counter()
        self.timed.transactions += 1
        self.timed.seconds += now - self._began
        self.timed.commits += now - began
        for name, since in self._locked.items():
            self.timed.held[name] = self.timed.held.get(name, 0.0) + now - since


@contextmanager
def _commits(watch: _Watch) -> Iterator[None]:
    """Time the commits, because SQLAlchemy has no event for the end of a commit."""
    commit = sa.engine.RootTransaction.commit

    def timed(transaction: Any) -> None:
        began = time.perf_counter()
        commit(transaction)
        watch.committed(began)

    sa.engine.RootTransaction.commit = timed  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        sa.engine.RootTransaction.commit = commit  # type: ignore[method-assign]


async def measured(url: str, batch: int, rounds: int) -> dict[str, Timed]:
    """Time each kind of transaction on a new desk, with batches of this many commands."""
    settings = OperationSettings(bot_answers=True)
    store = Store(url, clock=clock.now, settings=settings, after_commit=Heard())
    watch = _Watch()
    watch.listen(store._writing)
    found = {name: Timed() for name in ("known", "first", "offer", "ask_index", "index", "send")}

    async def run(name: str, commands: Sequence[Any], operation: Any) -> Sequence[Any]:
        watch.timed = Timed()
        with _commits(watch):
            answers = await asyncio.gather(
                *(store.write(operation, one, near=1) for one in commands)
            )
        found[name].add(watch.timed)
        found[name].commands += len(commands)
        return answers

    try:
        for turn in range(rounds + 1):
            known = [_text(turn, n, MAIN, f"+1415555{n:04d}") for n in range(batch)]
            first = [_text(turn, n, DIRECT, f"+1{305 + turn}555{n:04d}") for n in range(batch)]
            await run("known", known, receive_sms)
            await run("first", first, receive_sms)
            await run("offer", [None], offer_work)
            await run("ask_index", [None], schedule_indexing)
            await run("index", [None], index_texts)
            waiting = await store.write(claiming.claim, claiming.Claim(batch, _DELIVER))
            sends = [BeginSend(int(one.key), one.attempts) for one in waiting]
            if sends:
                await run("send", sends, begin_sends)
            if turn == 0:  # a warm-up that compiles the statements
                found = {name: Timed() for name in found}
    finally:
        store.close()
    return found


_DELIVER = frozenset({Work.DELIVER})


def _text(turn: int, n: int, to: str, sender: str) -> Text:
    sid = f"SM{to[-4:]}{turn:06d}{n:022d}"
    body = "my laptop won't start again"
    return Text(sid=sid, requester_number=sender, provider_number=to, body=body)
