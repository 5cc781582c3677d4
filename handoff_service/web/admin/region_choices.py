"""The time zones and countries that forms offer."""

from collections.abc import Mapping
from zoneinfo import available_timezones

import phonenumbers

TIME_ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right"))
)
# a script on the page replaces the codes with names
COUNTRIES: Mapping[str, str] = {code: code for code in sorted(phonenumbers.SUPPORTED_REGIONS)}
