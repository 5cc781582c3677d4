"""Days and times in texts to requesters, in the requester's language.

A weekday that GSM-7 cannot write would turn the whole text into UCS-2, which holds 70 characters
per segment instead of 160. Such a text has the date instead of the weekday.
"""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language, translatable

MONTHS = (
    translatable("January"),
    translatable("February"),
    translatable("March"),
    translatable("April"),
    translatable("May"),
    translatable("June"),
    translatable("July"),
    translatable("August"),
    translatable("September"),
    translatable("October"),
    translatable("November"),
    translatable("December"),
)
WEEKDAYS = (
    translatable("Monday"),
    translatable("Tuesday"),
    translatable("Wednesday"),
    translatable("Thursday"),
    translatable("Friday"),
    translatable("Saturday"),
    translatable("Sunday"),
)
NOT_IN_GSM_7 = frozenset({"sábado"})
AT = translatable("at {time}")
UNTIL = translatable("{time}")  # the words after "open until"
UNTIL_WEEKDAY = translatable("{weekday} at {time}")
UNTIL_DATE = translatable("{day} {month} at {time}")
TODAY_AT = translatable("today at {time}")
YESTERDAY_AT = translatable("yesterday at {time}")
TOMORROW_AT = translatable("tomorrow at {time}")
WEEKDAY_AT = translatable("on {weekday} at {time}")
DATE_AT = translatable("on {day} {month} at {time}")
DATE = translatable("on {day} {month}")
DATE_WITH_YEAR = translatable("on {day} {month} {year}")
FULL_DATE = translatable("{day} {month} {year}")


def time_to_come(
    at: datetime, time_zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """A time in the future: at 08:00, tomorrow at 08:00, on Monday at 08:00, on 4 January at
    08:00."""
    return _to_come((AT, TOMORROW_AT, WEEKDAY_AT, DATE_AT), at, time_zone, now, language)


def until_time(
    at: datetime, time_zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """A time in the future after the word "until": 17:00, tomorrow at 17:00, Monday at 17:00."""
    frames = (UNTIL, TOMORROW_AT, UNTIL_WEEKDAY, UNTIL_DATE)
    return _to_come(frames, at, time_zone, now, language)


def _to_come(
    frames: Sequence[str], at: datetime, time_zone: str, now: datetime, language: Language
) -> str:
    """A time in the future in words. ``frames``: the sentences for today, tomorrow, a weekday of
    the next six days, and a later date."""
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    weekday = in_language(WEEKDAYS[local.weekday()], language)
    has_weekday = days < 7 and weekday not in NOT_IN_GSM_7
    frame = frames[days] if days in (0, 1) else frames[2] if has_weekday else frames[3]
    return in_language(frame, language).format(
        time=f"{local:%H:%M}", weekday=weekday, **_date(local, language)
    )


def past_day(
    at: datetime, time_zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """A day in the past: today at 08:00, yesterday at 08:00, on 4 January, on 4 January 2025."""
    zone = ZoneInfo(time_zone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (today - local.date()).days
    if days < 2:
        frame = YESTERDAY_AT if days == 1 else TODAY_AT
    else:
        frame = DATE if local.year == today.year else DATE_WITH_YEAR
    return in_language(frame, language).format(time=f"{local:%H:%M}", **_date(local, language))


def full_date(day: date, language: Language = Language.ENGLISH) -> str:
    """A date with its year: 4 January 2025."""
    return in_language(FULL_DATE, language).format(**_date(day, language))


def _date(local: date, language: Language) -> dict[str, object]:
    month = in_language(MONTHS[local.month - 1], language)
    return {"day": local.day, "month": month, "year": local.year}
