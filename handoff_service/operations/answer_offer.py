"""Accept an offer, reject it, or let it run out. Exactly one agent ever gets a conversation."""

from dataclasses import dataclass

from sqlalchemy import select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.hand_off import offer_soon
from handoff_service.operations.say import owner_changed
from handoff_service.rules import states
from handoff_service.rules.states import Act
from handoff_service.rules.vocabulary import OfferOutcome, Owner, Presence, Work, WorkItemState
from handoff_service.store import due, interactions, live_group, people, work_items
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction

GONE = "This offer is no longer yours: it ran out or somebody else took it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    work_item_id: int
    agent_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    work_item_id: int
    agent_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    offer_id: int


def accept_work(tx: Transaction, command: Accept) -> int:
    """The agent takes the conversation. Returns the interaction's id; Conflict when the offer is gone."""
    interaction = interactions.lock(tx.conn, _interaction_of(tx, command.work_item_id))
    offer = work_items.open_offer(tx.conn, work_item_id=command.work_item_id, agent_id=command.agent_id)
    if offer is None or offer.expires_at <= tx.now or not interaction.active:
        raise Conflict(GONE)
    _end(tx, offer, OfferOutcome.ACCEPTED)
    for offer_id, agent_id in work_items.end_offers(tx, [offer.work_item_id], OfferOutcome.WITHDRAWN):
        due.disarm(tx, Work.EXPIRE_OFFER, [offer_id])
        tx.hint(f"agent:{agent_id}")
    _state(tx, offer.work_item_id, WorkItemState.ACCEPTED)
    interactions.put_state(tx.conn, interaction.id, states.TABLE[interaction.state][Act.AGENT_TAKES])
    waited = round((tx.now - offer.offered_at).total_seconds())
    changed = owner_changed(
        tx,
        interaction,
        owner=Owner.AGENT,
        agent_id=command.agent_id,
        said=f"{people.agent_name(tx.conn, command.agent_id)} accepted",
        reason=f"after {waited} s",
    )
    live_group.join(tx, changed.id, command.agent_id, interaction.last_seq + 1)
    tx.hint(f"agent:{command.agent_id}", changed.id)
    return changed.id


def reject_work(tx: Transaction, command: Reject) -> None:
    """The agent does not take it; the next agent is asked at once. Conflict when the offer is gone."""
    interactions.lock(tx.conn, _interaction_of(tx, command.work_item_id))
    offer = work_items.open_offer(tx.conn, work_item_id=command.work_item_id, agent_id=command.agent_id)
    if offer is None:
        raise Conflict(GONE)
    _end(tx, offer, OfferOutcome.REJECTED, command.reason)
    _back_to_queue(tx, offer)


def expire_offer(tx: Transaction, command: Expire) -> None:
    """Nobody answered in time: the agent is set away, and the next agent is asked at once."""
    due.disarm(tx, Work.EXPIRE_OFFER, [command.offer_id])
    work_item = tx.conn.execute(select(t.offers.c.work_item_id).where(t.offers.c.id == command.offer_id)).scalar_one()
    interactions.lock(tx.conn, _interaction_of(tx, work_item))
    offer = work_items.open_offer(tx.conn, offer_id=command.offer_id)
    if offer is None:
        return
    _end(tx, offer, OfferOutcome.TIMED_OUT)
    tx.conn.execute(
        update(t.agents)
        .where(t.agents.c.id == offer.agent_id, t.agents.c.presence == Presence.AVAILABLE)
        .values(presence=Presence.AWAY)
    )
    _back_to_queue(tx, offer)


def _interaction_of(tx: Transaction, work_item_id: int) -> int:
    found = tx.conn.execute(select(t.work_items.c.interaction_id).where(t.work_items.c.id == work_item_id)).scalar()
    if found is None:
        raise NotFound(f"There is no work item {work_item_id}.")
    return found


def _end(tx: Transaction, offer: work_items.Offer, outcome: OfferOutcome, reason: str | None = None) -> None:
    tx.conn.execute(
        update(t.offers)
        .where(t.offers.c.id == offer.id)
        .values(outcome=outcome, outcome_reason=reason, ended_at=tx.now)
    )
    due.disarm(tx, Work.EXPIRE_OFFER, [offer.id])
    tx.hint(f"agent:{offer.agent_id}")


def _back_to_queue(tx: Transaction, offer: work_items.Offer) -> None:
    _state(tx, offer.work_item_id, WorkItemState.QUEUED)
    offer_soon(tx)


def _state(tx: Transaction, work_item_id: int, state: WorkItemState) -> None:
    tx.conn.execute(update(t.work_items).where(t.work_items.c.id == work_item_id).values(state=state))
