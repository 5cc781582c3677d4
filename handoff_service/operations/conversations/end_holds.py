"""End a hold at the time that its agent chose. The conversation returns to the top of the list, and
its agent gets a notice.

A text from the requester can end the hold earlier. In that case this work does nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from handoff_service import log
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.participation import notify_assigned
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.conversations.states import Transition, next_state
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

ENDED = "The hold has ended"


@dataclass(frozen=True, slots=True)
class EndHold:
    """The command to end an interaction's hold if its end is due."""

    interaction_id: int


def schedule(tx: Transaction, interaction_id: int, until: datetime | None) -> None:
    """Schedule the end of the hold. ``until`` None: the hold has no end time, so an earlier
    schedule is canceled."""
    if until is None:
        return due_work.cancel(tx, Work.END_HOLD, [interaction_id])
    work = due_work.Due(
        kind=Work.END_HOLD,
        key=str(interaction_id),
        line=f"hold:{interaction_id}",
        due_at=until,
    )
    return due_work.schedule(tx, [work])


def end_hold(tx: Transaction, command: EndHold) -> bool:
    """End the hold if it is due. Returns whether the hold has ended."""
    due_work.cancel(tx, Work.END_HOLD, [command.interaction_id])
    interaction = interactions.lock(tx.conn, command.interaction_id)
    hold = interactions.hold(tx.conn, interaction.id)
    state = next_state(interaction.state, Transition.HOLD_ENDS)
    if state is None or hold.until is None or hold.until > tx.now:
        return False
    interactions.put_state(tx.conn, interaction.id, state)
    messages.append_line(tx, interaction, ENDED, event=Event.STATE, reason=hold.reason)
    notify_assigned(tx, interaction, f"{ENDED}: {hold.reason}" if hold.reason else ENDED)
    schedule_offers(tx)  # the conversation counts toward its agent's capacity again
    return True


async def when_due(job: Job) -> None:
    if await job.write(end_hold, EndHold(int(job.key)), near=job.key):
        log.info("hold_ended", interaction=job.key)
