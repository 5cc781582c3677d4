"""Where somebody with a phone number may be: the time zones, the countries."""

from collections.abc import Collection
from zoneinfo import ZoneInfo, available_timezones

from phonenumbers import (
    NumberParseException,
    parse,
    region_code_for_number,
    region_codes_for_country_code,
    timezone,
)

UNKNOWN = "Etc/Unknown"  # libphonenumber's word for it


def of_number(number: str, *, said: str | None = None, instead: str) -> list[ZoneInfo]:
    """``said``: what is known of the person, an IANA name; else the zones of the number's region; else ``instead``."""
    if said in available_timezones():
        return [ZoneInfo(said)]
    try:
        names = timezone.time_zones_for_number(parse(number))
    except NumberParseException:  # a short code
        names = ()
    known = [name for name in names if name != UNKNOWN and name in available_timezones()]
    return [ZoneInfo(name) for name in known] or [ZoneInfo(instead)]


def may_be_in(number: str, countries: Collection[str]) -> bool:
    """Whether a number can be one of these countries' (ISO codes): by its region where that is known, else by its
    calling code, which countries share. A short code is good in any country, a calling code that nobody has in none."""
    if not number.startswith("+"):
        return True
    try:
        parsed = parse(number)
    except NumberParseException:
        return False
    region = region_code_for_number(parsed)
    regions = region_codes_for_country_code(parsed.country_code or 0) if region is None else (region,)
    return not set(countries).isdisjoint(regions)
