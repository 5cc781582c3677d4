"""An admin defines an attribute of users or conversations, changes its definition or deletes it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    errors,
    read_value,
    read_values,
)
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import count_phrase, filled, joined, phrase
from handoff_service.rules.shared.placeholders import attributes_in
from handoff_service.store.desk import attributes, macros, templates
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import messaging_actions

a, c, u = t.attributes, t.conversation_attributes, t.users
TAKEN = {
    AttributeOwner.USER: phrase(
        "An attribute of users with the key “{key}” already exists. Choose another."
    ),
    AttributeOwner.CONVERSATION: phrase(
        "An attribute of conversations with the key “{key}” already exists. Choose another."
    ),
}
MOST_NAMED = 3  # the error about values that do not fit names at most this many of them
FIXED = ("key", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAttribute:
    """``values``: the fields of AttributeFields to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_attribute(tx: Transaction, fields: AttributeFields) -> int:
    """Define an attribute and return its id. Raises BadInput for a wrong field, and for stored
    values that do not fit the type. Raises Conflict for a key in use."""
    made = _make(tx, fields)
    fit_stored(tx, fields)
    return made


def _make(tx: Transaction, fields: AttributeFields) -> int:
    _check(fields)
    same = select(a.c.id).where(a.c.owner == fields.owner, a.c.key == fields.key)
    if tx.conn.execute(same).first() is not None:
        raise Conflict.at(
            "key",
            filled(TAKEN[fields.owner], key=fields.key),
        )
    row = insert(a).values(**_row(fields)).returning(a.c.id)
    made: int = tx.conn.execute(row).scalar_one()
    created(tx, Noun.ATTRIBUTE, made)
    _report_again(tx, fields)
    return made


def change_attribute(tx: Transaction, command: ChangeAttribute) -> None:
    """Change a definition. Raises NotFound for an unknown id, and the same errors as
    ``make_attribute``. Raises Conflict when the key or the owner would change."""
    before = attributes.fields_of(attributes.get(tx.conn, command.id))
    after = _change(tx, command.id, before, replace(before, **command.values))
    if (before.type, before.choices) != (after.type, after.choices):
        fit_stored(tx, after)


def _change(
    tx: Transaction, attribute_id: int, before: AttributeFields, after: AttributeFields
) -> AttributeFields:
    for name in FIXED:
        if getattr(before, name) != getattr(after, name):
            raise Conflict.at(
                name,
                phrase(
                    "This cannot change, because values and conditions use it. Change the name, or "
                    "create another attribute."
                ),
            )
    _check(after)
    if before != after:
        with recorded(tx, Noun.ATTRIBUTE, attribute_id):
            tx.conn.execute(update(a).where(a.c.id == attribute_id).values(**_row(after)))
    if before.type is not after.type:
        _report_again(tx, after)
    return after


def _report_again(tx: Transaction, fields: AttributeFields) -> None:
    """Make the reports read the stored values again, because the attribute has a new type."""
    if fields.owner is AttributeOwner.CONVERSATION:
        f = t.conversation_facts
        having = select(c.c.interaction_id).where(c.c.key == fields.key)
        again = update(f).where(f.c.interaction_id.in_(having)).values(look_again_at=tx.now)
        tx.conn.execute(again)


def put_attribute(tx: Transaction, fields: AttributeFields) -> None:
    """Create the attribute with this owner and key, or change it. The caller must call
    ``fit_stored`` after it has changed the values."""
    same = select(a.c.id).where(a.c.owner == fields.owner, a.c.key == fields.key)
    found = tx.conn.execute(same).scalar()
    if found is None:
        _make(tx, fields)
    else:
        _change(tx, found, attributes.fields_of(attributes.get(tx.conn, found)), fields)


def delete_attribute(tx: Transaction, attribute_id: int) -> None:
    """Delete the definition. Stored values stay as text. Raises NotFound for an unknown id, and
    Conflict for an attribute that a messaging action, a template or a macro uses."""
    attributes.get(tx.conn, attribute_id)
    if found := blockers(tx.conn, attribute_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.ATTRIBUTE, attribute_id):
        tx.conn.execute(delete(a).where(a.c.id == attribute_id))


def blockers(conn: Connection, attribute_id: int) -> list[Blocker]:
    """The messaging actions, templates and macros that use the attribute in a condition or a
    text."""
    field = attributes.fields_of(attributes.get(conn, attribute_id)).field
    return [*_actions(conn, field), *_texts(conn, field)]


def _actions(conn: Connection, field: str) -> list[Blocker]:
    return [
        Blocker(
            sentence=phrase(
                "The messaging action “{name}” uses it. Change that action first.",
                name=one.action.name,
            ),
            noun=Noun.MESSAGING_ACTION,
            id=one.id,
            name=one.action.name,
        )
        for one in messaging_actions.list_(conn).values()
        if any(condition.field == field for condition in one.action.conditions)
        or field in attributes_in(one.action.text or "")
    ]


def _texts(conn: Connection, field: str) -> list[Blocker]:
    found = [
        Blocker(
            sentence=phrase(
                "The template “{name}” names it. Change that template first.", name=one.name
            ),
            noun=Noun.TEMPLATE,
            id=one.id,
            name=one.name,
        )
        for one in templates.list_(conn)
        if field in attributes_in(one.body)
    ]
    return found + [
        Blocker(
            sentence=phrase(
                "The note of the macro “{name}” names it. Change that macro first.", name=one.name
            ),
            noun=Noun.MACRO,
            id=one.id,
            name=one.name,
        )
        for one in macros.list_(conn)
        if field in attributes_in(one.note or "")
    ]


def checked_user_attributes(
    conn: Connection, typed: Mapping[str, str], where: str = "attributes"
) -> dict[str, str]:
    """A user's attributes in the form that is stored. ``where``: the field that errors name. Raises
    BadInput with each value that does not fit its definition."""
    defined = attributes.definitions(conn, AttributeOwner.USER)
    values, wrong = read_values(defined, typed)
    if wrong:
        raise BadInput(errors={where: joined("; ", wrong)})
    return values


def _check(fields: AttributeFields) -> None:
    if wrong := errors(fields):
        raise BadInput(errors=wrong)


def _row(fields: AttributeFields) -> dict[str, Any]:
    return {**asdict(fields), "choices": list(fields.choices)}


def fit_stored(tx: Transaction, fields: AttributeFields) -> None:
    """Rewrite the stored values in the form of the attribute's type. Raises BadInput with the
    number and examples of values that do not fit."""
    wrong, changed = [], dict[int, str]()
    for one in attributes.stored_values(tx.conn, fields.owner, fields.key):
        try:
            value = read_value(fields, one.value)
        except ValueError:
            wrong.append(phrase("{name} has “{value}”", name=one.name, value=one.value))
        else:
            if value != one.value:
                changed[one.id] = value
    if wrong:
        more = [phrase("and others")] if len(wrong) > MOST_NAMED else []
        misfits = count_phrase(
            "{count} stored value does not fit: {values}. Correct the value first, or choose text",
            "{count} stored values do not fit: {values}. Correct the values first, or choose text",
            len(wrong),
            values=joined(", ", [*wrong[:MOST_NAMED], *more]),
        )
        raise BadInput(errors={"type": misfits})
    for record, value in changed.items():
        if fields.owner is AttributeOwner.CONVERSATION:
            same = c.c.interaction_id == record, c.c.key == fields.key
            tx.conn.execute(update(c).where(*same).values(value=value))
        else:
            theirs = attributes.of_user(tx.conn, record) | {fields.key: value}
            tx.conn.execute(update(u).where(u.c.id == record).values(attributes=theirs))
