"""Queues: everyone who is signed in may read them, admins change them."""

from typing import Any

from handoff_service.operations.routing.queue_fields import (
    AcceptSeconds,
    AffinityDays,
    AlarmSeconds,
    Conditions,
    Groups,
    QueueEntry,
    Schedule,
    Skills,
    TextsEntry,
    values,
)
from handoff_service.operations.routing.queues import (
    ChangeQueue,
    change_queue,
    delete_queue,
    make_queue,
)
from handoff_service.operations.shared.field_types import Country, Name, Position, TimeZone
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.vocabulary import Assignment, Role
from handoff_service.store.routing import queues
from handoff_service.store.views import Queue
from handoff_service.web.api.calls import ApiRequest, Body, Call, Page, Paging, Patch, page_of
from handoff_service.web.shared.session import ANYONE


class NewQueueBody(QueueEntry, Body):
    """``position``: its place in the admin's order; without it, the last."""


class QueueBody(Patch):
    """What is not given stays; groups, skills, conditions and texts are given whole. Null takes
    away a schedule (always open), a time zone or a country (the desk's), an alarm, and is refused
    for everything else."""

    may_be_null = frozenset({"schedule", "time_zone", "country", "alarm_seconds"})

    name: Name | None = None
    position: Position | None = None
    groups: Groups | None = None
    skills: Skills | None = None
    conditions: Conditions | None = None
    match: Match | None = None
    schedule: Schedule | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    assignment: Assignment | None = None
    accept_seconds: AcceptSeconds | None = None
    auto_assign: bool | None = None
    affinity_days: AffinityDays | None = None
    alarm_seconds: AlarmSeconds | None = None
    texts: TextsEntry | None = None


async def list_queues(asked: ApiRequest[None, Paging]) -> Page[Queue]:
    return page_of(await asked.desk.store.read(queues.list_views), asked.query, lambda one: one.id)


async def one_queue(asked: ApiRequest[Any, Any]) -> Queue:
    return await asked.desk.store.read(queues.get_view, asked.id)


async def make(asked: ApiRequest[NewQueueBody, Any]) -> Queue:
    return await asked.desk.store.read(
        queues.get_view, await asked.desk.store.write(make_queue, asked.body.meant())
    )


async def change(asked: ApiRequest[QueueBody, Any]) -> Queue:
    given = values(asked.body.given())
    await asked.desk.store.write(change_queue, ChangeQueue(id=asked.id, values=given))
    return await one_queue(asked)


async def delete(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_queue, asked.id)


QUEUES = "/v1/queues"
ONE = f"{QUEUES}/<id:int>"
ADMIN = (Role.ADMIN,)
CALLS = (
    Call(
        method="GET",
        path=QUEUES,
        summary="Queues, in the admin's order",
        handle=list_queues,
        query=Paging,
        answer=Page[Queue],
        roles=ANYONE,
    ),
    Call(method="GET", path=ONE, summary="One queue", handle=one_queue, answer=Queue, roles=ANYONE),
    Call(
        method="POST",
        path=QUEUES,
        summary="Create a queue",
        handle=make,
        body=NewQueueBody,
        answer=Queue,
        status=201,
        roles=ADMIN,
    ),
    Call(
        method="PATCH",
        path=ONE,
        summary="Change a queue; its new rules apply to waiting conversations",
        handle=change,
        body=QueueBody,
        answer=Queue,
        roles=ADMIN,
    ),
    Call(
        method="DELETE",
        path=ONE,
        summary="Delete a queue that nothing uses",
        handle=delete,
        answer=None,
        status=204,
        roles=ADMIN,
    ),
)
