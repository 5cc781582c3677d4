"""The fields of a queue in the desk file and the API."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from handoff_service.operations.shared.field_types import Country, Name, Position, TimeZone
from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.routing import queue_conditions
from handoff_service.rules.routing.queues import QueueFields, QueuePool, Skill
from handoff_service.rules.routing.targets import MOST_MINUTES, PRIORITIES, QueueTargets
from handoff_service.rules.shared.conditions import Condition, Match
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Assignment

WEEK = 7 * 86_400  # seconds


QueueText = Annotated[str, Field(max_length=1600)]


class _QueueEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PoolEntry(_QueueEntry):
    name: Name
    after_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0


class SkillEntry(_QueueEntry):
    name: Name
    mandatory: bool = True


class TextsEntry(_QueueEntry):
    """The queue's own texts. Null: the queue uses the desk's text."""

    in_line: QueueText | None = None
    waiting: QueueText | None = None
    closed: QueueText | None = None


def _named(value: Any) -> Any:
    """Expand the short form: ``"Service desk"`` means ``{name = "Service desk"}``."""
    return {"name": value} if isinstance(value, str) else value


def _condition(value: Any) -> Any:
    return queue_conditions.parse(value) if isinstance(value, dict) else value


Groups = list[Annotated[PoolEntry, BeforeValidator(_named, json_schema_input_type=str | PoolEntry)]]
Skills = list[
    Annotated[SkillEntry, BeforeValidator(_named, json_schema_input_type=str | SkillEntry)]
]
Conditions = list[
    Annotated[
        Condition,
        BeforeValidator(_condition, json_schema_input_type=dict[str, Any]),
        Field(
            description='Field, operator and value; or the short form, such as {"field": '
            '"language", "is": "es"}'
        ),
    ]
]
Schedule = Annotated[
    str,
    Field(
        min_length=1, max_length=500, description="Opening hours, such as Mo-Fr 08:00-18:00; PH off"
    ),
]
AcceptSeconds = Annotated[int, Field(ge=5, le=3600)]
SatisfactionAfterHours = Annotated[int, Field(ge=0, le=72)]
SatisfactionEveryDays = Annotated[int, Field(ge=1, le=365)]
AffinityDays = Annotated[int, Field(ge=0, le=365)]
AlarmSeconds = Annotated[int, Field(ge=1, le=WEEK)]


TargetMinutes = Annotated[
    int, Field(ge=1, le=MOST_MINUTES, description="Minutes of the queue's opening hours")
]


class TargetEntry(_QueueEntry):
    """The targets for conversations with this priority. Null: no target."""

    priority: Annotated[int, Field(ge=min(PRIORITIES), le=max(PRIORITIES))]
    first_response: TargetMinutes | None = None
    next_response: TargetMinutes | None = None
    resolution: TargetMinutes | None = None


Targets = Annotated[list[TargetEntry], Field(max_length=len(PRIORITIES))]


class QueueEntry(_QueueEntry):
    """``position``: its place in the order of queues; omitted: a queue keeps its place, and a new
    queue is last."""

    name: Name
    position: Position | None = None
    groups: Groups = []
    skills: Skills = []
    conditions: Conditions = []
    match: Match = Match.ALL
    schedule: Schedule | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    language: Language = Language.ENGLISH
    assignment: Assignment = Assignment.MOST_CAPACITY
    accept_seconds: AcceptSeconds = 60
    auto_assign: bool = False
    satisfaction_after_hours: SatisfactionAfterHours | None = None
    satisfaction_every_days: SatisfactionEveryDays = 30
    affinity_days: AffinityDays = 7
    alarm_seconds: AlarmSeconds | None = None
    targets: Targets = []
    texts: TextsEntry = TextsEntry()

    def to_fields(self) -> QueueFields:
        """The queue that the entry describes."""
        written = {name: getattr(self, name) for name in type(self).model_fields}
        return QueueFields(**values(written | {"position": self.position or 0}))


def values(written: dict[str, Any]) -> dict[str, Any]:
    """These fields of an entry, as the fields of QueueFields."""
    read: dict[str, Any] = {
        "groups": lambda given: (
            "pools",
            tuple(QueuePool(group=g.name, after_seconds=g.after_seconds) for g in given),
        ),
        "skills": lambda given: (
            "skills",
            tuple(Skill(name=s.name, mandatory=s.mandatory) for s in given),
        ),
        "conditions": lambda given: ("conditions", tuple(given)),
        "targets": lambda given: (
            "targets",
            tuple(QueueTargets(**one.model_dump()) for one in given),
        ),
        "texts": lambda given: (
            "texts",
            {SystemMessage(n): text for n, text in given if text is not None},
        ),
    }
    return dict(
        read[name](value) if name in read else (name, value) for name, value in written.items()
    )
