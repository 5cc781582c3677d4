"""Queues, with the settings that admins make."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.shared.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLine:
    field: str
    operator: str
    value: str | int | bool | list[str] | list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A group of a queue. Its agents get offers after work has waited for ``after_seconds``."""

    group: str
    after_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSkill:
    name: str
    mandatory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTarget:
    """The targets for conversations with one priority, in minutes of the queue's opening hours;
    null: no target."""

    priority: int
    first_response: int | None
    next_response: int | None
    resolution: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue.

    - ``position``: its position in the admin's order;
    - ``groups``: the groups in ``pools``, in the same order;
    - ``schedule``: the opening hours; null: always open;
    - ``time_zone``, ``country`` and ``texts``: null for the desk's own;
    - ``satisfaction_after_hours``: when the satisfaction question is sent after closing; null:
      never;
    - ``opens_at``: when it opens; null if it is open now or never opens;
    - ``problems``: sentences that explain why it can never assign work.
    """

    id: int
    name: str
    position: int
    groups: list[str]
    pools: list[Pool]
    skills: list[QueueSkill]
    conditions: list[ConditionLine]
    match: str
    schedule: str | None
    time_zone: str | None
    country: str | None
    language: Language
    assignment: str
    accept_seconds: int
    auto_assign: bool
    satisfaction_after_hours: int | None
    satisfaction_every_days: int
    affinity_days: int
    alarm_seconds: int | None
    targets: list[QueueTarget]
    texts: dict[SystemMessage, str | None]
    waiting: int
    open_now: bool
    opens_at: datetime | None
    problems: list[str]
