"""API calls for queues. Everyone who is signed in may read them. Admins may change them."""

from typing import Any

from handoff_service.operations.routing.queue_fields import (
    AcceptSeconds,
    AffinityDays,
    AlarmSeconds,
    Conditions,
    Groups,
    QueueEntry,
    SatisfactionAfterHours,
    SatisfactionEveryDays,
    Schedule,
    Skills,
    Targets,
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
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Assignment
from handoff_service.store.routing import queues
from handoff_service.store.views import Queue
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post
from handoff_service.web.shared.session import ANYONE


class NewQueueBody(QueueEntry, Body):
    """Creates a queue. ``position``: its place in the admin's order. If omitted, the queue comes
    last."""


class QueueBody(Patch):
    """Changes a queue. Omitted fields keep their values.

    - ``groups``, ``skills``, ``conditions``, ``targets`` and ``texts`` replace the whole stored
      value.
    - ``schedule``: null means that the queue is always open.
    - ``time_zone`` and ``country``: null means that the desk's value applies.
    - ``alarm_seconds``: null removes the alarm.
    - ``satisfaction_after_hours``: null removes the satisfaction question.
    - All other fields reject null.
    """

    may_be_null = frozenset(
        {"schedule", "time_zone", "country", "alarm_seconds", "satisfaction_after_hours"}
    )

    name: Name | None = None
    position: Position | None = None
    groups: Groups | None = None
    skills: Skills | None = None
    conditions: Conditions | None = None
    match: Match | None = None
    schedule: Schedule | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    language: Language | None = None
    assignment: Assignment | None = None
    accept_seconds: AcceptSeconds | None = None
    auto_assign: bool | None = None
    satisfaction_after_hours: SatisfactionAfterHours | None = None
    satisfaction_every_days: SatisfactionEveryDays | None = None
    affinity_days: AffinityDays | None = None
    alarm_seconds: AlarmSeconds | None = None
    targets: Targets | None = None
    texts: TextsEntry | None = None


@get("/queues", summary="Queues, in the admin's order", roles=ANYONE)
async def list_queues(asked: ApiRequest[None, Paging]) -> Page[Queue]:
    return page_of(await asked.desk.store.read(queues.list_views), asked.query, lambda one: one.id)


@get("/queues/{id}", summary="One queue", roles=ANYONE)
async def one_queue(asked: ApiRequest[Any, Any]) -> Queue:
    return await asked.desk.store.read(queues.get_view, asked.id)


@post("/queues", summary="Create a queue", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewQueueBody, Any]) -> Queue:
    return await asked.desk.store.read(
        queues.get_view, await asked.desk.store.write(make_queue, asked.body.to_fields())
    )


@patch(
    "/queues/{id}",
    summary="Change a queue; its new rules apply to waiting conversations",
    roles=ADMIN,
)
async def change(asked: ApiRequest[QueueBody, Any]) -> Queue:
    given = values(asked.body.given())
    await asked.desk.store.write(change_queue, ChangeQueue(id=asked.id, values=given))
    return await one_queue(asked)


@delete("/queues/{id}", summary="Delete a queue that nothing uses", roles=ADMIN)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_queue, asked.id)
