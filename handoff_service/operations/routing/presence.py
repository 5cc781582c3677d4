"""An agent's presence: the one that the agent chooses, and an automatic one that overrides it.

A chosen presence stays until the agent changes it. An automatic Away, after a lost connection or an
expired offer, overrides it until the agent chooses a presence, signs in or reconnects. After a
sign-in or a reconnection, the chosen presence applies again, and the agent gets a notice. When an
agent stops taking work, their open offers are withdrawn, and the work items are offered to other
agents.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.errors import BadInput
from handoff_service.operations.routing.end_offer import end_offer, requeue_or_return
from handoff_service.operations.shared.events_at_end import of_presences
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import OfferOutcome, Presence
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates, offers

LOST = "The connection was lost"
RAN_OUT = "An offer expired"
CAME_BACK = "Signed in or reconnected"

a = t.agents
_CHOSEN_ONLY = {"automatic_presence": None, "automatic_reason": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence:
    """``presence``: one of the three built-in states, or a state that an admin has created."""

    agent_id: int
    presence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignIn:
    """An agent has signed in. ``to_work``: whether they signed in to the workspace, which makes an
    agent who is Offline available."""

    agent_id: int
    to_work: bool


def set_presence(tx: Transaction, command: SetPresence) -> None:
    """Set the presence that the agent chooses. Raises BadInput for a state that the desk does not
    have."""
    s = t.presence_states
    own = tx.conn.execute(select(s.c.name).order_by(s.c.position, s.c.id)).scalars().all()
    if command.presence not in {*Presence, *own}:
        raise BadInput(
            errors={
                "presence": phrase("must be one of {names}", names=", ".join([*Presence, *own]))
            }
        )
    choose_presence(tx, command.agent_id, command.presence)


def choose_presence(
    tx: Transaction, agent_id: int, presence: str, *, reason: str | None = None
) -> None:
    """Set the chosen presence and end an automatic one. ``reason``: for the history."""
    _change(tx, agent_id, {"presence": presence, "returned_from": None, **_CHOSEN_ONLY}, reason)


def set_away(tx: Transaction, agent_id: int, reason: str) -> None:
    """Set an agent to Away automatically. The presence of an agent who takes no work does not
    change."""
    before = candidates.candidate(tx.conn, agent_id)
    if before is not None and before.takes_work:
        away = {
            "automatic_presence": Presence.AWAY,
            "automatic_reason": reason,
            "returned_from": None,
        }
        _change(tx, agent_id, away, reason)


def signed_in(tx: Transaction, command: RecordSignIn) -> None:
    """End an automatic Away when an agent signs in. A chosen Away stays. An agent who has chosen
    Offline and signs in to the workspace becomes available."""
    chosen = tx.conn.execute(select(a.c.presence).where(a.c.id == command.agent_id)).scalar()
    if command.to_work and chosen == Presence.OFFLINE:
        choose_presence(tx, command.agent_id, Presence.AVAILABLE)
    else:
        end_automatic(tx, [command.agent_id])


def end_automatic(tx: Transaction, agent_ids: Collection[int], *, only: str | None = None) -> None:
    """End the automatic presence of these agents, so that the chosen one applies again. ``only``:
    end it only if it has this reason."""
    automatic = select(a.c.id, a.c.automatic_reason).where(
        one_of(a.c.id, agent_ids), a.c.automatic_presence.is_not(None)
    )
    if only is not None:
        automatic = automatic.where(a.c.automatic_reason == only)
    for row in (
        tx.conn.execute(automatic.order_by(a.c.id).with_for_update()).all() if agent_ids else ()
    ):
        _change(tx, row.id, {**_CHOSEN_ONLY, "returned_from": row.automatic_reason}, CAME_BACK)


def dismiss_notice(tx: Transaction, agent_id: int) -> None:
    """Remove the notice from which the agent learns why they were set to Away."""
    tx.conn.execute(update(a).where(a.c.id == agent_id).values(returned_from=None))
    tx.hint(f"agent:{agent_id}")


def _change(
    tx: Transaction, agent_id: int, values: dict[str, str | None], reason: str | None
) -> None:
    """Write the presence and its history. Request offers if the agent takes work now, and withdraw
    the agent's offers if they no longer do."""
    before = candidates.candidate(tx.conn, agent_id)
    if before is None:
        return
    tx.conn.execute(update(a).where(a.c.id == agent_id).values(values))
    after = candidates.candidate(tx.conn, agent_id)
    if after is None:
        return
    if before.presence != after.presence:
        log = insert(t.presence_log).returning(t.presence_log.c.id)
        made = tx.conn.execute(
            log.values(agent_id=agent_id, presence=after.presence, reason=reason, since=tx.now)
        )
        tx.at_end(of_presences, [made.scalar_one()])
    tx.hint(f"agent:{agent_id}")
    tx.desk_changed()
    if after.takes_work:
        schedule_offers(tx)
    elif before.takes_work:
        _take_offers_back(tx, agent_id)


def _take_offers_back(tx: Transaction, agent_id: int) -> None:
    """Withdraw the agent's open offers."""
    o, w = t.offers, t.work_items
    open_ = select(o.c.id, w.c.interaction_id).join(w, w.c.id == o.c.work_item_id)
    mine = tx.conn.execute(open_.where(o.c.agent_id == agent_id, o.c.outcome.is_(None))).all()
    rows = interactions.lock_each(tx.conn, {r.interaction_id for r in mine}) if mine else {}
    for r in mine:
        offer = offers.open_offer(tx.conn, offer_id=r.id)
        if offer is not None:
            end_offer(tx, offer, OfferOutcome.WITHDRAWN)
            requeue_or_return(tx, rows[r.interaction_id], offer, "is no longer available")
