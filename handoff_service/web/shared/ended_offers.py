"""Offers that ended while the list pane showed them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.operations.routing.presence import RAN_OUT
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import OfferOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import inbox


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """An offer that ended while the page was showing it."""

    id: int
    outcome: str  #: the outcome as a sentence


def ended_offers(conn: Connection, agent_id: int, work_item_ids: Iterable[int]) -> list[EndedOffer]:
    """Return how the offers of these work items to the agent ended. Leave out unknown work items,
    and those that the agent was never offered."""
    found = [_ended_offer(conn, work_item_id, agent_id) for work_item_id in work_item_ids]
    return [one for one in found if one is not None]


def _ended_offer(conn: Connection, work_item_id: int, agent_id: int) -> EndedOffer | None:
    try:
        item = inbox.work_item(conn, work_item_id)
    except NotFound:
        return None
    mine = [offer for offer in item.offers if offer.agent.id == agent_id]
    if not mine:
        return None
    taken = next((offer for offer in item.offers if offer.outcome is OfferOutcome.ACCEPTED), None)
    if taken is not None:
        if taken.agent.id == agent_id:
            return EndedOffer(work_item_id, phrase("You accepted it"))
        return EndedOffer(work_item_id, phrase("{name} accepted it", name=taken.agent.name))
    reason = select(t.agents.c.automatic_reason).where(t.agents.c.id == agent_id)
    is_away = conn.execute(reason).scalar() == RAN_OUT
    outcomes = {
        OfferOutcome.TIMED_OUT: phrase("Offer expired; you're now away")
        if is_away
        else phrase("Offer expired"),
        OfferOutcome.REJECTED: phrase("You rejected this offer"),
    }
    return EndedOffer(
        work_item_id,
        outcomes.get(mine[-1].outcome or OfferOutcome.WITHDRAWN, phrase("No longer waiting")),
    )
