"""Import the agents of a desk file."""

from typing import Any

from sqlalchemy import select

from handoff_service.errors import BadInput
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk_file.desk_file import (
    AgentEntry,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.sign_in_policy import password_allowed
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def import_agent(tx: Transaction, entry: AgentEntry, password_hash: str | None) -> None:
    """Create or change an agent. ``password_hash``: the hash of a new password; None: the agent
    keeps their password. Raises BadInput for a new agent who needs a password and has none."""
    values: dict[str, Any] = entry.model_dump(
        include={"name", "capacity", "roles", "groups", "skills", "always_password"}
    )
    there = tx.conn.execute(
        select(t.agents.c.id).where(t.agents.c.email == entry.email)
    ).one_or_none()
    if password_hash is not None:
        values["password_hash"] = password_hash
    if there is None and not password_allowed(tx.conn, entry.roles):
        values.setdefault("password_hash", "")
    if there is None and "password_hash" not in values:
        raise BadInput(
            errors={f"agents.{entry.email}.password": phrase("is required for a new agent")}
        )
    if entry.language is not None:
        values["language"] = entry.language
    if there is None:
        agent_id = make_agent(tx, MakeAgent(email=entry.email, **values))
        values = {} if entry.active is not False else {"active": False}
    else:
        agent_id = there.id
        values |= {} if entry.active is None else {"active": entry.active}
    if values:
        change_agent(tx, ChangeAgent(id=agent_id, by=None, values=values))
