"""Text requesters who wait for a live agent that they are in line, that nobody is free, or that the
queue is closed. One run of ``offer_work`` writes all of its texts together, because hundreds of
requesters can start to wait at the same time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update

from handoff_service.operations.shared.messages_to_many import send_system_texts
from handoff_service.rules.desk import system_message_texts
from handoff_service.rules.shared.language import Language
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import texts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing.candidates import WorkQueue
from handoff_service.store.virtual_agent.spoken_language import spoken_languages


class WaitNotice(StrEnum):
    """The last text about the wait that the requester of a work item got."""

    IN_LINE = "in line"
    NOBODY = "nobody"  #: nobody is free, or the queue is closed


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingText:
    """A text about one work item. ``opens_at``: when a closed queue opens; None: never."""

    work_item_id: int
    interaction: InteractionRow
    queue: WorkQueue
    notice: WaitNotice
    is_open: bool = True
    opens_at: datetime | None = None


def send_waiting_texts(tx: Transaction, wanted: Sequence[WaitingText]) -> None:
    """Send these texts, except to requesters who have not written anything. In those conversations
    an agent wrote first and transferred the conversation, so the requester is not waiting.
    """
    written = interactions.with_requesters_text(tx.conn, [w.interaction.id for w in wanted])
    wanted = [w for w in wanted if w.interaction.id in written]
    spoken = spoken_languages(tx.conn, [w.interaction.id for w in wanted])
    bodies: dict[object, str] = {}  # most requesters get the same text
    for one in wanted:
        key = _about(one, spoken)
        if key not in bodies:
            bodies[key] = _words(tx, one, spoken[one.interaction.id])
    send_system_texts(tx, [(w.interaction, bodies[_about(w, spoken)]) for w in wanted])
    for notice in WaitNotice:
        if ids := [w.work_item_id for w in wanted if w.notice is notice]:
            change = update(t.work_items).where(one_of(t.work_items.c.id, ids))
            tx.conn.execute(change.values(told=notice))


def _about(one: WaitingText, spoken: Mapping[int, Language]) -> object:
    """The facts that determine the words of the text."""
    return one.queue.id, one.notice, one.is_open, one.opens_at, spoken[one.interaction.id]


def _words(tx: Transaction, one: WaitingText, spoken: Language) -> str:
    queue, bot = one.queue, tx.settings.bot_answers
    if one.notice is WaitNotice.IN_LINE:
        return texts.in_line(tx.conn, queue.id, queue.name, spoken)
    if one.is_open:
        return texts.waiting(tx.conn, queue.id, queue.name, spoken, bot=bot)
    opens = system_message_texts.opening(one.opens_at, queue.schedule.time_zone, tx.now, spoken)
    return texts.out_of_hours(tx.conn, queue.id, queue.name, opens, spoken, bot=bot)
