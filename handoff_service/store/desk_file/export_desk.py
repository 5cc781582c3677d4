"""The desk as a desk file, written by `patchboard export`. It contains no secrets."""

import json
import re
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared import conditions
from handoff_service.store.cases import outages, webhook
from handoff_service.store.consent import consents
from handoff_service.store.desk import agents, desk, templates, texts
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import select_users
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import queues
from handoff_service.store.views import SavedAction


def export_desk(conn: Connection) -> str:
    """TOML that imports to the same desk. For an empty database, first add a password to each
    agent."""
    found = desk.desk(conn)
    parts = [_table("[desk]", **found)] if found is not None else []
    if words := texts.edited(conn):
        parts.append(_table("[texts]", **words))
    parts += [
        _table("[[presence_states]]", name=p.name, takes_work=p.takes_work)
        for p in desk.presence_states(conn)
    ]
    parts += [
        _table("[[reject_reasons]]", words=r.words, again=r.again)
        for r in desk.reject_reasons(conn)
    ]
    parts += [_table("[[templates]]", name=m.name, body=m.body) for m in templates.list_(conn)]
    parts += [
        _table(
            "[[users]]",
            external_id=u.external_id,
            name=u.name,
            email=u.email,
            numbers=u.numbers,
            attributes=u.attributes or None,
            active=None if u.active else False,
        )
        for u in select_users(conn, sa.true())
    ]
    parts += [_table("[[groups]]", name=g.name, capacity=g.capacity) for g in agents.groups(conn)]
    parts += [
        _table(
            "[[agents]]",
            email=a.email,
            name=a.name,
            roles=a.roles,
            capacity=a.capacity,
            groups=a.groups,
            skills=a.skills,
            active=None if a.active else False,
        )
        for a in agents_by_id(conn).values()
    ]
    parts += [_queue(queue) for queue in queues.list_(conn).values()]
    parts += [
        _table(
            "[[provider_numbers]]",
            number=p.number,
            label=p.label,
            first_responder=p.first_responder,
            queue=p.queue.name,
            segments_per_second=p.segments_per_second,
            messaging_service=p.messaging_service,
        )
        for p in list_provider_numbers(conn)
    ]
    parts += [
        _action(messaging_actions.view_of(stored))
        for stored in messaging_actions.list_(conn).values()
    ]
    parts += [
        _table(
            "[[outages]]",
            title=o.title,
            text=o.text,
            since=_time(o.since),
            until=_time(o.until),
            active=o.active,
        )
        for o in outages.list_(conn)
    ]
    # without its secret; passwords are left out too
    if (hook := webhook.webhook(conn)) is not None:
        parts.append(_table("[case_webhook]", url=hook.url or ""))
    parts += [
        _table("[[opt_outs]]", number=c.number, provider_number=c.provider_number, note=c.note)
        for c in consents.in_force(conn)
    ]
    return "\n".join(parts)


def _queue(queue: QueueFields) -> str:
    return _table(
        "[[queues]]",
        name=queue.name,
        position=queue.position,
        groups=[
            {"name": p.group, "after_seconds": p.after_seconds} if p.after_seconds else p.group
            for p in queue.pools
        ],
        skills=[
            s.name if s.mandatory else {"name": s.name, "mandatory": False} for s in queue.skills
        ],
        conditions=[conditions.written(c) for c in queue.conditions],
        match=queue.match,
        schedule=queue.schedule,
        time_zone=queue.time_zone,
        country=queue.country,
        assignment=queue.assignment,
        accept_seconds=queue.accept_seconds,
        auto_assign=queue.auto_assign,
        affinity_days=queue.affinity_days,
        alarm_seconds=queue.alarm_seconds,
        texts=dict(queue.texts) or None,
    )


def _action(action: SavedAction) -> str:
    return _table(
        "[[messaging_actions]]",
        name=action.name,
        event=action.event,
        duration=action.duration,
        conditions=[
            {"field": c.field, "operator": c.operator, "value": c.value} for c in action.conditions
        ],
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


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _key(name: str) -> str:
    """A bare key, or a quoted one when it contains more than letters, digits, _ and -."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    """A TOML value. Strings, numbers and booleans have JSON's syntax (TOML 1.0, basic strings)."""
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items())
            + " }"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
