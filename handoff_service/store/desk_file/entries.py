"""Converts records to entries of a desk file. The export, the change history and an import's
preview use them. Entries contain no secrets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handoff_service.rules.cases.outages import OutageFields
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared import conditions
from handoff_service.store.conversations import target_facts
from handoff_service.store.desk.identity_providers import FIELDS
from handoff_service.store.views import (
    Agent,
    Attribute,
    Group,
    IdentityProvider,
    Label,
    ListView,
    Macro,
    Outage,
    PresenceState,
    ProviderNumber,
    RejectReason,
    SavedAction,
    Template,
    User,
    Webhook,
)

type Row = dict[str, Any]


def user(one: User) -> Row:
    return row(
        external_id=one.external_id,
        name=one.name,
        email=one.email,
        numbers=one.numbers,
        attributes=one.attributes or None,
        active=None if one.active else False,
    )


def agent(one: Agent) -> Row:
    return row(
        email=one.email,
        name=one.name,
        roles=one.roles,
        capacity=one.capacity,
        groups=one.groups,
        skills=one.skills,
        active=None if one.active else False,
        always_password=True if one.always_password else None,
        language=one.language,
    )


def identity_provider(one: IdentityProvider) -> Row:
    return row(**{name: getattr(one, name) for name in FIELDS})


def company_number(number: ProviderNumber) -> Row:
    return row(
        number=number.number,
        label=number.label,
        first_responder=number.first_responder,
        queue=number.queue.name,
        segments_per_second=number.segments_per_second,
        messaging_service=number.messaging_service,
    )


def outage(one: Outage | OutageFields) -> Row:
    return row(
        title=one.title,
        text=one.text,
        since=_time(one.since),
        until=_time(one.until),
        active=one.active,
    )


def queue(one: QueueFields) -> Row:
    return row(
        name=one.name,
        position=one.position,
        groups=[
            {"name": p.group, "after_seconds": p.after_seconds} if p.after_seconds else p.group
            for p in one.pools
        ],
        skills=[
            s.name if s.mandatory else {"name": s.name, "mandatory": False} for s in one.skills
        ],
        conditions=[conditions.written(c) for c in one.conditions],
        match=one.match,
        schedule=one.schedule,
        time_zone=one.time_zone,
        country=one.country,
        language=one.language,
        assignment=one.assignment,
        accept_seconds=one.accept_seconds,
        auto_assign=one.auto_assign,
        satisfaction_after_hours=one.satisfaction_after_hours,
        satisfaction_every_days=one.satisfaction_every_days,
        affinity_days=one.affinity_days,
        alarm_seconds=one.alarm_seconds,
        targets=[row(**target) for target in target_facts.written(one.targets)],
        texts=dict(one.texts) or None,
    )


def messaging_action(action: SavedAction) -> Row:
    return row(
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


def template(one: Template) -> Row:
    return row(name=one.name, body=one.body)


def label(one: Label) -> Row:
    return row(name=one.name, color=one.color, topic=one.topic)


def attribute(one: Attribute) -> Row:
    return row(
        key=one.key,
        name=one.name,
        owner=one.owner,
        type=one.type,
        choices=one.choices or None,
        required_to_close=one.required_to_close,
        shown=one.shown,
    )


def macro(one: Macro, agents: Mapping[int, str]) -> Row:
    """Convert a macro. ``agents``: e-mail addresses by agent id."""
    return row(
        name=one.name,
        template=one.template.name if one.template else None,
        label=one.label.name if one.label else None,
        note=one.note,
        to_me=one.to_me or None,
        to_agent=agents[one.to_agent.id] if one.to_agent else None,
        to_queue=one.to_queue.name if one.to_queue else None,
        state=one.state,
        hold_for=one.hold_for,
        then=one.then,
    )


def list_view(one: ListView, labels: Mapping[int, str], agents: Mapping[int, str]) -> Row:
    """Convert a saved view. ``labels``: names by label id. ``agents``: e-mail addresses by agent
    id."""
    return row(
        agent=agents[one.agent_id],
        name=one.name,
        sort=one.sort,
        tag=one.tag,
        label=labels[one.label_id] if one.label_id is not None else None,
        attribute=one.attribute,
    )


def webhook(one: Webhook) -> Row:
    return row(
        name=one.name,
        url=one.url,
        events=list(one.events),
        with_texts=one.with_texts,
        active=None if one.active else False,
    )


def group(one: Group) -> Row:
    return row(name=one.name, capacity=one.capacity)


def presence_state(one: PresenceState) -> Row:
    return row(name=one.name, takes_work=one.takes_work)


def reject_reason(one: RejectReason) -> Row:
    return row(words=one.words, again=one.again)


def row(**named: Any) -> Row:
    return {name: value for name, value in named.items() if value is not None}


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
