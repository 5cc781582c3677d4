"""Schedule the satisfaction question after closing."""

from sqlalchemy import select

from handoff_service.rules.reports.satisfaction import ask_at
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def schedule_satisfaction(tx: Transaction, interaction: InteractionRow) -> None:
    """Schedule the question, if the queue of the conversation asks one. When it is due,
    ``ask_satisfaction`` decides whether to ask. A conversation that is closed again gets the new
    time."""
    q = t.queues
    query = select(q.c.satisfaction_after_hours).where(q.c.id == interaction.queue_id)
    hours = tx.conn.execute(query).scalar()
    if hours is None:
        return
    work = due_work.Due(
        kind=Work.ASK_SATISFACTION,
        key=str(interaction.id),
        # on one line of work, so that two conversations of one requester do not ask at the same
        # time
        line=f"satisfaction:{interaction.requester_number}",
        due_at=ask_at(tx.now, hours),
    )
    due_work.schedule(tx, [work])
