"""API calls for supervisors: the current state of the desk, the day so far, and agents'
presences."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.agents import presence_choices
from handoff_service.store.routing import day_report, presence, supervision
from handoff_service.store.views import PresenceChoice
from handoff_service.store.views.supervision import Now, PresencePeriod, Today
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, get

SUPERVISOR = (Role.SUPERVISOR,)


class SupervisionQuery(Body):
    """``queue_id``: list only conversations of this queue. ``limit``: the maximum number of
    conversations in the list."""

    queue_id: int | None = None
    limit: int = Field(50, ge=1, le=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    now: Now
    today: Today


@get(
    "/supervision",
    summary="Queues, agents and conversations now, and the day so far",
    roles=SUPERVISOR,
)
async def supervise(asked: ApiRequest[None, SupervisionQuery]) -> Supervision:
    query, me = asked.query, asked.agent.id

    def read(conn: Connection) -> Supervision:
        now = supervision.now(conn, me, queue_id=query.queue_id, most=query.limit)
        return Supervision(now=now, today=day_report.today(conn))

    return await asked.desk.store.read(read)


@get("/presences", summary="The presences that an agent can choose")
async def list_presences(asked: ApiRequest[None, Any]) -> Page[PresenceChoice]:
    return Page(items=await asked.desk.store.read(presence_choices), next=None)


@get(
    "/agents/{id}/presences",
    summary="An agent's last 50 changes of presence, newest first",
    roles=SUPERVISOR,
)
async def presence_history(asked: ApiRequest[None, Any]) -> Page[PresencePeriod]:
    return Page(items=await asked.desk.store.read(presence.history, asked.id), next=None)
