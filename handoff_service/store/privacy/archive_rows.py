"""Reads everything that the desk stores about a person, for an archive that the person can read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.cases.cases import number as case_number
from handoff_service.rules.shared.vocabulary import Author, MediaStatus
from handoff_service.store.conversations.interactions import number as conversation_number
from handoff_service.store.desk import attributes, user_merges
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.privacy import people
from handoff_service.store.privacy.people import Person

type Rows = list[dict[str, Any]]

#: Columns that only Patchboard itself uses.
_INTERNAL = frozenset(
    {"id", "epoch", "last_seq", "prompted_seq", "thanked_seq", "unanswered", "owner", "back_to"}
    | {"expects", "seq", "up_to_seq", "alert_seq", "version", "token", "cluster", "fold", "weight"}
    | {"margin", "lane", "requester", "code_hash", "turn_id", "event_id", "choices", "opening"}
)
i, m = t.interactions, t.messages


def about(conn: Connection, person: Person) -> dict[str, Any]:
    """Return the sections of the archive, with their rows as plain values. Leave out codes and
    hashes, because they mean nothing to a reader."""
    ids = list(conn.execute(people.conversations(person.numbers, person.user_id)).scalars())
    case: sa.ColumnElement[bool] = one_of(t.cases.c.interaction_id, ids)
    if person.user_id is not None:
        case |= t.cases.c.user_id == person.user_id
    cases = _found(conn, t.cases, case)
    item = one_of(t.trainer_items.c.interaction_id, ids)
    return {
        "person": _person(conn, person),
        "conversations": [_conversation(conn, one) for one in _found(conn, i, one_of(i.c.id, ids))],
        "cases": [
            {"number": case_number(one.id)}
            | _row(t.cases, one)
            | {"history": _rows(conn, t.case_changes, t.case_changes.c.case_id == one.id)}
            for one in cases
        ],
        "consent": _rows(conn, t.consents, one_of(t.consents.c.number, person.numbers)),
        "messaging_profiles": _rows(
            conn, t.messaging_profiles, one_of(t.messaging_profiles.c.number, person.numbers)
        ),
        "identity_checks": _rows(conn, t.proofs, one_of(t.proofs.c.interaction_id, ids)),
        "identity_history": _rows(
            conn, t.associations, one_of(t.associations.c.interaction_id, ids)
        ),
        "satisfaction": _rows(
            conn,
            t.satisfaction_questions,
            one_of(t.satisfaction_questions.c.interaction_id, ids),
        ),
        "promises": _rows(conn, t.promises, one_of(t.promises.c.interaction_id, ids)),
        "sent_to_ticket_system": _rows(
            conn, t.webhook_calls, one_of(t.webhook_calls.c.case_id, [one.id for one in cases])
        ),
        "virtual_agent_understood": _rows(
            conn, t.bot_turns, one_of(t.bot_turns.c.interaction_id, ids)
        ),
        "training_texts": _rows(conn, t.trainer_items, item),
    }


def media_of(conn: Connection, person: Person) -> list[tuple[str, str]]:
    """Return the (name in the archive, name in the media store) of each stored file."""
    ids = people.conversations(person.numbers, person.user_id)
    d = t.media
    lines = select(m.c.id).where(m.c.interaction_id.in_(ids))
    query = select(d).where(d.c.message_id.in_(lines), d.c.status == MediaStatus.STORED)
    return [(_file(row), row.file) for row in conn.execute(query.order_by(d.c.id)) if row.file]


def _file(row: Any) -> str:
    kind = str(row.content_type).partition("/")[2].partition(";")[0].strip() or "bin"
    ending = "jpg" if kind == "jpeg" else kind if kind.isalnum() else "bin"
    return f"media/{row.id}.{ending}"


def _person(conn: Connection, person: Person) -> dict[str, Any]:
    row = _rows(conn, t.users, t.users.c.id == (person.user_id or 0))
    facts = select(t.user_facts.c.name).where(t.user_facts.c.user_id == (person.user_id or 0))
    merged = [
        {"name": one.goes.name, "external_id": one.external_id, "at": _plain(one.merged_at)}
        for one in user_merges.merged_into(conn, person.user_id or 0)
    ]
    more = {"merged_users": merged} if merged else {}
    return (
        (row[0] if row else {})
        | more
        | {
            "numbers": list(person.numbers),
            "facts_stored_as_hashes": list(conn.execute(facts).scalars()),
        }
    )


def _conversation(conn: Connection, row: Any) -> dict[str, Any]:
    lines = (
        select(m, t.agents.c.name.label("agent"))
        .outerjoin(t.agents, t.agents.c.id == m.c.agent_id)
        .where(m.c.interaction_id == row.id)
        .order_by(m.c.seq)
    )
    d = t.media
    message_ids = select(m.c.id).where(m.c.interaction_id == row.id)
    files: dict[int, list[str]] = {}
    for medium in conn.execute(select(d).where(d.c.message_id.in_(message_ids)).order_by(d.c.id)):
        files.setdefault(medium.message_id, []).append(
            _file(medium) if medium.file else f"({medium.why or medium.status})"
        )
    entries = [
        {
            "at": _plain(line.created_at),
            "kind": line.kind,
            "from": line.agent or Author(line.author).replace("_", " "),
            "text": line.body,
            "status": line.status,
            "files": files.get(line.id, []),
        }
        for line in conn.execute(lines)
    ]
    own = attributes.of_interactions(conn, [row.id]).get(row.id, {})
    own_attributes = {"attributes": own} if own else {}
    return {
        "number": conversation_number(row.id),
        **_row(i, row),
        **own_attributes,
        "lines": entries,
    }


def _rows(conn: Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> Rows:
    """Return rows of a table as plain values, without references, empty columns and Patchboard's
    internal columns."""
    return [_row(table, row) for row in _found(conn, table, where)]


def _found(conn: Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> Sequence[Any]:
    order = list(table.primary_key.columns)
    return conn.execute(select(table).where(where).order_by(*order)).all()


def _row(table: sa.Table, row: Any) -> dict[str, Any]:
    return {
        name: _plain(value)
        for name, value in row._mapping.items()
        if value not in (None, "") and name not in _INTERNAL and not table.c[name].foreign_keys
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value
