"""Restore holds: queued work from before the backup that would send something.

The original desk may have sent it long ago. A restore therefore gives each such row of ``due_work``
the due time ``due_work.HELD``, and an admin releases or cancels all of them. No other code has to
check, because held work is not due. Work written after the restore is done at once, unless held
work precedes it on its line, because the work of one kind on one line is done in order.

Work that is not held may still write a text, such as "everyone is busy" for a requester who waited
at the backup. ``operations/delivery/send_gates.py`` holds such a text when it is about to be sent.

Bot turns are an exception: a new text from the requester makes the turn due again, because the bot
answers all unanswered texts together.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, insert, select, update

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views.supervision import HeldWork

#: Kinds of work that may send a text: timers send prompts, and an expired proof or an unanswered
#: question leads to a handoff with a text.
SENDING = (
    Work.DELIVER,
    Work.BOT_TURN,
    Work.TIMER,
    Work.SEND_LATER,
    Work.PROOF_LIMIT,
    Work.FOLLOW_UP,
    Work.ASK_SATISFACTION,
    Work.MAIL_CODE,
    Work.CALL_WEBHOOK,
    Work.PUSH_CONSENTS,
    Work.SWEEP_GAPS,
)
_d, _r = t.due_work, t.restores
IS_HELD = _d.c.due_at == due_work.HELD


def hold(conn: Connection, *, backed_up_at: datetime, now: datetime) -> None:
    """Hold everything that is queued now."""
    conn.execute(
        update(_r).where(_r.c.ended_at.is_(None)).values(ended_at=now, outcome="restored again")
    )
    conn.execute(insert(_r).values(backed_up_at=backed_up_at, restored_at=now))
    unclaimed = {"lease_until": None, "token": None}
    conn.execute(
        update(_d)
        .where(_d.c.kind.in_(SENDING))
        .values(due_at=due_work.HELD, latest=None, **unclaimed)
    )


def is_held(conn: Connection) -> bool:
    """Whether an admin still has to decide."""
    return conn.execute(select(_r.c.id).where(_r.c.ended_at.is_(None)).limit(1)).first() is not None


def restored_at(conn: Connection) -> datetime | None:
    """When this desk was restored, while an admin still has to decide. None: nothing is held."""
    return conn.execute(
        select(_r.c.restored_at).where(_r.c.ended_at.is_(None)).order_by(_r.c.id.desc()).limit(1)
    ).scalar()


def held_work(conn: Connection) -> HeldWork | None:
    """The work that waits for an admin. None when nothing is held."""
    restored = conn.execute(
        select(_r).where(_r.c.ended_at.is_(None)).order_by(_r.c.id.desc())
    ).first()
    if restored is None:
        return None
    kinds = select(_d.c.kind, func.count().label("rows")).where(IS_HELD).group_by(_d.c.kind)
    counts = {row.kind: row.rows for row in conn.execute(kinds)}
    texts, since = _texts(conn)
    return HeldWork(
        backed_up_at=restored.backed_up_at,
        restored_at=restored.restored_at,
        texts=texts,
        since=since,
        bot_turns=counts.get(Work.BOT_TURN, 0),
        mails=counts.get(Work.MAIL_CODE, 0),
        calls=counts.get(Work.CALL_WEBHOOK, 0),
        timers=counts.get(Work.TIMER, 0),
    )


def _texts(conn: Connection) -> tuple[int, datetime | None]:
    is_send = _d.c.kind == Work.DELIVER
    lines = select(_d.c.line).where(is_send, IS_HELD)
    waiting = select(func.count()).where(is_send, _d.c.line.in_(lines))
    m = t.messages.c
    oldest = select(func.min(m.created_at, type_=m.created_at.type)).where(
        one_of(m.id, keys(conn, Work.DELIVER))
    )
    return conn.execute(waiting).scalar_one(), conn.execute(oldest).scalar()


def keys(conn: Connection, kind: Work) -> list[int]:
    """The keys of the held work of a kind."""
    return [
        int(key)
        for key in conn.execute(select(_d.c.key).where(_d.c.kind == kind, IS_HELD)).scalars()
    ]


def end(conn: Connection, *, outcome: str, agent_id: int | None, now: datetime) -> None:
    """Record the admin's decision. Work that is still held becomes due now; timers and scheduled
    texts at their own times."""
    conn.execute(
        update(_r)
        .where(_r.c.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome, agent_id=agent_id)
    )
    w = t.timers
    first = (
        select(func.min(w.c.due_at))
        .where(w.c.interaction_id == sa.cast(_d.c.key, sa.BigInteger))
        .scalar_subquery()
    )
    is_timer = _d.c.kind == Work.TIMER
    conn.execute(
        update(_d)
        .where(IS_HELD, is_timer)
        .values(due_at=func.coalesce(first, sa.literal(now, _d.c.due_at.type)))
    )
    s = t.scheduled_texts
    send_at = select(s.c.send_at).where(s.c.id == sa.cast(_d.c.key, sa.BigInteger))
    conn.execute(
        update(_d)
        .where(IS_HELD, _d.c.kind == Work.SEND_LATER)
        .values(due_at=func.coalesce(send_at.scalar_subquery(), sa.literal(now, _d.c.due_at.type)))
    )
    conn.execute(update(_d).where(IS_HELD).values(due_at=now))
