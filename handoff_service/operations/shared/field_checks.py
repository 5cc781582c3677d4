"""Checks of single values, which the types in ``field_types.py`` use. A check returns the value,
perhaps in another form, or raises ValueError with a sentence that follows the field's name.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from handoff_service.lib import phone_numbers
from handoff_service.rules.desk.system_messages import VERSIONS
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence

COUNTRY = "country"  # the key of the country in Pydantic's validation context
# The API's OpenAPI document shows this format. A test compares it with the provider's document.
SERVICE = "MG[0-9a-fA-F]{32}"
VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]")
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


def number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.read(value, country_of(info))


def own_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.as_written(value, country_of(info))


def sought_number(value: str, info: ValidationInfo) -> str:
    return phone_numbers.searched(value, country_of(info)) or value


def person_number(value: str, info: ValidationInfo) -> str:
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


def time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(phrase("must be a time zone's IANA name, such as America/New_York"))
    return value


def country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(phrase("must be a country's ISO code of two capitals, such as US"))
    return value


def message_name(value: str) -> str:
    if value not in VERSIONS:
        raise ValueError(
            phrase("must be the name of a system message, such as in_line or in_line_es")
        )
    return value


def messaging_service(value: str | None) -> str | None:
    if value and not re.fullmatch(SERVICE, value):
        raise ValueError(
            phrase("must be a messaging service's id: MG and 32 digits or letters from a to f")
        )
    return value or None


def near(value: datetime) -> datetime:
    # other years are typing errors, and the first and last days of the calendar have no UTC time
    if not 2000 <= value.year < 2200:
        raise ValueError(phrase("must be a time from the year 2000 to 2199"))
    return value


def not_blank(value: str) -> str:
    if not VISIBLE.search(value):
        raise ValueError(phrase("must not be empty"))
    return value.strip()


def own_presence(value: str) -> str:
    if value.lower() in set(Presence):
        raise ValueError(
            phrase("must not be available, away or offline, because every desk has these")
        )
    return value


def long_enough(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(
            phrase(
                "must have at least {least} characters; a few words are best",
                least=SHORTEST_PASSWORD,
            )
        )
    return value
