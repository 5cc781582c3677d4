"""An agent's presence: it stands until it is changed, by the agent or by the product, which then says why.

Who stops taking work has their open offers taken back, and the next agent is asked at once.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.errors import BadInput
from handoff_service.operations.end_offer import come_to_nothing, end_offer
from handoff_service.operations.offer_soon import offer_soon
from handoff_service.rules.vocabulary import OfferOutcome, Presence
from handoff_service.store import interactions, work_items
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence:
    """``presence``: one of the three, or an admin's own state. ``only_from``: change it only when it is this now
    (signing in makes an offline agent available)."""

    agent_id: int
    presence: str
    only_from: Presence | None = None


def set_presence(tx: Transaction, command: SetPresence) -> None:
    """Change one's own presence. BadInput for a state that the desk does not have."""
    s = t.presence_states
    own = tx.conn.execute(select(s.c.name).order_by(s.c.position, s.c.id)).scalars().all()
    if command.presence not in {*Presence, *own}:
        raise BadInput(errors={"presence": f"must be one of {', '.join([*Presence, *own])}"})
    if command.only_from is None or _now(tx, command.agent_id) == command.only_from:
        change_presence(tx, command.agent_id, command.presence)


def change_presence(
    tx: Transaction, agent_id: int, presence: str, *, reason: str | None = None, only_if_taking_work: bool = False
) -> None:
    """Change it, keep that in the history, and let what follows from it happen. ``reason``: why the product did it."""
    before = work_items.candidate(tx.conn, agent_id)
    if before is None or (only_if_taking_work and not before.takes_work):
        return
    tx.conn.execute(update(t.agents).where(t.agents.c.id == agent_id).values(presence=presence, presence_reason=reason))
    if before.presence != presence:
        log = insert(t.presence_log)
        tx.conn.execute(log.values(agent_id=agent_id, presence=presence, reason=reason, since=tx.now))
    tx.hint(f"agent:{agent_id}")
    tx.desk_changed()
    after = work_items.candidate(tx.conn, agent_id)
    if after is not None and after.takes_work:
        offer_soon(tx)
    elif before.takes_work:
        _take_offers_back(tx, agent_id)


def _now(tx: Transaction, agent_id: int) -> str | None:
    return tx.conn.execute(select(t.agents.c.presence).where(t.agents.c.id == agent_id)).scalar()


def _take_offers_back(tx: Transaction, agent_id: int) -> None:
    """The agent's offers are withdrawn."""
    o, w = t.offers, t.work_items
    open_ = select(o.c.id, w.c.interaction_id).join(w, w.c.id == o.c.work_item_id)
    mine = tx.conn.execute(open_.where(o.c.agent_id == agent_id, o.c.outcome.is_(None))).all()
    rows = interactions.lock_each(tx.conn, {r.interaction_id for r in mine}) if mine else {}
    for r in mine:
        offer = work_items.open_offer(tx.conn, offer_id=r.id)
        if offer is not None:
            end_offer(tx, offer, OfferOutcome.WITHDRAWN)
            come_to_nothing(tx, rows[r.interaction_id], offer, "is not available any more")
