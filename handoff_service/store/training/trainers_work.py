"""Finds out whether trainers have worked on this desk. If so, changed training data goes live only
when a trainer promotes a model."""

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import PromotionKind
from handoff_service.store.engine import tables as t

m, p = t.bot_models, t.bot_promotions


def exists(conn: Connection) -> bool:
    """Return whether anybody has ever labeled a text, edited the data on a page, measured a model,
    or changed the running model."""
    found = sa.union_all(
        select(t.trainer_labels.c.id),
        select(t.trainer_edits.c.id),
        select(m.c.id).where(m.c.scores.is_not(None)),
        select(p.c.id).where(p.c.kind != PromotionKind.AUTOMATIC),
    )
    return conn.execute(found.limit(1)).first() is not None
