"""Agents' promises. Each has one row. An open promise also has one row in ``due_work``.

A promise stays open until its time, or until an agent cancels it, even if it is already kept.
Queries derive from later texts and notes of live agents whether an open promise is kept. So sending
a text needs no additional statement.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, insert, select, update

from handoff_service.errors import NotFound
from handoff_service.rules.conversations.promises import (
    Promise,
    PromiseState,
    counts_as_kept,
    is_call_note,
    promised,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Kind, Status, Work
from handoff_service.store.conversations import requester_zones
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import KeptPromise, Named, PromiseOffer

p, i, m = t.promises, t.interactions, t.messages
OFFERED_FOR = timedelta(minutes=30)  # the workspace offers a reminder for this long
_ROWS = select(p, t.agents.c.name).join(t.agents, t.agents.c.id == p.c.agent_id)
_IS_OPEN = p.c.state == PromiseState.OPEN
_OPEN = _ROWS.where(one_of(p.c.interaction_id, "ids"), _IS_OPEN).order_by(p.c.promised_at, p.c.id)
_promised_in = i.alias("its")
# texts and notes of live agents on the line until the promised time, in any interaction
_WRITTEN = (
    select(p.c.id, p.c.made_at, p.c.promised_at, m.c.created_at, m.c.kind, m.c.body)
    .select_from(p)
    .join(_promised_in, _promised_in.c.id == p.c.interaction_id)
    .join(
        i,
        (i.c.requester_number == _promised_in.c.requester_number)
        & (i.c.provider_number_id == _promised_in.c.provider_number_id)
        & (i.c.last_message_at > p.c.made_at),
    )
    .join(m, m.c.interaction_id == i.c.id)
    .where(
        one_of(p.c.id, "ids"),
        m.c.author == Author.AGENT,
        m.c.created_at > p.c.made_at,
        m.c.created_at <= p.c.promised_at,
        m.c.kind.in_((Kind.MESSAGE, Kind.NOTE)),
        sa.func.coalesce(m.c.status, "") != Status.CANCELED,
    )
)
_LAST_TEXT = (
    select(*m.c["id", "body", "created_at"], i.c.requester_number)
    .join(i, i.c.id == m.c.interaction_id)
    .where(
        m.c.interaction_id == sa.bindparam("interaction"),
        m.c.kind == Kind.MESSAGE,
        m.c.author == Author.AGENT,
        m.c.agent_id == sa.bindparam("me"),
    )
    .order_by(m.c.seq.desc())
    .limit(1)
)


def open_of(conn: Connection, interaction_id: int) -> list[KeptPromise]:
    """Return a conversation's promises that are neither kept nor ended, first due first."""
    rows = conn.execute(_OPEN, {"ids": [interaction_id]}).all()
    return [one for one in _views(conn, rows) if not one.kept]


def next_of(conn: Connection, ids: Collection[int]) -> dict[int, KeptPromise]:
    """Return each interaction's next open promise, by id. Interactions without one are left out."""
    rows = conn.execute(_OPEN, {"ids": list(ids)}).all() if ids else []
    found = [one for one in _views(conn, rows) if not one.kept]
    return {one.interaction_id: one for one in reversed(found)}


def find(conn: Connection, promise_id: int) -> KeptPromise | None:
    """Return this promise in any state; None for an unknown id."""
    rows = conn.execute(_ROWS.where(p.c.id == promise_id)).all()
    return next(iter(_views(conn, rows)), None)


def one(conn: Connection, interaction_id: int, promise_id: int) -> KeptPromise:
    """Return this promise of this interaction. Raises NotFound if it is not open."""
    found = find(conn, promise_id)
    if (
        found is None
        or found.interaction_id != interaction_id
        or found.state is not PromiseState.OPEN
    ):
        raise NotFound(
            phrase(
                "The promise {promise_id} is no longer open. Reload the page.",
                promise_id=promise_id,
            )
        )
    return found


def offer(conn: Connection, interaction_id: int, agent_id: int) -> PromiseOffer | None:
    """Return the promise in the agent's last text if the text is at most ``OFFERED_FOR`` old, the
    promise is not stored, and its reminder is in the future; else None."""
    now = read_at(conn)
    row = conn.execute(_LAST_TEXT, {"interaction": interaction_id, "me": agent_id}).first()
    if row is None or now - row.created_at > OFFERED_FOR:
        return None
    found = in_text(conn, interaction_id, row)
    if found is None or found.remind_at <= now or _is_stored(conn, row.id):
        return None
    return PromiseOffer(
        message_id=row.id,
        words=found.words,
        promised_at=found.at.astimezone(UTC),
        remind_at=found.remind_at.astimezone(UTC),
    )


