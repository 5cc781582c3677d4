"""An admin creates, changes or deletes an agent.

An agent with a history is deactivated instead of deleted. The agent is then signed out, offline and
without offers, and the agent's conversations return to work assignment. At least one active admin
always remains.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.check_admin_sign_in import check_admin_sign_in
from handoff_service.operations.desk.groups import group_id
from handoff_service.operations.desk.sign_in import end_sessions
from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.routing.presence import choose_presence
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Owner, Presence, Role
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.sign_in_policy import admin_can_sign_in
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.row_references import is_referred_to
from handoff_service.store.engine.transaction import Transaction

a = t.agents
COLUMNS = ("email", "name", "password_hash", "capacity", "always_password", "language")
LAST_ADMIN = phrase("{name} is the last active admin. Give another agent the role first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeAgent:
    """``password_hash``: an argon2 hash, computed outside any transaction; empty: the agent has no
    password. ``groups``: missing groups are created. ``always_password``: this admin may use a
    password even when passwords are off for the role. ``language``: the language of the agent's
    pages; None: the browser's language."""

    email: str
    name: str
    password_hash: str = ""
    capacity: int
    roles: Sequence[Role] = (Role.AGENT,)
    groups: Sequence[str] = ()
    skills: Sequence[str] = ()
    always_password: bool = False
    language: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAgent:
    """``values``: the fields of MakeAgent to change, and ``active``. Other fields keep their
    values. ``by``: the admin; None: the desk file or an identity provider. ``keep_token``: the
    token of the session that stays open after a password change; empty: none stays open."""

    id: int
    by: int | None
    values: Mapping[str, Any]
    keep_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAgent:
    id: int
    by: int


def make_agent(tx: Transaction, command: MakeAgent) -> int:
    """Create the agent and return their id. Raises Conflict for an e-mail address in use."""
    _is_free(tx, command.email)
    row = {name: getattr(command, name) for name in COLUMNS} | {
        "presence": Presence.OFFLINE,
        "active": True,
    }
    agent_id: int = tx.conn.execute(insert(a).values(**row).returning(a.c.id)).scalar_one()
    _put_lists(
        tx, agent_id, {"roles": command.roles, "groups": command.groups, "skills": command.skills}
    )
    created(tx, Noun.AGENT, agent_id)
    return agent_id


def change_agent(tx: Transaction, command: ChangeAgent) -> None:
    """Change these fields. Raises NotFound for an unknown id. Raises Conflict for an e-mail address
    in use, when no active admin would remain, and when no admin could sign in without an identity
    provider."""
    stored = _locked(tx, command.id)
    could_sign_in = admin_can_sign_in(tx.conn)
    values = dict(command.values)
    if values.get("email", stored.email).lower() != stored.email.lower():
        _is_free(tx, values["email"])
    active = values.get("active", stored.active)
    if stored.active and (not active or Role.ADMIN not in values.get("roles", (Role.ADMIN,))):
        _not_the_last_admin(tx, command.id)
    if stored.active and not active:
        _deactivate(tx, command.id, values.get("name", stored.name), command.by)
    columns = {name: value for name, value in values.items() if name in COLUMNS}
    with recorded(tx, Noun.AGENT, command.id):
        tx.conn.execute(update(a).where(a.c.id == command.id).values(**columns, active=active))
        _put_lists(tx, command.id, values)
    if could_sign_in:
        check_admin_sign_in(tx)
    if "password_hash" in values:
        end_sessions(tx, command.id, keep_token=command.keep_token)
    tx.hint(f"agent:{command.id}")
    # a changed capacity, group or skill may make the agent eligible for waiting work
    schedule_offers(tx)


def delete_agent(tx: Transaction, command: DeleteAgent) -> bool:
    """Delete an agent, or deactivate one who has a history. Returns whether the agent was deleted.
    Raises NotFound for an unknown id, and Conflict for the last active admin."""
    stored = _locked(tx, command.id)
    if stored.active:
        _not_the_last_admin(tx, command.id)
    if has_history(tx.conn, command.id):
        change_agent(tx, ChangeAgent(id=command.id, by=command.by, values={"active": False}))
        return False
    with deletes(tx, Noun.AGENT, command.id):
        tx.conn.execute(delete(a).where(a.c.id == command.id))
    return True


