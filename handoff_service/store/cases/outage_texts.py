"""Texts to everybody who reported an outage, and their progress."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Named, OutageText, OutageTextState

m, x, r = t.messages, t.outage_texts, t.outage_recipients


def get(conn: Connection, text_id: int) -> OutageText:
    """Return one text and its progress. Raises NotFound."""
    found = _read(conn, x.c.id == text_id)
    if not found:
        raise NotFound(phrase("There is no text {text_id} about an outage.", text_id=text_id))
    return found[0]


def is_sending(conn: Connection, outage_id: int) -> bool:
    """Return whether a text about this outage is being sent."""
    sending = (x.c.outage_id == outage_id, x.c.state == OutageTextState.SENDING)
    return conn.execute(select(x.c.id).where(*sending)).first() is not None


def translations_of(row: sa.Row[Any]) -> dict[Language, str]:
    """Return the translations in a row of ``outage_texts``."""
    return {one: row.translations[one] for one in Language if one in row.translations}


def of_outage(conn: Connection, outage_id: int) -> list[OutageText]:
    """Return an outage's texts, newest first."""
    return _read(conn, x.c.outage_id == outage_id)


_ARRIVED = (Status.SENT, Status.DELIVERED)


def _read(conn: Connection, where: sa.ColumnElement[bool]) -> list[OutageText]:
    d = t.due_work
    query = (
        select(x, t.agents.c.name)
        .join(t.agents, t.agents.c.id == x.c.agent_id)
        .where(where)
        .order_by(x.c.id.desc())
    )
    rows = conn.execute(query).all()
    people = (
        select(r.c.outage_text_id, r.c.message_id, r.c.skipped, m.c.status, d.c.due_at)
        .outerjoin(m, m.c.id == r.c.message_id)
        .outerjoin(
            d, (d.c.kind == Work.DELIVER) & (d.c.key == sa.cast(r.c.message_id, d.c.key.type))
        )
        .where(one_of(r.c.outage_text_id, [row.id for row in rows]))
    )
    counts: dict[int, dict[str, int]] = {row.id: dict.fromkeys(_COUNTS, 0) for row in rows}
    now, states = read_at(conn), {row.id: row.state for row in rows}
    for one in conn.execute(people) if rows else ():
        count = counts[one.outage_text_id]
        count["people"] += 1
        count[_outcome(one, states[one.outage_text_id])] += 1
        count["quiet"] += one.status == Status.QUEUED and (one.due_at or now) > now
    return [
        OutageText(
            id=row.id,
            outage_id=row.outage_id,
            by=Named(id=row.agent_id, name=row.name),
            body=row.body,
            translations=translations_of(row),
            state=OutageTextState(row.state),
            **counts[row.id],
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


_COUNTS = ("people", "sent", "waiting", "quiet", "failed", "skipped", "canceled")


def _outcome(one: Any, state: str) -> str:
    if one.skipped is not None:
        return "skipped"
    if one.message_id is None:
        return "canceled" if state == OutageTextState.CANCELED else "waiting"
    if one.status in _ARRIVED:
        return "sent"
    if one.status == Status.CANCELED:
        return "canceled"
    return "failed" if one.status in DID_NOT_ARRIVE else "waiting"
