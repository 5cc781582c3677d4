"""The full-text index ``message_words``. It has one row per message, which is added some time after
the message is stored. ``text_matches.py`` searches the index.

A row's key is its *place*: the interaction's id and the message's seq, combined in one number. In
descending order, the newest interactions come first, so a search can stop when it has enough
results. The row with seq 0 has the requester's number. The index is an FTS5 table without content
on SQLite, and a tsvector with a GIN index on PostgreSQL. Both store only words that
``rules/conversations/search_query.py`` has normalized, not the text.

FTS5 also indexes prefixes of four and five characters, which makes searches for such prefixes fast.
Most words begin with the two characters of ``FILLER``, so searches for their first two or three
letters are fast too. The short words of scripts without spaces get no ``FILLER``, because their
prefixes would only duplicate the words. A search for a longer prefix reads a range of the index.

All messages with ids up to ``done_to`` are indexed. On PostgreSQL, concurrent transactions can
commit their ids out of order. So ``done_to`` moves to a message's id only after the end of all
transactions that were running when the indexer first saw the message. (A transaction gets its
number before its messages get their ids, because it first locks the interaction.)
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select, update

from handoff_service.rules.conversations.scripts import length_of_words
from handoff_service.rules.conversations.search_query import (
    NUMBER,
    REVERSED,
    can_be_found,
    number_tokens,
    text_of,
    words,
)
from handoff_service.rules.delivery.senders import stands_for_number
from handoff_service.rules.shared.vocabulary import Direction, Event, Kind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

SEQ_BITS = 20
FILLER = "~~"  # occurs in no word
AT_ONCE = 500  # messages in one batch, which occupies the writer for about 10 ms
_m, _x = t.messages, t.text_index
_places = sa.table(t.MESSAGE_WORDS, sa.column("place", t.ID))


# This transaction's number, and the lowest number of other running transactions in this database.
# We do not use a snapshot's xmin, because it also covers the cluster's other databases. age()
# counts from this transaction's number.
_MINE = sa.text("SELECT pg_current_xact_id()::text::bigint")
_OLDEST = sa.text(
    "SELECT min(pg_current_xact_id()::text::bigint - age(backend_xid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
LINES = (
    select(*_m.c["id", "interaction_id", "seq", "kind", "event", "direction", "body", "reason"])
    .add_columns(t.interactions.c.requester_number)
    .join(t.interactions, t.interactions.c.id == _m.c.interaction_id)
)


def place(interaction_id: int, seq: int) -> int:
    """Return a message's place in the index."""
    return (interaction_id << SEQ_BITS) + seq


def interaction_of(at: int) -> tuple[int, int]:
    """Return the (interaction id, seq) of a place."""
    return at >> SEQ_BITS, at & ((1 << SEQ_BITS) - 1)


def newest_message(conn: Connection) -> int:
    """Return the highest visible message id. Call this before the transaction writes or locks
    anything."""
    return conn.execute(select(func.coalesce(func.max(_m.c.id), 0))).scalar_one()


def index_next(conn: Connection, newest: int) -> bool:
    """Index the next batch. Returns whether more messages may be waiting."""
    state = conn.execute(select(_x).with_for_update()).one()
    settled = _settled(conn, state)
    rows, more = _not_indexed(conn, state.done_to)
    _insert(conn, rows)
    seen_to = max(min(rows[-1].id, newest) if more else newest, state.done_to)
    if conn.dialect.name == "sqlite":
        conn.execute(update(_x).values(done_to=seen_to))
    elif settled:
        mine = conn.execute(_MINE).scalar_one()
        done_to = min(state.next_to or 0, seen_to)
        conn.execute(
            update(_x).values(done_to=max(done_to, state.done_to), next_to=seen_to, next_after=mine)
        )
    return more


def _settled(conn: Connection, state: sa.Row[Any]) -> bool:
    """Return whether all transactions have ended that could still add a message with an id up to
    ``next_to``."""
    if conn.dialect.name == "sqlite" or state.next_after is None:
        return True
    oldest = conn.execute(_OLDEST).scalar_one()
    return oldest is None or oldest > state.next_after


def _not_indexed(conn: Connection, done_to: int) -> tuple[Sequence[sa.Row[Any]], bool]:
    """Return the next messages without an index row, lowest id first, and whether more may be
    waiting."""
    while True:
        rows = conn.execute(LINES.where(_m.c.id > done_to).order_by(_m.c.id).limit(AT_ONCE)).all()
        there = _there(conn, rows)
        missing = [r for r in rows if place(r.interaction_id, r.seq) not in there]
        if missing or len(rows) < AT_ONCE:
            return missing, len(rows) == AT_ONCE
        done_to = rows[-1].id


def _there(conn: Connection, rows: Sequence[sa.Row[Any]]) -> set[int]:
    # SQLite has one writer, so no message after done_to is indexed
    if conn.dialect.name == "sqlite":
        return set()
    wanted = [place(r.interaction_id, r.seq) for r in rows]
    return set(
        conn.execute(select(_places.c.place).where(one_of(_places.c.place, wanted))).scalars()
    )


