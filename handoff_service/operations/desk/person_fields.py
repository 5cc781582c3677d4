"""Fields of users, agents and groups, shared by the desk file, the API and the admin forms."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from handoff_service.operations.shared.field_types import Number

MOST_LISTED = 50  # numbers, skills, groups, attributes or facts of one person
SHORTEST_PASSWORD = 8
NO_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
NAME = re.compile(rf"[^\s{NO_CONTROLS}]([^{NO_CONTROLS}]*[^\s{NO_CONTROLS}])?")
EMAIL = re.compile(rf"[^@\s{NO_CONTROLS}]+@[^@\s{NO_CONTROLS}]+")


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("must be one line without spaces at its beginning or end")
    return value


def _long_enough(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(f"must have at least {SHORTEST_PASSWORD} characters; a few words are best")
    return value


def _email(value: str) -> str:
    if not EMAIL.fullmatch(value):
        raise ValueError("must be an e-mail address, such as mia@example.com")
    return value


def _named(value: dict[str, Any]) -> WithJsonSchema:
    """An object whose keys are names. Pydantic's own schema would allow any value under other
    keys."""
    names = {"pattern": f"^{NAME.pattern}$", "maxLength": 200}
    return WithJsonSchema(
        {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": value,
            "maxProperties": MOST_LISTED,
        }
    )


Word = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_name),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": f"^{NAME.pattern}$"}
    ),
]
Email = Annotated[
    str,
    Field(max_length=320),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "maxLength": 320, "pattern": f"^{EMAIL.pattern}$"}),
]
Password = Annotated[
    str,
    Field(max_length=1000),
    AfterValidator(_long_enough),
    WithJsonSchema(
        {"type": "string", "minLength": SHORTEST_PASSWORD, "maxLength": 1000, "format": "password"}
    ),
]
Numbers = Annotated[list[Number], Field(max_length=MOST_LISTED)]
Names = Annotated[list[Name], Field(max_length=MOST_LISTED)]
_WORD = {"type": "string", "minLength": 1, "maxLength": 200}
Attributes = Annotated[dict[Name, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
Facts = Annotated[dict[Name, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
ChangedFacts = Annotated[
    dict[Name, Word | None],
    Field(max_length=MOST_LISTED),
    _named(_WORD | {"type": ["string", "null"]}),
]
Capacity = Annotated[int, Field(ge=0, le=1000)]
