"""The identity level of a conversation's requester."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from handoff_service.rules.identity.identity_level import Level, Method, Proof, level
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Identity

a = t.associations
_PROOFS = (
    select(a, t.agents.c.name.label("by"))
    .outerjoin(t.agents, t.agents.c.id == a.c.agent_id)
    .where(
        a.c.id.in_(
            select(func.max(a.c.id))
            .where(a.c.undone_at.is_(None), one_of(a.c.profile_id, "profiles"))
            .group_by(a.c.profile_id)
        )
    )
)


def identities(conn: Connection, rows: Sequence[Any]) -> dict[int, Identity]:
    """Return each interaction's identity level, by its id. The profile's last proof that was not
    undone determines it."""
    found = conn.execute(_PROOFS, {"profiles": {r.profile_id for r in rows}})
    proofs = {r.profile_id: r for r in found}
    return {r.id: identity(r.user_id, proofs.get(r.profile_id), read_at(conn)) for r in rows}


def identity(user_id: int | None, r: Any, now: datetime) -> Identity:
    """Return the identity level of a user. ``r``: the row of the number's last proof that was not
    undone, or None. Its column ``by`` is the name of the agent who verified the user.
    """
    proof = Proof(user_id=r.user_id, expires_at=r.expires_at) if r is not None else None
    found = level(user_id, proof, now)
    if r is None or found is not Level.VERIFIED:
        return Identity(level=found)
    return Identity(
        level=found,
        method=Method(r.method),
        verified_at=r.made_at,
        expires_at=r.expires_at,
        verified_by=r.by,
    )
