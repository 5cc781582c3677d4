"""The values that a report can be filtered by."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from handoff_service.rules.routing.targets import PRIORITIES
from handoff_service.rules.shared.intent_words import intent_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.reports.group_names import LANGUAGES

MOST_VALUES = 500  # values of one filter


@dataclass(frozen=True, slots=True)
class FilterChoice:
    value: int | str
    called: str


def filter_choices(conn: Connection) -> Mapping[str, list[FilterChoice]]:
    """Filter -> its values, by name. Filters that only a link sets are left out."""
    p = t.provider_numbers
    numbers = conn.execute(select(p.c.id, p.c.label, p.c.number).order_by(p.c.id)).all()
    named = {
        name: [FilterChoice(r.id, r.name) for r in conn.execute(_BY_NAME[name])]
        for name in _BY_NAME
    }
    return named | {
        "number": [FilterChoice(r.id, r.label or r.number) for r in numbers],
        "topic": [FilterChoice(one, intent_name(one)) for one in _topics(conn)],
        "language": [FilterChoice(code, name) for code, name in LANGUAGES.items()],
        "priority": [
            FilterChoice(one, phrase("{priority}, {meaning}", priority=one, meaning=name))
            for one, name in PRIORITIES.items()
        ],
    }


_BY_NAME = {
    name: select(table.c.id, table.c.name).order_by(func.lower(table.c.name)).limit(MOST_VALUES)
    for name, table in (
        ("queue", t.queues),
        ("agent", t.agents),
        ("group", t.groups),
        ("label", t.labels),
    )
}


def _topics(conn: Connection) -> list[str]:
    """The topics of the packed days, and of the others. A year of packed days is a few hundred
    short lists."""
    c, f, d = t.report_columns, t.conversation_facts, t.report_days
    found: set[str] = set()
    for words in conn.execute(select(c.c.words).where(c.c.name == "topic")).scalars():
        found.update(words)
    loose = select(d.c.day).where((d.c.packed.is_(None)) | (d.c.packed != d.c.version))
    query = select(f.c.topic).where(f.c.day.in_(loose), f.c.topic.is_not(None)).distinct()
    found.update(conn.execute(query).scalars())
    return sorted(found)[:MOST_VALUES]
