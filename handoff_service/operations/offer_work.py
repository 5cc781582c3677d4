"""Offer what waits in the queues to live agents, oldest of the highest priority first.

Runs as one piece of due work for the whole desk, so that two processes never give the same agent two last places.
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import insert, update

from handoff_service.operations import say
from handoff_service.rules import assignment, system_messages
from handoff_service.rules.assignment import Candidate, LeftOut
from handoff_service.rules.system_messages import SystemMessage
from handoff_service.rules.vocabulary import Author, Work, WorkItemState
from handoff_service.store import due, interactions, work_items
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction

AT_ONCE = 50


def offer_work(tx: Transaction, _command: None = None) -> int:
    """Go through the queues once. Returns the number of offers made."""
    due.disarm(tx, Work.OFFER_WORK, [due.DESK_LINE])  # first: what comes after this line makes it run again
    seen = work_items.waiting(tx.conn, AT_ONCE)
    if not seen:
        return 0
    rows = interactions.lock_each(tx.conn, [w.interaction_id for w in seen])
    waiting = [w for w in work_items.waiting(tx.conn, AT_ONCE) if w.interaction_id in rows]  # now that they hold still
    agents = work_items.candidates(tx.conn)
    offered = 0
    next_round = False
    for item in waiting:
        declined = work_items.declined_at(tx.conn, item.id)
        candidates = [replace(a, declined_at=declined.get(a.agent_id)) for a in agents.get(item.queue_id, {}).values()]
        chosen = assignment.most_capacity(candidates, tx.now)
        if chosen is None:
            next_round |= any(assignment.left_out(c, tx.now) is LeftOut.DECLINED for c in candidates)
            _tell(tx, rows[item.interaction_id], item, SystemMessage.WAITING)
            continue
        _offer(tx, item, chosen)
        _tell(tx, rows[item.interaction_id], item, SystemMessage.IN_LINE)
        for of_queue in agents.values():
            if chosen.agent_id in of_queue:
                mine = of_queue[chosen.agent_id]
                of_queue[chosen.agent_id] = replace(mine, load=mine.load + 1, last_assigned_at=tx.now)
        offered += 1
    if next_round:
        _again(tx, assignment.ROUND_PAUSE)
    elif offered and len(waiting) == AT_ONCE:
        _again(tx, timedelta(0))
    return offered


def _again(tx: Transaction, after: timedelta) -> None:
    due.arm(tx, [due.Due(kind=Work.OFFER_WORK, key=due.DESK_LINE, line=due.DESK_LINE, due_at=tx.now + after)])


def _offer(tx: Transaction, item: work_items.Waiting, chosen: Candidate) -> None:
    expires_at = tx.now + timedelta(seconds=item.accept_seconds)
    offer_id = tx.conn.execute(
        insert(t.offers)
        .values(work_item_id=item.id, agent_id=chosen.agent_id, offered_at=tx.now, expires_at=expires_at)
        .returning(t.offers.c.id)
    ).scalar_one()
    tx.conn.execute(update(t.work_items).where(t.work_items.c.id == item.id).values(state=WorkItemState.PENDING_ACCEPT))
    tx.conn.execute(update(t.agents).where(t.agents.c.id == chosen.agent_id).values(last_assigned_at=tx.now))
    due.arm(tx, [due.Due(kind=Work.EXPIRE_OFFER, key=str(offer_id), line=f"offer:{offer_id}", due_at=expires_at)])
    tx.hint(f"agent:{chosen.agent_id}")


def _tell(
    tx: Transaction, interaction: interactions.Interaction, item: work_items.Waiting, line: SystemMessage
) -> None:
    """One line on handoff, and one more only when an offer has come to nothing and nobody is free."""
    if item.told in (line.name, SystemMessage.WAITING.name):
        return
    words = system_messages.in_line if line is SystemMessage.IN_LINE else system_messages.waiting
    say.text(tx, interaction, words(item.queue_name), Author.SYSTEM)
    tx.conn.execute(update(t.work_items).where(t.work_items.c.id == item.id).values(told=line.name))
