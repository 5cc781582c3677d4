"""Undo closing: the agent who closed a conversation can reopen it within a minute.

Reopening undoes most of closing:

- The conversation returns to its agent, who gets a notice if a colleague reopens it. If it had no
  agent, the agent who reopens it gets it.
- The last message counts as unanswered again, and its timers start again.
- A closing text that was not sent yet is canceled.
- Scheduled texts and offers that closing canceled stay canceled.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.routing.assign import assign_agent
from handoff_service.operations.shared import conversation_hints
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.operations.shared.participation import notify_owner
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.rules.conversations.states import Transition, next_state
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    Status,
    Unanswered,
    Work,
)
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

WITHIN = timedelta(minutes=1)
CANCELED = "Canceled, because the agent reopened the conversation before this text was sent."
m = t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    interaction_id: int
    agent_id: int


def reopen(tx: Transaction, command: Reopen) -> None:
    """Reopen the conversation. Raises Conflict when it is not closed, when another agent closed it,
    when more than a minute has passed, and when the requester has already begun another
    conversation."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    state = next_state(interaction.state, Transition.UNDO_CLOSE)
    closed_at = interaction.closed_at
    if state is None or closed_at is None:
        raise Conflict(
            phrase("{number} is not closed.", number=interactions.number(interaction.id))
        )
    if tx.now - closed_at > WITHIN or _closed_by(tx.conn, interaction.id) != command.agent_id:
        raise Conflict(phrase("Only the agent who closed it can reopen it, within a minute."))
    if any(
        one.provider_number_id == interaction.provider_number_id
        for one in interactions.lock_active(tx.conn, [interaction.requester_number])
    ):
        raise Conflict(phrase("The requester has already begun another conversation."))
    _take_back_line(tx, interaction)
    i = t.interactions
    tx.conn.execute(
        update(i).where(i.c.id == interaction.id).values(closed_at=None, thanked_seq=None)
    )
    interactions.put_state(tx.conn, interaction.id, state)
    owner_id = interaction.assigned_to or command.agent_id
    did = "reopened this conversation"
    sentence = f"{agent_name(tx.conn, command.agent_id)} {did}"
    reopened = replace(interaction, state=state, owner=Owner.NONE, closed_at=None)
    assigned = assign_agent(tx, reopened, owner_id, sentence=sentence)
    notify_owner(tx, assigned, command.agent_id, did)
    restart_timers(tx, assigned)


def can_reopen_until(
    conn: Connection, interaction_id: int, closed_at: datetime | None, agent_id: int
) -> datetime | None:
    """The time until which the agent can reopen a conversation. None: it is not closed, another
    agent closed it, or the time has passed. ``reopen`` also refuses when the requester has begun
    another conversation."""
    if closed_at is None or read_at(conn) - closed_at > WITHIN:
        return None
    return closed_at + WITHIN if _closed_by(conn, interaction_id) == agent_id else None


def _closed_by(conn: Connection, interaction_id: int) -> int | None:
    """The agent who closed the conversation, which its last owner change names."""
    last = (
        select(m.c.agent_id)
        .where(m.c.interaction_id == interaction_id, m.c.event == Event.OWNER_CHANGED)
        .order_by(m.c.seq.desc())
        .limit(1)
    )
    return conn.execute(last).scalar()


def _take_back_line(tx: Transaction, interaction: InteractionRow) -> None:
    queued = select(m.c.id).where(
        m.c.interaction_id == interaction.id,
        m.c.kind == Kind.SYSTEM,
        m.c.status == Status.QUEUED,
        m.c.created_at == interaction.closed_at,
    )
    ids = tx.conn.execute(queued).scalars().all()
    if ids:
        values = {"status": Status.CANCELED, "reason": CANCELED}
        tx.conn.execute(update(m).where(one_of(m.c.id, ids)).values(**values))
        due_work.cancel(tx, Work.DELIVER, ids)
        tx.at_end(of_statuses, ids)


def restart_timers(tx: Transaction, interaction: InteractionRow) -> None:
    """Start the timers again from now, for the last text of the requester or of a live agent.
    Canceled texts do not count."""
    last = (
        select(m.c.author)
        .where(m.c.interaction_id == interaction.id, m.c.kind == Kind.MESSAGE)
        .where((m.c.direction == Direction.INBOUND) | (m.c.author == Author.AGENT))
        .where(m.c.status != Status.CANCELED)
        .order_by(m.c.seq.desc())
        .limit(1)
    )
    author = tx.conn.execute(last).scalar()
    if author is None:
        return
    inbound = author == Author.REQUESTER
    run = Unanswered.REQUESTER_MESSAGE if inbound else Unanswered.AGENT_MESSAGE
    arms = timers.armed_actions(tx.conn, run, interaction.provider_number_id)
    begun = timers.UnansweredStreak(
        interaction.id,
        interaction.line,
        interaction.queue_id,
        ends_another=interaction.unanswered is not None,
        arms=arms,
    )
    i = t.interactions
    tx.conn.execute(update(i).where(i.c.id == interaction.id).values(unanswered=run))
    due_work.schedule(tx, timers.begin(tx, [begun]))
    tx.at_end(refresh_targets, [interaction.id])
    conversation_hints.notify(tx, [interaction.id])
