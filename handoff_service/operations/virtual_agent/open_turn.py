"""Open a turn without a requester's text, for example to ask who the requester is."""

from collections.abc import Mapping

from handoff_service.operations.virtual_agent.turn_rows import new_turn
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

RESTART = "/restart"  # Rasa's own payload for a restart; Rasa sends no reply to it


def open_turn(
    tx: Transaction,
    interaction: InteractionRow,
    payload: str,
    slots: Mapping[str, object] | None = None,
) -> None:
    """Schedule a turn without a requester's text, in a locked interaction. The current epoch must
    have no unanswered turn.

    ``payload``: a payload like a button's, such as ``/prove_identity``. ``slots``: the slots that
    the bot sets before it handles the payload.
    """
    new_turn(tx, interaction, {"payload": payload, "slots": dict(slots or {})})
    work = due_work.Due(
        kind=Work.BOT_TURN, key=str(interaction.id), line=interaction.line, due_at=tx.now
    )
    due_work.schedule(tx, [work])
