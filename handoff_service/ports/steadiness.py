"""The port to the event streams of this process."""

from datetime import timedelta
from typing import Protocol


class Steadiness(Protocol):
    """The facts about this process that decide whether the desk sets an agent to Away."""

    def holds(self, agent_id: int) -> bool:
        """Whether the agent has an event stream open in this process."""

    def steady_for(self) -> timedelta:
        """How long this process has worked without a gap."""


class AlwaysSteady:
    """For a worker without streams: tests and tools."""

    def holds(self, _agent_id: int) -> bool:
        return False

    def steady_for(self) -> timedelta:
        return timedelta.max
