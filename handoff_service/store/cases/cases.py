"""Cases: problem reports, requests and lockouts that outlive their conversation."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.cases.cases import UNSETTLED, number
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, CaseKind, CaseState
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Case, CaseChange, Changed, Interaction, Named, WrittenBy

c, h = t.cases, t.case_changes
SHOWN = 50  # cases that a conversation's side panel shows
_UNSETTLED = c.c.state.in_(sorted(UNSETTLED))


def list_(
    conn: Connection, where: Sequence[sa.ColumnElement[bool]], *, limit: int | None = None
) -> list[Case]:
    """Return the matching cases with their history, newest first."""
    query = (
        select(c, t.users.c.name.label("user_name"))
        .outerjoin(t.users, t.users.c.id == c.c.user_id)
        .where(*where)
        .order_by(c.c.id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).all()
    histories = _histories(conn, [r.id for r in rows])
    return [_case(r, histories[r.id]) for r in rows]


def get(conn: Connection, case_id: int) -> Case:
    """Return this case. Raises NotFound for an unknown id."""
    found = list_(conn, [c.c.id == case_id])
    if not found:
        raise NotFound(phrase("There is no case {case_id}.", case_id=case_id))
    return found[0]


def beside(conn: Connection, interaction: Interaction) -> list[Case]:
    """Return the newest cases for a conversation's side panel: the user's cases and those opened in
    the conversation.
    """
    return list_(conn, [_is_beside(interaction)], limit=SHOWN)


def one_beside(conn: Connection, interaction: Interaction, case_id: int) -> Case | None:
    """Return this case if the conversation's side panel may show it, even if it is older than the
    listed cases; else None."""
    found = list_(conn, [c.c.id == case_id, _is_beside(interaction)])
    return found[0] if found else None


def _is_beside(interaction: Interaction) -> sa.ColumnElement[bool]:
    opened_here = c.c.interaction_id == interaction.id
    return opened_here | (c.c.user_id == interaction.user.id) if interaction.user else opened_here


def unsettled(conn: Connection, user_id: int, *, kind: CaseKind | None = None) -> list[Case]:
    """Return the user's unresolved cases, newest first."""
    where = [c.c.user_id == user_id, _UNSETTLED]
    return list_(conn, [*where, c.c.kind == kind] if kind else where)


def of_user(conn: Connection, user_id: int, case_id: int) -> Case | None:
    """Return this case if it belongs to this user; else None."""
    return next(iter(list_(conn, [c.c.id == case_id, c.c.user_id == user_id])), None)


def _case(row: sa.Row[tuple[object, ...]], history: list[CaseChange]) -> Case:
    opened_in = (
        Named(id=row.interaction_id, name=interactions.number(row.interaction_id))
        if row.interaction_id
        else None
    )
    return Case(
        id=row.id,
        number=number(row.id),
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        priority=row.priority,
        description=row.description,
        device=row.device,
        impact=row.impact,
        user=Named(id=row.user_id, name=row.user_name) if row.user_id else None,
        interaction=opened_in,
        external_number=row.external_number,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        history=history,
    )


def _histories(conn: Connection, ids: Collection[int]) -> dict[int, list[CaseChange]]:
    query = (
        select(h, t.agents.c.name.label("agent_name"))
        .outerjoin(t.agents, t.agents.c.id == h.c.agent_id)
        .where(one_of(h.c.case_id, ids))
        .order_by(h.c.case_id, h.c.version)
    )
    found: dict[int, list[CaseChange]] = {case_id: [] for case_id in ids}
    for row in conn.execute(query) if ids else ():
        found[row.case_id].append(
            CaseChange(
                version=row.version,
                by=WrittenBy(kind=Author(row.author), id=row.agent_id, name=row.agent_name),
                changes={
                    name: Changed(before=pair[0], after=pair[1])
                    for name, pair in row.changes.items()
                },
                note=row.note,
                at=row.at,
            )
        )
    return found
