"""Definitions of attributes, and the attributes of conversations."""

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
# Built once: building a statement costs more than running it.
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
    """One stored value. ``id`` and ``name`` are those of its user or interaction."""

    id: int
    name: str
    value: str


def list_(
    conn: Connection, words: str = "", owner: AttributeOwner | None = None
) -> list[Attribute]:
    """All definitions, or the definitions with these words in the name or key. Users' attributes
    come first.
    """
    query = _BY_NAME
    if words.strip():
        like = (one.icontains(words.strip(), autoescape=True) for one in (a.c.name, a.c.key))
        query = query.where(sa.or_(*like))
    if owner is not None:
        query = query.where(a.c.owner == owner)
    return [_attribute(r) for r in conn.execute(query)]


def get(conn: Connection, attribute_id: int) -> Attribute:
    """One definition. Raises NotFound for an unknown id."""
    row = conn.execute(select(a).where(a.c.id == attribute_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no attribute {id}.", id=attribute_id))
    return _attribute(row)


def definitions(conn: Connection, owner: AttributeOwner) -> dict[str, AttributeFields]:
    """Key -> definition, in the order of their names."""
    return {one.key: fields_of(one) for one in list_(conn, owner=owner)}


def by_field(conn: Connection) -> dict[str, AttributeFields]:
    """Field in conditions, such as ``user.department`` -> definition."""
    return {one.field: one for one in map(fields_of, list_(conn))}


def fields_of(one: Attribute) -> AttributeFields:
    """A definition as the rules see it."""
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
    """Interaction -> its attributes. Interactions without any are left out."""
    found: dict[int, dict[str, str]] = {}
    if ids:
        for r in conn.execute(_OF_INTERACTIONS, {"ids": list(ids)}):
            found.setdefault(r.interaction_id, {})[r.key] = r.value
    return found


def reported_values(conn: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Interaction -> its attributes that reports count, such as ``urgent=yes``. Reports count
    attributes with few values: choices, and yes or no."""
    defined = definitions(conn, AttributeOwner.CONVERSATION)
    few = {one.key for one in defined.values() if one.type in FEW_VALUES}
    if not few:
        return {}
    return {
        one: tuple(f"{key}={value}" for key, value in values.items() if key in few)
        for one, values in of_interactions(conn, ids).items()
    }


def facts(conn: Connection, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Interaction -> its attributes and its user's, by field, such as ``user.department``."""
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
    """Parse a filter. Raises BadInput, which names the field ``attribute`` and gives the reason."""
    try:
        return parse(typed, definitions(conn, owner))
    except ValueError as error:
        raise BadInput(errors={"attribute": error.args[0]}) from error


def interactions_with(one: AttributeFilter) -> sa.Select[tuple[int]]:
    """The ids of the interactions that fit a filter."""
    return select(c.c.interaction_id).where(c.c.key == one.key, _fits(one, c.c.value))


def users_with(one: AttributeFilter) -> sa.ColumnElement[bool]:
    """Users who fit a filter."""
    return _fits(one, u.c.attributes[one.key].as_string())


def _fits(one: AttributeFilter, value: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    match one.kind:
        case FilterKind.IS:
            return value == one.value
        case FilterKind.CONTAINS:
            return value.icontains(one.value, autoescape=True)
    number = one.type is AttributeType.NUMBER
    compared: sa.ColumnElement[Any] = value
    if number:
        # The database may also look at values of other keys and of merged users. These may not be
        # numbers.
        compared = sa.cast(sa.case((value.regexp_match(_IS_NUMBER), value)), sa.Double)
    bounds: list[sa.ColumnElement[bool]] = [value.is_not(None)]
    if one.low:
        bounds.append(compared >= (float(one.low) if number else one.low))
    if one.high:
        bounds.append(compared <= (float(one.high) if number else one.high))
    return sa.and_(*bounds)


def of_user(conn: Connection, user_id: int) -> dict[str, str]:
    """The attributes of one user; none for an unknown id."""
    found: Mapping[str, str] | None = conn.execute(
        select(u.c.attributes).where(u.c.id == user_id)
    ).scalar()
    return dict(found or {})


def stored_values(conn: Connection, owner: AttributeOwner, key: str) -> Iterator[StoredValue]:
    """The stored values of an attribute, one at a time."""
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
    """How many users or conversations have a value."""
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
