"""Offer queued work items to live agents: highest priority first, then oldest first.

The whole desk has only one run at a time, so two processes cannot both use an agent's last free
slot. A run serves all earlier requests for one (``schedule_offers``). It schedules the next run for
the next time at which a decision can change: when a pool joins, a round starts, a queue opens, or a
wait becomes too long.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import insert, update

from handoff_service.operations.routing.alert_supervisors import alert_supervisors
from handoff_service.operations.routing.assign import assign
from handoff_service.operations.routing.offer_run import (
    Run,
    Subject,
    load,
    log_decision,
    send_notice_once,
)
from handoff_service.operations.routing.offer_to import offer_to
from handoff_service.operations.routing.wait_alarm import alarm_long_waits
from handoff_service.operations.routing.waiting_texts import WaitNotice, send_waiting_texts
from handoff_service.operations.shared.job import Job
from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import ROUND_PAUSE, Decision, Need, Nobody
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates, work_items
from handoff_service.store.routing.offers import Answers
from handoff_service.store.routing.work_items import WaitingItem

#: The most items of each queue in one run. If a free agent can take none of them, another run
#: continues after them.
AT_ONCE = 100
ALL_DECLINED = "all have rejected it"
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
    seen = _to_decide(tx, offset)
    rows = interactions.lock_each(tx.conn, [w.interaction_id for w in seen]) if seen else {}
    still = work_items.still_waiting(tx.conn, [w.id for w in seen]) if seen else []
    waiting = [w for w in still if w.interaction_id in rows]
    run = load(tx, waiting)
    offered = 0
    handled: Counter[int] = Counter()  # queue -> number of items of this run that no longer wait
    for item in waiting:
        made = _take(tx, run, item, rows[item.interaction_id])
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


def _to_decide(tx: Transaction, offset: int) -> list[WaitingItem]:
    """The items to decide in this run. While no agent has room, these are only the new and changed
    items, because decisions about other items cannot change. This matters because each new item
    leads to a run, and hundreds of items may wait.
    """
    changed = work_items.to_review(tx.conn, AT_ONCE)
    if candidates.have_room(tx.conn, {w.queue_id for w in changed}):
        return work_items.waiting(tx.conn, AT_ONCE, offset)
    return changed


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


def _take(tx: Transaction, run: Run, item: WaitingItem, interaction: InteractionRow) -> int:
    """Decide one work item. Returns the number of offers made."""
    candidates = list(run.agents.get(item.queue_id, {}).values())
    answers = run.answers.get(item.id, Answers())
    subject = Subject(item, interaction, run.queues[item.queue_id], candidates, answers)
    if not subject.queue.schedule.is_open(tx.now):
        opens_at = subject.queue.schedule.opens_at(tx.now)
        run.again += [opens_at] if opens_at else []
        log_decision(tx, run, subject, item.round, (), Nobody.CLOSED)
        send_notice_once(run, subject, WaitNotice.NOBODY, is_open=False, opens_at=opens_at)
        return 0
    need = _need(tx, run, subject)
    fresh = not answers.declined and not answers.asked
    if fresh and need.waited <= run.nobody_for.get(item.queue_id, timedelta(-1)):
        send_notice_once(run, subject, WaitNotice.NOBODY)
        return 0
    decision = assignment.decide(candidates, need)
    if not decision.chosen and decision.next_round and not answers.asked:
        need, decision = _next_round(tx, run, subject, need, decision)
    if decision.joins_in is not None:
        run.again.append(tx.now + decision.joins_in)
    if decision.chosen:
        log_decision(
            tx,
            run,
            subject,
            need.round,
            decision.considered,
            f"offered to {', '.join(c.name for c in decision.chosen)}",
        )
        return _offer(tx, run, subject, need, decision)
    if fresh:
        run.nobody_for[item.queue_id] = need.waited
    if not answers.asked:
        if not decision.next_round:
            log_decision(
                tx, run, subject, need.round, decision.considered, assignment.nobody(candidates)
            )
        send_notice_once(run, subject, WaitNotice.NOBODY)
    return 0


def _need(tx: Transaction, run: Run, subject: Subject) -> Need:
    item, queue = subject.item, subject.queue
    agent, at = run.served.get(item.requester_number, (None, tx.now))
    declined = dict(subject.answers.declined)
    if item.sender is not None:
        # the agent who transferred the conversation is not the first to get an offer
        declined.setdefault(item.sender, (1, True))
    return Need(
        rule=queue.rule,
        waited=tx.now - item.created_at,
        round=item.round,
        mandatory=queue.mandatory,
        optional=queue.optional,
        declined=declined,
        asked=frozenset(subject.answers.asked),
        affinity=agent if at > tx.now - queue.affinity else None,
        last_agent=queue.last_agent,
    )


def _next_round(
    tx: Transaction, run: Run, subject: Subject, need: Need, decision: Decision
) -> tuple[Need, Decision]:
    """Handle an item that all candidates have rejected: alert the supervisors once per round, and
    start another round of offers after a pause."""
    begins_at = (subject.answers.last_at or subject.item.created_at) + ROUND_PAUSE
    if run.decided.get(subject.item.id) != (need.round, ALL_DECLINED):
        log_decision(tx, run, subject, need.round, decision.considered, ALL_DECLINED)
        sentence = f"Nobody in {subject.queue.name} has accepted. Patchboard asks again in "
        sentence += f"{durations.describe(ROUND_PAUSE)}."
        alert_supervisors(tx, subject.interaction, sentence, event=Event.WAITING)
    if tx.now < begins_at:
        run.again.append(begins_at)
        return need, decision
    need = replace(need, round=need.round + 1)
    tx.conn.execute(
        update(t.work_items).where(t.work_items.c.id == subject.item.id).values(round=need.round)
    )
    return need, assignment.decide(subject.candidates, need)


def _offer(tx: Transaction, run: Run, subject: Subject, need: Need, decision: Decision) -> int:
    chosen, queue = [c.agent_id for c in decision.chosen], subject.queue
    run.queues[queue.id] = replace(queue, last_agent=chosen[-1])
    tx.conn.execute(
        update(t.queues).where(t.queues.c.id == queue.id).values(last_agent_id=chosen[-1])
    )
    if queue.auto_assign:
        agent = decision.chosen[0]
        run.took(agent.agent_id, tx.now)
        work_items.assigned(tx, [agent.agent_id])
        sentence = f"{queue.name} assigned this to {agent.name}"
        assign(tx, subject.interaction, subject.item.id, agent.agent_id, sentence=sentence)
        return 1
    for agent_id in chosen:
        run.took(agent_id, tx.now)
    until = tx.now + timedelta(seconds=queue.accept_seconds)
    offer_to(tx, subject.item.id, chosen, until=until, round_=need.round)
    send_notice_once(run, subject, WaitNotice.IN_LINE)
    return len(chosen)


def run_offers(tx: Transaction, offset: int) -> bool:
    """Call ``offer_work``, unless another process is running it. Returns whether it was called."""
    if tx.conn.dialect.name == "postgresql" and not tx.conn.execute(_LOCK).scalar_one():
        return False
    offer_work(tx, offset)
    return True


async def when_due(job: Job) -> None:
    while not await job.write(run_offers, offset_in(job.key)):
        await asyncio.sleep(AGAIN_AFTER)
