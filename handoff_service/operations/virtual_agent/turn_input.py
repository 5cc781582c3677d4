"""Collect the bot's input for a turn: the unanswered texts and the metadata."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from handoff_service.rules.consent.opt_out_requests import opt_out_intent
from handoff_service.rules.delivery.sms_characters import is_visible
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.requested_language import requested_language
from handoff_service.rules.shared.vocabulary import Direction, Event
from handoff_service.rules.virtual_agent import commands
from handoff_service.rules.virtual_agent.additions import is_addition
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

PICTURE = "(picture)"  # the bot's input for a picture without words
RESTARTED = "The requester started over"
#: The slots of a proof, report or request that ended when the conversation left the virtual agent.
ENDED: Mapping[str, None] = dict.fromkeys(
    (
        *("account", "account_asked", "proof", "after_proof", "back_to"),
        *("next_wish", "next_wish_text", "questions"),
        *("problem", "device", "impact", "known_outage", "item", "item_reason"),
    )
)
# The payload that the bot handles before the first text after an agent has returned the
# conversation.
HANDED_BACK = "/handed_back"
SPEAK: Mapping[Language, str] = {
    Language.ENGLISH: "/speak_english",
    Language.SPANISH: "/speak_spanish",
    Language.GERMAN: "/speak_german",
    Language.FRENCH: "/speak_french",
}

type _Row = sa.Row[*tuple[Any, ...]]


def unanswered_texts(
    tx: Transaction, interaction: InteractionRow, *, after: int, up_to: int
) -> list[str]:
    """The requester's unanswered texts in this epoch, in order. A blank text is an empty string.
    Commands and texts about consent are left out, because the service answers them itself.
    """
    m = t.messages
    with_media = sa.exists().where(t.media.c.message_id == m.c.id)
    rows = tx.conn.execute(
        select(*m.c["body", "seq"], with_media.label("with_media"))
        .where(
            m.c.interaction_id == interaction.id,
            m.c.direction == Direction.INBOUND,
            m.c.epoch == interaction.epoch,
            m.c.seq > after,
            m.c.seq <= up_to,
        )
        .order_by(m.c.seq)
    ).all()
    words = desk.commands(tx.conn) if any(commands.may_be(r.body) for r in rows) else {}
    return [
        _for_bot(r.body, with_media=r.with_media)
        for r in rows
        if commands.find_command(r.body, words) is None
        and opt_out_intent(r.body, first=r.seq == 1) is None
    ]


def _for_bot(body: str, *, with_media: bool) -> str:
    """The bot's input for this text. Empty for a blank text without a picture."""
    if is_visible(body):
        return without_signature(body).strip()
    return PICTURE if with_media else ""


def facts_for_bot(
    tx: Transaction,
    interaction: InteractionRow,
    opening: Mapping[str, Any] | None,
    text: str,
) -> dict[str, Any]:
    """The metadata for a turn. Its key ``handed_back`` has the agent's outcome, in every turn of an
    epoch that began with a return to the virtual agent. Its key ``before`` has steps that the bot
    takes before the turn, such as setting slots. ``text``: the bot's input."""
    metadata: dict[str, Any] = {}
    before: dict[str, Any] = {"slots": opening["slots"]} if opening and opening["slots"] else {}
    line = _given_back(tx, interaction) if interaction.epoch > 1 else None
    if line is not None:
        metadata["handed_back"] = {"said": line.body, "outcome": line.reason}
    if (
        line is not None
        and line.name
        and bot_turns.is_first(tx.conn, interaction.id, interaction.epoch)
    ):
        slots = {
            **ENDED,
            "device": _device_meant(tx, interaction, text),
            "handed_back_by": first_name(line.name),
            "handed_back_outcome": line.reason,
        }
        before = {"slots": slots | before.get("slots", {}), "leave_form": True}
        before |= {} if opening else {"payload": HANDED_BACK}
    if spoken := _changed_language(tx, interaction):
        before["slots"] = {**before.get("slots", {}), "language": spoken}
    return metadata | ({"before": before} if before else {})


def _device_meant(tx: Transaction, interaction: InteractionRow, text: str) -> str | None:
    """The device of the conversation's last case, if the text refers to it, for example with "it is
    jammed again". The virtual agent then does not ask for the device again.
    """
    c = t.cases.c
    query = select(c.device).where(c.interaction_id == interaction.id, c.device.is_not(None))
    device: str | None = tx.conn.execute(query.order_by(c.id.desc()).limit(1)).scalar()
    return device if device is not None and is_addition(text, [], device) else None


def language_payload(texts: Sequence[str]) -> str | None:
    """The payload that replaces texts which only ask for a language. None for other texts."""
    wanted = requested_language(" ".join(texts))
    return SPEAK[wanted] if wanted is not None else None


def _changed_language(tx: Transaction, interaction: InteractionRow) -> str | None:
    """The language of the conversation, if the virtual agent does not know it yet. None if it
    does."""
    spoken = spoken_language(tx.conn, interaction.id)
    known = bot_turns.collected(tx.conn, interaction.id).get("Language", Language.ENGLISH)
    return spoken if spoken != known else None


def asked_before(tx: Transaction, interaction: InteractionRow) -> dict[str, Any]:
    """The metadata key ``asked``: the titles of the current choices, and whether the virtual agent
    has opened a case in this conversation. Empty if there are no choices and no case."""
    choices = [title for title, _ in bot_turns.choices(tx.conn, interaction.id, interaction.epoch)]
    made = select(t.cases.c.id).where(
        t.cases.c.interaction_id == interaction.id, t.cases.c.bot_turn_id.is_not(None)
    )
    after_case = tx.conn.execute(made.limit(1)).first() is not None
    if not choices and not after_case:
        return {}
    return {"asked": {"choices": choices, "after_case": after_case}}


def _given_back(tx: Transaction, interaction: InteractionRow) -> _Row | None:
    """The system line about the return to the virtual agent with which this epoch began, with the
    name of the agent who returned the conversation, if any.

    None for an epoch that began with a restart, because the virtual agent already had the
    conversation.
    """
    m = t.messages
    query = select(m.c.body, m.c.reason, m.c.created_at, t.agents.c.name).outerjoin(
        t.agents, t.agents.c.id == m.c.agent_id
    )
    began = (
        m.c.interaction_id == interaction.id,
        m.c.event == Event.OWNER_CHANGED,
        m.c.epoch == interaction.epoch,
    )
    line = tx.conn.execute(query.where(*began)).first()
    return None if line is None or line.body == RESTARTED else line
