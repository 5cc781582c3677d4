"""Cancel scheduled texts. A line in the conversation keeps their words."""

from collections.abc import Collection

from handoff_service.operations.shared import messages, uploads
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations import scheduled_texts
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import ScheduledText

PICTURES = "A picture"  #: shown in the conversation for a text without words


def cancel_scheduled(
    tx: Transaction,
    interaction: InteractionRow,
    sentence: str,
    *,
    texts: Collection[ScheduledText] | None = None,
    agent_id: int | None = None,
) -> None:
    """Cancel these scheduled texts of a locked interaction, and add a line for each. ``texts``
    None: all of its scheduled texts."""
    found = scheduled_texts.waiting(tx.conn, interaction.id) if texts is None else texts
    if not found:
        return
    scheduled_texts.drop(tx, [one.id for one in found])
    for one in found:
        uploads.release(tx, one.media)
        messages.append_line(
            tx,
            interaction,
            sentence,
            event=Event.SCHEDULED,
            reason=one.body or PICTURES,
            agent_id=agent_id,
        )
