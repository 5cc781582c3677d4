"""Record runs of the practice desk: begin, enter and end them, and delete old texts.

Practice writes only the rows of its runs to the desk's database. The practice desk has its own
database: see ``handoff_service/practice/``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.rules.training.practice import TEXTS_KEPT, PracticeChoice, PracticeState
from handoff_service.rules.training.practice_score import PracticeScore
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training.practice_runs import SCORE, BareScore, bare_scores

r = t.practice_runs
_MAY_PRACTICE = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginPractice:
    """``conversations``: the number of conversations that were found for the choice."""

    agent_id: int
    started_by: int
    choice: PracticeChoice
    conversations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPractice:
    """``score`` None: the run could not be scored."""

    run_id: int
    state: PracticeState
    score: PracticeScore | None = None


def begin_practice(tx: Transaction, command: BeginPractice) -> int:
    """Record a run. Returns its id. Raises BadInput for an agent who cannot practice, and NotFound
    for an unknown queue. Raises Conflict for an agent who already has a run."""
    a, choice = t.agents, command.choice
    query = select(a.c.id).join(t.agent_roles, t.agent_roles.c.agent_id == a.c.id)
    is_agent = query.where(
        a.c.id == command.agent_id, a.c.active, t.agent_roles.c.role.in_(_MAY_PRACTICE)
    )
    if tx.conn.execute(is_agent.limit(1)).first() is None:
        raise BadInput(errors={"agent_id": phrase("must be an active agent")})
    running = select(r.c.id).where(
        r.c.agent_id == command.agent_id, r.c.state == PracticeState.RUNNING
    )
    if tx.conn.execute(running).first() is not None:
        raise Conflict(phrase("This agent has a practice run already. End it first."))
    return int(
        tx.conn.execute(
            insert(r)
            .values(
                agent_id=command.agent_id,
                started_by=command.started_by,
                source=choice.source,
                conversations=command.conversations,
                speed=choice.speed,
                queue=_queue_name(tx, choice.queue_id),
                first_day=choice.first_day.isoformat(),
                last_day=choice.last_day.isoformat(),
                state=PracticeState.RUNNING,
                started_at=tx.now,
            )
            .returning(r.c.id)
        ).scalar_one()
    )


def enter_practice(tx: Transaction, run_id: int) -> None:
    """Record when the agent first opened the practice desk."""
    first = update(r).where(r.c.id == run_id, r.c.entered_at.is_(None))
    tx.conn.execute(first.values(entered_at=tx.now))


def end_practice(tx: Transaction, command: EndPractice) -> None:
    """Record how a run has ended, and its score. This also deletes the texts of old runs."""
    score = SCORE.dump_python(command.score, mode="json") if command.score else {}
    ended = update(r).where(r.c.id == command.run_id, r.c.state == PracticeState.RUNNING)
    tx.conn.execute(ended.values(state=command.state, score=score, ended_at=tx.now))
    forget_texts(tx, tx.now - TEXTS_KEPT)
    began = select(r.c.started_at).where(r.c.id == command.run_id).scalar_subquery()
    erased = select(t.erasures.c.id).where(t.erasures.c.requested_at >= began)
    if tx.conn.execute(erased.limit(1)).first() is not None:
        # delete this run's texts too, because they may be those of an erased person
        forget_texts(tx, tx.now + timedelta(seconds=1))


def interrupt_practice(tx: Transaction, _: None) -> int:
    """Mark the open runs as interrupted, after a start of the service. Returns their number."""
    lost = update(r).where(r.c.state == PracticeState.RUNNING)
    values = {"state": PracticeState.INTERRUPTED, "ended_at": tx.now}
    forget_texts(tx, tx.now - TEXTS_KEPT)
    return tx.conn.execute(lost.values(values)).rowcount


def forget_texts(tx: Transaction, ended_before: datetime) -> None:
    """Delete the texts in the scores of runs that ended before this time. Their figures stay."""
    keep_figures(tx, bare_scores(tx.conn, ended_before))


def keep_figures(tx: Transaction, scores: Sequence[BareScore]) -> None:
    """Replace the scores of these runs with scores without texts."""
    for one in scores:
        tx.conn.execute(update(r).where(r.c.id == one.run_id).values(score=one.score))


def _queue_name(tx: Transaction, queue_id: int | None) -> str | None:
    if queue_id is None:
        return None
    name = tx.conn.execute(select(t.queues.c.name).where(t.queues.c.id == queue_id)).scalar()
    if name is None:
        raise NotFound(phrase("There is no queue {queue_id}.", queue_id=queue_id))
    return str(name)
