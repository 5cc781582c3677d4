"""Recent real texts, masked, and the texts that a new model understands differently."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Direction, Kind, ReplayVerdict
from handoff_service.rules.training.clusters import fold_hash
from handoff_service.rules.training.masking import masked, without_masks
from handoff_service.store.engine import tables as t
from handoff_service.store.training.people_in_text import people_in
from handoff_service.store.views.training import ReplayedText

b, m, rt = t.bot_turns, t.messages, t.replayed_texts
MAX_TURNS = 800  # turns of a replay, whose texts two models can parse in half a minute
MAX_CHARACTERS = 1600  # characters of a text


@dataclass(frozen=True, slots=True, kw_only=True)
class RealText:
    """A requester's masked text in one turn. ``understood``: the intent that the bot predicted.
    ``asked``: the form, slot and choices of the question before it."""

    bot_turn_id: int
    text: str
    understood: str | None
    asked: Mapping[str, Any]


def recent(conn: Connection, since: datetime, most: int = MAX_TURNS) -> list[RealText]:
    """Return the latest texts since then, without duplicates. Answers to identity proofs are left
    out."""
    latest = (
        select(b.c.id, b.c.interaction_id, b.c.up_to_seq, b.c.asked, b.c.understood, _AFTER)
        .where(
            b.c.asked_at >= since,
            b.c.model.is_not(None),
            b.c.expected.is_(None),
            b.c.opening.is_(None),
        )
        .order_by(b.c.id.desc())
        .limit(most)
        .subquery()
    )
    texts = (
        select(latest, m.c.body)
        .join(m, m.c.interaction_id == latest.c.interaction_id)
        .where(
            m.c.kind == Kind.MESSAGE,
            m.c.direction == Direction.INBOUND,
            m.c.seq > latest.c.after,
            m.c.seq <= latest.c.up_to_seq,
        )
        .order_by(latest.c.id.desc(), m.c.seq)
    )
    return list(_without_duplicates(conn, conn.execute(texts).all()))


# the previous turn has answered all messages up to this seq
_earlier = b.alias("earlier")
_AFTER = func.coalesce(
    select(_earlier.c.up_to_seq)
    .where(_earlier.c.interaction_id == b.c.interaction_id, _earlier.c.id < b.c.id)
    .order_by(_earlier.c.id.desc())
    .limit(1)
    .scalar_subquery(),
    0,
).label("after")


def _without_duplicates(conn: Connection, rows: Any) -> Iterator[RealText]:
    seen = set()
    for _, group in groupby(rows, key=lambda row: row.id):
        of_turn = list(group)
        turn = of_turn[0]
        body = "\n".join(row.body for row in of_turn if row.body)[:MAX_CHARACTERS]
        known = people_in(conn, [body], turn.interaction_id)
        text = masked(body, names=known.names, own=known.own, ids=known.ids)
        asked = turn.asked or {}
        key = (fold_hash(text), asked.get("form"), asked.get("slot"))
        if key not in seen and without_masks(text):
            seen.add(key)
            understood = (turn.understood or {}).get("intent")
            yield RealText(bot_turn_id=turn.id, text=text, understood=understood, asked=asked)


def of_model(conn: Connection, model: str) -> list[ReplayedText]:
    """Return the texts that this model understands differently, beginning with those that nobody
    has judged."""
    query = (
        select(rt, b.c.interaction_id)
        .join(b, b.c.id == rt.c.bot_turn_id)
        .where(rt.c.model == model)
        .order_by(rt.c.verdict.is_not(None), sa.desc(rt.c.after_confidence), rt.c.id)
    )
    return [
        ReplayedText(
            id=row.id,
            model=row.model,
            interaction_id=row.interaction_id,
            text=row.text,
            before=row.before,
            before_confidence=row.before_confidence,
            after=row.after,
            after_confidence=row.after_confidence,
            verdict=ReplayVerdict(row.verdict) if row.verdict else None,
        )
        for row in conn.execute(query)
    ]
