"""What users, agents and groups are written with, in the desk file, the API's JSON and the admin's forms alike."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from handoff_service.rules.sms_text import is_e164

MOST_LISTED = 50  # numbers, skills, groups, attributes or facts of one person
SHORTEST_PASSWORD = 8


def _e164(value: str) -> str:
    if not is_e164(value):
        raise ValueError("must be a number in E.164, such as +12025550101")
    return value


def _stripped(value: str) -> str:
    if value != value.strip():
        raise ValueError("must not begin or end with a space")
    return value


def _long_enough(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(f"must have at least {SHORTEST_PASSWORD} characters; a few words are best")
    return value


def _email(value: str) -> str:
    name, at, host = value.rpartition("@")
    if not (name and at and host) or any(c.isspace() for c in value) or "@" in name:
        raise ValueError("must be an e-mail address, such as mia@example.com")
    return value


Number = Annotated[
    str,
    AfterValidator(_e164),
    WithJsonSchema({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "example": "+12025550101"}),
]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_stripped),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^\S(.*\S)?$"}),
]
Email = Annotated[
    str,
    Field(max_length=320),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "maxLength": 320, "pattern": r"^[^@\s]+@[^@\s]+$"}),
]
Password = Annotated[
    str,
    Field(max_length=1000),
    AfterValidator(_long_enough),
    WithJsonSchema({"type": "string", "minLength": SHORTEST_PASSWORD, "maxLength": 1000, "format": "password"}),
]
Numbers = Annotated[list[Number], Field(max_length=MOST_LISTED)]
Names = Annotated[list[Name], Field(max_length=MOST_LISTED)]
Attributes = Annotated[dict[Name, Word], Field(max_length=MOST_LISTED)]
Capacity = Annotated[int, Field(ge=0, le=1000)]
