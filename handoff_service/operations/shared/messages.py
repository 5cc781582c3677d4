"""Add messages to a conversation: texts, private notes and system lines. Every operation that
writes one uses this module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from handoff_service.operations.shared.conversation_hints import SUPERVISORS, notify
from handoff_service.operations.shared.events_at_end import of_lines
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.operations.shared.release_lines import release_lines
from handoff_service.operations.shared.uploads import attach
from handoff_service.rules.delivery.sms_text import narrowed, segments
from handoff_service.rules.messaging_actions.messaging_actions import begins
from handoff_service.rules.shared.vocabulary import (
    NOT_REPLIES,
    Author,
    Direction,
    Event,
    Kind,
    Status,
    Work,
)
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.provider_numbers import answerable, why_unanswerable
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows, update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

_COUNT_UP = (
    update(t.interactions)
    .where(t.interactions.c.id == bindparam("_id"))
    .values(last_seq=t.interactions.c.last_seq + 1, last_message_at=bindparam("_at"))
    .returning(t.interactions.c.last_seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A text, a private note, or a sentence about a change, to add to a conversation."""

    kind: Kind
    author: Author
    body: str
    agent_id: int | None = None
    event: Event | None = None
    reason: str | None = None
    with_media: bool = False


def append(tx: Transaction, interaction: InteractionRow, message: NewMessage) -> int:
    """Add a message that only agents see. Returns its position in the conversation."""
    return _add(tx, interaction, message, outbound=False)[1]


def send_text(
    tx: Transaction,
    interaction: InteractionRow,
    body: str,
    author: Author,
    *,
    agent_id: int | None = None,
    media: Sequence[int] = (),
    event: Event | None = None,
    later: timedelta = timedelta(0),
) -> int | None:
    """Text the requester: writes the message, its place in the outbox and its timers. Returns the
    message's id; None for a sender that nobody can text back, because nothing is sent then.

    - ``media``: this agent's uploads for the message.
    - ``event`` CONSENT: is sent even to somebody who has opted out.
    - ``event`` of NOT_REPLIES: waits for the end of quiet hours. Any other message releases it.
    - ``later``: the delay before the text is sent, so that it can still be canceled.
    """
    if why_unanswerable(tx.conn, interaction.requester_number):
        return None
    kind = Kind.SYSTEM if author is Author.SYSTEM else Kind.MESSAGE
    message = NewMessage(
        kind=kind,
        author=author,
        body=narrowed(body),
        agent_id=agent_id,
        with_media=bool(media),
        event=event,
    )
    message_id, _ = _add(tx, interaction, message, outbound=True)
    if agent_id is not None:
        attach(tx, message_id, agent_id, media)
    if event not in NOT_REPLIES:
        release_lines(tx, [interaction.line])
    work = [
        due_work.Due(
            kind=Work.DELIVER,
            key=str(message_id),
            line=interaction.line,
            due_at=tx.now + later,
        )
    ]
    streak = begins(author, interaction.unanswered)
    if streak is not None:
        arms = timers.armed_actions(tx.conn, streak, interaction.provider_number_id)
        ends_another = interaction.unanswered is not None
        begun = timers.UnansweredStreak(
            interaction.id, interaction.line, interaction.queue_id, ends_another, arms
        )
        work += timers.begin(tx, [begun])
        tx.conn.execute(
            update(t.interactions)
            .where(t.interactions.c.id == interaction.id)
            .values(unanswered=streak)
        )
    due_work.schedule(tx, work)
    return message_id


def send_system_texts(tx: Transaction, texts: Sequence[tuple[InteractionRow, str]]) -> None:
    """Like ``send_text`` from the system, for many locked interactions with a few statements."""
    added = [
        (one, NewMessage(kind=Kind.SYSTEM, author=Author.SYSTEM, body=narrowed(body)))
        for one, body in texts
    ]
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
    """Send a text that is not a reply to each of these locked interactions, open or closed. It
    starts no timers. Returns interaction -> message. Interactions that cannot get a text are left
    out. ``agent_id``: the agent who wrote it; None: the system."""
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
    """Write these texts and their places in the outbox. Returns interaction -> message."""
    can_be = answerable(tx.conn, [interaction.requester_number for interaction, _ in messages])
    added = [one for one in messages if one[0].requester_number in can_be]
    if not added:
        return {}
    new = insert(t.messages).returning(t.messages.c.id, t.messages.c.interaction_id)
    rows = [
        row | {"direction": Direction.OUTBOUND, "status": Status.QUEUED} | _length(message)
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
    """Add many agent-only messages to locked interactions in four statements. Keeps the order
    within each interaction."""
    if added:
        insert_rows(tx.conn, t.messages, _count_up_each(tx, added, prompts=prompts))
        notify(tx, sorted({interaction.id for interaction, _ in added}))


def _count_up_each(
    tx: Transaction, added: Sequence[tuple[InteractionRow, NewMessage]], *, prompts: bool = False
) -> list[dict[str, Any]]:
    """The rows of these messages, in order, each with its place in its interaction."""
    ids = sorted({interaction.id for interaction, _ in added})
    i = t.interactions
    seqs = {
        r.id: r.last_seq
        for r in tx.conn.execute(select(i.c.id, i.c.last_seq).where(one_of(i.c.id, ids)))
    }
    rows = []
    for interaction, message in added:
        seqs[interaction.id] += 1
        rows.append(_row(tx, interaction, message, seqs[interaction.id]))
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
    """Prompt the agents of locked interactions. Supervisors get alarms, and the prompts of
    interactions without an assigned agent.
    """
    append_each(tx, added, prompts=True)
    for interaction_id in sorted(
        {one.id for one, line in added if one.assigned_to is None or line.event is Event.ALARM}
    ):
        tx.hint(SUPERVISORS, interaction_id)


def _add(
    tx: Transaction, interaction: InteractionRow, message: NewMessage, *, outbound: bool
) -> tuple[int, int]:
    seq = tx.conn.execute(_COUNT_UP, {"_id": interaction.id, "_at": tx.now}).scalar_one()
    tx.at_end(refresh_targets, [interaction.id])
    tx.at_end(of_lines, [(interaction.id, seq)])
    row = _row(tx, interaction, message, seq)
    if outbound:
        row |= {"direction": Direction.OUTBOUND, "status": Status.QUEUED}
        row |= _length(message)
    message_id = tx.conn.execute(insert(t.messages).returning(t.messages.c.id), row).scalar_one()
    notify(tx, [interaction.id])
    return message_id, seq


def _length(message: NewMessage) -> dict[str, Any]:
    """The encoding and segments of a message. With media it is one MMS of any length, without an
    SMS encoding."""
    if message.with_media:
        return {"segments": 1, "encoding": None}
    counted = segments(message.body)
    return {"segments": counted.count, "encoding": counted.encoding}


def _row(
    tx: Transaction, interaction: InteractionRow, message: NewMessage, seq: int
) -> dict[str, Any]:
    return {
        "interaction_id": interaction.id,
        "seq": seq,
        "kind": message.kind,
        "author": message.author,
        "agent_id": message.agent_id,
        "body": message.body,
        "event": message.event,
        "reason": message.reason,
        "owner": interaction.owner,
        "epoch": interaction.epoch,
        "created_at": tx.now,
    }
