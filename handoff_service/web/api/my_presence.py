"""API calls that read and change the calling agent's presence."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, get, put


class PresenceBody(Body):
    """``presence``: available, away, offline, or the name of a presence that an admin added."""

    presence: str = Field(min_length=1, max_length=100)


@dataclass(frozen=True, slots=True)
class PresenceNow:
    """``reason``: why the desk changed the presence; null if the agent changed it."""

    presence: str
    reason: str | None


@get("/agents/me/presence", summary="Your presence")
async def read_presence(asked: ApiRequest[Any, Any]) -> PresenceNow:
    me = (await asked.desk.store.read(agents_by_id, [asked.agent.id]))[asked.agent.id]
    return PresenceNow(me.presence, me.presence_reason)


@put("/agents/me/presence", summary="Change your presence")
async def change_presence(asked: ApiRequest[PresenceBody, Any]) -> PresenceNow:
    command = SetPresence(agent_id=asked.agent.id, presence=asked.body.presence)
    await asked.desk.store.write(set_presence, command)
    return await read_presence(asked)
