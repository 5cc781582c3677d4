"""Reads the facts from which conversations' targets follow. Each query covers many
conversations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.routing.targets import HeldTime, QueueTargets
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    State,
    Status,
    TargetKind,
    Unanswered,
)
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m, q, h, r = t.interactions, t.messages, t.queues, t.holds, t.running_targets
LIVE = (Owner.QUEUE, Owner.AGENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """The facts of a conversation from which its targets follow. ``is_owed``: whether live agents
    owe the requester an answer. ``targets``: the targets of its queue. ``hold_id``: the id of
    the running hold. ``has_rows``: whether the conversation has stored targets.
    """

    id: int
    line: str
    state: State
    priority: int
    queue_id: int | None
    is_open: bool
    is_owed: bool
    targets: tuple[QueueTargets, ...]
    hold_id: int | None
    has_rows: bool

    @property
    def is_on_hold(self) -> bool:
        return self.is_open and self.state is State.ON_HOLD

    @property
    def has_targets(self) -> bool:
        """Return whether a target may be running."""
        of_priority = [one for one in self.targets if one.priority == self.priority]
        return self.is_open and any(not one.is_empty for one in of_priority)


_has_rows = select(r.c.kind).where(r.c.interaction_id == i.c.id).correlate(i).exists()
_STATES = (
    select(
        *i.c[
            "id", "requester_number", "provider_number_id", "state", "owner", "priority",
            "queue_id", "closed_at", "unanswered",
        ],
        q.c.targets,
        h.c.id.label("hold_id"),
        _has_rows.label("has_rows"),
    )
    .outerjoin(q, q.c.id == i.c.queue_id)
    .outerjoin(h, (h.c.interaction_id == i.c.id) & h.c.ended_at.is_(None))
    .where(
        one_of(i.c.id, "ids"),
        # skip conversations that have neither targets nor holds, because they need no update
        sa.or_(
            sa.cast(q.c.targets, sa.Text) != "[]",
            i.c.state == State.ON_HOLD,
            h.c.id.is_not(None),
            _has_rows,
        ),
    )
)  # fmt: skip


def states(conn: Connection, ids: Collection[int]) -> list[TargetState]:
    """Return the conversations among ``ids`` that may have targets or holds, in one query."""
    return [_state(row) for row in conn.execute(_STATES, {"ids": list(ids)})]


def _state(row: Any) -> TargetState:
    owed = row.unanswered == Unanswered.REQUESTER_MESSAGE
    return TargetState(
        id=row.id,
        line=interactions.line(row.provider_number_id, row.requester_number),
        state=State(row.state),
        priority=row.priority,
        queue_id=row.queue_id,
        is_open=row.closed_at is None,
        is_owed=owed and row.owner in LIVE,
        targets=stored(row.targets or ()),
        hold_id=row.hold_id,
        has_rows=bool(row.has_rows),
    )


def stored(rows: Collection[dict[str, int | None]]) -> tuple[QueueTargets, ...]:
    """Parse the targets in a queue's row."""
    return tuple(QueueTargets(**row) for row in rows)  # type: ignore[arg-type]


def written(targets: Collection[QueueTargets]) -> list[dict[str, int | None]]:
    """Convert targets for a queue's row, sorted by priority."""
    filled = [one for one in targets if not one.is_empty]
    return [
        {"priority": one.priority, **{str(kind): one.minutes(kind) for kind in TargetKind}}
        for one in sorted(filled, key=lambda one: one.priority)
    ]


# When targets start. Each subquery reads only a few messages from one end of the conversation.

_of_it = m.c.interaction_id == i.c.id
_inbound = m.c.direction == Direction.INBOUND
_live = m.c.owner.in_(LIVE)


def _one(column: sa.ColumnElement[Any], *where: sa.ColumnElement[bool], last: bool) -> Any:
    order = m.c.seq.desc() if last else m.c.seq
    query = select(column).where(_of_it, *where).order_by(order).limit(1)
    return query.correlate(i).scalar_subquery()


_is_text = sa.and_(m.c.kind == Kind.MESSAGE, m.c.direction == Direction.OUTBOUND)
_by_agent = _one(
    m.c.seq, _is_text, m.c.author == Author.AGENT, m.c.status != Status.CANCELED, last=True
)
_by_bot = _one(
    m.c.seq,
    _is_text,
    m.c.author == Author.VIRTUAL_AGENT,
    m.c.owner == Owner.VIRTUAL_AGENT,
    m.c.seq > sa.func.coalesce(_by_agent, 0),
    last=True,
)
_first_text = _one(m.c.seq, _inbound, last=False)
_handed_over = sa.and_(m.c.event == Event.OWNER_CHANGED, m.c.seq > _first_text)
_owed_since = _one(
    m.c.created_at,
    _live,
    m.c.seq > sa.func.coalesce(_by_bot, _by_agent, 0),
    sa.or_(_inbound, sa.and_(_handed_over, sa.or_(_by_bot.is_not(None), _by_agent.is_(None)))),
    last=False,
)
_needed_since = _one(m.c.created_at, _live, sa.or_(_inbound, _handed_over), last=False)
_STARTS = select(
    i.c.id,
    _by_agent.is_not(None).label("answered"),
    sa.type_coerce(_owed_since, t.UtcTime()).label("owed_since"),
    sa.type_coerce(_needed_since, t.UtcTime()).label("needed_since"),
).where(one_of(i.c.id, "ids"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStarts:
    """When a conversation's targets started. ``owed_since``: since when the requester has waited
    for an answer from live agents. ``needed_since``: when the conversation first needed live
    agents. ``is_answered``: whether a live agent has ever answered."""

    owed_since: datetime | None
    needed_since: datetime | None
    is_answered: bool


def starts(conn: Connection, ids: Collection[int]) -> dict[int, TargetStarts]:
    return {
        row.id: TargetStarts(
            owed_since=row.owed_since,
            needed_since=row.needed_since,
            is_answered=bool(row.answered),
        )
        for row in conn.execute(_STARTS, {"ids": list(ids)})
    }


_HOLDS = select(h).where(one_of(h.c.interaction_id, "ids")).order_by(h.c.id)


def holds(conn: Connection, ids: Collection[int]) -> dict[int, list[HeldTime]]:
    """Return each conversation's holds, oldest first."""
    found: dict[int, list[HeldTime]] = {}
    for row in conn.execute(_HOLDS, {"ids": list(ids)}):
        found.setdefault(row.interaction_id, []).append(HeldTime(row.began_at, row.ended_at))
    return found
