"""The facts that reports store about a conversation's targets."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.reports.facts import look_again_at
from handoff_service.rules.reports.target_facts import decided_at, spans_of, target_facts
from handoff_service.rules.routing.targets import QueueTargets, minutes_of
from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.store.conversations.target_facts import stored as targets_of_row
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports.records import StoredConversation

type Targets = Sequence[QueueTargets]


def targets_of_queues(conn: Connection, ids: Collection[int]) -> dict[int, Targets]:
    """Return the targets of each queue, by the queue's id."""
    q = t.queues
    rows = conn.execute(select(q.c.id, q.c.targets).where(one_of(q.c.id, ids)))
    return {row.id: targets_of_row(row.targets) for row in rows}


def about_targets(
    of: StoredConversation, targets: Targets, hours: Schedule, now: datetime
) -> dict[str, Any]:
    """Return the values of the columns about targets, and ``look_again_at``: the next time when a
    fact of the conversation may change without a new message.
    """
    wanted = ((kind, minutes_of(targets, of.priority, kind)) for kind in TargetKind)
    minutes = {kind: number for kind, number in wanted if number is not None}
    spans = spans_of(of.record.lines, of.record.closed_at) if minutes else []
    decided = decided_at(spans, minutes, of.holds, hours, now)
    again = [at for at in (look_again_at(of.record, now), decided) if at is not None]
    facts = asdict(target_facts(spans, minutes, of.holds, hours, now))
    return facts | {"look_again_at": min(again, default=None)}
