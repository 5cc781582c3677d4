"""Field types that the desk file, the API and the pages share, so that each value is checked in the
same way everywhere."""

import functools
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

import phonenumbers
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from handoff_service.lib import phone_numbers
from handoff_service.rules.desk import attribute_filters
from handoff_service.rules.desk.system_messages import VERSIONS
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence, Role

# The API's OpenAPI document shows this format. A test compares it with the provider's document.
_SERVICE = "MG[0-9a-fA-F]{32}"
_VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]")
#: The most numbers, skills, groups, attributes or facts of one person, and the most choices of an
#: attribute.
MOST_LISTED = 50
SHORTEST_PASSWORD = 8
NO_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
ONE_LINE = re.compile(rf"[^\s{NO_CONTROLS}]([^{NO_CONTROLS}]*[^\s{NO_CONTROLS}])?")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
EMAIL = re.compile(rf"[^@\s{NO_CONTROLS}]+@[^@\s{NO_CONTROLS}]+")


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A pattern that a text must match. The error for any other text is ``sentence``. With
    Pydantic's own ``pattern``, the error would show the regular expression.
    """

    pattern: re.Pattern[str]
    #: the error: what the text must be, with an example
    sentence: str

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(kind))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"pattern": f"^{self.pattern.pattern}$"}

    def _checked(self, value: str) -> str:
        if not self.pattern.fullmatch(value):
            raise ValueError(self.sentence)
        return value


def _number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.read(value, country_of(info))


def _own_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.as_written(value, country_of(info))


def _sought_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.searched(value, country_of(info)) or value


def _person_number(value: str, info: ValidationInfo) -> str:
    try:
        return phone_numbers.read(value, country_of(info))
    except phone_numbers.NotANumber:
        if _SHORT_CODE.fullmatch(value):
            return value
        raise


def country_of(info: ValidationInfo) -> str | None:
    """The country with which national numbers are read. None: each number must have its country
    code."""
    return info.context.get(COUNTRY) if info.context else None


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(phrase("must be a time zone's IANA name, such as America/New_York"))
    return value


def _country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(phrase("must be a country's ISO code of two capitals, such as US"))
    return value


def _message_name(value: str) -> str:
    if value not in VERSIONS:
        raise ValueError(
            phrase("must be the name of a system message, such as in_line or in_line_es")
        )
    return value


def _messaging_service(value: str | None) -> str | None:
    if value and not re.fullmatch(_SERVICE, value):
        raise ValueError(
            phrase("must be a messaging service's id: MG and 32 digits or letters from a to f")
        )
    return value or None


def _near(value: datetime) -> datetime:
    # other years are typing errors, and the first and last days of the calendar have no UTC time
    if not 2000 <= value.year < 2200:
        raise ValueError(phrase("must be a time from the year 2000 to 2199"))
    return value


def _not_blank(value: str) -> str:
    if not _VISIBLE.search(value):
        raise ValueError(phrase("must not be empty"))
    return value.strip()


def _own_presence(value: str) -> str:
    if value.lower() in set(Presence):
        raise ValueError(
            phrase("must not be available, away or offline, because every desk has these")
        )
    return value


def _long_enough(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(
            phrase(
                "must have at least {least} characters; a few words are best",
                least=SHORTEST_PASSWORD,
            )
        )
    return value


def _named(value: dict[str, Any]) -> WithJsonSchema:
    """The schema of an object whose keys are names. Pydantic's own schema would allow any value
    under other keys."""
    names = {"pattern": f"^{ONE_LINE.pattern}$", "maxLength": 200}
    return WithJsonSchema(
        {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": value,
            "maxProperties": MOST_LISTED,
        }
    )


COUNTRY = "country"  # the key of the country in Pydantic's validation context
_NUMBER = {"type": "string", "description": "E.164, or national", "example": "+12025550101"}
_SOMETHING = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _VISIBLE.pattern}
Number = Annotated[str, AfterValidator(_number), WithJsonSchema(_NUMBER)]
#: A company number, in the form in which the provider lists it.
OwnNumber = Annotated[str, AfterValidator(_own_number), WithJsonSchema(_NUMBER)]
#: A number to search for. A text that is not a whole phone number, such as a short code, does not
#: change.
SoughtNumber = Annotated[str, AfterValidator(_sought_number), WithJsonSchema(_NUMBER)]
#: The number of a sender, which may be a short code.
PersonNumber = Annotated[str, AfterValidator(_person_number), WithJsonSchema(_NUMBER)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Country = Annotated[str, AfterValidator(_country)]
#: The name of a system message, followed by _ and the language's code unless it is in English.
MessageName = Annotated[
    str,
    AfterValidator(_message_name),
    WithJsonSchema({"type": "string", "enum": list(VERSIONS)}),
]
MessagingService = Annotated[
    str | None,
    AfterValidator(_messaging_service),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_SERVICE}$"}, {"type": "null"}]}),
]
Name = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(_not_blank), WithJsonSchema(_SOMETHING)
]
PresenceName = Annotated[Name, Field(max_length=30), AfterValidator(_own_presence)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
Moment = Annotated[AwareDatetime, AfterValidator(_near)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
#: One line of text, such as a name or an employee number.
OneLine = Annotated[
    str,
    Field(min_length=1, max_length=200),
    TextPattern(ONE_LINE, phrase("must be one line without spaces at its beginning or end")),
]
Email = Annotated[
    str,
    Field(max_length=320),
    TextPattern(EMAIL, phrase("must be an e-mail address, such as mia@example.com")),
]
#: A date in the form 2026-01-31.
Day = Annotated[
    str,
    TextPattern(
        re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"), phrase("must be a day, such as 2026-01-31")
    ),
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
Names = Annotated[list[OneLine], Field(max_length=MOST_LISTED)]
#: The choices of an attribute.
Choices = Annotated[list[OneLine], Field(max_length=MOST_LISTED)]
_WORD = {"type": "string", "minLength": 1, "maxLength": 200}
Attributes = Annotated[dict[OneLine, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
Facts = Annotated[dict[OneLine, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
#: A filter by an attribute, such as ``order=12``, ``order=10..20`` or ``site~north``.
WrittenFilter = Annotated[
    str,
    Field(max_length=attribute_filters.LONGEST),
    TextPattern(attribute_filters.WRITTEN, attribute_filters.NOT_A_FILTER),
]
#: Attributes to set: key -> value. None removes the attribute.
ChangedAttributes = Annotated[
    dict[OneLine, Word | None],
    Field(max_length=MOST_LISTED),
    _named(_WORD | {"type": ["string", "null"]}),
]
ChangedFacts = Annotated[
    dict[OneLine, Word | None],
    Field(max_length=MOST_LISTED),
    _named(_WORD | {"type": ["string", "null"]}),
]
Roles = Annotated[list[Role], Field(max_length=len(Role))]
Capacity = Annotated[int, Field(ge=0, le=1000)]

Label = Annotated[str, Field(max_length=200)]
SegmentsPerSecond = Annotated[int, Field(ge=1, le=1000)]
#: A text that the desk sends. Further rules check its content.
Body = Annotated[str, Field(max_length=1600)]


# cached, because building a model's schema takes a millisecond and each start needs a hundred
@functools.cache
def reads_numbers(model: type[BaseModel]) -> bool:
    """Whether a model has phone number fields, which need a country."""
    return str(_NUMBER["description"]) in json.dumps(model.model_json_schema())
