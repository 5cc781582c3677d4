"""Definitions of attributes, and the attributes of conversations and users."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import BadInput, NotFound
from handoff_service.rules.desk.attribute_filters import AttributeFilter, FilterKind, parse
from handoff_service.rules.desk.attributes import (
    FEW_VALUES,
    AttributeFields,
    AttributeOwner,
    AttributePlace,
    AttributeType,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Attribute

a, c, u = t.attributes, t.conversation_attributes, t.users
_IS_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
# Build each statement once, because building it costs more than running it.
_BY_NAME = select(a).order_by(a.c.owner.desc(), func.lower(a.c.name), a.c.id)
_OF_INTERACTIONS = (
    select(c).where(one_of(c.c.interaction_id, "ids")).order_by(c.c.interaction_id, c.c.key)
)
_OF_USERS = (
    select(t.interactions.c.id, u.c.attributes)
    .join(u, u.c.id == t.interactions.c.user_id)
    .where(one_of(t.interactions.c.id, "ids"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A stored value. ``id`` and ``name``: those of the user or interaction that has it."""

    id: int
    name: str
    value: str


def list_(
    conn: Connection, words: str = "", owner: AttributeOwner | None = None
) -> list[Attribute]:
    """Return definitions, users' attributes first. ``words``: only definitions with this text in
    the name or key.
    """
    query = _BY_NAME
    if words.strip():
        like = (one.icontains(words.strip(), autoescape=True) for one in (a.c.name, a.c.key))
        query = query.where(sa.or_(*like))
    if owner is not None:
        query = query.where(a.c.owner == owner)
    return [_attribute(r) for r in conn.execute(query)]


def get(conn: Connection, attribute_id: int) -> Attribute:
    """Return this definition. Raises NotFound for an unknown id."""
    row = conn.execute(select(a).where(a.c.id == attribute_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no attribute {id}.", id=attribute_id))
    return _attribute(row)


def definitions(conn: Connection, owner: AttributeOwner) -> dict[str, AttributeFields]:
    """Return the definitions by key, sorted by name."""
    return {one.key: fields_of(one) for one in list_(conn, owner=owner)}


def by_field(conn: Connection) -> dict[str, AttributeFields]:
    """Return the definitions by their field in conditions, such as ``user.department``."""
    return {one.field: one for one in map(fields_of, list_(conn))}


def fields_of(one: Attribute) -> AttributeFields:
    """Convert a definition to the type that the rules use."""
    return AttributeFields(
        key=one.key,
        name=one.name,
        owner=one.owner,
        type=one.type,
        choices=tuple(one.choices),
        required_to_close=one.required_to_close,
        shown=one.shown,
    )


def of_interactions(conn: Connection, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return each interaction's attributes, by id. Interactions without attributes are left out."""
    found: dict[int, dict[str, str]] = {}
    if ids:
        for r in conn.execute(_OF_INTERACTIONS, {"ids": list(ids)}):
            found.setdefault(r.interaction_id, {})[r.key] = r.value
    return found


def reported_values(conn: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return each interaction's attributes that reports count, such as ``urgent=yes``. Reports
    count only attributes with few values: choices, and yes or no."""
    defined = definitions(conn, AttributeOwner.CONVERSATION)
    reported = {one.key for one in defined.values() if one.type in FEW_VALUES}
    if not reported:
        return {}
    return {
        one: tuple(f"{key}={value}" for key, value in values.items() if key in reported)
        for one, values in of_interactions(conn, ids).items()
    }


def facts(conn: Connection, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return the attributes of each interaction and of its user, by field, such as
    ``user.department``."""
    found: dict[int, dict[str, str]] = {}
    if ids:
        for r in conn.execute(_OF_USERS, {"ids": list(ids)}):
            found[r.id] = {f"{AttributeOwner.USER}.{key}": v for key, v in r.attributes.items()}
    for one, values in of_interactions(conn, ids).items():
        named = {f"{AttributeOwner.CONVERSATION}.{key}": v for key, v in values.items()}
        found[one] = found.get(one, {}) | named
    return found


def filter_of(
    conn: Connection, typed: str, owner: AttributeOwner = AttributeOwner.CONVERSATION
) -> AttributeFilter:
    """Parse a filter. Raises BadInput with the reason for the field ``attribute``."""
    try:
        return parse(typed, definitions(conn, owner))
    except ValueError as error:
        raise BadInput(errors={"attribute": error.args[0]}) from error


def interactions_with(one: AttributeFilter) -> sa.Select[tuple[int]]:
    """Build a query for the ids of the interactions that match a filter."""
    return select(c.c.interaction_id).where(c.c.key == one.key, _matches(one, c.c.value))


def users_with(one: AttributeFilter) -> sa.ColumnElement[bool]:
    """Build a condition on ``users``: whether a user matches a filter."""
    return _matches(one, u.c.attributes[one.key].as_string())


def _matches(one: AttributeFilter, value: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    match one.kind:
        case FilterKind.IS:
            return value == one.value
        case FilterKind.CONTAINS:
            return value.icontains(one.value, autoescape=True)
    number = one.type is AttributeType.NUMBER
    comparable: sa.ColumnElement[Any] = value
    if number:
        # The database may also evaluate values of other keys or of merged users, which may not be
        # numbers.
        comparable = sa.cast(sa.case((value.regexp_match(_IS_NUMBER), value)), sa.Double)
    bounds: list[sa.ColumnElement[bool]] = [value.is_not(None)]
    if one.low:
        bounds.append(comparable >= (float(one.low) if number else one.low))
    if one.high:
        bounds.append(comparable <= (float(one.high) if number else one.high))
    return sa.and_(*bounds)


def of_user(conn: Connection, user_id: int) -> dict[str, str]:
    """Return this user's attributes; empty for an unknown id."""
    found: Mapping[str, str] | None = conn.execute(
        select(u.c.attributes).where(u.c.id == user_id)
    ).scalar()
    return dict(found or {})


def stored_values(conn: Connection, owner: AttributeOwner, key: str) -> Iterator[StoredValue]:
    """Yield the stored values of an attribute, except those of merged users."""
    if owner is AttributeOwner.CONVERSATION:
        for r in conn.execute(select(c).where(c.c.key == key).order_by(c.c.interaction_id)):
            yield StoredValue(id=r.interaction_id, name=f"INT{r.interaction_id:07}", value=r.value)
        return
    has = u.c.attributes[key].as_string()
    query = select(*u.c["id", "name"], has.label("value"))
    query = query.where(has.is_not(None), u.c.merged_into.is_(None))
    for r in conn.execute(query.order_by(u.c.id)):
        yield StoredValue(id=r.id, name=r.name, value=r.value)


def count(conn: Connection, owner: AttributeOwner, key: str) -> int:
    """Return how many users or conversations have a value for this attribute. Merged users do not
    count."""
    if owner is AttributeOwner.CONVERSATION:
        query = select(func.count()).where(c.c.key == key)
    else:
        has = u.c.attributes[key].as_string().is_not(None)
        query = select(func.count()).select_from(u).where(has, u.c.merged_into.is_(None))
    return conn.execute(query).scalar_one()


def _attribute(r: Any) -> Attribute:
    return Attribute(
        id=r.id,
        key=r.key,
        name=r.name,
        owner=AttributeOwner(r.owner),
        type=AttributeType(r.type),
        choices=r.choices,
        required_to_close=r.required_to_close,
        shown=AttributePlace(r.shown),
    )
