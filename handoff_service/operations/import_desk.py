"""Import a desk file. Idempotent: what its key names is made or changed; what the file does not name stays."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy import delete, insert, select, update

from handoff_service.errors import BadInput
from handoff_service.operations import change_provider_number
from handoff_service.operations.change_desk import put_desk
from handoff_service.operations.change_messaging_action import put_messaging_action
from handoff_service.operations.change_provider_number import put_provider_number
from handoff_service.operations.change_queue import check_schedules, put_queue
from handoff_service.operations.change_template import Make, put_template
from handoff_service.operations.change_text import ChangeText, change_text
from handoff_service.operations.desk_file import AgentEntry, DeskFile, ProviderNumberEntry, UserEntry
from handoff_service.operations.hand_off import offer_soon
from handoff_service.operations.messaging_action_entry import MessagingActionEntry
from handoff_service.operations.queue_entry import QueueEntry
from handoff_service.operations.sign_in import hash_password, password_matches
from handoff_service.rules.vocabulary import Presence
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction


def import_desk(tx: Transaction, file: DeskFile) -> dict[str, int]:
    """Take in a whole file or nothing of it. Returns how many of each were in it."""
    if file.desk is not None:
        put_desk(tx, file.desk.model_dump())
    for message, body in file.texts.items():
        change_text(tx, ChangeText(name=message, body=body))
    for template in file.templates:
        put_template(tx, Make(name=template.name, body=template.body))
    _in_order(tx, t.presence_states, "name", file.presence_states)
    _in_order(tx, t.reject_reasons, "words", file.reject_reasons)
    for user in file.users:
        _user(tx, user)
    for agent in file.agents:
        _agent(tx, agent)
    for queue in file.queues:
        _queue(tx, queue)
    for number in file.provider_numbers:
        _provider_number(tx, number)
    for place, action in enumerate(file.messaging_actions, start=1):
        _messaging_action(tx, action, place)
    check_schedules(tx)
    offer_soon(tx)
    return {
        "users": len(file.users),
        "agents": len(file.agents),
        "queues": len(file.queues),
        "provider_numbers": len(file.provider_numbers),
        "messaging_actions": len(file.messaging_actions),
        "templates": len(file.templates),
    }


def _user(tx: Transaction, entry: UserEntry) -> None:
    user_id = _put(tx, t.users, {"external_id": entry.external_id}, {"name": entry.name, "email": entry.email})
    _replace(tx, t.user_numbers, "user_id", user_id, [{"number": n} for n in entry.numbers])
    facts = [
        {"name": name, "hash": hash_password(_plain(value))}
        for name, value in entry.facts.items()
        if not password_matches(_stored_fact(tx, user_id, name), _plain(value))
    ]
    for fact in facts:
        _put(tx, t.user_facts, {"user_id": user_id, "name": fact["name"]}, {"hash": fact["hash"]}, returning=False)


def _stored_fact(tx: Transaction, user_id: int, name: str) -> str | None:
    f = t.user_facts
    return tx.conn.execute(select(f.c.hash).where(f.c.user_id == user_id, f.c.name == name)).scalar()


def _plain(value: str) -> str:
    return " ".join(value.casefold().split())


def _agent(tx: Transaction, entry: AgentEntry) -> None:
    a = t.agents
    there = tx.conn.execute(select(a.c.password_hash).where(a.c.email == entry.email)).scalar()
    values: dict[str, Any] = {"name": entry.name, "capacity": entry.capacity}
    if there is None:
        if not entry.password:
            raise BadInput(errors={f"agents.{entry.email}.password": "is needed for an agent who is new"})
        values |= {"presence": Presence.OFFLINE}
    if entry.password and not password_matches(there, entry.password):
        values["password_hash"] = hash_password(entry.password)
    agent_id = _put(tx, a, {"email": entry.email}, values)
    _replace(tx, t.agent_roles, "agent_id", agent_id, [{"role": r} for r in entry.roles])
    _replace(tx, t.agent_skills, "agent_id", agent_id, [{"skill": s} for s in entry.skills])
    _replace(tx, t.agent_groups, "agent_id", agent_id, [{"group_id": _group(tx, g)} for g in entry.groups])


def _queue(tx: Transaction, entry: QueueEntry) -> None:
    """Groups that are new to the desk are made."""
    for group in entry.groups:
        _group(tx, group.name)
    try:
        put_queue(tx, entry.meant())
    except BadInput as error:
        wrong = {f"queues.{entry.name}.{key}": what for key, what in error.errors.items()}
        raise BadInput(errors=wrong) from error


def _provider_number(tx: Transaction, entry: ProviderNumberEntry) -> None:
    try:
        put_provider_number(tx, change_provider_number.Make(**entry.model_dump()))
    except BadInput as error:
        wrong = {f"provider_numbers.{entry.number}.{key}": what for key, what in error.errors.items()}
        raise BadInput(errors=wrong) from error


def _in_order(tx: Transaction, table: sa.Table, key: str, entries: Sequence[BaseModel]) -> None:
    """The admin's own words in the file's order; those that the file does not name come after them."""
    for place, entry in enumerate(entries, start=1):
        values = entry.model_dump()
        _put(tx, table, {key: values.pop(key)}, values | {"position": place})
    if entries:
        named = [getattr(entry, key) for entry in entries]
        rest = table.c[key].not_in(named)
        ids = tx.conn.execute(select(table.c.id).where(rest).order_by(table.c.position, table.c.id)).scalars().all()
        for place, row_id in enumerate(ids, start=len(entries) + 1):
            tx.conn.execute(update(table).where(table.c.id == row_id).values(position=place))


def _messaging_action(tx: Transaction, entry: MessagingActionEntry, place: int) -> None:
    """The file's order is the admin's order."""
    try:
        put_messaging_action(tx, entry.meant(), place)
    except BadInput as error:
        wrong = {f"messaging_actions.{entry.name}.{key}": what for key, what in error.errors.items()}
        raise BadInput(errors=wrong) from error


def _group(tx: Transaction, name: str) -> int:
    return _put(tx, t.groups, {"name": name}, {})


def _put(
    tx: Transaction, table: sa.Table, key: dict[str, Any], values: dict[str, Any], *, returning: bool = True
) -> int:
    """Make or change the row with this key. Returns its id."""
    where = [table.c[name] == value for name, value in key.items()]
    first = table.c.id if returning else next(iter(table.c))
    found = tx.conn.execute(select(first).where(*where)).scalar()
    if found is None:
        made: int = tx.conn.execute(insert(table).values(**key, **values).returning(first)).scalar_one()
        return made
    if values:
        tx.conn.execute(update(table).where(*where).values(**values))
    return found


def _replace(tx: Transaction, table: sa.Table, key: str, owner: int, rows: Iterable[dict[str, Any]]) -> None:
    """Make the rows of one owner exactly these."""
    tx.conn.execute(delete(table).where(table.c[key] == owner))
    made = [{key: owner, **row} for row in rows]
    if made:
        tx.conn.execute(insert(table), made)
