"""The values of a report's filters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from handoff_service.errors import BadInput
from handoff_service.rules.desk.attribute_filters import choices, parse
from handoff_service.rules.desk.attributes import FEW_VALUES, AttributeOwner
from handoff_service.rules.reports.filters import NONE, Filters
from handoff_service.rules.routing.targets import PRIORITIES
from handoff_service.rules.shared.intent_words import intent_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports.facts import LISTS
from handoff_service.store.reports.group_names import LANGUAGES
from handoff_service.store.reports.packed_days import NULL, is_loose

MAX_VALUES = 500  # values that a filter offers


@dataclass(frozen=True, slots=True)
class FilterChoice:
    value: int | str
    label: str


def filter_choices(conn: Connection) -> Mapping[str, list[FilterChoice]]:
    """Return the values of each filter. Queues, agents, groups and labels are sorted by name.
    Filters that only links set are left out."""
    p = t.provider_numbers
    numbers = conn.execute(select(p.c.id, p.c.label, p.c.number).order_by(p.c.id)).all()
    named = {
        name: [FilterChoice(r.id, r.name) for r in conn.execute(_BY_NAME[name])]
        for name in _BY_NAME
    }
    return named | {
        "number": [FilterChoice(r.id, r.label or r.number) for r in numbers],
        "topic": [FilterChoice(one, intent_name(one)) for one in _words(conn, "topic")],
        "attribute": [FilterChoice(one, name) for one, name in _attributes(conn).items()],
        "language": [FilterChoice(code, name) for code, name in LANGUAGES.items()],
        "priority": [
            FilterChoice(one, phrase("{priority}, {meaning}", priority=one, meaning=name))
            for one, name in PRIORITIES.items()
        ],
    }


_BY_NAME = {
    name: select(table.c.id, table.c.name).order_by(func.lower(table.c.name)).limit(MAX_VALUES)
    for name, table in (
        ("queue", t.queues),
        ("agent", t.agents),
        ("group", t.groups),
        ("label", t.labels),
    )
}


def checked(conn: Connection, filters: Filters) -> Filters:
    """Check the filters, and convert the attribute filter to the format of the facts. Raises
    BadInput with an error for each invalid filter. Values of deleted attributes and of deleted
    records (except groups) are valid, because facts still have them."""
    wrong: dict[str, str] = {}
    if filters.language is not None and filters.language not in (*LANGUAGES, NONE):
        wrong["language"] = phrase("must be one of {codes}", codes=", ".join([*LANGUAGES, NONE]))
    if filters.priority is not None and filters.priority not in (*PRIORITIES, NULL):
        wrong["priority"] = phrase("must be a number from 1 to 5")
    if filters.group is not None and not _exists(conn, filters.group):
        wrong["group"] = phrase("there is no group {id}", id=filters.group)
    attribute = filters.attribute
    if attribute not in (None, NONE) and attribute not in _attributes(conn):
        try:
            attribute = _stored(conn, attribute)
        except ValueError as error:
            wrong["attribute"] = error.args[0]
    if wrong:
        raise BadInput(_sentence(wrong), errors=wrong)
    return replace(filters, attribute=attribute)


def _exists(conn: Connection, group: int) -> bool:
    return conn.execute(select(t.groups.c.id).where(t.groups.c.id == group)).first() is not None


def _stored(conn: Connection, typed: str) -> str:
    """Convert the attribute filter to the format of the facts, such as ``urgent=yes``."""
    one = parse(typed, attributes.definitions(conn, AttributeOwner.CONVERSATION))
    if one.type not in FEW_VALUES:
        raise ValueError(
            phrase("“{key}” must be an attribute with choices, or with yes and no", key=one.key)
        )
    return one.written


def _sentence(wrong: Mapping[str, str]) -> str:
    name, error = next(iter(wrong.items()))
    return phrase("The filter “{name}” is wrong: {error}.", name=name, error=error)


def _attributes(conn: Connection) -> Mapping[str, str]:
    """Return the names of attribute filters: for the current choices, and for values that
    conversations still have."""
    defined = attributes.definitions(conn, AttributeOwner.CONVERSATION)
    now = choices({key: one for key, one in defined.items() if one.type in FEW_VALUES})
    return dict(now) | {one: one for one in _words(conn, "attribute_values") if one not in now}


def _words(conn: Connection, column: str) -> list[str]:
    """Return the words of a column, from packed and other days. For packed days this is fast,
    because a year has only a few hundred short lists."""
    c, f = t.report_columns, t.conversation_facts
    found: set[str] = set()
    for words in conn.execute(select(c.c.words).where(c.c.name == column)).scalars():
        found.update(words)
    loose = conn.execute(select(t.report_days.c.day).where(is_loose)).scalars().all()
    values = f.c[column]
    # Use a list of days, for which PostgreSQL uses the index. With a subquery, it would read the
    # whole table, because it cannot know that only few days are loose.
    query = select(values).where(one_of(f.c.day, loose), values.is_not(None)).distinct()
    for text in conn.execute(query).scalars() if loose else ():
        found.update(LISTS[column](text) if column in LISTS else [text])
    return sorted(found)[:MAX_VALUES]
