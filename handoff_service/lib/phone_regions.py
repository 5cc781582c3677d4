"""Finds the possible time zones and countries of a phone number."""

from collections.abc import Collection
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    is_number_geographical,
    parse,
    region_code_for_number,
    region_codes_for_country_code,
    timezone,
)

from handoff_service.lib.region_zones import REGION_ZONES


def of_number(number: str, *, known_zone: str | None = None, instead: str) -> list[ZoneInfo]:
    """The possible time zones of the person with this number.

    ``known_zone``: the zone on the person's record, an IANA name. Without it, the area code
    decides. A number without an area code (mobile, toll-free) gets all zones of its region.
    ``instead``: the zone of a number without a region, such as a short code.
    """
    if known_zone in _known_zones():
        return [ZoneInfo(known_zone)]
    try:
        names = _zones(parse(number))
    except NumberParseException:  # the number is a short code
        names = []
    return [ZoneInfo(name) for name in names if name in _known_zones()] or [ZoneInfo(instead)]


@cache
def _known_zones() -> frozenset[str]:
    """The zones that this system knows. Reading the system's folder takes milliseconds, so this
    reads it only once."""
    return frozenset(available_timezones())


def _zones(number: PhoneNumber) -> list[str]:
    by_prefix = timezone.time_zones_for_geographical_number(number)
    region = region_code_for_number(number)
    if region is None:  # not a valid number of its country, for example a fictional one
        sharing = region_codes_for_country_code(number.country_code or 0)
        main = REGION_ZONES.get(sharing[0], "").split() if sharing else []
        return [name for name in by_prefix if name in main] or list(by_prefix)
    of_region = REGION_ZONES.get(region, "").split()
    if not is_number_geographical(number):
        return of_region
    return [name for name in by_prefix if name in of_region] or of_region


def may_be_in(number: str, countries: Collection[str]) -> bool:
    """Whether a number may belong to one of these countries (ISO codes).

    If the number's region is unknown, the number may belong to any country with its calling code. A
    short code may belong to any country. A number with an unassigned calling code belongs to none.
    """
    if not number.startswith("+"):
        return True
    try:
        parsed = parse(number)
    except NumberParseException:
        return False
    region = region_code_for_number(parsed)
    regions = (
        region_codes_for_country_code(parsed.country_code or 0) if region is None else (region,)
    )
    return not set(countries).isdisjoint(regions)
