"""Agents' past answers, from conversations that stayed closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import Author, Direction, Kind
from handoff_service.rules.training.masking import masked
from handoff_service.rules.training.suggested_replies import STAYED_CLOSED, PastAnswer
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.training.people_in_text import people_in

i, m, a = t.interactions, t.messages, t.agents
_again = i.alias("again")
_SOLVED = (
    select(i.c.id)
    .where(
        i.c.closed_at.is_not(None),
        i.c.closed_at <= sa.bindparam("before", type_=t.UtcTime()),
        i.c.id < sa.bindparam("below"),
        sa.exists().where(
            m.c.interaction_id == i.c.id, m.c.author == Author.AGENT, m.c.kind == Kind.MESSAGE
        ),
    )
    .order_by(i.c.id.desc())
    .limit(sa.bindparam("most"))
)
#: the later conversations of the same requester on the same number
_LATER = (
    select(i.c.id, i.c.closed_at, _again.c.opened_at)
    .join(
        _again,
        sa.and_(
            _again.c.requester_number == i.c.requester_number,
            _again.c.provider_number_id == i.c.provider_number_id,
            _again.c.id > i.c.id,
        ),
    )
    .where(one_of(i.c.id, "ids"))
)
_LINES = (
    select(*m.c["interaction_id", "direction", "author", "body", "created_at"], a.c.name)
    .outerjoin(a, a.c.id == m.c.agent_id)
    .where(one_of(m.c.interaction_id, "ids"), m.c.kind == Kind.MESSAGE)
    .order_by(m.c.interaction_id, m.c.seq)
)


def solved(conn: Connection, now: datetime, *, below: int, most: int) -> list[int]:
    """Return the newest conversations with agents' answers and ids below ``below`` that closed at
    least ``STAYED_CLOSED`` ago."""
    return list(
        conn.execute(
            _SOLVED, {"before": now - STAYED_CLOSED, "below": below, "most": most}
        ).scalars()
    )


def answers_of(conn: Connection, interaction_ids: list[int]) -> list[PastAnswer]:
    """Return the masked answers in these conversations. Leave out conversations after which the
    requester came back within ``STAYED_CLOSED``."""
    stayed = set(interaction_ids) - _came_back(conn, interaction_ids)
    by_conversation: dict[int, list[Any]] = {}
    for row in conn.execute(_LINES, {"ids": sorted(stayed)}):
        by_conversation.setdefault(row.interaction_id, []).append(row)
    return [
        one
        for interaction_id, lines in by_conversation.items()
        for one in _answers(conn, interaction_id, lines)
    ]


def _came_back(conn: Connection, interaction_ids: list[int]) -> set[int]:
    later = conn.execute(_LATER, {"ids": interaction_ids})
    return {row.id for row in later if row.opened_at < row.closed_at + STAYED_CLOSED}


def _answers(conn: Connection, interaction_id: int, lines: Sequence[Any]) -> list[PastAnswer]:
    known = people_in(conn, [line.body for line in lines], interaction_id)
    found, asked = [], list[str]()
    for line in lines:
        text = masked(line.body, names=known.names, own=known.own, ids=known.ids)
        if line.direction == Direction.INBOUND:
            asked.append(text)
        elif line.author == Author.AGENT and asked:
            found.append(
                PastAnswer(
                    interaction_id=interaction_id,
                    question=" ".join(asked),
                    answer=text,
                    agent=line.name or "",
                    at=line.created_at,
                )
            )
            asked = []
    return found


def unanswered(conn: Connection, interaction_id: int) -> str:
    """Return the requester's last texts, at most five, since the last text from an agent; empty if
    there are none."""
    here = (m.c.interaction_id == interaction_id, m.c.kind == Kind.MESSAGE)
    answered = (
        select(sa.func.max(m.c.seq)).where(*here, m.c.author == Author.AGENT).scalar_subquery()
    )
    query = (
        select(m.c.body)
        .where(
            *here,
            m.c.direction == Direction.INBOUND,
            m.c.seq > sa.func.coalesce(answered, 0),
        )
        .order_by(m.c.seq.desc())
        .limit(5)
    )
    return " ".join(reversed(conn.execute(query).scalars().all()))
