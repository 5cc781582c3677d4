"""Leave a text unanswered that is not meant for the desk, if the sender got the reply to a text of
this kind within the last day."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.operations.routing.alert_supervisors import alert_supervisors
from handoff_service.operations.virtual_agent.turn_rows import locked_turn
from handoff_service.rules.shared.vocabulary import TurnOutcome
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns

UNANSWERED = (
    "Not answered: this is the second text in a day that does not seem meant for this desk."
)
b = t.bot_turns


@dataclass(frozen=True, slots=True, kw_only=True)
class StaySilent:
    """The virtual agent's request during a turn."""

    turn_id: int


def answered_today(tx: Transaction, turn_and_action: tuple[int, str]) -> bool:
    """Whether this action of the bot has answered the turn's requester in the last 24 hours.
    ``turn_and_action``: the turn's id and the action's name."""
    turn_id, action = turn_and_action
    interaction, _ = locked_turn(tx.conn, turn_id)
    day_ago = tx.now - timedelta(days=1)
    return bot_turns.did_since(tx.conn, interaction.requester_number, action, day_ago)


def stay_silent(tx: Transaction, command: StaySilent) -> None:
    """Record that the turn gets no answer, and alert supervisors. A repeated call changes
    nothing."""
    found = select(b.c.interaction_id).where(b.c.id == command.turn_id)
    interaction = interactions.lock(tx.conn, tx.conn.execute(found).scalar_one())
    open_turn = (b.c.id == command.turn_id, b.c.answered_at.is_(None), b.c.outcome.is_(None))
    changed = tx.conn.execute(update(b).where(*open_turn).values(outcome=TurnOutcome.SILENT))
    if changed.rowcount:
        alert_supervisors(tx, interaction, UNANSWERED)
