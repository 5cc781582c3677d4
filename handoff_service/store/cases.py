"""Cases: what a requester reported, kept beyond the conversation."""

from sqlalchemy import Connection, select

from handoff_service.store import tables as t
from handoff_service.store.views import Case


def number(case_id: int) -> str:
    """What people call a case: CS0000012."""
    return f"CS{case_id:07d}"


def of_interaction(conn: Connection, interaction_id: int) -> list[Case]:
    """The cases made in this interaction, newest first."""
    rows = conn.execute(select(t.cases).where(t.cases.c.interaction_id == interaction_id).order_by(t.cases.c.id.desc()))
    return [
        Case(
            id=r.id,
            number=number(r.id),
            problem=r.problem,
            device=r.device,
            impact=r.impact,
            state=r.state,
            created_at=r.created_at,
        )
        for r in rows
    ]
