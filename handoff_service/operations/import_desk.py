"""Import a desk file. Idempotent: what its key names is made or changed; what the file does not name stays."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, insert, select, update

from handoff_service.errors import BadInput
from handoff_service.operations.change_agent import Change as ChangeAgent
from handoff_service.operations.change_agent import Make as MakeAgent
from handoff_service.operations.change_agent import change_agent, make_agent
from handoff_service.operations.change_group import group_id
from handoff_service.operations.change_messaging_action import put_messaging_action
from handoff_service.operations.change_user import Change as ChangeUser
from handoff_service.operations.change_user import Make as MakeUser
from handoff_service.operations.change_user import change_user, make_user
from handoff_service.operations.desk_file import AgentEntry, DeskFile, ProviderNumberEntry, QueueEntry, UserEntry
from handoff_service.operations.hand_off import offer_soon
from handoff_service.operations.messaging_action_entry import MessagingActionEntry
from handoff_service.operations.second_facts import changed_facts
from handoff_service.operations.sign_in import hash_password, password_matches
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction


def import_desk(tx: Transaction, file: DeskFile) -> dict[str, int]:
    """Take in a whole file or nothing of it. Returns how many of each were in it."""
    if file.desk is not None:
        _put(tx, t.desk, {"id": 1}, file.desk.model_dump())
    for user in file.users:
        _user(tx, user)
    for group in file.groups:
        _put(tx, t.groups, {"name": group.name}, {"capacity": group.capacity})
    for agent in file.agents:
        _agent(tx, agent)
    for queue in file.queues:
        _queue(tx, queue)
    for number in file.provider_numbers:
        _provider_number(tx, number)
    for place, action in enumerate(file.messaging_actions, start=1):
        _messaging_action(tx, action, place)
    offer_soon(tx)
    return {
        "users": len(file.users),
        "agents": len(file.agents),
        "groups": len(file.groups),
        "queues": len(file.queues),
        "provider_numbers": len(file.provider_numbers),
        "messaging_actions": len(file.messaging_actions),
    }


def _user(tx: Transaction, entry: UserEntry) -> None:
    values = entry.model_dump(include={"name", "email", "numbers", "attributes"})
    found = tx.conn.execute(select(t.users.c.id).where(t.users.c.external_id == entry.external_id)).scalar()
    if found is None:
        made = MakeUser(external_id=entry.external_id, **values | ({"numbers": []} if entry.active is False else {}))
        found = make_user(tx, made)
    if entry.active is not None:
        values["active"] = entry.active
    values["facts"] = changed_facts(tx, found, entry.facts)
    with _named(f"users.{entry.external_id}"):
        change_user(tx, ChangeUser(id=found, by=None, values=values))


def _agent(tx: Transaction, entry: AgentEntry) -> None:
    values: dict[str, Any] = entry.model_dump(include={"name", "capacity", "roles", "groups", "skills"})
    query = select(*t.agents.c["id", "password_hash"]).where(t.agents.c.email == entry.email)
    there = tx.conn.execute(query).one_or_none()
    if entry.password and not password_matches(there.password_hash if there else None, entry.password):
        values["password_hash"] = hash_password(entry.password)
    if there is None and "password_hash" not in values:
        raise BadInput(errors={f"agents.{entry.email}.password": "is needed for an agent who is new"})
    agent_id = there.id if there else make_agent(tx, MakeAgent(email=entry.email, **values))
    if entry.active is not None:
        values["active"] = entry.active
    change_agent(tx, ChangeAgent(id=agent_id, by=None, values=values))


@contextmanager
def _named(where: str) -> Iterator[None]:
    """What is refused is told with the entry that it is in."""
    try:
        yield
    except BadInput as error:
        raise BadInput(errors={f"{where}.{key}": what for key, what in error.errors.items()}) from error


def _queue(tx: Transaction, entry: QueueEntry) -> None:
    values = {"assignment": entry.assignment, "accept_seconds": entry.accept_seconds}
    queue_id = _put(tx, t.queues, {"name": entry.name}, values)
    _replace(tx, t.queue_groups, "queue_id", queue_id, [{"group_id": group_id(tx, g)} for g in entry.groups])


def _provider_number(tx: Transaction, entry: ProviderNumberEntry) -> None:
    queue_id = tx.conn.execute(select(t.queues.c.id).where(t.queues.c.name == entry.queue)).scalar()
    if queue_id is None:
        raise BadInput(errors={f"provider_numbers.{entry.number}.queue": f"there is no queue {entry.queue!r}"})
    _put(
        tx,
        t.provider_numbers,
        {"number": entry.number},
        {
            "label": entry.label or entry.number,
            "first_responder": entry.first_responder,
            "queue_id": queue_id,
            "segments_per_second": entry.segments_per_second,
        },
    )


def _messaging_action(tx: Transaction, entry: MessagingActionEntry, place: int) -> None:
    """The file's order is the admin's order."""
    with _named(f"messaging_actions.{entry.name}"):
        put_messaging_action(tx, entry.meant(), place)


def _put(tx: Transaction, table: sa.Table, key: dict[str, Any], values: dict[str, Any]) -> int:
    """Make or change the row with this key. Returns its id."""
    where = [table.c[name] == value for name, value in key.items()]
    found = tx.conn.execute(select(table.c.id).where(*where)).scalar()
    if found is None:
        made: int = tx.conn.execute(insert(table).values(**key, **values).returning(table.c.id)).scalar_one()
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
