"""Store the texts of turns that a trainer should label.

This module decides about a text in these cases:

- The virtual agent answers the text.
- The requester rewords the text or restarts the conversation.
- The conversation is handed off.
- An agent marks the answer as misunderstood.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.training.keep_items import LabelReason, TurnText, keep_item
from handoff_service.operations.virtual_agent.turn_input import unanswered_texts
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Direction, ItemSource, Kind
from handoff_service.rules.training import order
from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

b, m = t.bot_turns, t.messages
NEVER_MIND = "never_mind"
NOT_A_TURN = phrase("Only the virtual agent's answers to a text can be marked as misunderstood.")

type _Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkMisunderstood:
    """``message_id``: the virtual agent's answer."""

    interaction_id: int
    message_id: int
    agent_id: int


def keep_turn(tx: Transaction, interaction: InteractionRow, turn_id: int) -> None:
    """Store the text of a turn that was just answered, and that of the turn before it, if they are
    worth a label."""
    text = _text(tx, interaction, _turn(tx, turn_id))
    if text is None:
        return
    before = _before(tx, interaction, turn_id)
    source = order.source_of(text.intent, text.ranking)
    left = tx.conn.execute(select(b.c.hand_off).where(b.c.id == turn_id)).scalar()
    if source is ItemSource.FALLBACK and left:
        source = ItemSource.HANDOFF
    keep_item(tx, interaction, text, LabelReason(source=source) if source else None)
    if before is None:
        return
    if left and _fell_back(before):
        keep_item(tx, interaction, before, LabelReason(source=ItemSource.HANDOFF))
    elif text.intent == NEVER_MIND:
        keep_item(tx, interaction, before, LabelReason(source=ItemSource.GAVE_UP))
    elif order.is_reworded(
        before.intent, text.intent, text.confidence, same_text=before.body == text.body
    ):
        reason = LabelReason(source=ItemSource.REWORDED, suggestion=text.intent)
        keep_item(tx, interaction, before, reason)


def keep_last(tx: Transaction, interaction: InteractionRow, source: ItemSource) -> None:
    """Store the last text before the requester gave up or asked for a person. Before a handoff,
    only a text that was not understood is worth a label."""
    text = _before(tx, interaction, None)
    if text is not None and (source is not ItemSource.HANDOFF or _fell_back(text)):
        keep_item(tx, interaction, text, LabelReason(source=source))


def mark_misunderstood(tx: Transaction, command: MarkMisunderstood) -> int | None:
    """Store the text before an answer that an agent has marked as misunderstood. Returns the item's
    id, or None if the text is a secret or consists only of names and numbers.

    Raises NotFound when there is no such answer. Raises BadInput when the answer was not a reply to
    a text.
    """
    interaction = interactions.lock(tx.conn, command.interaction_id)
    seq = tx.conn.execute(
        select(m.c.seq).where(
            m.c.id == command.message_id,
            m.c.interaction_id == interaction.id,
            m.c.kind == Kind.MESSAGE,
            m.c.direction == Direction.OUTBOUND,
            m.c.author == Author.VIRTUAL_AGENT,
        )
    ).scalar()
    if seq is None:
        raise NotFound(
            phrase(
                "There is no answer {message_id} from the virtual agent.",
                message_id=command.message_id,
            )
        )
    asked = b.c.interaction_id == interaction.id, b.c.up_to_seq < seq, b.c.answered_at.is_not(None)
    turn = tx.conn.execute(select(b).where(*asked).order_by(b.c.id.desc()).limit(1)).one_or_none()
    text = _text(tx, interaction, turn) if turn is not None else None
    if text is None:
        raise BadInput(NOT_A_TURN)
    reason = LabelReason(source=ItemSource.MISUNDERSTOOD, agent_id=command.agent_id)
    made = keep_item(tx, interaction, text, reason)
    tx.hint(f"interaction:{interaction.id}", interaction.id)
    return made


def _turn(tx: Transaction, turn_id: int) -> _Row:
    return tx.conn.execute(select(b).where(b.c.id == turn_id)).one()


def _before(tx: Transaction, interaction: InteractionRow, turn_id: int | None) -> TurnText | None:
    """The last answered text of this epoch. ``turn_id``: only texts before this turn count."""
    where = [b.c.interaction_id == interaction.id, b.c.epoch == interaction.epoch]
    where += [b.c.answered_at.is_not(None), b.c.opening.is_(None)]
    if turn_id is not None:
        where.append(b.c.id < turn_id)
    found = tx.conn.execute(select(b).where(*where).order_by(b.c.id.desc()).limit(1)).one_or_none()
    return _text(tx, interaction, found) if found is not None else None


def _text(tx: Transaction, interaction: InteractionRow, turn: _Row) -> TurnText | None:
    """The text that the turn answered. None if there is no text, if the text only chose from a
    list, or if the bot does not report intents."""
    if turn.opening is not None or turn.understood is None:
        return None
    earlier = (b.c.interaction_id == interaction.id, b.c.id < turn.id)
    after = tx.conn.execute(select(sa.func.max(b.c.up_to_seq)).where(*earlier)).scalar() or 0
    of_then = _at_epoch(interaction, turn.epoch)
    answered = unanswered_texts(tx, of_then, after=after, up_to=turn.up_to_seq)
    body = "\n".join(text for text in answered if text)
    pairs = tx.conn.execute(
        select(b.c.choices)
        .where(*earlier, b.c.epoch == turn.epoch, b.c.answered_at.is_not(None))
        .order_by(b.c.id.desc())
        .limit(1)
    ).scalar()
    choices = [Choice(*pair) for pair in pairs or ()]
    if not body or for_bot(body, choices) != body.lstrip("/ \t\r\n"):
        return None
    asked = turn.asked or {}
    return TurnText(
        turn_id=turn.id,
        body=body,
        up_to_seq=turn.up_to_seq,
        intent=turn.understood.get("intent"),
        confidence=turn.understood.get("confidence"),
        ranking=[(name, share) for name, share in turn.ranking or ()],
        model=turn.model,
        form=asked.get("form"),
        slot=asked.get("slot"),
        expected=turn.expected,
    )


def _at_epoch(interaction: InteractionRow, epoch: int) -> InteractionRow:
    return interaction if interaction.epoch == epoch else replace(interaction, epoch=epoch)


def _fell_back(text: TurnText) -> bool:
    return order.source_of(text.intent, text.ranking) is ItemSource.FALLBACK
