"""The requester of a bot turn, and their identity level."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from handoff_service.rules.identity.identity_level import Level, Method, Proof, level
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRequester:
    """The requester of a bot turn."""

    user_id: int | None
    name: str | None
    identity: Identity


def requester_of(conn: Connection, turn_id: int) -> TurnRequester:
    """Return a turn's requester with their current identity level."""
    b, i, a, u = t.bot_turns, t.interactions, t.associations, t.users
    one = conn.execute(
        select(i.c.user_id, i.c.profile_id, u.c.name)
        .join(b, b.c.interaction_id == i.c.id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .where(b.c.id == turn_id)
    ).one()
    not_undone = (a.c.profile_id == one.profile_id, a.c.undone_at.is_(None))
    r = conn.execute(select(a).where(*not_undone).order_by(a.c.id.desc()).limit(1)).one_or_none()
    proof = Proof(user_id=r.user_id, expires_at=r.expires_at) if r is not None else None
    found = level(one.user_id, proof, read_at(conn))
    known = Identity(level=found)
    if r is not None and found is Level.VERIFIED:
        known = Identity(
            level=found, method=Method(r.method), verified_at=r.made_at, expires_at=r.expires_at
        )
    return TurnRequester(user_id=one.user_id, name=one.name, identity=known)
