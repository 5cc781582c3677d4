"""Hints about changed conversations, which are published after the commit."""

from collections.abc import Collection

from sqlalchemy import select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

SUPERVISORS = "supervisors"  # the channel of hints to all supervisors
CONVERSATIONS = "conversations"  # the channel of hints about every conversation
_LIVE_GROUPS = (
    select(t.interactions.c.id, t.interactions.c.requester_number, t.live_group.c.agent_id)
    .outerjoin(t.live_group, t.live_group.c.interaction_id == t.interactions.c.id)
    .where(one_of(t.interactions.c.id, "ids"))
)


def notify(tx: Transaction, interaction_ids: Collection[int]) -> None:
    """Publish hints after the commit that these conversations have changed: to their live groups,
    to open pages, to the simulator's phone and to supervisors."""
    for row in (
        tx.conn.execute(_LIVE_GROUPS, {"ids": list(interaction_ids)}) if interaction_ids else ()
    ):
        notify_onlookers(tx, row.id, row.requester_number)
        if row.agent_id is not None:
            tx.hint(f"agent:{row.agent_id}", row.id)


def notify_onlookers(tx: Transaction, interaction_id: int, requester_number: str) -> None:
    """Like ``notify``, but without hints to the live group."""
    tx.desk_changed()
    tx.hint(f"interaction:{interaction_id}", interaction_id)
    tx.hint(f"requester:{requester_number}", interaction_id)
    tx.hint(CONVERSATIONS, interaction_id)
