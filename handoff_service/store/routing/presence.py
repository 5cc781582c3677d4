"""The history of an agent's presence."""

from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Agent
from handoff_service.store.views.supervision import PresencePeriod


def history(conn: Connection, agent_id: int, most: int = 50) -> list[PresencePeriod]:
    """Return an agent's presence changes, newest first. Raises NotFound for an unknown agent."""
    if conn.execute(select(t.agents.c.id).where(t.agents.c.id == agent_id)).first() is None:
        raise NotFound(phrase("There is no agent {id}.", id=agent_id))
    log = t.presence_log
    rows = conn.execute(
        select(log).where(log.c.agent_id == agent_id).order_by(log.c.id.desc()).limit(most)
    ).all()
    until = [None, *(r.since for r in rows)]
    return [
        PresencePeriod(presence=r.presence, reason=r.reason, since=r.since, until=end)
        for r, end in zip(rows, until, strict=False)
    ]


def automatic_away(conn: Connection, agent: Agent) -> PresencePeriod | None:
    """Return the period for which Patchboard has set this agent to Away; None if it has not, or if
    the agent has dismissed the notice."""
    why = agent.presence_reason or agent.returned_from
    if why is None:
        return None
    newest = history(conn, agent.id, most=5)
    return next((one for one in newest if one.reason == why), None)
