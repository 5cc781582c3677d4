"""Opens a turn without a requester's text, for example to ask who the requester is."""

from collections.abc import Mapping

from handoff_service.operations.virtual_agent.turn_rows import new_turn
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

RESTART = "/restart"  # Rasa's own payload for a restart, to which it replies nothing


def open_turn(
    tx: Transaction,
    interaction: InteractionRow,
    payload: str,
    slots: Mapping[str, object] | None = None,
) -> None:
    """Ask the bot immediately, without a requester's text, in a locked interaction. This turn must
    be the first of its epoch.

    ``payload``: a payload as a button sends it (``/prove_identity``). ``slots``: the bot sets them
    before the payload runs.
    """
    new_turn(tx, interaction, {"payload": payload, "slots": dict(slots or {})})
    work = due_work.Due(
        kind=Work.BOT_TURN, key=str(interaction.id), line=interaction.line, due_at=tx.now
    )
    due_work.schedule(tx, [work])
