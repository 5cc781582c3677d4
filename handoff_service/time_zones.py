"""The time zones where somebody with a phone number may be."""

from zoneinfo import ZoneInfo, available_timezones

UNKNOWN = "Etc/Unknown"  # libphonenumber's word for it


def of_number(number: str, *, said: str | None = None, instead: str) -> list[ZoneInfo]:
    """``said``: what is known of the person, an IANA name; else the zones of the number's region; else ``instead``."""
    if said in available_timezones():
        return [ZoneInfo(said)]
    from phonenumbers import NumberParseException, parse, timezone  # noqa: PLC0415  # a table of some megabytes

    try:
        names = timezone.time_zones_for_number(parse(number))
    except NumberParseException:  # a short code
        names = ()
    known = [name for name in names if name != UNKNOWN and name in available_timezones()]
    return [ZoneInfo(name) for name in known] or [ZoneInfo(instead)]
