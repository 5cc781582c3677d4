"""Clusters of similar texts that wait for a label. A cluster has the id of its leader, the oldest
text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i = t.trainer_items


@dataclass(frozen=True, slots=True)
class NewLeader:
    """Items that get a new leader."""

    ids: Sequence[int]
    leader: int


def new_leaders(conn: Connection, item_ids: Collection[int]) -> list[NewLeader]:
    """Return the items that lose their cluster's leader if these items are deleted. In each
    cluster, the first remaining item becomes the leader, and is the first of ``ids``."""
    query = select(i.c.cluster, i.c.id).where(
        one_of(i.c.cluster, item_ids), ~one_of(i.c.id, item_ids)
    )
    rest: dict[int, list[int]] = {}
    for cluster, one in conn.execute(query.order_by(i.c.id)):
        rest.setdefault(cluster, []).append(one)
    return [NewLeader(ids, ids[0]) for ids in rest.values()]


def follow(conn: Connection, change: NewLeader) -> int:
    """Give these items the new leader. Return the number of items."""
    moved = update(i).where(one_of(i.c.id, change.ids)).values(cluster=change.leader)
    return conn.execute(moved).rowcount


def leave_clusters(conn: Connection, item_ids: Collection[int]) -> None:
    """Give the clusters of these items new leaders, before the items are deleted."""
    rest = select(i.c.cluster, func.min(i.c.id)).where(
        one_of(i.c.cluster, item_ids), ~one_of(i.c.id, item_ids)
    )
    for old, new in conn.execute(rest.group_by(i.c.cluster)).all():
        conn.execute(update(i).where(i.c.cluster == old).values(cluster=new))
