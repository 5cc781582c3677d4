"""Continue an unfinished report or equipment request after the requester has opted out and in
again."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from handoff_service.operations.virtual_agent.open_turn import open_turn
from handoff_service.operations.virtual_agent.return_to_virtual_agent import return_to_virtual_agent
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns

RESUMED = "The requester opted in again, so the virtual agent continues with its questions"
PAYLOAD = "/resume_topic"
WITHIN = timedelta(days=1)
#: the name that agents see -> the bot's slot
SLOTS: Mapping[str, str] = {
    "Problem": "problem",
    "Device": "device",
    "Impact": "impact",
    "Item": "item",
    "What for": "item_reason",
    "Language": "language",
}
UNSENT = frozenset({"Problem", "Item"})  # facts that only an unfinished form contains
i = t.interactions


def is_unfinished(tx: Transaction, interaction_id: int) -> bool:
    """Whether this conversation has an unfinished report or equipment request."""
    return bool(UNSENT.intersection(bot_turns.collected(tx.conn, interaction_id)))


def resume_topic(tx: Transaction, interaction: InteractionRow) -> bool:
    """Let the virtual agent ask its next question in this conversation. Returns False when the
    line's last conversation was not abandoned within a day (``WITHIN``) with an unfinished report
    or request, or when the virtual agent cannot answer here."""
    if interaction.owner is Owner.AGENT or not tx.settings.bot_answers:
        return False
    before = (
        select(i.c.id, i.c.state, i.c.closed_at)
        .where(
            i.c.requester_number == interaction.requester_number,
            i.c.provider_number_id == interaction.provider_number_id,
            i.c.id < interaction.id,
        )
        .order_by(i.c.id.desc())
        .limit(1)
    )
    left = tx.conn.execute(before).first()
    if left is None or left.state != State.CLOSED_ABANDONED or left.closed_at < tx.now - WITHIN:
        return False
    known = bot_turns.collected(tx.conn, left.id)
    if not UNSENT.intersection(known):
        return False
    slots = {slot: known[name] for name, slot in SLOTS.items() if name in known}
    if interaction.owner is Owner.QUEUE:  # the conversation began while the number had opted out
        interaction = return_to_virtual_agent(tx, interaction, sentence=RESUMED, outcome=None)
    open_turn(tx, interaction, PAYLOAD, slots)
    return True
