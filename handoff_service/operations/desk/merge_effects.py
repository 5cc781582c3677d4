"""Steps that a merge of users and its undo share, such as the line in open conversations."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, update

from handoff_service.operations.shared.events_at_end import of_identities
from handoff_service.operations.shared.messages_to_many import append_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.rules.desk.user_merges import ATTRIBUTE, FACT, FIELDS
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

u, f = t.users, t.user_facts

type Facts = Mapping[int, Mapping[str, Mapping[str, Any]]]  #: user -> name -> columns


def put_values(
    tx: Transaction,
    stays: Any,
    goes: Any,
    before: Mapping[str, str],
    after: Mapping[str, str],
    facts: Facts,
) -> dict[str, list[Any]]:
    """Write the changed values of the user who stays. Returns key -> [before, after]. For a fact,
    ``before`` is its columns and ``after`` is its hash.
    """
    changed: dict[str, list[Any]] = {
        key: [before.get(key), value] for key, value in after.items() if value != before.get(key)
    }
    fields = {key: value for key, (_, value) in changed.items() if key in FIELDS}
    if "external_id" in fields:  # employee numbers are unique, so the two users swap theirs
        swap(tx, stays, goes)
        del fields["external_id"]
    attributes = dict(stays.attributes) | {
        key.removeprefix(ATTRIBUTE): value
        for key, (_, value) in changed.items()
        if key.startswith(ATTRIBUTE)
    }
    mine = update(u).where(u.c.id == stays.id)
    tx.conn.execute(mine.values(attributes=attributes, **fields))
    for key in [key for key in changed if key.startswith(FACT)]:
        name = key.removeprefix(FACT)
        changed[key][0] = facts[stays.id].get(name)
        # the other user's fingerprint does not apply to this user
        put_fact(tx, stays.id, name, {**facts[goes.id][name], "fingerprint": None})
    return changed


def put_fact(tx: Transaction, user_id: int, name: str, row: Mapping[str, Any] | None) -> None:
    """Replace the user's fact of this name with these columns. ``row`` None: remove the fact."""
    tx.conn.execute(delete(f).where(f.c.user_id == user_id, f.c.name == name))
    if row is not None:
        tx.conn.execute(insert(f).values(user_id=user_id, name=name, **row))


def swap(tx: Transaction, one: Any, other: Any) -> None:
    """Swap the employee numbers of two users. ``one``, ``other``: their rows."""
    for row, number in (
        (one, f"swapping {one.id}"),
        (other, one.external_id),
        (one, other.external_id),
    ):
        tx.conn.execute(update(u).where(u.c.id == row.id).values(external_id=number))


def announce(
    tx: Transaction,
    running: Iterable[InteractionRow],
    agent_id: int | None,
    did: str,
    *,
    now: str,
) -> None:
    """Add a line about the merge or its undo to these open conversations. ``now``: the name of the
    user to whom they now belong.
    """
    who = "A program" if agent_id is None else agent_name(tx.conn, agent_id)
    line = system_line(
        f"{who} {did}. This conversation now belongs to {now}",
        event=Event.IDENTITY,
        agent_id=agent_id,
    )
    there = list(running)
    append_each(tx, [(one, line) for one in there])
    tx.at_end(of_identities, [one.id for one in there])


def distinct_name(one: Any, other: Any) -> str:
    """The name of the user in the row ``one``. If the user in ``other`` has the same name, the
    employee number is added."""
    return f"{one.name} ({one.external_id})" if one.name == other.name else str(one.name)
