"""A conversation's queue (``rules/routing/queue_choice.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from handoff_service.rules.routing import queue_choice
from handoff_service.rules.routing.queue_conditions import QueueFacts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.routing import queues


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A conversation that needs a queue. ``collected``: what the virtual agent learned, such as the
    topic."""

    provider_number_id: int
    user_id: int | None
    collected: Mapping[str, str]


def choose_queue(tx: Transaction, about: About) -> int:
    """The queue's id."""
    p = t.provider_numbers
    number = tx.conn.execute(
        select(p.c.number, p.c.queue_id).where(p.c.id == about.provider_number_id)
    ).one()
    found = queues.list_(tx.conn)
    if not any(queue.conditions for queue in found.values()):
        return number.queue_id
    return queue_choice.choose(found, number.queue_id, _facts(tx, about, number.number))


def _facts(tx: Transaction, about: About, provider_number: str) -> QueueFacts:
    """The virtual agent's findings take precedence over the records."""
    u = t.users
    on_file = tx.conn.execute(select(u.c.attributes).where(u.c.id == about.user_id)).scalar() or {}
    found = {name.lower(): value for name, value in about.collected.items()}
    return QueueFacts(
        provider_number=provider_number,
        topic=found.get("topic"),
        language=found.get("language") or on_file.get("language"),
        attributes=on_file,
    )
