"""API calls for dry runs of a change to the desk: start, read and cancel a dry run."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.operations.reports.replays import StartReplay, cancel_replay, start_replay
from handoff_service.operations.routing.queue_fields import Schedule, TargetEntry, Targets
from handoff_service.operations.shared.field_types import Name
from handoff_service.rules.routing.replay_change import (
    AgentChange,
    AvailableAs,
    QueueChange,
    ReplayChange,
)
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.reports import replays
from handoff_service.store.reports.replays import StoredReplay
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, delete, get, post

SUPERVISOR = (Role.SUPERVISOR,)
Id = Annotated[int, Field(ge=1, lt=2**53)]
Names = Annotated[list[Name], Field(max_length=100)]


class QueueChangeBody(Body):
    """The changed settings of a queue. Omitted fields keep today's values. ``skills``: the skills
    that the queue requires of agents."""

    id: Id
    schedule: Schedule | None = None
    skills: Names | None = None
    targets: Targets | None = None

    def to_change(self) -> QueueChange:
        return QueueChange(
            id=self.id,
            schedule=self.schedule,
            skills=None if self.skills is None else tuple(self.skills),
            targets=None if self.targets is None else tuple(map(_targets, self.targets)),
        )


def _targets(one: TargetEntry) -> QueueTargets:
    return QueueTargets(**one.model_dump())


class AgentChangeBody(Body):
    """The changed settings of an agent. Omitted fields keep today's values."""

    id: Id
    capacity: int | None = Field(None, ge=0, le=1000)
    groups: Names | None = None
    skills: Names | None = None

    def to_change(self) -> AgentChange:
        return AgentChange(
            id=self.id,
            capacity=self.capacity,
            groups=None if self.groups is None else tuple(self.groups),
            skills=None if self.skills is None else tuple(self.skills),
        )


class ReplayBody(Body):
    """The change to try. ``available``: whether the agents in the replay are available at the times
    when they were in the past, or whenever one of their queues is open."""

    queues: list[QueueChangeBody] = Field(default_factory=list, max_length=500)
    agents: list[AgentChangeBody] = Field(default_factory=list, max_length=2000)
    available: AvailableAs = AvailableAs.LOGGED

    def to_change(self) -> ReplayChange:
        return ReplayChange(
            queues=tuple(one.to_change() for one in self.queues),
            agents=tuple(one.to_change() for one in self.agents),
            available=self.available,
        )


@get("/replays", summary="Dry runs of changed settings, newest first", roles=SUPERVISOR)
async def list_replays(asked: ApiRequest[None, Any]) -> Page[StoredReplay]:
    return Page(items=await asked.desk.store.read(replays.list_), next=None)


@get(
    "/replays/{id}",
    summary="One dry run: its progress, and the figures before and after",
    roles=SUPERVISOR,
)
async def one_replay(asked: ApiRequest[Any, Any]) -> StoredReplay:
    return await asked.desk.store.read(replays.get, asked.id)


@post(
    "/replays",
    summary="Start a dry run: replay the conversations of the last 30 days with changed settings",
    roles=SUPERVISOR,
    status=201,
)
async def start(asked: ApiRequest[ReplayBody, Any]) -> StoredReplay:
    command = StartReplay(started_by=asked.agent.id, change=asked.body.to_change())
    return await asked.desk.store.read(
        replays.get, await asked.desk.store.write(start_replay, command)
    )


@delete("/replays/{id}", summary="Cancel a dry run that has not ended", roles=SUPERVISOR)
async def cancel(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(cancel_replay, asked.id)
