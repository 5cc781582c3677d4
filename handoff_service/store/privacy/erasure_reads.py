"""The queries of an erasure's steps. They run outside the lane."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.privacy import erasures as rules
from handoff_service.rules.privacy.erasures import CopyState, ErasureState, ErasureStep
from handoff_service.rules.shared.vocabulary import TrainerLane
from handoff_service.store.engine import tables as t
from handoff_service.store.privacy import people

e, c, i, m = t.erasures, t.erased_copies, t.interactions, t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running erasure."""

    id: int
    step: ErasureStep
    numbers: Sequence[str]
    words: Sequence[str]
    user_id: int | None
    newest_interaction: int
    planned: Mapping[str, int]
    requested_at: datetime

    def conversations(self) -> sa.Select[int]:
        """Build a query for the ids of the conversations that still name the person."""
        return people.conversations(self.numbers, self.user_id, newest=self.newest_interaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtExample:
    """A training example that a trainer's label added. ``is_test``: whether it is a test text."""

    intent: str
    example: str
    is_test: bool


def running(conn: Connection, erasure_id: int) -> Running | None:
    """Return the erasure; None if it has ended or does not exist."""
    row = conn.execute(select(e).where(e.c.id == erasure_id)).one_or_none()
    if row is None or row.state == ErasureState.DONE:
        return None
    return Running(
        id=row.id,
        step=ErasureStep(row.step),
        numbers=row.numbers,
        words=row.words,
        user_id=row.user_id,
        newest_interaction=row.newest_interaction,
        planned=row.planned,
        requested_at=row.requested_at,
    )


def open_conversations(conn: Connection, erasure: Running) -> list[int]:
    """Return the ids of the person's open conversations."""
    ids = erasure.conversations().where(i.c.closed_at.is_(None))
    return list(conn.execute(ids).scalars())


def ids(conn: Connection, erasure: Running) -> list[int]:
    """Return the ids of the person's conversations."""
    return list(conn.execute(erasure.conversations()).scalars())


def taught_examples(conn: Connection, erasure: Running) -> list[TaughtExample]:
    """Return the training examples that come from the person's texts."""
    lb, item = t.trainer_labels, t.trainer_items
    query = (
        select(lb.c.intent, lb.c.example, item.c.lane)
        .join(item, item.c.id == lb.c.item_id)
        .where(
            item.c.interaction_id.in_(erasure.conversations()),
            lb.c.file.is_not(None),
            lb.c.example.is_not(None),
            lb.c.undone_at.is_(None),
        )
    )
    return [
        TaughtExample(intent=row.intent, example=row.example, is_test=row.lane == TrainerLane.AUDIT)
        for row in conn.execute(query)
    ]


def ticket_copies(conn: Connection, erasure: Running) -> list[str]:
    """Return a list with one sentence about the copies in the ticket system that receives cases by
    webhook. The list is empty if there are no copies."""
    case, call = t.cases, t.webhook_calls
    mine: sa.ColumnElement[bool] = case.c.interaction_id.in_(erasure.conversations())
    if erasure.user_id is not None:
        mine |= case.c.user_id == erasure.user_id
    sent_cases = select(call.c.case_id).distinct()
    query = select(case.c.external_number).where(
        mine, case.c.id.in_(sent_cases) | case.c.external_number.is_not(None)
    )
    found = list(conn.execute(query).scalars())
    if not found:
        return []
    numbers = ", ".join(filter(None, found))
    if numbers:
        return [rules.TICKETS.format(numbers=numbers)]
    return [rules.TICKETS_WITHOUT_NUMBERS.format(count=len(found))]


def waiting_copies(conn: Connection, erasure_id: int, most: int | None = None) -> Sequence[str]:
    """Return the provider's ids of the texts that it still has to erase."""
    query = select(c.c.provider_sid).where(
        c.c.erasure_id == erasure_id, c.c.state == CopyState.WAITING
    )
    return conn.execute(query.order_by(c.c.id).limit(most)).scalars().all()


def erased_copies(conn: Connection, erasure_id: int) -> list[int]:
    """Return the ids of the rows in ``erased_copies`` whose text the provider has erased."""
    gone = (c.c.erasure_id == erasure_id, c.c.state == CopyState.ERASED)
    return list(conn.execute(select(c.c.id).where(*gone).order_by(c.c.id)).scalars())


def refused_copies(conn: Connection, erasure_id: int) -> list[str]:
    """Return sentences about the copies that the provider refused to erase or always keeps."""
    mine = c.c.erasure_id == erasure_id
    refused = mine & (c.c.state == CopyState.REFUSED)
    query = select(c.c.why, func.count()).where(refused).group_by(c.c.why).order_by(c.c.why)
    left = [rules.COPIES_REFUSED.format(count=n, why=why) for why, n in conn.execute(query)]
    if conn.execute(select(c.c.id).where(mine).limit(1)).first() is not None:
        left.append(rules.METADATA)
    return left


def audit_entries(conn: Connection, erasure: Running) -> list[int]:
    """Return the ids of the audit log entries about the person's user record, or with the person's
    name, numbers, addresses or employee number."""
    a = t.audit_log.c
    about: sa.ColumnElement[bool] = sa.false()
    if erasure.user_id is not None:
        ids = map(str, people.with_merged(conn, erasure.user_id))
        about |= (a.subject == Noun.USER) & a.record.in_(list(ids))
    details = sa.cast(a.details, sa.Text)
    for word in erasure.words:
        about |= a.name.icontains(word, autoescape=True)
        about |= details.icontains(json.dumps(word)[1:-1], autoescape=True)
    return list(conn.execute(select(a.id).where(about).order_by(a.id)).scalars())
