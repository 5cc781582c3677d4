"""An admin creates, changes or deletes a provider number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.consent.push_consents import push_again
from handoff_service.operations.desk.own_numbers import refuse_users_number
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

p = t.provider_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeProviderNumber:
    """``queue``: the queue's name. ``label`` empty: the number itself is the label.
    ``messaging_service``: the provider's id of the messaging service to which the number
    belongs."""

    number: str
    queue: str
    label: str = ""
    first_responder: FirstResponder = FirstResponder.VIRTUAL_AGENT
    segments_per_second: int = 1
    messaging_service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProviderNumber:
    """``values``: the fields of MakeProviderNumber to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_provider_number(tx: Transaction, command: MakeProviderNumber) -> int:
    """Create a company number and return its id. Raises BadInput for an unknown queue or a user's
    number. Raises Conflict for a number that exists."""
    _number_is_free(tx, command.number)
    values = {name: getattr(command, name) for name in MakeProviderNumber.__dataclass_fields__}
    push_again(tx)
    made: int = tx.conn.execute(
        insert(p).values(**_row(tx, values, command.number)).returning(p.c.id)
    ).scalar_one()
    created(tx, Noun.COMPANY_NUMBER, made)
    return made


def change_provider_number(tx: Transaction, command: ChangeProviderNumber) -> None:
    """Change a company number. Raises NotFound for an unknown id, and the same errors as
    ``make_provider_number``. Raises Conflict when the phone number itself would change although it
    has conversations."""
    was = _one(tx, command.id)
    wanted = command.values.get("number", was.number)
    if wanted != was.number:
        if is_used(tx.conn, command.id):
            raise Conflict.at(
                "number",
                phrase(
                    "{number} has conversations, so it cannot be changed. Create the company "
                    "number {wanted} instead.",
                    number=was.number,
                    wanted=wanted,
                ),
            )
        _number_is_free(tx, wanted)
    values = {"label": "" if was.label == was.number else was.label, **command.values}
    row = _row(tx, values, wanted)
    with recorded(tx, Noun.COMPANY_NUMBER, command.id):
        tx.conn.execute(update(p).where(p.c.id == command.id).values(**row))
    if (wanted, values.get("messaging_service", was.messaging_service)) != (
        was.number,
        was.messaging_service,
    ):
        push_again(tx)


def put_provider_number(tx: Transaction, command: MakeProviderNumber) -> None:
    """Create this number, or update it to match."""
    found = tx.conn.execute(select(p.c.id).where(p.c.number == command.number)).scalar()
    if found is None:
        make_provider_number(tx, command)
    else:
        values = {name: getattr(command, name) for name in MakeProviderNumber.__dataclass_fields__}
        change_provider_number(tx, ChangeProviderNumber(id=found, values=values))


def delete_provider_number(tx: Transaction, number_id: int) -> None:
    """Delete a company number. Raises NotFound for an unknown id. Raises Conflict for a number that
    has conversations or that a messaging action names."""
    _one(tx, number_id)
    if found := blockers(tx.conn, number_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.COMPANY_NUMBER, number_id):
        tx.conn.execute(delete(p).where(p.c.id == number_id))


def blockers(conn: Connection, number_id: int) -> list[Blocker]:
    """The records that prevent deleting a company number."""
    a, limits = t.messaging_actions, t.messaging_action_numbers
    number = conn.execute(select(p.c.number).where(p.c.id == number_id)).scalar()
    limited = select(a.c.id, a.c.name).join(limits, limits.c.action_id == a.c.id)
    history = Blocker(
        sentence=phrase(
            "{number} has conversations, so it cannot be deleted. Change its label to show "
            "that it is not in use.",
            number=number,
        )
    )
    return [history] * is_used(conn, number_id) + [
        Blocker(
            sentence=phrase(
                "The messaging action “{name}” is limited to {number}. Change that first.",
                name=row.name,
                number=number,
            ),
            noun=Noun.MESSAGING_ACTION,
            id=row.id,
            name=row.name,
        )
        for row in conn.execute(limited.where(limits.c.provider_number_id == number_id))
    ]


def _one(tx: Transaction, number_id: int) -> sa.Row[Any]:
    found = tx.conn.execute(select(p).where(p.c.id == number_id)).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no company number {id}.", id=number_id))
    return found


def is_used(conn: Connection, number_id: int) -> bool:
    """Whether the number has conversations."""
    i = t.interactions
    return (
        conn.execute(select(i.c.id).where(i.c.provider_number_id == number_id).limit(1)).scalar()
        is not None
    )


def _number_is_free(tx: Transaction, number: str) -> None:
    if tx.conn.execute(select(p.c.id).where(p.c.number == number)).scalar() is not None:
        raise Conflict.at(
            "number",
            phrase("The company number {number} already exists. Enter another.", number=number),
        )
    refuse_users_number(tx, number)


def _row(tx: Transaction, values: Mapping[str, Any], number: str) -> dict[str, Any]:
    row = dict(values)
    if "label" in row:
        row["label"] = row["label"].strip() or number
    if "queue" in row:
        name = row.pop("queue")
        row["queue_id"] = tx.conn.execute(
            select(t.queues.c.id).where(t.queues.c.name == name)
        ).scalar()
        if row["queue_id"] is None:
            raise BadInput(errors={"queue": phrase("there is no queue “{name}”", name=name)})
    return row
