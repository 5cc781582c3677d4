"""The change history of records. ``entry`` reads a record as the history compares it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.desk.attributes import AttributeFields
from handoff_service.rules.desk.record_changes import Changes, Entry, Noun
from handoff_service.store.cases import outages
from handoff_service.store.desk import (
    agents,
    desk,
    identity_providers,
    macros,
    service_tokens,
    texts,
)
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import select_users
from handoff_service.store.desk_file import entries
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import queues
from handoff_service.store.views import Named
from handoff_service.store.webhooks import webhooks

r, d = t.record_changes, t.deleted_records


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A change of a record. ``by``: None for the desk file or a command in a terminal. ``changes``:
    empty if the change created the record."""

    version: int
    at: datetime
    by: Named | None
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRecord:
    """A deleted record. ``by``: None for a command in a terminal. ``was``: field -> [last value,
    None]. ``changes``: the changes before the deletion, newest first."""

    id: int
    name: str
    at: datetime
    by: Named | None
    was: Changes
    changes: list[RecordChange]


def place_of_deleted(deleted: int) -> str:
    """Return the name under which the history stores the changes of a deleted record."""
    return f"deleted-{deleted}"


def deleted_records(
    conn: Connection, noun: Noun, *, before: int | None = None, most: int
) -> list[DeletedRecord]:
    """Return the deleted records of a kind, newest deletion first. ``before``: the last id of the
    previous page."""
    query = (
        select(d, t.agents.c.name.label("by"))
        .outerjoin(t.agents, t.agents.c.id == d.c.agent_id)
        .where(d.c.noun == noun)
        .order_by(d.c.id.desc())
        .limit(most)
    )
    return [
        DeletedRecord(
            id=row.id,
            name=row.name,
            at=row.at,
            by=None if row.agent_id is None else Named(id=row.agent_id, name=row.by),
            was=row.changes,
            changes=history(conn, noun, place_of_deleted(row.id)),
        )
        for row in conn.execute(query if before is None else query.where(d.c.id < before))
    ]


def history(
    conn: Connection, noun: Noun, record: str, *, after: int = 0, most: int | None = None
) -> list[RecordChange]:
    """Return the changes after the version ``after``, newest first."""
    query = (
        select(r, t.agents.c.name)
        .outerjoin(t.agents, t.agents.c.id == r.c.agent_id)
        .where(r.c.noun == noun, r.c.record == record, r.c.version > after)
        .order_by(r.c.version.desc())
        .limit(most)
    )
    return [
        RecordChange(
            version=row.version,
            at=row.at,
            by=None if row.agent_id is None else Named(id=row.agent_id, name=row.name),
            changes=row.changes,
        )
        for row in conn.execute(query)
    ]


def version(conn: Connection, noun: Noun, record: str) -> int:
    """Return the number of changes in the record's history, which is its version."""
    query = select(func.max(r.c.version)).where(r.c.noun == noun, r.c.record == record)
    return conn.execute(query).scalar() or 0


def versions(conn: Connection, noun: Noun, records: Iterable[str]) -> dict[str, int]:
    """Return the version of each record. Records without changes are left out."""
    query = select(r.c.record, func.max(r.c.version)).group_by(r.c.record)
    found = conn.execute(query.where(r.c.noun == noun, one_of(r.c.record, records)))
    return {row[0]: row[1] for row in found}


def entry(conn: Connection, noun: Noun, record: str) -> Entry:
    """Return the current values of the record, with its secrets hashed or sealed; empty for an
    unknown record."""
    return _READ[noun](conn, record)


def _user(conn: Connection, record: str) -> Entry:
    f = t.user_facts
    found = select_users(conn, t.users.c.id == int(record))
    facts = conn.execute(select(f.c.name, f.c.hash).where(f.c.user_id == int(record))).all()
    secret = {row.name: row.hash for row in facts}
    return {**entries.user(found[0]), "facts": secret} if found else {}


def _agent(conn: Connection, record: str) -> Entry:
    a = t.agents
    found = agents.agents_by_id(conn, [int(record)]).get(int(record))
    secret = conn.execute(select(a.c.password_hash).where(a.c.id == int(record))).scalar()
    return {**entries.agent(found), "password": secret} if found else {}


def _group(conn: Connection, record: str) -> Entry:
    return _columns(conn, t.groups, record, "name", "capacity")


def _company_number(conn: Connection, record: str) -> Entry:
    found = (one for one in list_provider_numbers(conn) if one.id == int(record))
    return next(map(entries.company_number, found), {})


def _queue(conn: Connection, record: str) -> Entry:
    return next(map(entries.queue, queues.list_(conn, [int(record)]).values()), {})


def _messaging_action(conn: Connection, record: str) -> Entry:
    found = messaging_actions.list_(conn).get(int(record))
    return entries.messaging_action(messaging_actions.view_of(found)) if found else {}


def _macro(conn: Connection, record: str) -> Entry:
    found = next((one for one in macros.list_(conn) if one.id == int(record)), None)
    return {} if found is None else entries.macro(found, agents.emails(conn))


def _system_message(conn: Connection, record: str) -> Entry:
    return {"body": texts.edited(conn).get(record)}


def _outage(conn: Connection, record: str) -> Entry:
    found = conn.execute(select(t.outages).where(t.outages.c.id == int(record))).one_or_none()
    return {} if found is None else entries.outage(outages.stored(found))


def _desk(conn: Connection, _record: str) -> Entry:
    return desk.desk(conn) or {}


def _webhook(conn: Connection, record: str) -> Entry:
    found = next((one for one in webhooks.list_(conn) if one.id == int(record)), None)
    if found is None:
        return {}
    return {**entries.webhook(found), "secret": webhooks.secret(conn, found.id)}


def _columns(conn: Connection, table: sa.Table, record: str, *names: str) -> Entry:
    row = conn.execute(select(*table.c[names]).where(table.c.id == int(record))).one_or_none()
    return {} if row is None else dict(row._mapping)


_READ: Mapping[Noun, Callable[[Connection, str], Entry]] = {
    Noun.USER: _user,
    Noun.AGENT: _agent,
    Noun.GROUP: _group,
    Noun.COMPANY_NUMBER: _company_number,
    Noun.QUEUE: _queue,
    Noun.MESSAGING_ACTION: _messaging_action,
    Noun.TEMPLATE: lambda conn, record: _columns(conn, t.templates, record, "name", "body"),
    Noun.LABEL: lambda conn, record: _columns(conn, t.labels, record, "name", "color", "topic"),
    Noun.ATTRIBUTE: lambda conn, record: _columns(
        conn, t.attributes, record, *AttributeFields.__dataclass_fields__
    ),
    Noun.MACRO: _macro,
    Noun.SYSTEM_MESSAGE: _system_message,
    Noun.OUTAGE: _outage,
    Noun.DESK: _desk,
    Noun.PRESENCE_STATE: lambda conn, record: _columns(
        conn, t.presence_states, record, "name", "takes_work"
    ),
    Noun.REJECT_REASON: lambda conn, record: _columns(
        conn, t.reject_reasons, record, "words", "again"
    ),
    Noun.WEBHOOK: _webhook,
    Noun.IDENTITY_PROVIDER: lambda conn, record: _columns(
        conn, t.identity_providers, record, *identity_providers.FIELDS, "client_secret"
    ),
    Noun.SERVICE_TOKEN: service_tokens.entry,
}
