"""Satisfaction questions after a conversation closes, and the facts that determine whether to
ask."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, exists, select

from handoff_service.rules.reports.satisfaction import ADDED_WITHIN, ANSWERED_WITHIN
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Status,
    Work,
)
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m, q = t.interactions, t.messages, t.satisfaction_questions
_later_texts, _later = m.alias("later_texts"), i.alias("later")
_NEVER_LEFT = (Status.QUEUED, Status.CANCELED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question that the requester can still answer. ``grade``: their answer so far.
    ``takes_comment``: whether their next text may be a comment on a low grade."""

    interaction_id: int
    asked_at: datetime
    grade: int | None
    takes_comment: bool


_is_newest = ~exists().where(
    _later.c.requester_number == q.c.requester_number,
    _later.c.provider_number_id == q.c.provider_number_id,
    _later.c.id > q.c.interaction_id,
)
# No newer text may have been sent, because it may have asked something else. System messages do not
# count, except texts about cases and the end of an outage.
_is_last_text = ~exists().where(
    _later_texts.c.interaction_id == q.c.interaction_id,
    _later_texts.c.id > q.c.message_id,
    _later_texts.c.direction == Direction.OUTBOUND,
    _later_texts.c.status != Status.CANCELED,
    sa.or_(
        _later_texts.c.author != Author.SYSTEM,
        _later_texts.c.event.in_((Event.CASE_TEXT, Event.OUTAGE_OVER)),
    ),
)
_OPEN = (
    select(*q.c["interaction_id", "requester_number", "provider_number_id", "asked_at"])
    .add_columns(*q.c["grade", "graded_at", "comment"])
    .join(m, m.c.id == q.c.message_id)
    .where(
        one_of(q.c.requester_number, "numbers"),
        q.c.asked_at > bindparam("since", type_=t.UtcTime()),
        m.c.status.not_in(_NEVER_LEFT),
        _is_newest,
        _is_last_text,
    )
)


def open_questions(
    conn: Connection, numbers: Collection[str], now: datetime
) -> dict[tuple[str, int], OpenQuestion]:
    """Return the open question on each line, by (requester number, provider number id). Only a
    line's newest conversation can have one, and only if no newer text may have asked something else
    (``_is_last_text``). Questions that were asked or answered long ago are left out."""
    given = {"numbers": list(numbers), "since": now - ANSWERED_WITHIN}
    return {
        (r.requester_number, r.provider_number_id): OpenQuestion(
            interaction_id=r.interaction_id,
            asked_at=r.asked_at,
            grade=r.grade,
            takes_comment=r.grade is not None and r.comment is None,
        )
        for r in conn.execute(_OPEN, given)
        if r.graded_at is None or r.graded_at > now - ADDED_WITHIN
    }


def question_waits(of: sa.FromClause) -> sa.ColumnElement[bool]:
    """Build a condition: whether this conversation's question is due later or waits in the outbox.
    ``of``: the query's conversations."""
    w = t.due_work
    is_due = exists().where(w.c.kind == Work.ASK_SATISFACTION, w.c.key == sa.cast(of.c.id, sa.Text))
    in_outbox = exists().where(
        q.c.interaction_id == of.c.id, m.c.id == q.c.message_id, m.c.status == Status.QUEUED
    )
    return sa.or_(is_due, in_outbox)


@dataclass(frozen=True, slots=True)
class AskSettings:
    """A queue's satisfaction settings. ``after_hours``: None if the queue does not ask."""

    after_hours: int | None
    every_days: int


def settings_of(conn: Connection, queue_id: int | None) -> AskSettings:
    """Return the queue's settings. A conversation without a queue does not ask."""
    c = t.queues.c
    query = select(c.satisfaction_after_hours, c.satisfaction_every_days).where(c.id == queue_id)
    row = conn.execute(query).one_or_none()
    return AskSettings(*row) if row is not None else AskSettings(None, 1)


def lock_requester(conn: Connection, interaction: InteractionRow) -> None:
    """Lock the requester, so that two of their conversations, even on different numbers, cannot
    both ask."""
    p, u = t.messaging_profiles, t.users
    profiles = select(p.c.id).where(p.c.number == interaction.requester_number, p.c.active)
    conn.execute(profiles.order_by(p.c.id).with_for_update()).all()
    if interaction.user_id is not None:
        # key_share allows new conversations of this user while the row is locked
        user = select(u.c.id).where(u.c.id == interaction.user_id)
        conn.execute(user.with_for_update(key_share=True)).all()


def was_asked(conn: Connection, interaction: InteractionRow, now: datetime, days: int) -> bool:
    """Return whether this conversation has already asked, or the requester was asked within
    ``days``. A question on another number of the same user counts. A canceled question of another
    conversation does not."""
    same_person = q.c.requester_number == interaction.requester_number
    if interaction.user_id is not None:
        theirs = select(i.c.id).where(i.c.user_id == interaction.user_id)
        same_person = sa.or_(same_person, q.c.interaction_id.in_(theirs))
    recent = (
        select(q.c.interaction_id)
        .join(m, m.c.id == q.c.message_id)
        .where(same_person, q.c.asked_at > now - timedelta(days=days))
        .where(m.c.status != Status.CANCELED)
    )
    here = select(q.c.interaction_id).where(q.c.interaction_id == interaction.id)
    return conn.execute(recent.union(here).limit(1)).first() is not None


def has_newer(conn: Connection, interaction: InteractionRow) -> bool:
    """Return whether the requester has a newer conversation on any provider number."""
    newer = (i.c.requester_number == interaction.requester_number, i.c.id > interaction.id)
    return conn.execute(select(i.c.id).where(*newer).limit(1)).first() is not None


def was_answered(conn: Connection, interaction_id: int) -> bool:
    """Return whether both sides have texted in this conversation: the requester, and the virtual
    agent or a live agent. The order of the texts does not matter."""
    here = m.c.interaction_id == interaction_id
    wrote = exists().where(here, m.c.direction == Direction.INBOUND)
    answered = exists().where(
        here,
        m.c.direction == Direction.OUTBOUND,
        m.c.kind == Kind.MESSAGE,
        m.c.author.in_((Author.AGENT, Author.VIRTUAL_AGENT)),
        m.c.status != Status.CANCELED,
    )
    return bool(conn.execute(select(sa.and_(wrote, answered))).scalar())
