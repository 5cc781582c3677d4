"""Restore holds: work that was queued at the backup and would send something.

The original desk may have sent it long ago. So a restore sets the due time of this work to
``due_work.HELD``, and an admin releases or cancels all of it. No other code needs a check, because
held work is not due. Work from after the restore runs at once, unless held work of the same kind
precedes it on its line.

Work that is not held may still write a text, such as "everyone is busy" to a requester who was
waiting at the time of the backup. ``operations/delivery/send_gates.py`` holds such a text just
before it is sent.

Bot turns are an exception. A new text from the requester makes the held turn due again, because the
bot answers all unanswered texts together.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, insert, select, update

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views.supervision import HeldWork

#: Kinds of work that may send something. Timers send prompts. An expired proof or an unanswered
#: question causes a handoff with a text.
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
    """Hold all queued work of the kinds in ``SENDING``, and record the restore. An earlier restore
    that still waits for a decision ends."""
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
    """Return whether an admin still has to decide."""
    return conn.execute(select(_r.c.id).where(_r.c.ended_at.is_(None)).limit(1)).first() is not None


def restored_at(conn: Connection) -> datetime | None:
    """Return when this desk was restored, if an admin still has to decide; else None."""
    return conn.execute(
        select(_r.c.restored_at).where(_r.c.ended_at.is_(None)).order_by(_r.c.id.desc()).limit(1)
    ).scalar()


def held_work(conn: Connection) -> HeldWork | None:
    """Return the work that waits for an admin's decision; None if nothing is held."""
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
    """Return the keys of the held work of this kind."""
    return [
        int(key)
        for key in conn.execute(select(_d.c.key).where(_d.c.kind == kind, IS_HELD)).scalars()
    ]


def end(conn: Connection, *, outcome: str, agent_id: int | None, now: datetime) -> None:
    """Record the admin's decision. Work that is still held becomes due now, but timers and
    scheduled texts become due at their own times."""
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