def has_history(conn: Connection, agent_id: int) -> bool:
    """Whether other records refer to the agent. ``delete_agent`` then only deactivates them."""
    return is_referred_to(conn, a, agent_id)


def _deactivate(tx: Transaction, agent_id: int, name: str, by: int | None) -> None:
    """Sign the agent out, set them offline, and return their conversations to work assignment."""
    end_sessions(tx, agent_id)
    who = "The desk file" if by is None else agent_name(tx.conn, by)
    reason = f"{who} deactivated {name}."
    # set them offline first, so that a conversation that they have just accepted is returned too
    choose_presence(tx, agent_id, Presence.OFFLINE, reason=reason)
    _return_conversations(tx, agent_id, reason)


def _return_conversations(tx: Transaction, agent_id: int, reason: str) -> None:
    """Return the agent's active conversations to work assignment, and remove the agent from all
    live groups."""
    i, g = t.interactions, t.live_group
    theirs = select(i.c.id).where(i.c.assigned_to == agent_id, i.c.closed_at.is_(None))
    joined = select(g.c.interaction_id).join(i, i.c.id == g.c.interaction_id)
    joined = joined.where(g.c.agent_id == agent_id, i.c.closed_at.is_(None))
    ids = set(tx.conn.execute(theirs).scalars()) | set(tx.conn.execute(joined).scalars())
    for interaction in interactions.lock_each(tx.conn, ids).values():
        if (
            interaction.active
            and interaction.owner is Owner.AGENT
            and interaction.assigned_to == agent_id
        ):
            hand_off(tx, interaction, reason, {})
        live_group.leave(tx, interaction.id, agent_id)


def _put_lists(tx: Transaction, agent_id: int, values: Mapping[str, Any]) -> None:
    if "roles" in values:
        _replace(tx, t.agent_roles, agent_id, "role", values["roles"])
    if "skills" in values:
        _replace(tx, t.agent_skills, agent_id, "skill", values["skills"])
    if "groups" in values:
        _replace(
            tx,
            t.agent_groups,
            agent_id,
            "group_id",
            [group_id(tx, name) for name in values["groups"]],
        )


def _replace(
    tx: Transaction, table: Any, agent_id: int, column: str, wanted: Iterable[Any]
) -> None:
    tx.conn.execute(delete(table).where(table.c.agent_id == agent_id))
    rows = [{"agent_id": agent_id, column: one} for one in dict.fromkeys(wanted)]
    if rows:
        tx.conn.execute(insert(table), rows)


def _locked(tx: Transaction, agent_id: int) -> Any:
    """Lock the agent and all admins against other changes, so that two admins cannot remove each
    other's role. Incoming texts are not blocked."""
    admins = select(t.agent_roles.c.agent_id).where(t.agent_roles.c.role == Role.ADMIN)
    concerned = select(a).where((a.c.id == agent_id) | a.c.id.in_(admins), ~a.c.is_service)
    found = tx.conn.execute(concerned.order_by(a.c.id).with_for_update(key_share=True, of=a)).all()
    stored = next((row for row in found if row.id == agent_id), None)
    if stored is None:
        raise NotFound(phrase("There is no agent {id}.", id=agent_id))
    return stored


def _not_the_last_admin(tx: Transaction, agent_id: int) -> None:
    if found := blockers(tx.conn, agent_id):
        raise Conflict(found[0].sentence)


def blockers(conn: Connection, agent_id: int) -> list[Blocker]:
    """The reason why the agent cannot be deleted: they are the last active admin."""
    r = t.agent_roles
    query = select(a.c.id, a.c.name).join(r, r.c.agent_id == a.c.id)
    admins = conn.execute(query.where(a.c.active, r.c.role == Role.ADMIN)).all()
    if [row.id for row in admins] != [agent_id]:
        return []
    return [Blocker(sentence=filled(LAST_ADMIN, name=admins[0].name))]


def _is_free(tx: Transaction, email: str) -> None:
    if (
        tx.conn.execute(select(a.c.id).where(func.lower(a.c.email) == email.lower())).first()
        is not None
    ):
        sentence = phrase(
            "An agent with the e-mail address “{email}” already exists. Enter another.", email=email
        )
        raise Conflict.at("email", sentence)
