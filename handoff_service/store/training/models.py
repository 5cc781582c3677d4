"""The virtual agent's models, what became of them, and how they do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, case, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.vocabulary import ModelState, PromotionKind, TurnOutcome
from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.intents import NOT_UNDERSTOOD
from handoff_service.store.engine import tables as t
from handoff_service.store.views.people import Named
from handoff_service.store.views.training import BotModel, LiveFigures, Promotion

m, p, b = t.bot_models, t.bot_promotions, t.bot_turns
FEWEST_LETTERS = 4  # of a hash that is typed
_INTENT = b.c.understood["intent"].as_string()
_MODELS = select(m, t.agents.c.name).outerjoin(t.agents, t.agents.c.id == m.c.agent_id)


def list_(conn: Connection) -> list[BotModel]:
    """All models, the newest first."""
    return [_model(row) for row in conn.execute(_MODELS.order_by(m.c.id.desc()))]


def get(conn: Connection, typed: str) -> BotModel:
    """A model by the beginning of its hash. NotFound when none, or more than one, begins so."""
    if len(typed) >= FEWEST_LETTERS and typed.isalnum():
        found = conn.execute(_MODELS.where(m.c.hash.startswith(typed))).all()
        if len(found) == 1:
            return _model(found[0])
    raise NotFound(f"There is no model {typed}. List them with: patchboard bot models")


def in_state(conn: Connection, state: ModelState) -> BotModel | None:
    """The latest model in this state."""
    query = _MODELS.where(m.c.state == state).order_by(m.c.since.desc(), m.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return _model(row) if row is not None else None


def promotions(conn: Connection, most: int = 100) -> list[Promotion]:
    """The latest changes of the running model, the newest first."""
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


def ran_before(conn: Connection) -> BotModel | None:
    """The model that the running one replaced, and that a roll back returns to."""
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
    """The model that a roll back returns to: the running one while a canary tries another."""
    if in_state(conn, ModelState.CANARY) is not None:
        return in_state(conn, ModelState.RUNNING)
    return ran_before(conn)


def live(
    conn: Connection, hashes: Sequence[str], since: datetime, until: datetime
) -> dict[str, LiveFigures]:
    """How models did with real texts in a time. A model without a turn is left out."""
    asked = [b.c.model.in_(hashes), b.c.asked_at >= since, b.c.asked_at <= until]
    query = select(b.c.model, *_COUNTS).where(*asked).group_by(b.c.model)
    return {row.model: _figures(row) for row in conn.execute(query)}


def live_by_intent(
    conn: Connection, hash: str, since: datetime, until: datetime
) -> dict[str, LiveFigures]:
    """The same of one model, by what it understood; the most frequent first."""
    asked = [b.c.model == hash, b.c.asked_at >= since, b.c.asked_at <= until]
    query = (
        select(_INTENT.label("intent"), *_COUNTS)
        .where(*asked)
        .group_by(_INTENT)
        .order_by(sa.desc("turns"), "intent")
    )
    return {row.intent or "-": _figures(row) for row in conn.execute(query)}


_ANSWERED = sa.and_(
    b.c.outcome == TurnOutcome.ANSWERED, b.c.hand_off.is_(None), _INTENT != NOT_UNDERSTOOD
)
_HANDED = sa.or_(b.c.hand_off.is_not(None), b.c.outcome == TurnOutcome.FAILED)
_COUNTS = (
    func.count().label("turns"),
    func.coalesce(func.sum(case((_ANSWERED, 1), else_=0)), 0).label("answered"),
    func.coalesce(func.sum(case((_INTENT == NOT_UNDERSTOOD, 1), else_=0)), 0).label("fallbacks"),
    func.coalesce(func.sum(case((_HANDED, 1), else_=0)), 0).label("handoffs"),
    func.coalesce(
        func.sum(case((sa.or_(_HANDED, _INTENT == NOT_UNDERSTOOD), 1), else_=0)), 0
    ).label("lost"),
)


def _figures(row: Any) -> LiveFigures:
    def share(part: int) -> Share:
        return Share(part=part, whole=row.turns)

    return LiveFigures(
        answered=share(row.answered),
        fallbacks=share(row.fallbacks),
        handoffs=share(row.handoffs),
        lost=share(row.lost),
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
    )
