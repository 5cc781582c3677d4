"""The supervisors' live view of queues, agents and conversations. The number of queries does not
depend on how many of them there are."""

from sqlalchemy import Connection, select

from handoff_service.store.delivery import gateway_watch, outbox, reply_limit_alarms, restore_holds
from handoff_service.store.desk import availability
from handoff_service.store.desk.availability import LOAD, TAKES_WORK
from handoff_service.store.desk.groups import group_names
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import candidates
from handoff_service.store.routing.live_conversations import active, conversations
from handoff_service.store.routing.live_queues import queues
from handoff_service.store.views.supervision import AgentNow, Now


def now(conn: Connection, agent_id: int, *, queue_id: int | None = None, most: int = 50) -> Now:
    """Return the whole view for this supervisor, with up to ``most`` conversations of one queue or
    of all."""
    of_queues = candidates.work_queues(conn)
    listed = queues(conn, of_queues)
    return Now(
        queues=listed,
        agents=agents(conn),
        conversations=conversations(conn, of_queues, agent_id, queue_id=queue_id, most=most),
        active=active(conn, queue_id),
        waiting=sum(queue.waiting for queue in listed),
        oldest_since=min(
            (queue.oldest_since for queue in listed if queue.oldest_since), default=None
        ),
        full_ranges=reply_limit_alarms.full_ranges(conn),
        reached_caps=reply_limit_alarms.reached_caps(conn),
        not_taken=outbox.not_taken(conn),
        held=restore_holds.held_work(conn),
        gateway_away=gateway_watch.away(conn),
    )


def agents(conn: Connection) -> list[AgentNow]:
    """Return the active agents who can have conversations. Agents who accept work come first,
    offline agents last. Equal ones are sorted by name."""
    a, log = t.agents, t.presence_log
    since = (
        select(log.c.since)
        .where(log.c.agent_id == a.c.id)
        .order_by(log.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            *a.c["id", "name", "capacity"],
            availability.PRESENCE.label("presence"),
            a.c.automatic_reason.label("presence_reason"),
            LOAD.label("load"),
            TAKES_WORK.label("takes_work"),
            since.label("since"),
        )
        .where(a.c.active, a.c.capacity > 0)
        .order_by(a.c.name, a.c.id)
    ).all()
    groups = group_names(conn, t.agent_groups.c.agent_id)
    found = [
        AgentNow(
            id=r.id,
            name=r.name,
            presence=r.presence,
            presence_reason=r.presence_reason,
            since=r.since,
            takes_work=bool(r.takes_work),
            load=r.load,
            capacity=r.capacity,
            groups=groups.get(r.id, []),
        )
        for r in rows
    ]
    return sorted(found, key=lambda one: (not one.takes_work, one.presence == "offline"))
