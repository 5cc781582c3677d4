"""The state of one run of work assignment: the loaded data, and the decisions so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handoff_service.operations.routing.waiting_texts import WaitingText, WaitNotice
from handoff_service.rules.routing.assignment import Candidate, Considered
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates, offers, work_items
from handoff_service.store.routing.candidates import Members, WorkQueue
from handoff_service.store.routing.offers import Answers
from handoff_service.store.routing.work_items import WaitingItem


@dataclass(slots=True)
class Run:
    """The state of one run. ``agents``: queue -> agent -> candidate, whose load grows with each
    offer. ``decided``: work item -> round and sentence of its last decision. ``served``: requester
    number -> the agent who last served it, and when. ``again``: the times of possible next runs."""

    queues: dict[int, WorkQueue]
    agents: dict[int, Members]
    answers: dict[int, Answers]
    decided: dict[int, tuple[int, str]]
    served: dict[str, tuple[int, datetime]]
    again: list[datetime] = field(default_factory=list)
    #: queue -> the longest wait of an item for which no agent was found
    nobody_for: dict[int, timedelta] = field(default_factory=dict)
    log: list[dict[str, object]] = field(default_factory=list)
    texts: list[WaitingText] = field(default_factory=list)

    def took(self, agent_id: int, now: datetime) -> None:
        for of_queue in self.agents.values():
            if agent_id in of_queue:
                mine = of_queue[agent_id]
                of_queue[agent_id] = replace(mine, load=mine.load + 1, last_assigned_at=now)


def load(tx: Transaction, waiting: Sequence[WaitingItem], agents: dict[int, Members]) -> Run:
    """Load the data for these items. ``agents``: the candidates of the queues that were read
    before."""
    ids = [w.id for w in waiting]
    queues = candidates.work_queues(tx.conn)
    if not waiting:
        return Run(queues, {}, {}, {}, {})
    new = {w.queue_id for w in waiting} - agents.keys()
    longest = max(queue.affinity for queue in queues.values())
    return Run(
        queues=queues,
        agents=agents | (candidates.candidates(tx.conn, new) if new else {}),
        answers=offers.answers(tx.conn, ids),
        decided=work_items.last_decisions(tx.conn, ids),
        served=work_items.served_last(
            tx.conn, {w.requester_number for w in waiting}, tx.now - longest
        ),
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """The work item to decide, with the data for the decision."""

    item: WaitingItem
    interaction: InteractionRow
    queue: WorkQueue
    candidates: list[Candidate]
    answers: Answers


def log_decision(
    tx: Transaction,
    run: Run,
    subject: Subject,
    round_: int,
    considered: Sequence[Considered],
    sentence: str,
) -> None:
    """Log a decision with every candidate, unless it repeats the last decision about the item."""
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


def send_notice_once(
    run: Run,
    subject: Subject,
    notice: WaitNotice,
    *,
    is_open: bool = True,
    opens_at: datetime | None = None,
) -> None:
    """Add a text for a waiting requester to the run. Each work item gets at most two texts: the
    first one about the wait, and one more if nobody is free after an offer was not accepted."""
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
