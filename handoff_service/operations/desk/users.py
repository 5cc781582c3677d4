"""An admin creates, changes or deletes a user.

The numbers on users' records help to decide which user a new conversation belongs to (table 1 in
``rules/identity/profile_matching.py``). When numbers change, open conversations and messaging
profiles keep their user. An agent can change this user by verifying the requester, and an admin can
change it by linking the profile (``tie_profile``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.attributes import checked_user_attributes
from handoff_service.operations.desk.own_numbers import refuse_own_numbers
from handoff_service.operations.identity.knowledge_facts import Fact, put_facts
from handoff_service.operations.shared.messages_to_many import append_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import user_words
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.users import merged_sentence
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.row_references import is_referred_to
from handoff_service.store.engine.transaction import Transaction

u = t.users


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUser:
    """``facts``: name -> fact, hashed by ``knowledge_facts.hashed``."""

    external_id: str
    name: str
    email: str | None = None
    numbers: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Fact | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUser:
    """``values``: the fields of MakeUser to change, and ``active``. Other fields keep their values,
    and so do facts that ``facts`` does not name. ``by``: the admin; None: the desk file."""

    id: int
    by: int | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteUser:
    id: int
    by: int


def make_user(tx: Transaction, command: MakeUser) -> int:
    """Create a user and return the id. Raises BadInput for an attribute that does not fit its
    definition and for a company number. Raises Conflict for an employee number in use."""
    _is_free(tx, command.external_id)
    columns = {name: getattr(command, name) for name in ("external_id", "name", "email")}
    given = checked_user_attributes(tx.conn, command.attributes)
    row = {**columns, "attributes": given, "active": True}
    user_id: int = tx.conn.execute(insert(u).values(**row).returning(u.c.id)).scalar_one()
    put_numbers(tx, user_id, command.numbers)
    put_facts(tx, user_id, command.facts)
    user_words.index_users(tx.conn, [user_id])
    created(tx, Noun.USER, user_id)
    return user_id


def change_user(tx: Transaction, command: ChangeUser) -> None:
    """Change a user. Raises NotFound for an unknown id, and BadInput for wrong values. Raises
    Conflict for an employee number in use, for numbers of a deactivated user, and for a user who
    was merged into another one."""
    stored = _locked(tx, command.id)
    with recorded(tx, Noun.USER, command.id):
        _change(tx, command, stored)


def _change(tx: Transaction, command: ChangeUser, stored: Any) -> None:
    values = dict(command.values)
    if "attributes" in values:
        values["attributes"] = checked_user_attributes(tx.conn, values["attributes"])
    if values.get("external_id", stored.external_id) != stored.external_id:
        _is_free(tx, values["external_id"])
    active = values.get("active", stored.active)
    if not active and values.get("numbers"):
        raise Conflict.at(
            "numbers",
            phrase(
                "{name} is deactivated and has no numbers. Activate the user first.",
                name=stored.name,
            ),
        )
    columns = {
        name: value
        for name, value in values.items()
        if name in ("external_id", "name", "email", "attributes")
    }
    if columns or active != stored.active:
        tx.conn.execute(update(u).where(u.c.id == command.id).values(**columns, active=active))
    if "numbers" in values:
        put_numbers(tx, command.id, values["numbers"])
    if stored.active and not active:
        _deactivate(tx, command.id, values.get("name", stored.name), command.by)
    elif "facts" in values:
        put_facts(tx, command.id, values["facts"])
    if values.keys() & {"name", "external_id", "numbers"} or active != stored.active:
        user_words.index_users(tx.conn, [command.id])


def delete_user(tx: Transaction, command: DeleteUser) -> bool:
    """Delete a user, or deactivate one who has a history. Returns whether the user was deleted.
    Raises NotFound for an unknown id, and Conflict for a user who was merged into another one."""
    _locked(tx, command.id)
    if has_history(tx.conn, command.id):
        change_user(tx, ChangeUser(id=command.id, by=command.by, values={"active": False}))
        return False
    with deletes(tx, Noun.USER, command.id):
        tx.conn.execute(delete(u).where(u.c.id == command.id))
    return True


def has_history(conn: Connection, user_id: int) -> bool:
    """Whether other records refer to the user. ``delete_user`` then only deactivates them."""
    return is_referred_to(conn, u, user_id)


def put_numbers(tx: Transaction, user_id: int, numbers: Sequence[str]) -> None:
    """Set the user's numbers to exactly these. Raises BadInput for a company number."""
    refuse_own_numbers(tx, [("numbers", number) for number in numbers])
    n = t.user_numbers
    tx.conn.execute(delete(n).where(n.c.user_id == user_id, n.c.number.not_in(numbers)))
    there = set(tx.conn.execute(select(n.c.number).where(n.c.user_id == user_id)).scalars())
    new = [
        {"user_id": user_id, "number": number}
        for number in dict.fromkeys(numbers)
        if number not in there
    ]
    if new:
        tx.conn.execute(insert(n), new)
        # the user now has the number, so an earlier "not this user" no longer applies
        p = t.messaging_profiles
        theirs = (
            p.c.number.in_([row["number"] for row in new]),
            p.c.active,
            p.c.not_user_id == user_id,
        )
        tx.conn.execute(update(p).where(*theirs).values(not_user_id=None))


def _deactivate(tx: Transaction, user_id: int, name: str, by: int | None) -> None:
    """Remove the user's numbers and facts, and deactivate their profiles. Table 1 then decides
    again which user the next new conversation with one of these numbers belongs to."""
    p = t.messaging_profiles
    numbers = (
        tx.conn.execute(select(p.c.number).where(p.c.user_id == user_id, p.c.active))
        .scalars()
        .all()
    )
    # lock interactions before profiles, in the same order as receive_sms does
    running = interactions.lock_active(tx.conn, numbers)
    tx.conn.execute(update(p).where(p.c.user_id == user_id, p.c.active).values(active=False))
    put_numbers(tx, user_id, [])
    tx.conn.execute(delete(t.user_facts).where(t.user_facts.c.user_id == user_id))
    who = "The desk file" if by is None else agent_name(tx.conn, by)
    sentence = (
        f"{who} deactivated {name}: this conversation keeps their name until it is closed or "
        "somebody else is verified"
    )
    line = system_line(sentence, event=Event.IDENTITY, agent_id=by)
    append_each(tx, [(one, line) for one in running if one.user_id == user_id])


def _locked(tx: Transaction, user_id: int) -> Any:
    """Lock the user against other changes. New texts from this user are not blocked."""
    found = tx.conn.execute(
        select(u).where(u.c.id == user_id).with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no user {id}.", id=user_id))
    if found.merged_into is not None:
        raise Conflict(merged_sentence(tx.conn, user_id))
    return found


def _is_free(tx: Transaction, external_id: str) -> None:
    there = tx.conn.execute(select(u.c.id).where(u.c.external_id == external_id)).scalar()
    if there is not None:
        why = merged_sentence(tx.conn, there)
        why = why or phrase(
            "A user with the employee number “{external_id}” already exists. Enter another.",
            external_id=external_id,
        )
        raise Conflict.at("external_id", why)
