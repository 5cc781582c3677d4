"""An agent postpones or cancels a running timer. Only agents see the line about it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from handoff_service.operations.shared import messages
from handoff_service.operations.shared.future_times import in_the_future, in_words
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import messaging_actions, timers
from handoff_service.store.messaging_actions.timers import Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Postpone:
    """``due_at``: the new time. It must be in the future, but may be earlier than the old time."""

    interaction_id: int
    timer_id: int
    agent_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    interaction_id: int
    timer_id: int
    agent_id: int


def postpone_timer(tx: Transaction, command: Postpone) -> None:
    """Change the due time of a timer. Raises NotFound when the timer no longer runs. Raises
    BadInput for a time in the past or more than a year away."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    timer = timers.one(tx.conn, command.interaction_id, command.timer_id)
    due_at = in_the_future(command.due_at, tx.now, "due_at")
    tx.conn.execute(update(t.timers).where(t.timers.c.id == timer.id).values(due_at=due_at))
    timers.wait_for_next(tx, {interaction.id: interaction.line})
    did = f"postponed {{}} until {in_words(tx.conn, due_at)}"
    _add_message(tx, interaction, timer, command.agent_id, did)


def cancel_timer(tx: Transaction, command: Cancel) -> None:
    """Cancel the timer. The next unanswered streak starts a new one. Raises NotFound when the timer
    no longer runs."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    timer = timers.one(tx.conn, command.interaction_id, command.timer_id)
    timers.take(tx, [timer])
    timers.wait_for_next(tx, {interaction.id: interaction.line})
    _add_message(tx, interaction, timer, command.agent_id, "canceled {}")


def _add_message(
    tx: Transaction, interaction: InteractionRow, timer: Timer, agent_id: int, did: str
) -> None:
    name = messaging_actions.get(tx.conn, timer.action_id).action.name
    did = did.replace("{}", f"“{name}”")
    sentence = f"{agent_name(tx.conn, agent_id)} {did}"
    messages.append_line(tx, interaction, sentence, event=Event.TIMER, agent_id=agent_id)
    notify_owner(tx, interaction, agent_id, did)
