"""Add messages to many conversations with a few statements."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from handoff_service.operations.shared.conversation_hints import SUPERVISORS, notify
from handoff_service.operations.shared.events_at_end import of_lines
from handoff_service.operations.shared.new_message import (
    NewMessage,
    message_length,
    message_row,
    system_line,
)
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.operations.shared.release_lines import release_lines
from handoff_service.rules.delivery.sms_text import narrowed
from handoff_service.rules.shared.vocabulary import Author, Direction, Event, Kind, Status, Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.provider_numbers import answerable
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows, update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction


def send_system_texts(tx: Transaction, texts: Sequence[tuple[InteractionRow, str]]) -> None:
    """Like ``send_text`` with the author SYSTEM, for many locked interactions."""
    added = [(one, system_line(narrowed(body))) for one, body in texts]
    _send_each(tx, added)
    release_lines(tx, sorted({interaction.line for interaction, _ in added}))


def announce(
    tx: Transaction,
    interactions: Sequence[InteractionRow],
    body: str,
    event: Event,
    *,
    agent_id: int | None = None,
    reason: str | None = None,
) -> dict[int, int]:
    """Send a text that is not a reply to each of these locked interactions, open or closed. The
    text starts no timers. Returns interaction id -> message id, without the interactions whose
    requester no text can reach. ``agent_id``: the agent who wrote the text; None: the system."""
    by = Author.SYSTEM if agent_id is None else Author.AGENT
    message = NewMessage(
        kind=Kind.SYSTEM if agent_id is None else Kind.MESSAGE,
        author=by,
        body=narrowed(body),
        agent_id=agent_id,
        event=event,
        reason=reason,
    )
    return _send_each(tx, [(interaction, message) for interaction in interactions])


def _send_each(
    tx: Transaction, messages: Sequence[tuple[InteractionRow, NewMessage]]
) -> dict[int, int]:
    """Write these texts and their delivery work, except texts to requesters whom no text can reach.
    Returns interaction id -> message id."""
    can_be = answerable(tx.conn, [interaction.requester_number for interaction, _ in messages])
    added = [one for one in messages if one[0].requester_number in can_be]
    if not added:
        return {}
    new = insert(t.messages).returning(t.messages.c.id, t.messages.c.interaction_id)
    rows = [
        row | {"direction": Direction.OUTBOUND, "status": Status.QUEUED} | message_length(message)
        for row, (_, message) in zip(_count_up_each(tx, added), added, strict=True)
    ]
    stored = tx.conn.execute(new, rows).all()
    notify(tx, {row.interaction_id for row in stored})
    line_of = {interaction.id: interaction.line for interaction, _ in added}
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.DELIVER,
                key=str(row.id),
                line=line_of[row.interaction_id],
                due_at=tx.now,
            )
            for row in stored
        ],
    )
    return {row.interaction_id: row.id for row in stored}


def append_each(
    tx: Transaction, added: Sequence[tuple[InteractionRow, NewMessage]], *, prompts: bool = False
) -> None:
    """Add messages that only agents see to many locked interactions, in this order. ``prompts``:
    whether the messages prompt agents."""
    if added:
        insert_rows(tx.conn, t.messages, _count_up_each(tx, added, prompts=prompts))
        notify(tx, sorted({interaction.id for interaction, _ in added}))


def _count_up_each(
    tx: Transaction, added: Sequence[tuple[InteractionRow, NewMessage]], *, prompts: bool = False
) -> list[dict[str, Any]]:
    """Reserve a position for each message in its interaction, and return the rows in order."""
    ids = sorted({interaction.id for interaction, _ in added})
    i = t.interactions
    seqs = {
        r.id: r.last_seq
        for r in tx.conn.execute(select(i.c.id, i.c.last_seq).where(one_of(i.c.id, ids)))
    }
    rows = []
    for interaction, message in added:
        seqs[interaction.id] += 1
        rows.append(message_row(tx, interaction, message, seqs[interaction.id]))
    tx.at_end(refresh_targets, ids)
    tx.at_end(of_lines, [(row["interaction_id"], row["seq"]) for row in rows])
    prompted = {k: {"prompted_seq": seqs[k]} if prompts else {} for k in ids}
    update_rows(
        tx.conn,
        i,
        [{"id": k, "last_seq": seqs[k], "last_message_at": tx.now, **prompted[k]} for k in ids],
    )
    return rows


def prompt_each(tx: Transaction, added: Sequence[tuple[InteractionRow, NewMessage]]) -> None:
    """Prompt the agents of locked interactions. Supervisors are notified of alarms, and of prompts
    in interactions without an assigned agent.
    """
    append_each(tx, added, prompts=True)
    for interaction_id in sorted(
        {one.id for one, line in added if one.assigned_to is None or line.event is Event.ALARM}
    ):
        tx.hint(SUPERVISORS, interaction_id)
