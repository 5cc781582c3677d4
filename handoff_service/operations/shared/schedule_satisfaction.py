"""Schedule the satisfaction question for a closed conversation."""

from sqlalchemy import select

from handoff_service.rules.reports.satisfaction import ask_at
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def schedule_satisfaction(tx: Transaction, interaction: InteractionRow) -> None:
    """Schedule the question, if the conversation's queue asks it. When it is due,
    ``ask_satisfaction`` decides whether to send it. Closing a conversation again moves the
    question to the new time."""
    q = t.queues
    query = select(q.c.satisfaction_after_hours).where(q.c.id == interaction.queue_id)
    hours = tx.conn.execute(query).scalar()
    if hours is None:
        return
    work = due_work.Due(
        kind=Work.ASK_SATISFACTION,
        key=str(interaction.id),
        # one line of work per requester, so that two conversations do not ask at the same time
        line=f"satisfaction:{interaction.requester_number}",
        due_at=ask_at(tx.now, hours),
    )
    due_work.schedule(tx, [work])
