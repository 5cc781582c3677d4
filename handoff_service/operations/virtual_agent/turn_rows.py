"""Read and write the rows of ``bot_turns`` for the operations on a turn."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update
from sqlalchemy import insert as insert_into

from handoff_service.operations.virtual_agent.turn_input import unanswered_texts
from handoff_service.rules.shared.vocabulary import Owner, Work
from handoff_service.rules.virtual_agent.bot_text import Choice
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns

type TurnRow = sa.Row[*tuple[Any, ...]]


def new_turn(
    tx: Transaction,
    interaction: InteractionRow,
    opening: Mapping[str, object] | None = None,
    asked: Mapping[str, object] | None = None,
) -> int:
    return tx.conn.execute(
        insert_into(t.bot_turns)
        .values(
            interaction_id=interaction.id,
            epoch=interaction.epoch,
            up_to_seq=interaction.last_seq,
            asked_at=tx.now,
            choices=[],
            opening=dict(opening) if opening else None,
            asked=dict(asked) if asked else None,
            expected=interaction.expects,
        )
        .returning(t.bot_turns.c.id)
    ).scalar_one()


def locked_turn(conn: Connection, turn_id: int) -> tuple[InteractionRow, TurnRow]:
    b = t.bot_turns
    found = conn.execute(select(b.c.interaction_id).where(b.c.id == turn_id)).scalar_one()
    interaction = interactions.lock(conn, found)
    return interaction, conn.execute(select(b).where(b.c.id == turn_id)).one()


def unanswered_turn(conn: Connection, interaction: InteractionRow) -> TurnRow | None:
    """The unanswered turn of the current epoch, or None."""
    b = t.bot_turns.c
    query = select(b.id, b.up_to_seq, b.opening).where(
        b.interaction_id == interaction.id, b.epoch == interaction.epoch, b.answered_at.is_(None)
    )
    return conn.execute(query).one_or_none()


def update_turn(tx: Transaction, turn_id: int, **values: object) -> None:
    tx.conn.execute(update(t.bot_turns).where(t.bot_turns.c.id == turn_id).values(**values))


def choices_of(tx: Transaction, interaction: InteractionRow) -> list[Choice]:
    return [Choice(*pair) for pair in bot_turns.choices(tx.conn, interaction.id, interaction.epoch)]


def schedule_next_turn(tx: Transaction, interaction_id: int) -> None:
    """Schedule the next turn if a turn is unanswered or if texts have arrived in the meantime. If
    not, cancel the due work."""
    interaction = interactions.lock(tx.conn, interaction_id)
    after = bot_turns.answered_up_to(tx.conn, interaction.id)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
    elif unanswered_turn(tx.conn, interaction):
        due_work.release(tx, Work.BOT_TURN, interaction.id, tx.now)
    elif unanswered_texts(tx, interaction, after=after, up_to=interaction.last_seq):
        ends, at_latest = tx.settings.burst_ends(tx.now)
        due_work.release(tx, Work.BOT_TURN, interaction.id, ends, latest=at_latest)
    else:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