def text_of(conn: Connection, interaction_id: int, message_id: int) -> Any:
    """Return an agent's text in this interaction, for ``in_text``. Raises NotFound for any other
    message."""
    query = (
        select(*m.c["id", "body", "created_at", "agent_id"], i.c.requester_number)
        .join(i, i.c.id == m.c.interaction_id)
        .where(m.c.id == message_id, m.c.interaction_id == interaction_id)
        .where(m.c.kind == Kind.MESSAGE, m.c.author == Author.AGENT)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            phrase(
                "There is no agent's text {message_id} in this conversation.", message_id=message_id
            )
        )
    return row


def in_text(conn: Connection, interaction_id: int, text: Any) -> Promise | None:
    """Return the promise in an agent's text; None if there is none. Its times are in the
    requester's time zone."""
    if (
        promised(text.body, text.created_at) is None
    ):  # skip the zones, because most texts promise nothing
        return None
    zones = requester_zones.of_interactions(conn, {interaction_id: text.requester_number})
    return promised(text.body, text.created_at.astimezone(zones[interaction_id][0]))


def _is_stored(conn: Connection, message_id: int) -> bool:
    return conn.execute(select(p.c.id).where(p.c.message_id == message_id)).first() is not None


def put(
    tx: Transaction,
    interaction_id: int,
    agent_id: int,
    promise: Promise,
    *,
    made_at: datetime,
    message_id: int | None,
    state: PromiseState = PromiseState.OPEN,
) -> int | None:
    """Store a promise. Returns its id; None if this text's promise is already stored."""
    if message_id is not None and _is_stored(tx.conn, message_id):
        return None
    values = {
        "interaction_id": interaction_id,
        "agent_id": agent_id,
        "message_id": message_id,
        "words": promise.words,
        "made_at": made_at,
        "promised_at": promise.at,
        "remind_at": promise.remind_at,
        "state": state,
        "ended_at": None if state is PromiseState.OPEN else tx.now,
    }
    promise_id: int = tx.conn.execute(insert(p).values(values).returning(p.c.id)).scalar_one()
    if state is PromiseState.OPEN:
        schedule(tx, promise_id, promise.remind_at)
    return promise_id


def schedule(tx: Transaction, promise_id: int, at: datetime) -> None:
    """Schedule the next check of the promise."""
    # each promise has its own line of work, because work on one line runs in order
    line = f"promise:{promise_id}"
    due_work.schedule(
        tx, [due_work.Due(kind=Work.PROMISE, key=str(promise_id), line=line, due_at=at)]
    )


def end(tx: Transaction, promise_id: int, state: PromiseState) -> None:
    """Record that the promise was kept, missed or canceled."""
    tx.conn.execute(update(p).where(p.c.id == promise_id).values(state=state, ended_at=tx.now))
    due_work.cancel(tx, Work.PROMISE, [promise_id])


def _views(conn: Connection, rows: Collection[Any]) -> list[KeptPromise]:
    kept = _kept(conn, [r.id for r in rows if r.state == PromiseState.OPEN])
    return [
        KeptPromise(
            id=r.id,
            interaction_id=r.interaction_id,
            agent=Named(id=r.agent_id, name=r.name),
            message_id=r.message_id,
            words=r.words,
            made_at=r.made_at,
            promised_at=r.promised_at,
            remind_at=r.remind_at,
            state=PromiseState(r.state),
            kept=r.id in kept or r.state == PromiseState.KEPT,
        )
        for r in rows
    ]


def _kept(conn: Connection, ids: Collection[int]) -> set[int]:
    if not ids:
        return set()
    return {
        r.id
        for r in conn.execute(_WRITTEN, {"ids": list(ids)})
        if counts_as_kept(made_at=r.made_at, promised_at=r.promised_at, written_at=r.created_at)
        and (r.kind == Kind.MESSAGE or is_call_note(r.body))
    }


def ended_since(conn: Connection, since: datetime) -> dict[PromiseState, int]:
    """Return how many promises have ended in each state since then."""
    query = select(p.c.state, sa.func.count()).where(p.c.ended_at >= since).group_by(p.c.state)
    return {PromiseState(state): count for state, count in conn.execute(query)}
