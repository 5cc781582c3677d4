"""Where somebody with a phone number may be: the time zones, the country."""

from zoneinfo import ZoneInfo, available_timezones

from phonenumbers import NumberParseException, parse, region_code_for_number, timezone

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


def country_of(number: str) -> str | None:
    """The ISO code of a number's country; None for a short code."""
    try:
        return region_code_for_number(parse(number))
    except NumberParseException:
        return None
