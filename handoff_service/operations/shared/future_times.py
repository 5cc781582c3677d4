"""Check times that an agent chooses, and describe them in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.rules.shared.local_dates import time_in_zone
from handoff_service.rules.shared.phrases import Phrase, phrase
from handoff_service.store.desk.desk import desk_time_zone

LONGEST = timedelta(days=366)  # how far in the future a time may be


def in_the_future(at: datetime, now: datetime, field: str) -> datetime:
    """Return the time. Raises BadInput for the field if the time is not in the future, or more than
    ``LONGEST`` away."""
    if at <= now:
        raise BadInput(errors={field: phrase("must be in the future")})
    if at > now + LONGEST:
        raise BadInput(errors={field: phrase("must be within a year")})
    return at


def in_words(conn: Connection, at: datetime) -> Phrase:
    """A time in the desk's time zone, such as 30 November 2026, 09:00 EST."""
    return time_in_zone(at.astimezone(ZoneInfo(desk_time_zone(conn))))
