"""Queues, as supervisors see them now."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import Candidate, Need
from handoff_service.rules.routing.queues import problems
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.groups import group_names
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing import candidates
from handoff_service.store.routing.candidates import WorkQueue
from handoff_service.store.routing.work_items import WAITS
from handoff_service.store.views.supervision import QueueNow

w = t.work_items
TOO_LONG = timedelta(minutes=10)  # for queues without their own alarm


def queues(conn: Connection, of: dict[int, WorkQueue] | None = None) -> list[QueueNow]:
    """Return queues in the admin's order. ``of``: the queues by id, if the caller has already
    loaded them."""
    of = candidates.work_queues(conn) if of is None else of
    at, waiting = read_at(conn), _waiting(conn)
    members_of = candidates.candidates(conn, of)
    groups = group_names(conn, t.queue_groups.c.queue_id)
    order = conn.execute(
        select(t.queues.c.id).order_by(t.queues.c.position, t.queues.c.id)
    ).scalars()
    found = []
    for queue in (of[queue_id] for queue_id in order):
        members = list(members_of.get(queue.id, {}).values())
        able = [one for one in members if queue.mandatory <= one.skills]
        count, since = waiting.get(queue.id, (0, None))
        opens_at = queue.schedule.opens_at(at)
        closes_at = queue.schedule.closes_at(at)
        found.append(
            QueueNow(
                id=queue.id,
                name=queue.name,
                assignment=queue.rule,
                waiting=count,
                oldest_since=since,
                late_at=late_at(since, queue),
                free=sum(_could_get_offer(one, queue) for one in able),
                eligible=len(able),
                open_now=opens_at == at,
                opens_at=None if opens_at == at else opens_at,
                closes_at=closes_at,
                problems=problems(
                    groups=groups.get(queue.id, []),
                    agents=len(members),
                    lacking=() if able or not members else sorted(queue.mandatory),
                    schedule_error=phrase("contain no open time within a year")
                    if opens_at is None
                    else None,
                ),
            )
        )
    return found


def _could_get_offer(one: Candidate, queue: WorkQueue) -> bool:
    """Return whether the queue could offer work to the agent, if every pool already gets offers."""
    need = Need(rule=queue.rule, waited=timedelta.max, mandatory=queue.mandatory)
    return assignment.left_out(one, need) is None


def _waiting(conn: Connection) -> dict[int, tuple[int, datetime]]:
    """Return the number of waiting items and the time of the oldest one, by queue. Transfers to an
    agent are left out."""
    rows = conn.execute(
        select(w.c.queue_id, func.count(), func.min(w.c.created_at))
        .where(WAITS, w.c.for_agent_id.is_(None))
        .group_by(w.c.queue_id)
    )
    return {r[0]: (r[1], r[2]) for r in rows}


def late_at(since: datetime | None, queue: WorkQueue | None) -> datetime | None:
    alarm = queue.alarm if queue is not None else None
    return None if since is None else since + (alarm or TOO_LONG)
