"""Kinds of value that the desk file, the API and the pages share, each checked in one place."""

from typing import Annotated
from zoneinfo import available_timezones

import phonenumbers
from pydantic import AfterValidator, Field

from handoff_service.rules.sms_text import is_e164
from handoff_service.rules.vocabulary import Presence


def _e164(value: str) -> str:
    if not is_e164(value):
        raise ValueError("must be a number in E.164, such as +12025550101")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone's IANA name, such as America/New_York")
    return value


def _country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a country's ISO code of two capitals, such as US")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def _own_presence(value: str) -> str:
    if value.lower() in set(Presence):
        raise ValueError("must not be one of the three that every desk has: available, away, offline")
    return value


Number = Annotated[str, AfterValidator(_e164)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Country = Annotated[str, AfterValidator(_country)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_not_blank)]
PresenceName = Annotated[Name, Field(max_length=30), AfterValidator(_own_presence)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
