"""Offer queued work to live agents: highest priority first, then oldest first.

Runs as one piece of due work for the whole desk, so two processes cannot both give an agent's last
free slot away. It schedules its next run for the next moment that changes something: a pool joins,
a round starts, a queue opens, or a wait becomes too long.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from handoff_service.operations.routing.alert_supervisors import alert_supervisors
from handoff_service.operations.routing.assign import assign
from handoff_service.operations.routing.wait_alarm import alarm_long_waits
from handoff_service.operations.routing.waiting_texts import (
    WaitingText,
    WaitNotice,
    send_waiting_texts,
)
from handoff_service.operations.shared.job import Job
from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import (
    ROUND_PAUSE,
    Candidate,
    Considered,
    Decision,
    Need,
    Nobody,
)
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import Work, WorkItemState
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.routing import work_items
from handoff_service.store.routing.work_items import Answers, Waiting, WorkQueue

#: Items of each queue in one run. If a free agent can take none of them, the next run continues
#: after them.
AT_ONCE = 100
ALL_DECLINED = "all have rejected it"


@dataclass(slots=True)
class _Run:
    """The state of one run: queues, agents (their load grows with each offer), and the time of the
    next run."""

    queues: dict[int, WorkQueue]
    agents: dict[int, dict[int, Candidate]]
    answers: dict[int, Answers]
    decided: dict[int, tuple[int, str]]
    served: dict[str, tuple[int, datetime]]
    again: list[datetime] = field(default_factory=list)
    # queue -> the longest wait of an item for which no agent was found
    nobody_for: dict[int, timedelta] = field(default_factory=dict)
    log: list[dict[str, object]] = field(default_factory=list)
    texts: list[WaitingText] = field(default_factory=list)

    def took(self, agent_id: int, now: datetime) -> None:
        for of_queue in self.agents.values():
            if agent_id in of_queue:
                mine = of_queue[agent_id]
                of_queue[agent_id] = replace(mine, load=mine.load + 1, last_assigned_at=now)


def offer_work(tx: Transaction, offset: int | None = None) -> int:
    """Go through the queues once, skipping ``offset`` items of each (None: from the front). Returns
    the number of offers made."""
    offset = offset or 0
    # before reading, because a later change schedules another run
    due_work.cancel(tx, Work.OFFER_WORK, [_offset_key(offset)])
    seen = _to_decide(tx, offset)
    rows = interactions.lock_each(tx.conn, [w.interaction_id for w in seen]) if seen else {}
    still = work_items.still_waiting(tx.conn, [w.id for w in seen]) if seen else []
    waiting = [w for w in still if w.interaction_id in rows]
    run = _load(tx, waiting)
    offered = 0
    gone: Counter[int] = Counter()  # queue -> items of this run that no longer wait
    for item in waiting:
        made = _take(tx, run, item, rows[item.interaction_id])
        offered += made
        gone[item.queue_id] += made > 0
    _continue_later(tx, run, waiting, gone, offset)
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


def _to_decide(tx: Transaction, offset: int) -> list[Waiting]:
    """The items to decide in this run. While no agent has room, only new and changed items, because
    nothing can have changed for the others. Each new text leads to a run, and hundreds may wait."""
    changed = work_items.to_review(tx.conn, AT_ONCE)
    if work_items.have_room(tx.conn, {w.queue_id for w in changed}):
        return work_items.waiting(tx.conn, AT_ONCE, offset)
    return changed


def _offset_key(offset: int) -> str:
    """The key of the due work that skips this many items of each queue."""
    return f"{due_work.DESK_LINE}+{offset}" if offset else due_work.DESK_LINE


def offset_in(key: str) -> int:
    """The offset in a key of due work."""
    return int(key.partition("+")[2] or 0)


def _continue_later(
    tx: Transaction, run: _Run, waiting: Sequence[Waiting], gone: Counter[int], offset: int
) -> None:
    """Continue after the first items of a queue when a free agent cannot take any of them, because
    the agent rejected or transferred them. Uses a new transaction, to keep each one short."""
    whole = [
        queue for queue, count in Counter(w.queue_id for w in waiting).items() if count >= AT_ONCE
    ]
    places = [max(AT_ONCE - gone[queue], 0) for queue in whole if queue not in run.nobody_for]
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


def _load(tx: Transaction, waiting: Sequence[Waiting]) -> _Run:
    ids = [w.id for w in waiting]
    queues = work_items.work_queues(tx.conn)
    if not waiting:
        return _Run(queues, {}, {}, {}, {})
    longest = max(queue.affinity for queue in queues.values())
    return _Run(
        queues=queues,
        agents=work_items.candidates(tx.conn, {w.queue_id for w in waiting}),
        answers=work_items.answers(tx.conn, ids),
        decided=work_items.last_decisions(tx.conn, ids),
        served=work_items.served_last(
            tx.conn, {w.requester_number for w in waiting}, tx.now - longest
        ),
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """One work item while it is being decided."""

    item: Waiting
    interaction: InteractionRow
    queue: WorkQueue
    candidates: list[Candidate]
    answers: Answers


def _take(tx: Transaction, run: _Run, item: Waiting, interaction: InteractionRow) -> int:
    """Decide one work item. Returns the number of offers made."""
    candidates = list(run.agents.get(item.queue_id, {}).values())
    answers = run.answers.get(item.id, Answers())
    subject = _Subject(item, interaction, run.queues[item.queue_id], candidates, answers)
    if not subject.queue.schedule.is_open(tx.now):
        opens_at = subject.queue.schedule.opens_at(tx.now)
        run.again += [opens_at] if opens_at else []
        _log(tx, run, subject, item.round, (), Nobody.CLOSED)
        _send_notice_once(run, subject, WaitNotice.NOBODY, is_open=False, opens_at=opens_at)
        return 0
    need = _need(tx, run, subject)
    fresh = not answers.declined and not answers.asked
    if fresh and need.waited <= run.nobody_for.get(item.queue_id, timedelta(-1)):
        _send_notice_once(run, subject, WaitNotice.NOBODY)
        return 0
    decision = assignment.decide(candidates, need)
    if not decision.chosen and decision.next_round and not answers.asked:
        need, decision = _next_round(tx, run, subject, need, decision)
    if decision.joins_in is not None:
        run.again.append(tx.now + decision.joins_in)
    if decision.chosen:
        _log(
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
            _log(tx, run, subject, need.round, decision.considered, assignment.nobody(candidates))
        _send_notice_once(run, subject, WaitNotice.NOBODY)
    return 0


def _need(tx: Transaction, run: _Run, subject: _Subject) -> Need:
    item, queue = subject.item, subject.queue
    agent, at = run.served.get(item.requester_number, (None, tx.now))
    declined = dict(subject.answers.declined)
    if item.sender is not None:
        # the agent who transferred it is not asked first
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
    tx: Transaction, run: _Run, subject: _Subject, need: Need, decision: Decision
) -> tuple[Need, Decision]:
    """All candidates have rejected it: alert the supervisors now, and ask again after a pause."""
    begins_at = (subject.answers.last_at or subject.item.created_at) + ROUND_PAUSE
    if run.decided.get(subject.item.id) != (need.round, ALL_DECLINED):
        _log(tx, run, subject, need.round, decision.considered, ALL_DECLINED)
        sentence = f"Everyone in {subject.queue.name} rejected the offer. Patchboard asks again in "
        alert_supervisors(tx, subject.interaction, sentence + durations.describe(ROUND_PAUSE))
    if tx.now < begins_at:
        run.again.append(begins_at)
        return need, decision
    need = replace(need, round=need.round + 1)
    tx.conn.execute(
        update(t.work_items).where(t.work_items.c.id == subject.item.id).values(round=need.round)
    )
    return need, assignment.decide(subject.candidates, need)


def _offer(tx: Transaction, run: _Run, subject: _Subject, need: Need, decision: Decision) -> int:
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
    _send_notice_once(run, subject, WaitNotice.IN_LINE)
    return len(chosen)


def offer_to(
    tx: Transaction, work_item_id: int, agents: Collection[int], *, until: datetime, round_: int = 1
) -> None:
    """Offer a work item to these agents until ``until``."""
    o, w = t.offers, t.work_items
    for agent_id in agents:
        offer_id = tx.conn.execute(
            insert(o)
            .values(
                work_item_id=work_item_id,
                agent_id=agent_id,
                offered_at=tx.now,
                expires_at=until,
                round=round_,
            )
            .returning(o.c.id)
        ).scalar_one()
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.EXPIRE_OFFER,
                    key=str(offer_id),
                    line=f"offer:{offer_id}",
                    due_at=until,
                )
            ],
        )
        tx.hint(f"agent:{agent_id}")
    tx.desk_changed()
    tx.conn.execute(
        update(w).where(w.c.id == work_item_id).values(state=WorkItemState.PENDING_ACCEPT)
    )
    work_items.assigned(tx, agents)


def _log(
    tx: Transaction,
    run: _Run,
    subject: _Subject,
    round_: int,
    considered: Sequence[Considered],
    sentence: str,
) -> None:
    """Log a decision with every candidate. The same decision is not logged twice in a row."""
    if run.decided.get(subject.item.id) == (round_, sentence):
        return
    run.decided[subject.item.id] = (round_, sentence)
    grouped: dict[tuple[int, bool, str], list[int]] = {}
    for one in considered:
        grouped.setdefault((one.after_seconds, one.chosen, one.why), []).append(one.agent_id)
    run.log.append(
        {
            "work_item_id": subject.item.id,
            "round": round_,
            "said": sentence,
            "candidates": [[*key, agents] for key, agents in grouped.items()],
            "at": tx.now,
        }
    )


def _send_notice_once(
    run: _Run,
    subject: _Subject,
    notice: WaitNotice,
    *,
    is_open: bool = True,
    opens_at: datetime | None = None,
) -> None:
    """Send the first text on handoff, and one more only when an offer was not accepted and nobody
    is free."""
    if subject.item.told not in (notice, WaitNotice.NOBODY):
        run.texts.append(
            WaitingText(
                work_item_id=subject.item.id,
                interaction=subject.interaction,
                queue=subject.queue,
                notice=notice,
                is_open=is_open,
                opens_at=opens_at,
            )
        )


async def when_due(job: Job) -> None:
    await job.write(offer_work, offset_in(job.key))
