"""Add messages to a conversation: texts, private notes and system lines.

``messages_to_many.py`` adds messages to many conversations.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, insert, update

from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.events_at_end import of_lines
from handoff_service.operations.shared.new_message import (
    NewMessage,
    message_length,
    message_row,
    system_line,
)
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.operations.shared.release_lines import release_lines
from handoff_service.operations.shared.uploads import attach
from handoff_service.rules.delivery.sms_text import narrowed
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
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

_COUNT_UP = (
    update(t.interactions)
    .where(t.interactions.c.id == bindparam("_id"))
    .values(last_seq=t.interactions.c.last_seq + 1, last_message_at=bindparam("_at"))
    .returning(t.interactions.c.last_seq)
)


def append(tx: Transaction, interaction: InteractionRow, message: NewMessage) -> int:
    """Add a message that only agents see. Returns its position in the conversation."""
    return _add(tx, interaction, message, outbound=False)[1]


def append_line(
    tx: Transaction,
    interaction: InteractionRow,
    body: str,
    *,
    event: Event | None = None,
    reason: str | None = None,
    agent_id: int | None = None,
) -> int:
    """Add a system line, which only agents see. Returns its position in the conversation."""
    line = system_line(body, event=event, reason=reason, agent_id=agent_id)
    return append(tx, interaction, line)


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
    """Text the requester: write the message, its delivery work and its timers. Returns the
    message's id, or None if no text can reach the requester; then nothing is sent.

    - ``media``: the agent's uploads for the message.
    - ``event`` CONSENT: the text is sent even to a requester who has opted out.
    - ``event`` in NOT_REPLIES: the text waits for the end of quiet hours. Any other text releases
      the texts that wait on its line (``release_lines``).
    - ``later``: the delay in which the text can still be canceled.
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


def _add(
    tx: Transaction, interaction: InteractionRow, message: NewMessage, *, outbound: bool
) -> tuple[int, int]:
    seq = tx.conn.execute(_COUNT_UP, {"_id": interaction.id, "_at": tx.now}).scalar_one()
    tx.at_end(refresh_targets, [interaction.id])
    tx.at_end(of_lines, [(interaction.id, seq)])
    row = message_row(tx, interaction, message, seq)
    if outbound:
        row |= {"direction": Direction.OUTBOUND, "status": Status.QUEUED}
        row |= message_length(message)
    message_id = tx.conn.execute(insert(t.messages).returning(t.messages.c.id), row).scalar_one()
    notify(tx, [interaction.id])
    return message_id, seq
