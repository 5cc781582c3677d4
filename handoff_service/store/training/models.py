"""The virtual agent's models, their promotions, and their figures on real texts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ModelState, PromotionKind, TurnOutcome
from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.intents import GATES
from handoff_service.store.engine import tables as t
from handoff_service.store.views.people import Named
from handoff_service.store.views.training import BotModel, LiveFigures, Promotion

m, p, b = t.bot_models, t.bot_promotions, t.bot_turns
MIN_LENGTH = 4  # minimum length of a shortened hash
MAX_TURNS = 5000  # turns that live figures count; more would take too long for the page
_MODELS = select(m, t.agents.c.name).outerjoin(t.agents, t.agents.c.id == m.c.agent_id)


def list_(conn: Connection) -> list[BotModel]:
    """Return all models, newest first."""
    return [_model(row) for row in conn.execute(_MODELS.order_by(m.c.id.desc()))]


def get(conn: Connection, typed: str) -> BotModel:
    """Return the model whose hash begins with ``typed``. Raises NotFound unless there is exactly
    one."""
    if len(typed) >= MIN_LENGTH and typed.isalnum():
        found = conn.execute(_MODELS.where(m.c.hash.startswith(typed))).all()
        if len(found) == 1:
            return _model(found[0])
    raise NotFound(
        phrase("There is no model {typed}. List them with: patchboard bot models", typed=typed)
    )


def in_state(conn: Connection, state: ModelState) -> BotModel | None:
    """Return the latest model in this state; None if there is none."""
    query = _MODELS.where(m.c.state == state).order_by(m.c.since.desc(), m.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return _model(row) if row is not None else None


def promotions(conn: Connection, most: int = 100) -> list[Promotion]:
    """Return the latest changes of the running model, newest first."""
    query = (
        select(p, t.agents.c.name)
        .outerjoin(t.agents, t.agents.c.id == p.c.agent_id)
        .order_by(p.c.id.desc())
        .limit(most)
    )
    return [
        Promotion(
            id=row.id,
            model=row.model,
            before=row.before,
            kind=PromotionKind(row.kind),
            reason=row.reason,
            agent=Named(id=row.agent_id, name=row.name) if row.agent_id else None,
            at=row.at,
        )
        for row in conn.execute(query)
    ]


def have_run(conn: Connection) -> list[str]:
    """Return the hashes of the models that have run, latest first. A hash may occur several
    times."""
    return list(conn.execute(select(p.c.model).order_by(p.c.id.desc())).scalars())


def ran_before(conn: Connection) -> BotModel | None:
    """Return the model that the running one replaced; None if there is none. Without a canary, a
    rollback returns to it."""
    running = in_state(conn, ModelState.RUNNING)
    if running is None:
        return None
    query = (
        select(p.c.before)
        .where(
            p.c.model == running.hash,
            p.c.before != p.c.model,
            p.c.kind != PromotionKind.CANARY,
        )
        .order_by(p.c.id.desc())
        .limit(1)
    )
    before = conn.execute(query).scalar()
    row = conn.execute(_MODELS.where(m.c.hash == before)).one_or_none()
    return _model(row) if row is not None else None


def returns_to(conn: Connection) -> BotModel | None:
    """Return the model to which a rollback returns: the running model if there is a canary, or else
    the model that ran before. None if there is no such model."""
    if in_state(conn, ModelState.CANARY) is not None:
        return in_state(conn, ModelState.RUNNING)
    return ran_before(conn)


def live(conn: Connection, hash: str, since: datetime, until: datetime) -> dict[str, LiveFigures]:
    """Return a model's figures for the turns of a period, by the predicted intent (``-`` for none).
    Only the latest MAX_TURNS turns count. ``total`` adds the figures up."""
    latest = (
        select(
            b.c.outcome,
            b.c.hand_off.is_not(None).label("handed"),
            b.c.understood["intent"].as_string().label("intent"),
        )
        .where(b.c.model == hash, b.c.asked_at >= since, b.c.asked_at <= until)
        .order_by(b.c.asked_at.desc())
        .limit(MAX_TURNS)
        .subquery()
    )
    query = select(latest, func.count().label("turns")).group_by(
        latest.c.outcome, latest.c.handed, latest.c.intent
    )
    groups: dict[str, list[Any]] = {}
    for row in conn.execute(query):
        groups.setdefault(row.intent or "-", []).append(row)
    return {intent: _figures(rows) for intent, rows in groups.items()}


def total(by_intent: Mapping[str, LiveFigures]) -> LiveFigures:
    """Add up the figures of all intents."""

    def add(shares: Iterable[Share]) -> Share:
        parts = list(shares)
        return Share(part=sum(s.part for s in parts), whole=sum(s.whole for s in parts))

    found = by_intent.values()
    return LiveFigures(
        answered=add(one.answered for one in found),
        fallbacks=add(one.fallbacks for one in found),
        handoffs=add(one.handoffs for one in found),
        lost=add(one.lost for one in found),
    )


def _figures(rows: Sequence[Any]) -> LiveFigures:
    """Compute the figures of one intent. ``rows``: the number of its turns by outcome."""
    whole = sum(row.turns for row in rows)

    def share(matches: Callable[[Any], bool]) -> Share:
        return Share(part=sum(row.turns for row in rows if matches(row)), whole=whole)

    def handed(row: Any) -> bool:
        return bool(row.handed) or row.outcome == TurnOutcome.FAILED

    def lost(row: Any) -> bool:
        return handed(row) or row.intent in GATES

    return LiveFigures(
        answered=share(lambda row: row.outcome == TurnOutcome.ANSWERED and not lost(row)),
        fallbacks=share(lambda row: row.intent in GATES),
        handoffs=share(handed),
        lost=share(lost),
    )


def _model(row: Any) -> BotModel:
    return BotModel(
        hash=row.hash,
        parent=row.parent,
        state=ModelState(row.state),
        file=row.file,
        data_hash=row.data_hash,
        data_diff=row.data_diff,
        scores=row.scores,
        note=row.note,
        agent=Named(id=row.agent_id, name=row.name) if row.agent_id else None,
        trained_at=row.trained_at,
        since=row.since,
        is_pinned=row.is_pinned,
    )
