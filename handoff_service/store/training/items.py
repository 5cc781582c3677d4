"""Texts that wait for a trainer: the queue in order, single items, and the texts of a cluster.

No query here reads a conversation, because a trainer who is not a live agent may see only masked
texts.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ItemSource, ItemState, TrainerLane
from handoff_service.rules.training import order
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Agent, Named, Suggestion, TrainerItem

i, lb = t.trainer_items, t.trainer_labels
SHOWN = 50
#: priority, negative id, number of similar texts, number of their requesters, and (except for a
#: second opinion) lane and cluster
type _Ranked = tuple[float, int, int, int, tuple[str, int] | None]
_VALUE = i.c.weight * (1 - i.c.margin)
_CLUSTERS = (
    select(
        i.c.lane,
        i.c.cluster,
        sa.func.min(i.c.id).label("id"),
        sa.func.count().label("alike"),
        sa.func.count(i.c.requester.distinct()).label("people"),
        sa.func.max(_VALUE).label("value"),
    )
    .where(i.c.state == ItemState.WAITING)
    .group_by(i.c.lane, i.c.cluster)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQueue:
    """A trainer's queue. ``items``: one for each cluster, highest priority first. ``waiting``: how
    many texts wait for this trainer, by lane."""

    items: list[TrainerItem]
    waiting: dict[TrainerLane, int]

    @property
    def total(self) -> int:
        return sum(self.waiting.values())


def waits_for(agent_id: int, now: datetime) -> sa.ColumnElement[bool]:
    """Build a condition: whether this trainer can label an item. A trainer can label

    - items that wait for a first label,
    - items about which another trainer was unsure, if this trainer has not labeled them,
    - items that were drawn for a second, blind label, if this trainer has not labeled them in the
      last week.
    """
    own_labels = select(lb.c.id).where(
        lb.c.item_id == i.c.id, lb.c.agent_id == agent_id, lb.c.undone_at.is_(None)
    )
    recent_labels = own_labels.where(lb.c.made_at > now - order.SECOND_AFTER)
    return sa.or_(
        i.c.state == ItemState.WAITING,
        sa.and_(i.c.state == ItemState.UNSURE, ~own_labels.exists()),
        sa.and_(i.c.state == ItemState.SECOND, ~recent_labels.exists()),
    )


def queue(
    conn: Connection,
    agent_id: int,
    now: datetime,
    lane: TrainerLane | None = None,
    most: int = SHOWN,
) -> LabelQueue:
    """Return the clusters that wait for a label, and the texts that wait for a second opinion."""
    groups = conn.execute(_CLUSTERS).all()
    others = sa.and_(waits_for(agent_id, now), i.c.state != ItemState.WAITING)
    again = conn.execute(select(i.c.id, i.c.lane, _VALUE.label("value")).where(others)).all()
    waiting = dict.fromkeys(TrainerLane, 0)
    ranked: list[_Ranked] = []  # no two are equal, because their ids differ
    for of_lane, cluster, id, alike, people, value in groups:
        waiting[TrainerLane(of_lane)] += alike
        if lane in (None, of_lane):
            rank = order.priority(value, 0, people)
            ranked.append((rank, -id, alike, people, (of_lane, cluster)))
    for id, of_lane, value in again:
        waiting[TrainerLane(of_lane)] += 1
        if lane in (None, of_lane):
            ranked.append((order.priority(value, 0, 1), -id, 1, 1, None))
    best = heapq.nlargest(most, ranked)
    firsts = _representatives(conn, [of for *_, of in best if of is not None])
    about = {}
    for priority, minus_id, alike, people, of in best:
        first = -minus_id if of is None else firsts.get(of)
        if first is not None:
            about[first] = (priority, alike, people)
    found = {one.id: one for one in _items(conn, about)}
    return LabelQueue(items=[found[id] for id in about if id in found], waiting=waiting)


def _representatives(
    conn: Connection, clusters: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Return the waiting text with the highest value in each cluster. ``clusters``: (lane,
    cluster)."""
    rows = conn.execute(
        select(i.c.id, i.c.lane, i.c.cluster)
        .where(
            one_of(i.c.cluster, [cluster for _, cluster in clusters]),
            i.c.state == ItemState.WAITING,
        )
        .order_by(_VALUE, i.c.id.desc())
    )
    return {(row.lane, row.cluster): row.id for row in rows}


