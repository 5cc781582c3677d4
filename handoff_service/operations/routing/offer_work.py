"""Offer queued work items to live agents: highest priority first, then oldest first.

The whole desk has only one run at a time, so two processes cannot both use an agent's last free
slot. A run serves all earlier requests for one (``schedule_offers``). It schedules the next run for
the next time at which a decision can change: when a pool joins, a round starts, a queue opens, or a
wait becomes too long.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import insert

from handoff_service.operations.routing.offer_item import offer_item
from handoff_service.operations.routing.offer_run import Run, load
from handoff_service.operations.routing.wait_alarm import alarm_long_waits
from handoff_service.operations.routing.waiting_texts import send_waiting_texts
from handoff_service.operations.shared.job import Job
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates, work_items
from handoff_service.store.routing.candidates import Members
from handoff_service.store.routing.work_items import WaitingItem

#: The most items of each queue in one run. If a free agent can take none of them, another run
#: continues after them.
AT_ONCE = 100
CONTINUES = f"{due_work.DESK_LINE}+"  # the prefix of the keys of runs that skip items
_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(1836019574)")  # no other lock has this number
#: The seconds until a run retries when another run is under way. A run must not wait for the lock,
#: because that would block other writes.
AGAIN_AFTER = 0.05


def offer_work(tx: Transaction, offset: int | None = None) -> int:
    """Go through the queues once. Skip the first ``offset`` items of each queue (None: skip no
    items). Returns the number of offers made."""
    offset = offset or 0
    # delete the requests before reading, because a later change requests another run
    if offset:
        due_work.cancel(tx, Work.OFFER_WORK, [_offset_key(offset)])
    else:
        due_work.answer(tx, Work.OFFER_WORK, keep=CONTINUES)
    seen, agents = _to_decide(tx, offset)
    rows = interactions.lock_each(tx.conn, [w.interaction_id for w in seen]) if seen else {}
    still = work_items.still_waiting(tx.conn, [w.id for w in seen]) if seen else []
    waiting = [w for w in still if w.interaction_id in rows]
    run = load(tx, waiting, agents)
    offered = 0
    handled: Counter[int] = Counter()  # queue -> number of items of this run that no longer wait
    for item in waiting:
        made = offer_item(tx, run, item, rows[item.interaction_id])
        offered += made
        handled[item.queue_id] += made > 0
    _continue_later(tx, run, waiting, handled, offset)
    if run.texts:
        send_waiting_texts(tx, run.texts)
    if run.log:
        tx.desk_changed()
        tx.conn.execute(insert(t.assignment_log), run.log)
    alarm_at = alarm_long_waits(tx, run.queues.values())
    again = [*run.again, *([alarm_at] if alarm_at else [])]
    if again:
        at = max(min(again), tx.now)
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.OFFER_WORK, key=due_work.DESK_LINE, line=due_work.DESK_LINE, due_at=at
                )
            ],
        )
    return offered


def _to_decide(tx: Transaction, offset: int) -> tuple[list[WaitingItem], dict[int, Members]]:
    """The items to decide in this run, and the candidates of each queue. While no agent has room,
    these are only the new and changed items, because decisions about other items cannot change.
    This matters because each new item leads to a run, and hundreds of items may wait.
    """
    changed = work_items.to_review(tx.conn, AT_ONCE)
    agents = candidates.candidates(tx.conn, {w.queue_id for w in changed}) if changed else {}
    if candidates.have_room(agents.values()):
        return work_items.waiting(tx.conn, AT_ONCE, offset), agents
    return changed, agents


def _offset_key(offset: int) -> str:
    """The key of the run that skips this many items of each queue."""
    return f"{CONTINUES}{offset}"


def offset_in(key: str) -> int:
    """The number of items to skip, from a key of due work."""
    return int(key.removeprefix(CONTINUES)) if key.startswith(CONTINUES) else 0


def _continue_later(
    tx: Transaction, run: Run, waiting: Sequence[WaitingItem], handled: Counter[int], offset: int
) -> None:
    """Schedule a run that continues after these items when free agents could take none of them, for
    example because they had rejected them. A separate run keeps each transaction short."""
    whole = [
        queue for queue, count in Counter(w.queue_id for w in waiting).items() if count >= AT_ONCE
    ]
    places = [max(AT_ONCE - handled[queue], 0) for queue in whole if queue not in run.nobody_for]
    if places:
        further = _offset_key(offset + min(places))
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.OFFER_WORK, key=further, line=due_work.DESK_LINE, due_at=tx.now
                )
            ],
        )


def run_offers(tx: Transaction, offset: int) -> bool:
    """Call ``offer_work``, unless another process is running it. Returns whether it was called."""
    if tx.conn.dialect.name == "postgresql" and not tx.conn.execute(_LOCK).scalar_one():
        return False
    offer_work(tx, offset)
    return True


async def when_due(job: Job) -> None:
    while not await job.write(run_offers, offset_in(job.key)):
        await asyncio.sleep(AGAIN_AFTER)
