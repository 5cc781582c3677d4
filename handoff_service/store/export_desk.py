"""The desk as a desk file: what `patchboard export` writes. Passwords and second facts are hashes, and stay here."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store import messaging_actions, people
from handoff_service.store import tables as t
from handoff_service.store.views import SavedAction


def export_desk(conn: Connection) -> str:
    """TOML that imports to the same desk; in an empty database agents need a password each first."""
    desk = conn.execute(select(*t.desk.c["name", "country", "time_zone", "reassign_when_away"])).one_or_none()
    parts = [_table("[desk]", **desk._mapping)] if desk is not None else []
    parts += [
        _table("[[users]]", external_id=u.external_id, name=u.name, email=u.email, numbers=u.numbers)
        for u in people.users(conn, sa.true())
    ]
    parts += [
        _table(
            "[[agents]]",
            email=a.email,
            name=a.name,
            roles=a.roles,
            capacity=a.capacity,
            groups=a.groups,
            skills=a.skills,
        )
        for a in people.agents(conn).values()
    ]
    parts += [
        _table("[[queues]]", name=q.name, groups=q.groups, assignment=q.assignment, accept_seconds=q.accept_seconds)
        for q in people.queues(conn)
    ]
    parts += [
        _table(
            "[[provider_numbers]]",
            number=p.number,
            label=p.label,
            first_responder=p.first_responder,
            queue=p.queue.name,
            segments_per_second=p.segments_per_second,
        )
        for p in people.provider_numbers(conn)
    ]
    parts += [_action(messaging_actions.saved(stored)) for stored in messaging_actions.some(conn).values()]
    return "\n".join(parts)


def _action(action: SavedAction) -> str:
    return _table(
        "[[messaging_actions]]",
        name=action.name,
        event=action.event,
        duration=action.duration,
        conditions=[{"field": c.field, "operator": c.operator, "value": c.value} for c in action.conditions],
        match=action.match,
        action=action.action,
        text=action.text,
        state=action.state,
        business_hours=action.business_hours,
        queues=action.queues,
        provider_numbers=action.provider_numbers,
        active=action.active,
    )


def _table(header: str, **named: Any) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in named.items() if value is not None]
    return "\n".join([header, *lines, ""])


def _value(value: Any) -> str:
    """A TOML value. Its strings, numbers and booleans are written as JSON's are (TOML 1.0, basic strings)."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
