"""Measures how long the steps of retention hold the lane, for each kind of data.

The benchmark stores conversations with everything that retention removes, and runs the nightly work
for each kind of data in turn. It times each transaction of the lane from BEGIN to the end of the
commit. Some data is awkward: a long conversation, many conversations that were closed in the same
moment, and one big cluster of similar texts. At the end, it prints what the longest transactions
did.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.desk import audit_chain
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.privacy.retain import run_now
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.privacy.kinds import KeptKind, setting_of
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker
from tests.bench import seed, size
from tests.bench.desks import Desks, database
from tests.bench.holds import Hold, print_holds, results, watched
from tests.bench.result import Result
from tests.conftest import Heard, lay_out
from tests.support.privacy import BotWithMemory, GoodProvider
from tests.support.story import MIA

OLD = size(2_000, 100, "RETAINED")  # conversations whose content retention removes
KEPT = OLD * 3  # conversations that retention keeps
LINES = 8  # texts of a conversation
LONG = size(5_000, 500)  # texts of the one long conversation
AT_ONCE = size(300, 40)  # conversations that were closed at the same moment
ALIKE = size(2_000, 100)  # trainer items in one cluster
# entries of the audit log that retention removes; it keeps three times as many
ENTRIES = size(6_000, 600)
DAYS = 100
AGE, YOUTH = timedelta(days=200), timedelta(days=10)
BLOCK = 200  # conversations of one transaction of the seed
#: removes several kinds, so it runs on a separate database
EVERYTHING = KeptKind.CONVERSATIONS


def later() -> datetime:
    """The benchmark's clock. Everything is newer than the desk, as in a real audit log."""
    return clock.now() + 2 * AGE


def measure(desks: Desks) -> Iterator[Result]:
    found: dict[KeptKind, list[Hold]] = {}
    for kinds in ([one for one in KeptKind if one is not EVERYTHING], [EVERYTHING]):
        with database(desks.kind) as url:
            asyncio.run(lay_out(url))
            fill(url)
            found |= asyncio.run(_runs(url, kinds))
    for kind in KeptKind:
        yield from results(f"retention, {kind}", desks.kind, found[kind])
    print_holds(desks.kind, [one for some in found.values() for one in some])


async def _runs(url: str, kinds: Sequence[KeptKind]) -> dict[KeptKind, list[Hold]]:
    """Run retention for each kind. Return its transactions."""
    store = Store(url, clock=later, settings=OperationSettings(), after_commit=Heard())
    found: dict[KeptKind, list[Hold]] = {}
    with TemporaryDirectory() as folder:
        deps = WorkerDeps(
            store=store,
            provider=GoodProvider(),
            bot=BotWithMemory(),
            clock=later,
            media=MediaFolder(Path(folder)),
        )
        worker = Worker(deps, frozenset({Work.RETAIN}))
        try:
            while await store.write(audit_chain.chain_audit, "k" * 64):
                pass
            for kind in kinds:
                days = {setting_of(one): DAYS if one is kind else 0 for one in KeptKind}
                await store.write(change_desk, days)
                await store.write(run_now, None)
                with watched(store) as found[kind]:
                    await worker.step()
                await _check(store, kind)
        finally:
            store.close()
    return found


async def _check(store: Store, kind: KeptKind) -> None:
    r = t.retention.c
    removed = await store.read(
        lambda conn: conn.execute(sa.select(r.removed, r.state).where(r.kind == kind)).one()
    )
    if removed.state != "done" or not removed.removed:
        raise RuntimeError(f"retention of {kind} ended as {removed}")


# The rows -----------------------------------------------------------------------------------------


def fill(url: str, also: Callable[[sa.Connection], None] | None = None) -> None:
    """Insert old and new conversations, trainer items and entries of the audit log. ``also``: adds
    to them, before the texts are indexed.
    """
    opened = engine(url, size=1, writes=True)
    now, first = later(), 1
    for count, age in ((OLD, AGE), (KEPT, YOUTH)):
        for start in range(first, first + count, BLOCK):
            ids = range(start, min(start + BLOCK, first + count))
            with opened.begin() as conn:
                _conversations(conn, ids, now - age, first)
        first += count
    with opened.begin() as conn:
        _long_conversation(conn, first, now - AGE)
        _trainer_items(conn, now)
        _audit_entries(conn, now)
        _next_ids(conn)
        if also is not None:
            also(conn)
    opened.dispose()
    seed.index_texts(url)


