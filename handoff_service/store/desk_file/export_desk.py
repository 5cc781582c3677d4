"""The desk as a desk file, written by `patchboard export`. It contains no secrets."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
import tomli_w
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
from handoff_service.store.views import Agent, Outage, ProviderNumber, SavedAction, User

type Row = dict[str, Any]


def export_desk(conn: Connection) -> str:
    """TOML that imports to the same desk. For an empty database, first add a password to each
    agent."""
    # without the webhook's secret and without passwords
    hook = webhook.webhook(conn)
    file = {
        "desk": _row(**(desk.desk(conn) or {})),
        "texts": texts.edited(conn),
        "presence_states": [
            _row(name=p.name, takes_work=p.takes_work) for p in desk.presence_states(conn)
        ],
        "reject_reasons": [_row(words=r.words, again=r.again) for r in desk.reject_reasons(conn)],
        "templates": [_row(name=m.name, body=m.body) for m in templates.list_(conn)],
        "users": [_user(u) for u in select_users(conn, sa.true())],
        "groups": [_row(name=g.name, capacity=g.capacity) for g in agents.groups(conn)],
        "agents": [_agent(a) for a in agents_by_id(conn).values()],
        "queues": [_queue(queue) for queue in queues.list_(conn).values()],
        "provider_numbers": [_provider_number(p) for p in list_provider_numbers(conn)],
        "messaging_actions": [
            _action(messaging_actions.view_of(stored))
            for stored in messaging_actions.list_(conn).values()
        ],
        "outages": [_outage(o) for o in outages.list_(conn)],
        "case_webhook": {"url": hook.url or ""} if hook is not None else {},
        "opt_outs": [
            _row(number=c.number, provider_number=c.provider_number, note=c.note)
            for c in consents.in_force(conn)
        ],
    }
    return tomli_w.dumps({name: part for name, part in file.items() if part})


def _user(user: User) -> Row:
    return _row(
        external_id=user.external_id,
        name=user.name,
        email=user.email,
        numbers=user.numbers,
        attributes=user.attributes or None,
        active=None if user.active else False,
    )


def _agent(agent: Agent) -> Row:
    return _row(
        email=agent.email,
        name=agent.name,
        roles=agent.roles,
        capacity=agent.capacity,
        groups=agent.groups,
        skills=agent.skills,
        active=None if agent.active else False,
    )


def _provider_number(number: ProviderNumber) -> Row:
    return _row(
        number=number.number,
        label=number.label,
        first_responder=number.first_responder,
        queue=number.queue.name,
        segments_per_second=number.segments_per_second,
        messaging_service=number.messaging_service,
    )


def _outage(outage: Outage) -> Row:
    return _row(
        title=outage.title,
        text=outage.text,
        since=_time(outage.since),
        until=_time(outage.until),
        active=outage.active,
    )


def _queue(queue: QueueFields) -> Row:
    return _row(
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


def _action(action: SavedAction) -> Row:
    return _row(
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


def _row(**named: Any) -> Row:
    return {name: value for name, value in named.items() if value is not None}


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
