"""Clusters of texts that wait for a label."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select, update

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i = t.trainer_items


def leave_clusters(conn: Connection, item_ids: Collection[int]) -> None:
    """Give the clusters of these items new leaders, before the items are deleted. A cluster has the
    id of its leader.
    """
    rest = select(i.c.cluster, func.min(i.c.id)).where(
        one_of(i.c.cluster, item_ids), ~one_of(i.c.id, item_ids)
    )
    for old, new in conn.execute(rest.group_by(i.c.cluster)).all():
        conn.execute(update(i).where(i.c.cluster == old).values(cluster=new))