def _insert(conn: Connection, rows: Sequence[sa.Row[Any]]) -> None:
    _store(conn, by_place(rows))


def _store(conn: Connection, lines: Mapping[int, list[str]]) -> None:
    if not lines:
        return
    if conn.dialect.name == "sqlite":
        ordered = [{"place": at, "words": filled(found)} for at, found in sorted(lines.items())]
        conn.execute(
            sa.text("INSERT INTO message_words (rowid, words) VALUES (:place, :words)"), ordered
        )
        return
    conn.execute(
        sa.text(
            "INSERT INTO message_words SELECT place, words::tsvector FROM unnest(CAST(:places AS "
            "bigint[]), CAST(:words AS text[])) AS lines (place, words)"
        ),
        {"places": list(lines), "words": [_tsvector(found) for found in lines.values()]},
    )


def by_place(rows: Sequence[sa.Row[Any]]) -> dict[int, list[str]]:
    lines = {place(r.interaction_id, r.seq): _words_of(r) for r in rows}
    return lines | {
        place(r.interaction_id, 0): number_tokens(r.requester_number) for r in rows if r.seq == 1
    }


def _words_of(r: sa.Row[Any]) -> list[str]:
    """Return the search words of a message. A message that search never finds has none, but its row
    marks it as indexed."""
    event, direction = (
        Event(r.event) if r.event else None,
        Direction(r.direction) if r.direction else None,
    )
    if not can_be_found(Kind(r.kind), event, direction):
        return []
    return words(text_of(r.body, r.reason, event))


def filled(found: Sequence[str]) -> str:
    """Join words for FTS5. Tokens of phone numbers are long enough without the filler."""
    return " ".join(
        word if word[0] in (NUMBER, REVERSED) or length_of_words(word) else FILLER + word
        for word in found
    )


def _tsvector(found: Sequence[str]) -> str:
    """Build a tsvector literal of words and positions. We do not use to_tsvector, because
    PostgreSQL's parser would read some words as e-mail addresses or version numbers."""
    return " ".join(f"'{word}':{min(n, 16383)}" for n, word in enumerate(found, start=1))


def forget_lines(conn: Connection, message_ids: Collection[int]) -> None:
    """Remove messages from the index. Call this before their texts change, because SQLite needs an
    entry's words to delete it."""
    rows = _indexed(conn, _m.c.id, message_ids)
    _forget(conn, {place(r.interaction_id, r.seq): _words_of(r) for r in rows})


def index_again(conn: Connection, message_ids: Collection[int]) -> None:
    """Index messages that ``forget_lines`` removed, with their new texts."""
    rows = _indexed(conn, _m.c.id, message_ids)
    _store(conn, {place(r.interaction_id, r.seq): _words_of(r) for r in rows})


def forget_numbers(conn: Connection, interaction_ids: Collection[int]) -> None:
    """Remove the requesters' numbers from the index. Call this before the numbers change."""
    rows = [
        r
        for r in _indexed(conn, _m.c.interaction_id, interaction_ids, _m.c.seq == 1)
        if not stands_for_number(
            r.requester_number
        )  # numbers of erased requesters are not in the index
    ]
    _forget(conn, {place(r.interaction_id, 0): number_tokens(r.requester_number) for r in rows})


def merge_index(conn: Connection, *, begins: bool, pages: int) -> bool:
    """Merge segments of SQLite's index until this many pages are written. Returns whether more
    segments wait. On PostgreSQL, this does nothing. ``begins``: start a merge of all segments,
    which drops the words of removed messages."""
    if conn.dialect.name != "sqlite":
        return False
    raw: Any = conn.connection.dbapi_connection
    before = raw.total_changes
    merge = sa.text("INSERT INTO message_words (message_words, rank) VALUES ('merge', :pages)")
    conn.execute(merge, {"pages": -pages if begins else pages})
    return bool(raw.total_changes - before >= 2)


def _indexed(
    conn: Connection,
    column: sa.Column[int],
    ids: Collection[int],
    *where: sa.ColumnElement[bool],
) -> Sequence[sa.Row[Any]]:
    """Return the messages that may have an index row. On PostgreSQL, this includes messages after
    ``done_to``, because they may already be indexed."""
    query = LINES.where(one_of(column, ids), *where)
    if conn.dialect.name == "sqlite":
        query = query.where(_m.c.id <= select(_x.c.done_to).scalar_subquery())
    return conn.execute(query).all()


def _forget(conn: Connection, lines: Mapping[int, list[str]]) -> None:
    if conn.dialect.name != "sqlite":
        conn.execute(sa.delete(_places).where(one_of(_places.c.place, list(lines))))
        return
    # sort, because FTS5 flushes its buffer whenever an id is lower than the one before
    ordered = sorted(lines.items())
    removed = [{"place": at, "words": filled(found)} for at, found in ordered if found]
    if removed:
        conn.execute(
            sa.text(
                "INSERT INTO message_words (message_words, rowid, words) "
                "VALUES ('delete', :place, :words)"
            ),
            removed,
        )
