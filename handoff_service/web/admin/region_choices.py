"""The choices of time zones and countries."""

from collections.abc import Mapping
from zoneinfo import available_timezones

import phonenumbers

TIME_ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right"))
)
# the page's script translates the codes to names
COUNTRIES: Mapping[str, str] = {code: code for code in sorted(phonenumbers.SUPPORTED_REGIONS)}
