"""The changed settings of queues and agents that a replay tries."""

from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.routing.targets import QueueTargets

REPLAYED_DAYS = 30


class AvailableAs(StrEnum):
    """When a replay treats agents as available: at the times in the presence log, or whenever one
    of their queues is open.
    """

    LOGGED = "logged"
    OPENING_HOURS = "opening_hours"


class ReplayState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange:
    """The changed settings of a queue. None: as today. ``schedule``: opening hours. ``skills``: the
    skills that agents need."""

    id: int
    schedule: str | None = None
    skills: tuple[str, ...] | None = None
    targets: tuple[QueueTargets, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChange:
    """The changed settings of an agent. None: as today."""

    id: int
    capacity: int | None = None
    groups: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayChange:
    queues: tuple[QueueChange, ...] = ()
    agents: tuple[AgentChange, ...] = ()
    available: AvailableAs = AvailableAs.LOGGED

    def queue(self, queue_id: int) -> QueueChange:
        found = (one for one in self.queues if one.id == queue_id)
        return next(found, QueueChange(id=queue_id))

    def agent(self, agent_id: int) -> AgentChange:
        found = (one for one in self.agents if one.id == agent_id)
        return next(found, AgentChange(id=agent_id))
