"""The fields of a messaging action in the desk file and the API."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.rules.shared import conditions, durations
from handoff_service.rules.shared.conditions import Condition, Match
from handoff_service.rules.shared.vocabulary import Action, State, Unanswered


def _duration(value: str) -> str:
    durations.parse(value)
    return value


def _condition(value: Any) -> Any:
    return conditions.parse(value) if isinstance(value, dict) else value


SHORT = "[1-9][0-9]{0,6}s|[1-9][0-9]{0,4}m|[1-9][0-9]{0,2}h"
DAYS = "([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])d"
Duration = Annotated[
    str,
    AfterValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^({SHORT}|{DAYS})$"}),
    Field(description="A whole number and s, m, h or d, such as 30m or 2d"),
]
Conditions = list[
    Annotated[
        Condition,
        BeforeValidator(_condition, json_schema_input_type=dict[str, Any]),
        Field(
            description='Field, operator and value; or the short form, such as {"field": '
            '"state", "is": "on_hold"}'
        ),
    ]
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=1600)]
BusinessHours = Annotated[
    bool,
    Field(
        strict=True,
        description="The duration counts only the time when the interaction's queue is open",
    ),
]


class MessagingActionEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    event: Unanswered
    duration: Duration
    action: Action
    conditions: Conditions = []
    match: Match = Match.ALL
    text: Text | None = None
    state: State | None = None
    business_hours: BusinessHours = False
    queues: list[Name] = []
    provider_numbers: list[Name] = []
    active: bool = True

    def to_action(self) -> MessagingAction:
        """The action that the entry describes."""
        return MessagingAction(
            **values({name: getattr(self, name) for name in type(self).model_fields})
        )


def values(written: dict[str, Any]) -> dict[str, Any]:
    """The fields of MessagingAction among these values, converted to their types."""
    read: dict[str, Any] = {
        "duration": _read_duration,
        "conditions": tuple,
        "queues": tuple,
        "provider_numbers": tuple,
    }
    fields = MessagingAction.__dataclass_fields__
    return {
        name: read.get(name, _as_it_is)(value) for name, value in written.items() if name in fields
    }


def _read_duration(value: str) -> timedelta:
    return durations.parse(value)


def _as_it_is(value: Any) -> Any:
    return value
