"""Searches the full-text index. Results are the places of matching messages, newest first."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.conversations.search_query import Phrase, SearchQuery, matches_line
from handoff_service.store.conversations import text_index
from handoff_service.store.conversations.text_index import LINES, by_place, filled
from handoff_service.store.engine import tables as t

_FTS5 = sa.text(
    "SELECT rowid FROM message_words WHERE message_words MATCH :q AND rowid < :below ORDER "
    "BY rowid DESC LIMIT :most"
)
# PostgreSQL cannot estimate how rare a word prefix is, so it might read all messages to find the
# newest one with a rare word. So first search the newest messages, which is enough for a frequent
# word. Only then search the word index (``+ 0`` stops PostgreSQL from reading in the order of
# places).
_NEWEST = sa.text(
    "SELECT place FROM (SELECT * FROM message_words WHERE place < :below ORDER BY place DESC "
    "LIMIT 20000) AS newest WHERE words @@ CAST(:q AS tsquery) ORDER BY place DESC LIMIT :most"
)
_ALL = sa.text(
    "SELECT place FROM message_words WHERE words @@ CAST(:q AS tsquery) AND place < :below "
    "ORDER BY place + 0 DESC LIMIT :most"
)


def matches(conn: Connection, wanted: SearchQuery, below: int, most: int) -> list[int]:
    """Return the matching places in the index below ``below``, highest first."""
    parameters: dict[str, Any] = {"below": below, "most": most}
    if conn.dialect.name == "sqlite":
        return list(
            conn.execute(_FTS5, parameters | {"q": _fts5(wanted.phrases, wanted.tokens)}).scalars()
        )
    parameters |= {"q": _tsquery(wanted.phrases, wanted.tokens)}
    found = list(conn.execute(_NEWEST, parameters).scalars())
    return found if len(found) == most else list(conn.execute(_ALL, parameters).scalars())


def newest_matches(conn: Connection, wanted: SearchQuery, below: int) -> list[int]:
    """Return the matching places of messages that are not indexed yet, highest first. So a search
    finds a new text at once. This checks only the newest ``AT_ONCE`` of these messages."""
    done_to = conn.execute(select(t.text_index.c.done_to)).scalar_one()
    rows = conn.execute(
        LINES.where(t.messages.c.id > done_to)
        .order_by(t.messages.c.id.desc())
        .limit(text_index.AT_ONCE)
    ).all()
    return sorted(
        (at for at, there in by_place(rows).items() if at < below and matches_line(there, wanted)),
        reverse=True,
    )


def _fts5(phrases: Sequence[Phrase], tokens: Sequence[str]) -> str:
    lines = [f'"{filled(p.words)}"{" *" if p.begins else ""}' for p in phrases]
    either = [f"({' AND '.join(lines)})"] if lines else []
    return " OR ".join([*either, *(f'("{token}" *)' for token in tokens)])


def _tsquery(phrases: Sequence[Phrase], tokens: Sequence[str]) -> str:
    lines = [
        " <-> ".join(f"'{word}'" for word in p.words) + (":*" if p.begins else "") for p in phrases
    ]
    either = [f"({' & '.join(f'({line})' for line in lines)})"] if lines else []
    return " | ".join([*either, *(f"'{token}':*" for token in tokens)])
