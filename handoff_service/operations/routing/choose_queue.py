"""Choose a conversation's queue by the rule in ``rules/routing/queue_choice.py``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, select

from handoff_service.rules.routing import queue_choice
from handoff_service.rules.routing.queue_conditions import QueueFacts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The facts about a conversation that needs a queue. ``collected``: the facts that the virtual
    agent has collected, such as the topic."""

    provider_number_id: int
    user_id: int | None
    collected: Mapping[str, str]


def choose_queue(tx: Transaction, about: About) -> int:
    """The id of the conversation's queue."""
    return QueueChooser(tx.conn).choose(about)


class QueueChooser:
    """Chooses queues for many conversations. It reads the queues and the company numbers once."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def choose(self, about: About) -> int:
        """The id of the conversation's queue."""
        number, number_queue = self._numbers[about.provider_number_id]
        if not any(queue.conditions for queue in self._queues.values()):
            return number_queue
        return queue_choice.choose(self._queues, number_queue, _facts(self._conn, about, number))

    @cached_property
    def _queues(self) -> Mapping[int, queues.QueueConditions]:
        return queues.conditions_by_id(self._conn)

    @cached_property
    def _numbers(self) -> Mapping[int, tuple[str, int]]:
        p = t.provider_numbers
        rows = self._conn.execute(select(p.c.id, p.c.number, p.c.queue_id))
        return {r.id: (r.number, r.queue_id) for r in rows}


def _facts(conn: Connection, about: About, provider_number: str) -> QueueFacts:
    """The facts for queue conditions. Facts from the virtual agent take precedence over the user's
    record."""
    u = t.users
    query = select(u.c.attributes).where(u.c.id == about.user_id)
    on_file = {} if about.user_id is None else conn.execute(query).scalar() or {}
    found = {name.lower(): value for name, value in about.collected.items()}
    return QueueFacts(
        provider_number=provider_number,
        topic=found.get("topic"),
        language=found.get("language") or on_file.get("language"),
        attributes=on_file,
    )
