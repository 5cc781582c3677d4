"""Decide one work item in a run of ``offer_work.py``: offer it, assign it, or leave it in the
queue."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from handoff_service.operations.routing.alert_supervisors import alert_supervisors
from handoff_service.operations.routing.assign import assign
from handoff_service.operations.routing.offer_run import (
    Run,
    Subject,
    log_decision,
    send_notice_once,
)
from handoff_service.operations.routing.offer_to import offer_to
from handoff_service.operations.routing.waiting_texts import WaitNotice
from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import ROUND_PAUSE, Decision, Need, Nobody
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import work_items
from handoff_service.store.routing.offers import Answers
from handoff_service.store.routing.work_items import WaitingItem

ALL_DECLINED = "all have rejected it"
FOR_GOOD = "all available agents have rejected it for good"


def offer_item(tx: Transaction, run: Run, item: WaitingItem, interaction: InteractionRow) -> int:
    """Decide one work item. Returns the number of offers made; 1 if an agent was assigned without
    an offer."""
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
        if decision.all_rejected:
            alert = f"Everybody available in {subject.queue.name} has rejected this conversation "
            alert += "for good. Assign it, or transfer it to another queue."
            _alert_once(tx, run, subject, need, decision, said=FOR_GOOD, alert=alert)
        elif not decision.next_round:
            log_decision(
                tx, run, subject, need.round, decision.considered, assignment.nobody(candidates)
            )
        send_notice_once(run, subject, WaitNotice.NOBODY)
    return 0


def _alert_once(
    tx: Transaction,
    run: Run,
    subject: Subject,
    need: Need,
    decision: Decision,
    *,
    said: str,
    alert: str,
) -> None:
    """Log a decision (``said``) and alert the supervisors, unless the last decision in this round
    was the same."""
    if run.decided.get(subject.item.id) != (need.round, said):
        log_decision(tx, run, subject, need.round, decision.considered, said)
        alert_supervisors(tx, subject.interaction, alert, event=Event.WAITING)


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
    alert = f"Nobody in {subject.queue.name} has accepted. Patchboard asks again in "
    alert += f"{durations.describe(ROUND_PAUSE)}."
    _alert_once(tx, run, subject, need, decision, said=ALL_DECLINED, alert=alert)
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
