"""Follow up when a requester does not answer the last question about a report. The virtual agent
asks once more in other words. If the requester does not answer that either, a case is opened for
the unfinished report, and the conversation is handed off to live agents.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from handoff_service.operations.shared import messages
from handoff_service.operations.shared.job import Job
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.save_report import PROBLEM
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.shared.vocabulary import Author, Event, Owner, Work
from handoff_service.rules.virtual_agent.bot_text import Choice, with_choices
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

ASK_AGAIN_AFTER = timedelta(minutes=30)
HAND_OVER_AFTER = timedelta(minutes=30)  # counted from the second question
AGAIN = translatable(
    "I still need an answer to finish your report. Without one, I'll open the case as it is."
)
REASON = "The requester did not answer the virtual agent's last question."
b, m = t.bot_turns.c, t.messages.c

type _Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class FollowUp:
    interaction_id: int


def schedule_follow_up(tx: Transaction, interaction: InteractionRow) -> None:
    """Schedule the follow-up for the time when the requester should have answered."""
    key, due_at = str(interaction.id), tx.now + ASK_AGAIN_AFTER
    work = due_work.Due(kind=Work.FOLLOW_UP, key=key, line=f"report:{key}", due_at=due_at)
    due_work.schedule(tx, [work])


def follow_up(tx: Transaction, command: FollowUp) -> None:
    """Ask again or hand off, if that is due. If no report is unfinished, cancel the due work."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    known = bot_turns.collected(tx.conn, interaction.id)
    if interaction.owner is not Owner.VIRTUAL_AGENT or PROBLEM not in known:
        return due_work.cancel(tx, Work.FOLLOW_UP, [interaction.id])
    turn = _last_turn(tx, interaction)
    asked_again = _asked_again(tx, interaction, turn.up_to_seq)
    waits = ASK_AGAIN_AFTER + HAND_OVER_AFTER if asked_again else ASK_AGAIN_AFTER
    due_at = (turn.answered_at or tx.now) + waits
    if tx.now < due_at:  # the requester has texted in the meantime
        return due_work.release(tx, Work.FOLLOW_UP, interaction.id, due_at)
    if asked_again:
        leave_virtual_agent(tx, interaction, REASON, known)
        return due_work.cancel(tx, Work.FOLLOW_UP, [interaction.id])
    _ask_again(tx, interaction, [Choice(*pair) for pair in turn.choices])
    return due_work.release(tx, Work.FOLLOW_UP, interaction.id, tx.now + HAND_OVER_AFTER)


def _last_turn(tx: Transaction, interaction: InteractionRow) -> _Row:
    query = select(b.up_to_seq, b.answered_at, b.choices)
    mine = query.where(b.interaction_id == interaction.id)
    return tx.conn.execute(mine.order_by(b.id.desc()).limit(1)).one()


def _asked_again(tx: Transaction, interaction: InteractionRow, after: int) -> bool:
    asked = select(m.id).where(
        m.interaction_id == interaction.id,
        m.seq > after,
        m.author == Author.VIRTUAL_AGENT,
        m.event == Event.PROACTIVE,
    )
    return tx.conn.execute(asked.limit(1)).first() is not None


def _ask_again(tx: Transaction, interaction: InteractionRow, choices: list[Choice]) -> None:
    """Ask the question again. Its choices stay valid, so an answer continues the report."""
    question = in_language(AGAIN, spoken_language(tx.conn, interaction.id))
    body = with_choices(question, choices)
    messages.send_text(tx, interaction, body, Author.VIRTUAL_AGENT, event=Event.PROACTIVE)


async def when_due(job: Job) -> None:
    await job.write(follow_up, FollowUp(int(job.key)))