def get_item(conn: Connection, item_id: int) -> TrainerItem:
    """Return this item. Raises NotFound for an unknown id."""
    row = conn.execute(select(i.c.cluster, i.c.lane).where(i.c.id == item_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no text {item_id} to label.", item_id=item_id))
    alike = conn.execute(
        select(sa.func.count(), sa.func.count(i.c.requester.distinct())).where(
            i.c.cluster == row.cluster, i.c.lane == row.lane, i.c.state == ItemState.WAITING
        )
    ).one()
    return _items(conn, {item_id: (0.0, max(alike[0], 1), max(alike[1], 1))})[0]


@dataclass(frozen=True, slots=True)
class MarkedTurns:
    """The turns in a conversation that an agent has marked as misunderstood. A turn covers the
    messages after the texts that it answered, up to the texts of the next turn."""

    lines: Sequence[tuple[int, int | None]] = ()

    def covers(self, seq: int) -> bool:
        return any(first < seq and (last is None or seq <= last) for first, last in self.lines)


def marked_turns(conn: Connection, interaction_id: int) -> MarkedTurns:
    """Return the turns of a conversation that an agent has marked as misunderstood."""
    b = t.bot_turns
    of_it = (b.c.interaction_id == interaction_id, b.c.answered_at.is_not(None))
    marked = set(
        conn.execute(
            select(b.c.id)
            .join(i, i.c.bot_turn_id == b.c.id)
            .where(b.c.interaction_id == interaction_id, i.c.marked_by.is_not(None))
        ).scalars()
    )
    if not marked:
        return MarkedTurns()
    turns = conn.execute(select(b.c.id, b.c.up_to_seq).where(*of_it).order_by(b.c.id)).all()
    ends = [*(turn.up_to_seq for turn in turns[1:]), None]
    return MarkedTurns(
        [(turn.up_to_seq, end) for turn, end in zip(turns, ends, strict=True) if turn.id in marked]
    )


def cluster_texts(conn: Connection, item_id: int, most: int = 50) -> list[str]:
    """Return the waiting texts of this item's cluster, beginning with the item's own text."""
    same = i.alias("same")
    query = (
        select(same.c.id, same.c.text)
        .join(i, sa.and_(i.c.cluster == same.c.cluster, i.c.lane == same.c.lane))
        .where(i.c.id == item_id, same.c.state == ItemState.WAITING)
        .order_by((same.c.id != item_id), same.c.id)
        .limit(most)
    )
    return [row.text for row in conn.execute(query)]


def _items(conn: Connection, about: dict[int, tuple[float, int, int]]) -> list[TrainerItem]:
    """Return these items for display. ``about``: each item's priority, the number of texts in its
    cluster, and the number of their requesters."""
    rows = conn.execute(select(i).where(one_of(i.c.id, list(about)))).all()
    people = agents_by_id(conn, {row.marked_by for row in rows if row.marked_by})
    return [
        TrainerItem(
            id=row.id,
            interaction_id=row.interaction_id,
            text=row.text,
            lane=TrainerLane(row.lane),
            source=ItemSource(row.source),
            state=ItemState(row.state),
            intent=row.intent if _is_shown(row) else None,
            confidence=row.confidence if _is_shown(row) else None,
            ranking=_ranking(row),
            form=row.form,
            slot=row.slot,
            question=row.question,
            suggestion=row.suggestion if _is_shown(row) else None,
            marked_by=_named(people.get(row.marked_by)),
            cluster=row.cluster,
            alike=about[row.id][1],
            requesters=about[row.id][2],
            priority=about[row.id][0],
            created_at=row.created_at,
        )
        for row in rows
    ]


def _is_shown(row: sa.Row[Any]) -> bool:
    """Return whether trainers see the virtual agent's prediction. They do not see it for audits and
    second labels, because it would influence them."""
    return row.lane == TrainerLane.TEACH and row.state != ItemState.SECOND


def _ranking(row: sa.Row[Any]) -> list[Suggestion]:
    listed = [Suggestion(intent=name, confidence=share) for name, share in row.ranking]
    if _is_shown(row):
        return listed
    return [Suggestion(intent=name, confidence=0.0) for name in sorted(s.intent for s in listed)]


def _named(agent: Agent | None) -> Named | None:
    return Named(id=agent.id, name=agent.name) if agent else None
