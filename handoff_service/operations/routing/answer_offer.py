"""Accept or reject an offer, or let it expire. Only one agent can accept a conversation."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.routing.assign import assign
from handoff_service.operations.routing.connection import grace_time
from handoff_service.operations.routing.end_offer import end_offer, renew_offers, requeue_or_return
from handoff_service.operations.routing.presence import RAN_OUT, set_away
from handoff_service.operations.shared.job import Job
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import OfferOutcome, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import sessions
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import offers

LEEWAY = timedelta(seconds=1)  # from the end of a gap to the transaction that renews the offers
GONE = phrase("This offer is no longer yours. It expired, or somebody else took it.")


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
    """An offer has expired. ``steady_for``: how long this process has worked without a gap."""

    offer_id: int
    steady_for: timedelta = timedelta.max


def accept_work(tx: Transaction, command: Accept) -> int:
    """Assign the conversation to the agent, who accepts the offer. Returns the interaction's id.
    Raises Conflict when the offer is gone."""
    interaction = interactions.lock(tx.conn, _interaction_of(tx, command.work_item_id))
    offer = offers.open_offer(tx.conn, work_item_id=command.work_item_id, agent_id=command.agent_id)
    if offer is None or offer.expires_at <= tx.now or not interaction.active:
        raise Conflict(GONE)
    end_offer(tx, offer, OfferOutcome.ACCEPTED)
    waited = round((tx.now - offer.offered_at).total_seconds())
    name = agent_name(tx.conn, command.agent_id)
    changed = assign(
        tx,
        interaction,
        offer.work_item_id,
        command.agent_id,
        sentence=f"{name} accepted",
        reason=f"after {waited} s",
    )
    return changed.id


def reject_work(tx: Transaction, command: Reject) -> None:
    """End the offer, which the agent rejects, and request an offer to the next agent. Raises
    Conflict when the offer is gone.

    Some reject reasons are final: the agent then gets no other offer of this work item.
    """
    interaction = interactions.lock(tx.conn, _interaction_of(tx, command.work_item_id))
    offer = offers.open_offer(tx.conn, work_item_id=command.work_item_id, agent_id=command.agent_id)
    if offer is None:
        raise Conflict(GONE)
    r = t.reject_reasons
    again = tx.conn.execute(select(r.c.again).where(r.c.words == command.reason)).scalar()
    end_offer(tx, offer, OfferOutcome.REJECTED, command.reason, again=again is not False)
    requeue_or_return(tx, interaction, offer, f"rejected: {command.reason}")


def expire_offer(tx: Transaction, command: Expire) -> None:
    """End an expired offer, request an offer to the next agent, and set this agent to Away.

    An agent who has done something within the grace time stays available, because they may be
    working in another tab or with the API. If the service had a gap since the offer was made, the
    offer gets its full time again, because the agent may have been unable to answer.
    """
    due_work.cancel(tx, Work.EXPIRE_OFFER, [command.offer_id])
    work_item = tx.conn.execute(
        select(t.offers.c.work_item_id).where(t.offers.c.id == command.offer_id)
    ).scalar_one()
    interaction = interactions.lock(tx.conn, _interaction_of(tx, work_item))
    offer = offers.open_offer(tx.conn, offer_id=command.offer_id)
    if offer is None:
        return
    if command.steady_for < tx.now - offer.offered_at - LEEWAY:
        renew_offers(tx, [offer.id])
        return
    end_offer(tx, offer, OfferOutcome.TIMED_OUT)
    if not sessions.is_active_since(tx.conn, offer.agent_id, tx.now - grace_time(tx)):
        set_away(tx, offer.agent_id, RAN_OUT)
    requeue_or_return(tx, interaction, offer, "did not answer in time")


def _interaction_of(tx: Transaction, work_item_id: int) -> int:
    found = tx.conn.execute(
        select(t.work_items.c.interaction_id).where(t.work_items.c.id == work_item_id)
    ).scalar()
    if found is None:
        raise NotFound(phrase("There is no work item {id}.", id=work_item_id))
    return found


async def when_due(job: Job) -> None:
    steady_for = job.deps.connections.steady_for()
    await job.write(expire_offer, Expire(int(job.key), steady_for))
