"""Assign a conversation to a live agent."""

from dataclasses import dataclass

from sqlalchemy import select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared.cancel_work_item import cancel_work_item, withdraw
from handoff_service.operations.shared.change_owner import change_owner
from handoff_service.operations.shared.participation import active, notify_owner
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner, Work, WorkItemState
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTo:
    """``by``: the supervisor who assigns the conversation. It is the same as ``agent_id`` when the
    supervisor takes it over."""

    interaction_id: int
    agent_id: int
    by: int


def assign(
    tx: Transaction,
    interaction: InteractionRow,
    work_item_id: int,
    agent_id: int,
    *,
    sentence: str,
    reason: str | None = None,
) -> InteractionRow:
    """Assign a locked, active interaction to an agent. This sets its work item to accepted and
    withdraws all other offers."""
    w = t.work_items
    tx.conn.execute(
        update(w)
        .where(w.c.id == work_item_id)
        .values(state=WorkItemState.ACCEPTED, ended_at=tx.now)
    )
    withdraw(tx, [work_item_id])
    return assign_agent(tx, interaction, agent_id, sentence=sentence, reason=reason)


def assign_agent(
    tx: Transaction,
    interaction: InteractionRow,
    agent_id: int,
    *,
    sentence: str,
    reason: str | None = None,
) -> InteractionRow:
    """Make the agent the owner in the next epoch. The agent who had the conversation before leaves
    the live group."""
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
    interactions.put_state(
        tx.conn, interaction.id, states.TRANSITIONS[interaction.state][Transition.AGENT_TAKES]
    )
    before = interaction.assigned_to if interaction.owner is Owner.AGENT else None
    changed = change_owner(
        tx, interaction, owner=Owner.AGENT, agent_id=agent_id, sentence=sentence, reason=reason
    )
    live_group.join(tx, changed.id, agent_id, interaction.last_seq + 1)
    tx.hint(f"agent:{agent_id}", changed.id)
    if before is not None and before != agent_id:
        live_group.leave(tx, changed.id, before)
        schedule_offers(tx)  # the earlier agent has room for another conversation
    return changed


def assign_by_hand(tx: Transaction, command: AssignTo) -> None:
    """Assign the conversation, regardless of its owner and queue. Raises NotFound for an unknown or
    deactivated agent. Raises Conflict for a closed conversation, and for one that the agent already
    has."""
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    agent = tx.conn.execute(
        select(*t.agents.c["id", "name", "active"]).where(t.agents.c.id == command.agent_id)
    ).one_or_none()
    if agent is None or not agent.active:
        raise NotFound(phrase("There is no active agent {id}.", id=command.agent_id))
    if interaction.owner is Owner.AGENT and interaction.assigned_to == command.agent_id:
        raise Conflict(
            phrase("{name} already has this conversation. Choose another agent.", name=agent.name)
        )
    cancel_work_item(tx, interaction.id)
    did = "took over" if command.by == command.agent_id else f"assigned this to {agent.name}"
    sentence = f"{agent_name(tx.conn, command.by)} {did}"
    assign_agent(tx, interaction, command.agent_id, sentence=sentence)
    notify_owner(tx, interaction, command.by, did, taken=True)
