"""The virtual agent's turns: the texts, its answers and the facts that it has collected."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from handoff_service.rules.shared.vocabulary import Direction, TurnOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.views import BotTurnSeen

b, m = t.bot_turns, t.messages
LAST_TURNS = 3  # more turns would make a handoff card too long


def answered_up_to(conn: Connection, interaction_id: int) -> int:
    """Return the seq of the newest text that a turn has answered; 0 if there is none."""
    query = select(func.max(b.c.up_to_seq)).where(
        b.c.interaction_id == interaction_id, b.c.answered_at.is_not(None)
    )
    return conn.execute(query).scalar() or 0


def is_valid(conn: Connection, turn_id: int) -> bool:
    """Return whether this turn is still valid: it has no answer yet, and its epoch has not
    ended."""
    i = t.interactions
    query = (
        select(b.c.id)
        .join(i, i.c.id == b.c.interaction_id)
        .where(b.c.id == turn_id, b.c.answered_at.is_(None), b.c.epoch == i.c.epoch)
    )
    return conn.execute(query).first() is not None


def is_asked(conn: Connection, interaction_id: int, epoch: int) -> bool:
    """Return whether the bot still owes an answer in this epoch."""
    unanswered = (
        b.c.interaction_id == interaction_id,
        b.c.epoch == epoch,
        b.c.answered_at.is_(None),
    )
    return conn.execute(select(b.c.id).where(*unanswered)).first() is not None


def is_first(conn: Connection, interaction_id: int, epoch: int) -> bool:
    """Return whether the bot has not answered any turn of this epoch yet. The desk's own answers to
    blank texts do not count."""
    by_bot = or_(b.c.said.is_not(None), b.c.understood.is_not(None), b.c.opening.is_not(None))
    answered = b.c.answered_at.is_not(None)
    query = select(b.c.id).where(
        b.c.interaction_id == interaction_id, b.c.epoch == epoch, answered, by_bot
    )
    return conn.execute(query.limit(1)).first() is None


def choices(conn: Connection, interaction_id: int, epoch: int) -> list[list[str]]:
    """Return the title and payload of each choice in the epoch's last answer. The requester can
    select a choice by its number."""
    query = (
        select(b.c.choices)
        .where(
            b.c.interaction_id == interaction_id, b.c.epoch == epoch, b.c.answered_at.is_not(None)
        )
        .order_by(b.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar() or []


def earlier_replies(
    conn: Connection, interaction_id: int, epoch: int, most: int
) -> list[str | None]:
    """Return the answers of the epoch's last turns, newest first. They are stored only for bots
    that do not report ``understood``."""
    query = (
        select(b.c.said)
        .where(
            b.c.interaction_id == interaction_id,
            b.c.epoch == epoch,
            b.c.outcome == TurnOutcome.ANSWERED,
        )
        .order_by(b.c.id.desc())
        .limit(most)
    )
    return list(conn.execute(query).scalars())


def collected(conn: Connection, interaction_id: int) -> dict[str, str]:
    """Return the facts that the bot had collected by its last report on a turn, by the names that
    agents read."""
    query = (
        select(b.c.understood)
        .where(b.c.interaction_id == interaction_id, b.c.understood.is_not(None))
        .order_by(b.c.id.desc())
        .limit(1)
    )
    understood: dict[str, Any] = conn.execute(query).scalar() or {}
    return dict(understood.get("collected", {}))


def last_seen(conn: Connection, interaction_id: int, until: datetime) -> list[BotTurnSeen]:
    """Return the last turns about texts that began by this time, oldest first."""
    query = (
        select(b.c.up_to_seq, b.c.understood, b.c.asked_at)
        .where(b.c.interaction_id == interaction_id, b.c.asked_at <= until, b.c.opening.is_(None))
        .order_by(b.c.id.desc())
        .limit(LAST_TURNS + 1)
    )
    rows = list(reversed(conn.execute(query).all()))
    begin = 0 if len(rows) <= LAST_TURNS else rows.pop(0).up_to_seq
    return [
        BotTurnSeen(
            text=_text(conn, interaction_id, after, r.up_to_seq),
            intent=(r.understood or {}).get("intent"),
            confidence=(r.understood or {}).get("confidence"),
            did=(r.understood or {}).get("did", []),
            at=r.asked_at,
        )
        for after, r in zip([begin, *(r.up_to_seq for r in rows)], rows, strict=False)
    ]


def _text(conn: Connection, interaction_id: int, after: int, up_to: int) -> str:
    """Return the requester's text in a turn. The texts of a burst are joined."""
    query = select(m.c.body).where(
        m.c.interaction_id == interaction_id,
        m.c.direction == Direction.INBOUND,
        m.c.seq > after,
        m.c.seq <= up_to,
    )
    return " ".join(body for body in conn.execute(query.order_by(m.c.seq)).scalars())


def answers_to(conn: Connection, number: str, since: datetime) -> int:
    """Count the bot's turns with this number since then, in all conversations."""
    i = t.interactions
    query = select(func.count()).select_from(b.join(i, i.c.id == b.c.interaction_id))
    return conn.execute(
        query.where(i.c.requester_number == number, b.c.asked_at >= since)
    ).scalar_one()


def did_since(conn: Connection, number: str, action: str, since: datetime) -> bool:
    """Return whether the bot has run this action in an answered turn with this number since then,
    in any conversation."""
    i = t.interactions
    query = select(b.c.understood).select_from(b.join(i, i.c.id == b.c.interaction_id))
    answered = (b.c.outcome == TurnOutcome.ANSWERED, b.c.understood.is_not(None))
    found = conn.execute(
        query.where(i.c.requester_number == number, b.c.asked_at >= since, *answered)
    )
    return any(action in understood.get("did", ()) for understood in found.scalars())
