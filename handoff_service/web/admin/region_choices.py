"""Time zones and countries to choose from."""

from collections.abc import Mapping
from zoneinfo import available_timezones

import phonenumbers

TIME_ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right"))
)
# the page names them
COUNTRIES: Mapping[str, str] = {code: code for code in sorted(phonenumbers.SUPPORTED_REGIONS)}
