"""A number's history: the users who had it, and who linked them, how and when. Rows are never
deleted, but retention and erasures empty them."""

from sqlalchemy import Connection, select

from handoff_service.rules.identity.identity_level import Method
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Association, Named

MAX_SHOWN = 50  # for one number; few numbers change their user more often


def of_number(conn: Connection, number: str) -> list[Association]:
    """Return the associations of this number's current and earlier profiles, newest first."""
    a, p = t.associations, t.messaging_profiles
    before, after = t.users.alias("before_user"), t.users.alias("after_user")
    query = (
        select(
            a,
            before.c.name.label("before"),
            after.c.name.label("after"),
            t.agents.c.name.label("by"),
        )
        .join(p, p.c.id == a.c.profile_id)
        .outerjoin(before, before.c.id == a.c.old_user_id)
        .outerjoin(after, after.c.id == a.c.user_id)
        .outerjoin(t.agents, t.agents.c.id == a.c.agent_id)
        .where(p.c.number == number)
        .order_by(a.c.id.desc())
        .limit(MAX_SHOWN)
    )
    return [
        Association(
            id=r.id,
            interaction=Named(id=r.interaction_id, name=interactions.number(r.interaction_id)),
            before=Named(id=r.old_user_id, name=r.before) if r.old_user_id else None,
            after=Named(id=r.user_id, name=r.after) if r.user_id else None,
            method=Method(r.method),
            by=r.by,
            note=r.note,
            made_at=r.made_at,
            expires_at=r.expires_at,
            undone_at=r.undone_at,
        )
        for r in conn.execute(query)
    ]


def was_verified_in(conn: Connection, interaction_id: int) -> bool:
    """Return whether this interaction has an association that was not undone."""
    a = t.associations
    not_undone = (
        select(a.c.id).where(a.c.interaction_id == interaction_id, a.c.undone_at.is_(None)).limit(1)
    )
    return conn.execute(not_undone).first() is not None
