"""The running targets of conversations."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import RunningTarget

r = t.running_targets
_ORDER = {one: n for n, one in enumerate(TargetKind)}
_TARGETS = select(r).where(one_of(r.c.interaction_id, "ids"))


def of_conversations(conn: Connection, ids: Collection[int]) -> dict[int, list[RunningTarget]]:
    """Return each conversation's running targets, first due first. Targets without a due time, such
    as those on hold, come last."""
    found: dict[int, list[RunningTarget]] = {}
    for row in conn.execute(_TARGETS, {"ids": list(ids)}) if ids else ():
        found.setdefault(row.interaction_id, []).append(_target(row))
    for targets in found.values():
        targets.sort(key=lambda one: (one.due_at is None, one.due_at, _ORDER[one.kind]))
    return found


def _target(row: Any) -> RunningTarget:
    left = None if row.left_seconds is None else -(-row.left_seconds // 60)
    return RunningTarget(
        kind=TargetKind(row.kind),
        minutes=row.minutes,
        started_at=row.started_at,
        soon_at=row.soon_at,
        due_at=row.due_at,
        minutes_left_on_hold=left,
    )