def _put(conn: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    conn.execute(sa.insert(table), rows)


def _conversations(conn: sa.Connection, ids: range, at: datetime, first: int) -> None:
    _heads(conn, ids, at, first)
    _put(
        conn,
        t.messages,
        [_message(one, seq, at) for one in ids for seq in range(1, LINES + 1)],
    )
    _put(conn, t.messages, [_message(one, LINES + 1, at) | {"kind": "note"} for one in ids])
    message = sa.select(t.messages.c.id, t.messages.c.interaction_id).where(
        t.messages.c.interaction_id.between(ids[0], ids[-1]), t.messages.c.seq == 1
    )
    of = {row.interaction_id: row.id for row in conn.execute(message)}
    _put(
        conn,
        t.media,
        [
            {
                "message_id": of[one],
                "position": 0,
                "content_type": "image/png",
                "status": "stored",
                "url": f"https://api.example/Media/ME{one}",
                "file": f"{one:064x}",
                "size": 9,
                "created_at": at,
            }
            for one in ids
        ],
    )
    turns = [
        {
            "interaction_id": one,
            "epoch": turn,
            "up_to_seq": turn,
            "asked_at": at,
            "understood": {"intent": "report_problem", "ranking": ["x" * 40] * 20},
            "said": "What is wrong with your laptop? " * 3,
        }
        for one in ids
        for turn in (1, 2, 3)
    ]
    _put(conn, t.bot_turns, turns)
    _put(
        conn,
        t.work_items,
        [
            {
                "id": one,
                "interaction_id": one,
                "queue_id": 1,
                "state": "accepted",
                "reason": "Asked for a person.",
                "collected": {"Problem": "my laptop will not start"},
                "note": "Knows about the laptop.",
                "created_at": at,
            }
            for one in ids
        ],
    )
    entries = [
        {
            "work_item_id": one,
            "round": turn,
            "said": "Mia Chen has the fewest conversations.",
            "candidates": [{"agent": "Mia Chen", "why": "has room for 3"}] * 8,
            "at": at,
        }
        for one in ids
        for turn in range(4)
    ]
    _put(conn, t.assignment_log, entries)
    proofs = [
        {"id": one, "interaction_id": one, "number": _number(one), "epoch": 1, "made_at": at}
        | {"claimed": "E1001", "code_hash": "c" * 64}
        for one in ids
    ]
    _put(conn, t.proofs, proofs)
    sends = [{"proof_id": one, "number": _number(one), "at": at} for one in ids]
    _put(conn, t.proof_sends, sends)
    answers = [{"interaction_id": one, "seq": 2, "guesses": ["g" * 64] * 3} for one in ids]
    _put(conn, t.proof_answers, answers)
    associations = [
        {"interaction_id": one, "profile_id": one, "method": "agent", "note": "Knows the badge."}
        | {"made_at": at, "expires_at": at}
        for one in ids
    ]
    _put(conn, t.associations, associations)
    questions = [
        {"interaction_id": one, "requester_number": _number(one), "provider_number_id": 1}
        | {"message_id": of[one], "asked_at": at, "comment": "Quick help, thanks."}
        for one in ids
    ]
    _put(conn, t.satisfaction_questions, questions)
    promises = [
        {"interaction_id": one, "agent_id": MIA, "words": "by 3", "state": "kept"}
        | {"made_at": at, "promised_at": at, "remind_at": at}
        for one in ids
    ]
    _put(conn, t.promises, promises)
    notices = [
        {"interaction_id": one, "agent_id": MIA, "body": "Omar closed it.", "created_at": at}
        for one in ids
    ]
    _put(conn, t.colleague_notices, notices)


def _heads(conn: sa.Connection, ids: range, at: datetime, first: int) -> None:
    profiles = [
        {"id": one, "number": _number(one), "active": True, "created_at": at} for one in ids
    ]
    _put(conn, t.messaging_profiles, profiles)
    rows = [
        {
            "id": one,
            "requester_number": _number(one),
            "provider_number_id": 1,
            "profile_id": one,
            "state": "closed_complete",
            "short_description": "Laptop will not start",
            "priority": 3,
            "owner": "none",
            "epoch": 2,
            "queue_id": 1,
            "last_seq": LINES + 1,
            "opened_at": at,
            # the first ones in the same moment, as by an action on many conversations
            "closed_at": at + timedelta(seconds=max(one - first - AT_ONCE, 0)),
            "last_message_at": at,
        }
        for one in ids
    ]
    _put(conn, t.interactions, rows)


def _long_conversation(conn: sa.Connection, id: int, at: datetime) -> None:
    _heads(conn, range(id, id + 1), at - timedelta(days=1), id)
    for start in range(1, LONG + 1, 1000):
        lines = range(start, min(start + 1000, LONG + 1))
        _put(conn, t.messages, [_message(id, seq, at) for seq in lines])


def _number(one: int) -> str:
    return f"+1312{one:07d}"


def _message(one: int, seq: int, at: datetime) -> dict[str, Any]:
    inbound = seq % 2 == 1
    return {
        "interaction_id": one,
        "seq": seq,
        "kind": "message",
        "direction": "inbound" if inbound else "outbound",
        "author": "requester" if inbound else "agent",
        "agent_id": None if inbound else MIA,
        "body": f"my laptop will not start since this morning, it is number {one} of {seq} and the "
        "printer on floor three prints blank pages",
        "status": "received" if inbound else "delivered",
        "owner": "agent",
        "epoch": 2,
        "created_at": at,
    }


def _trainer_items(conn: sa.Connection, now: datetime) -> None:
    """Insert an item for the first turn of each conversation. The oldest item leads a big cluster,
    half of which retention keeps.
    """
    turn = t.bot_turns.c
    found = sa.select(turn.id, turn.interaction_id, turn.asked_at).where(turn.epoch == 1)
    turns = conn.execute(found.order_by(turn.id)).all()
    step = max(len(turns) // ALIKE, 1)
    for start in range(0, len(turns), 1000):
        items = [
            {
                "id": n + 1,
                "bot_turn_id": turns[n].id,
                "interaction_id": turns[n].interaction_id,
                "text": f"my laptop will not start {n}",
                "fold": f"{n:064x}",
                "lane": "teach",
                "source": "fallback",
                "weight": 1.0,
                "margin": 0.1,
                "requester": f"r{n}",
                "cluster": 1 if n % step == 0 else n + 1,
                "state": "waiting",
                "created_at": turns[n].asked_at,
            }
            for n in range(start, min(start + 1000, len(turns)))
        ]
        _put(conn, t.trainer_items, items)
        labels = [
            {"item_id": one["id"], "agent_id": MIA, "verdict": "intent", "made_at": now}
            | {"intent": "report_problem"}
            for one in items
        ]
        _put(conn, t.trainer_labels, labels)


def _audit_entries(conn: sa.Connection, now: datetime) -> None:
    for count, age in ((ENTRIES, AGE), (ENTRIES * 3, YOUTH)):
        entries = [
            {
                "at": now - age + timedelta(seconds=n // 50),
                "action": "viewed",
                "subject": "user",
                "record": str(n),
                "name": "Ann Lee",
                "agent": "Mia Chen",
                "address": "192.0.2.7",
                "details": {"fields": ["name", "email", "numbers"]},
            }
            for n in range(count)
        ]
        _put(conn, t.audit_log, entries)


def _next_ids(conn: sa.Connection) -> None:
    if conn.dialect.name == "sqlite":
        return
    for name in ("messaging_profiles", "interactions", "work_items", "proofs", "trainer_items"):
        last = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
        conn.execute(sa.text(last))
