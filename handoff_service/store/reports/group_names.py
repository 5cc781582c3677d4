"""The names of the rows in a report's tables."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from handoff_service.rules.desk.attribute_filters import choices
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.rules.reports.reports import GROUPS, GroupBy
from handoff_service.rules.routing.targets import PRIORITIES
from handoff_service.rules.shared.intent_words import intent_name
from handoff_service.rules.shared.language import LANGUAGE_TITLES
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import short_reason
from handoff_service.rules.shared.vocabulary import Author
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import send_errors
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports.packed_days import NULL

LANGUAGES = {str(one): name for one, name in LANGUAGE_TITLES.items()}
SOLVERS = {
    Author.VIRTUAL_AGENT.value: phrase("Virtual agent"),
    Author.AGENT.value: phrase("Agents"),
}
_WORDS: Mapping[GroupBy, Mapping[str, str]] = {GroupBy.LANGUAGE: LANGUAGES, GroupBy.SOLVER: SOLVERS}
_NONE = {
    "queue": phrase("No queue"),
    "number": phrase("No company number"),
    "label": phrase("No label"),
    "priority": phrase("No priority"),
    "error": phrase("No delivery error"),
    "agent": phrase("No agent"),
    "topic": phrase("No topic"),
    "reason": phrase("Not handed to agents"),
    "language": phrase("Not known"),
    "solver": phrase("Not asked"),
}
_TABLES = {
    GroupBy.QUEUE: (t.queues, t.queues.c.name),
    GroupBy.AGENT: (t.agents, t.agents.c.name),
    GroupBy.LABEL: (t.labels, t.labels.c.name),
}


def names_of(
    conn: Connection, group: str, keys: Collection[int], words: Sequence[str]
) -> Mapping[int, str]:
    """Return the names of these keys. ``words``: for a column of words, the words to which the keys
    are indexes."""
    column = GROUPS[group][0]
    if column is GroupBy.ATTRIBUTE:
        called = choices(attributes.definitions(conn, AttributeOwner.CONVERSATION))
        return {key: called.get(words[key], words[key]) for key in keys}
    known = _known(conn, column, keys)
    return {key: _NONE[group] if key == NULL else _name(column, key, words, known) for key in keys}


def _known(conn: Connection, column: GroupBy, keys: Collection[int]) -> Mapping[int, str]:
    if column is GroupBy.NUMBER:
        p = t.provider_numbers
        rows = conn.execute(select(p.c.id, p.c.label, p.c.number).where(one_of(p.c.id, keys)))
        return {r.id: r.label or r.number for r in rows}
    if column is GroupBy.ERROR:
        errors = send_errors(conn)
        return {
            key: phrase("{code}: {meaning}", code=key, meaning=errors.explain(key).meaning)
            if key
            else phrase("The provider gave no reason.")
            for key in keys
        }
    if column not in _TABLES:
        return {}
    table, name = _TABLES[column]
    found = conn.execute(select(table.c.id, name).where(one_of(table.c.id, keys)))
    return {r[0]: r[1] for r in found}


def _name(column: GroupBy, key: int, words: Sequence[str], known: Mapping[int, str]) -> str:
    if column is GroupBy.PRIORITY:
        return phrase(
            "{priority}, {meaning}", priority=key, meaning=PRIORITIES.get(key, phrase("unknown"))
        )
    if words:
        word = words[key]
        if column is GroupBy.REASON:
            return short_reason(word) or intent_name(word)
        return _WORDS[column].get(word, word) if column in _WORDS else intent_name(word)
    return known.get(key, phrase("Deleted ({key})", key=key))
