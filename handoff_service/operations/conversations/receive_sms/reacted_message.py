"""Find the message that a reaction is about, and the message's emoji after the reaction."""

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select

from handoff_service.operations.conversations.receive_sms.facts import Provider
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.rules.conversations import reactions
from handoff_service.rules.conversations.reactions import Reaction
from handoff_service.rules.shared.vocabulary import Direction
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

LOOKED_AT = 200  # a reaction can be about this many of the line's newest messages
i, m = t.interactions, t.messages
_WITH_MEDIA = exists().where(t.media.c.message_id == m.c.id)


def on_line(text: Text, provider: Provider) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return i.c.requester_number == text.requester_number, i.c.provider_number_id == provider.id


def reacted_to(
    tx: Transaction, reaction: Reaction, text: Text, provider: Provider
) -> Row[*tuple[Any, ...]] | None:
    """The message that a reaction is about. A reaction with a quote is about the newest message
    that it quotes; one without a quote is about the newest message with a picture. The company's
    messages come before the requester's. If the reaction removes an emoji, messages that have one
    come first."""
    query = (
        select(
            *m.c["id", "interaction_id", "seq", "body", "direction", "reaction"],
            _WITH_MEDIA.label("with_media"),
        )
        .join(i, i.c.id == m.c.interaction_id)
        .where(*on_line(text, provider), m.c.direction.is_not(None))
        .order_by(m.c.id.desc())
        .limit(LOOKED_AT)
    )
    found = [
        r
        for r in tx.conn.execute(query)
        if (r.with_media if reaction.quoted is None else reactions.quotes(reaction, r.body))
    ]
    found.sort(
        key=lambda r: (reaction.removed and r.reaction is None, r.direction != Direction.OUTBOUND)
    )
    return found[0] if found else None


def emoji_after(reaction: Reaction, message: Row[*tuple[Any, ...]]) -> str | None:
    """The message's emoji after this reaction. Removing an emoji that the message does not have
    changes nothing."""
    if not reaction.removed:
        return reaction.emoji
    had: str | None = message.reaction
    return had if had and reaction.emoji and not reactions.is_same(had, reaction.emoji) else None
