"""The records that prevent deleting a queue."""

from sqlalchemy import Connection, select

from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import macros
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import queues


def blockers(conn: Connection, queue_id: int) -> list[Blocker]:
    """The records that prevent deleting a queue."""
    p, a, limits = t.provider_numbers, t.messaging_actions, t.messaging_action_queues
    name = queues.get(conn, queue_id).name
    numbers = conn.execute(select(p.c.id, p.c.number).where(p.c.queue_id == queue_id))
    limited = conn.execute(
        select(a.c.id, a.c.name)
        .join(limits, limits.c.action_id == a.c.id)
        .where(limits.c.queue_id == queue_id)
    )
    return [
        *(
            Blocker(
                sentence=phrase(
                    "{queue} is the queue of {number}. Give that number another queue first.",
                    queue=name,
                    number=r.number,
                ),
                noun=Noun.COMPANY_NUMBER,
                id=r.id,
                name=r.number,
            )
            for r in numbers
        ),
        *(
            Blocker(
                sentence=phrase(
                    "The messaging action “{action}” is limited to {queue}. Change that first.",
                    action=r.name,
                    queue=name,
                ),
                noun=Noun.MESSAGING_ACTION,
                id=r.id,
                name=r.name,
            )
            for r in limited
        ),
        *macros.blockers(conn, t.macros.c.queue_id, queue_id),
        *_history(conn, queue_id, name),
    ]


def _history(conn: Connection, queue_id: int, name: str) -> list[Blocker]:
    w, i = t.work_items, t.interactions
    waited = (
        select(w.c.id).where(w.c.queue_id == queue_id).limit(1),
        select(i.c.id).where(i.c.queue_id == queue_id).limit(1),
    )
    if all(conn.execute(query).first() is None for query in waited):
        return []
    sentence = phrase(
        "Conversations have waited in {queue}, so it cannot be deleted. Rename it, or remove "
        "its groups.",
        queue=name,
    )
    return [Blocker(sentence=sentence)]
