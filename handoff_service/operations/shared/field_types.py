"""Field types that the desk file, the API and the pages share. Each type is checked in one
place."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

import phonenumbers
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationInfo, WithJsonSchema

from handoff_service.lib import phone_numbers
from handoff_service.rules.shared.vocabulary import Presence

_SERVICE = "MG[0-9a-fA-F]{32}"  # MessagingServiceSid in Twilio's OpenAPI (twilio-oai)
_VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]")


def _number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.read(value, country_of(info))


def _own_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.as_written(value, country_of(info))


def _sought_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.searched(value, country_of(info)) or value


def country_of(info: ValidationInfo) -> str | None:
    """The country for reading national numbers. None: numbers must name theirs."""
    return info.context.get(COUNTRY) if info.context else None


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone's IANA name, such as America/New_York")
    return value


def _country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a country's ISO code of two capitals, such as US")
    return value


def _messaging_service(value: str | None) -> str | None:
    if value and not re.fullmatch(_SERVICE, value):
        raise ValueError(
            "must be a messaging service's id: MG and 32 digits or letters from a to f"
        )
    return value or None


def _near(value: datetime) -> datetime:
    # other years are typing errors, and the ends of the calendar have no UTC time
    if not 2000 <= value.year < 2200:
        raise ValueError("must be a time from the year 2000 to 2199")
    return value


def _not_blank(value: str) -> str:
    if not _VISIBLE.search(value):
        raise ValueError("must not be empty")
    return value.strip()


def _own_presence(value: str) -> str:
    if value.lower() in set(Presence):
        raise ValueError("must not be available, away or offline, because every desk has these")
    return value


_ENUM_VALUE = re.compile(r"<\w+\.\w+: ('[^']*')>")


def words_of(fault: Mapping[str, Any]) -> str:
    """The sentence for one of pydantic's errors. Pydantic would show enum values in Python's
    notation."""
    words: str = fault["msg"]
    return _ENUM_VALUE.sub(r"\1", words.removeprefix("Value error, "))


COUNTRY = "country"  # key in the validation context of an entry
_NUMBER = {"type": "string", "description": "E.164, or national", "example": "+12025550101"}
_SOMETHING = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _VISIBLE.pattern}
Number = Annotated[str, AfterValidator(_number), WithJsonSchema(_NUMBER)]
#: A company number, in the form that the provider lists.
OwnNumber = Annotated[str, AfterValidator(_own_number), WithJsonSchema(_NUMBER)]
#: A filter; short codes are unchanged.
SoughtNumber = Annotated[str, AfterValidator(_sought_number), WithJsonSchema(_NUMBER)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Country = Annotated[str, AfterValidator(_country)]
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


def reads_numbers(model: type[BaseModel]) -> bool:
    """Whether an entry has phone number fields, which need a country."""
    return str(_NUMBER["description"]) in json.dumps(model.model_json_schema())
