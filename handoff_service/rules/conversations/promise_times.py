"""Deadlines in words: "by 3", "at 15:30", "in an hour", "tomorrow morning", "by Friday", "before
lunch", "end of day", and the same in Spanish.

| words | time |
|---|---|
| a time without am or pm, today or on no day | its next occurrence in twelve hours, see below |
| a time without am or pm, on another day | 7 to 11: before noon; 12 to 6: after noon |
| another time that has passed today | tomorrow if before noon and noon is over; else no deadline |
| morning, lunch, noon | 12:00 |
| afternoon, end of day, today, a day alone | 17:00 |
| evening, tonight | 21:00 |
| end of the week | Friday, 17:00 |
| a day of the week | the next one, today included |
| several days or hours ("2-3 hours") | the later one |

A time without am or pm is no deadline if its next occurrence is before 6:00, unless it is now
between 22:00 and 6:00.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

NOON, END_OF_DAY, EVENING = time(12), time(17), time(21)
NIGHT_ENDS, NIGHT_BEGINS = 6, 22  # hours of the day


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline and its place in the sentence. ``firm``: its words ("by", "before", "within", "end
    of day") can only mean a deadline."""

    begin: int
    end: int
    at: datetime
    firm: bool


def normal(text: str) -> str:
    """The text in lower case, without accents and typographic apostrophes."""
    plain = unicodedata.normalize("NFD", text.replace("’", "'").replace("‘", "'").casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


_NUMBERS = {
    **{"a": 1, "an": 1, "one": 1, "un": 1, "una": 1, "uno": 1, "two": 2, "dos": 2, "three": 3},
    **{"tres": 3, "four": 4, "cuatro": 4, "five": 5, "cinco": 5, "six": 6, "seis": 6, "ten": 10},
    **{"a couple of": 2, "a couple": 2, "un par de": 2, "diez": 10, "fifteen": 15, "quince": 15},
    **{"twenty": 20, "veinte": 20, "thirty": 30, "treinta": 30, "forty": 40, "cuarenta": 40},
    **{"forty-five": 45, "the next": 1, "the": 1, "half an": 0, "media": 0, "half a": 0},
}
_COUNT = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_UNITS = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuto", "minutos"), 1),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h", "hora", "horas"), 60),
    **dict.fromkeys(("day", "days", "dia", "dias"), 24 * 60),
}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_DAYS = {
    **{"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5},
    **{"sunday": 6, "mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thurs": 3, "fri": 4},
    **{"lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4, "sabado": 5},
    **{"domingo": 6},
}
_DAY = (
    r"(?:(?:on |el |el dia )?(?P<next>next |proximo )?(?P<weekday>"
    + "|".join(sorted(_DAYS, key=len, reverse=True))
    + r")|(?P<tomorrow>tomorrow|manana)|(?P<today>today|hoy))"
)
_CLOCK = (
    r"(?P<hour>[01]?\d|2[0-3])(?:[:.h](?P<minute>[0-5]\d))?(?:\s?(?P<half>am|pm)\b"
    r"|\s?o'?\s?clock|\s?(?:horas|hrs|h)\b)?"
    r"(?:\s?de la (?P<part>manana|tarde|noche))?(?:\s?y (?P<and>media|cuarto))?"
    r"(?:\s?de la (?P<part2>manana|tarde|noche))?"
)
_PART = (
    r"(?P<time_of_day>(?:in the |por la |a la |en la )?(?:morning|afternoon|evening|tarde|noche"
    r"|manana)|noon|midday|lunch(?:time)?|mediodia|almuerzo|night)"
)
_ZONE = r"(?:\s(?:your time|hora (?:tuya|suya)|su hora|tu hora))?"
_FIRM = (
    r"(?:by|before|no later than|not later than|latest by|at the latest by|antes de(?:l)?"
    r"|para(?: el| la)?|a mas tardar(?: a)?)"
)
_NO_UNIT = r"(?!\s?(?:%|\$|minutes?|mins?|hours?|hrs?\b|days?|weeks?|minutos?|dias?|people|times))"
_AT = re.compile(  # by 3, at 15:30, tomorrow at 9, by 3 tomorrow, a las 3
    rf"\b(?:{_DAY}[\s,]+)?(?P<how>{_FIRM}(?: (?:around|about))?(?: las?)?|at(?: (?:around|about))?"
    r"|around|a las?|sobre las?|hacia las?)\s"
    rf"{_CLOCK}(?![\d:%$/.-]*\d){_NO_UNIT}{_ZONE}"
    rf"(?:[\s,]+{_DAY.replace('?P<', '?P<after_')})?(?![\w'-])"
)
_IN = re.compile(  # in an hour, within 20 minutes, dentro de dos horas
    rf"\b(?P<how>in|within|en|dentro de)(?: the next| about| around| las proximas| unas?| unos)?\s"
    rf"(?:(?P<low>\d{{1,3}})\s?(?:-|to|or|a|o)\s?)?(?P<count>\d{{1,3}}|{_COUNT})\s?"
    rf"(?P<unit>{_UNIT})\b(?!\s(?:of|de)\b)"
)
_ON = re.compile(  # tomorrow morning, by Friday, before lunch, this afternoon, tonight
    rf"\b(?:(?P<how>{_FIRM})(?: the| el)?\s)?"
    rf"(?:(?:first thing |a primera hora (?:de |del )?)?{_DAY}"
    rf"(?:[\s,]+{_PART})?|(?P<this>this |esta )(?P<this_part>morning|afternoon|evening|manana|tarde"
    r"|noche)|(?P<tonight>tonight)|(?P<alone>noon|midday|lunch(?:time)?|el mediodia|mediodia"
    r"|almuerzo|comer)|(?P<first_thing>first thing in the morning|in the morning"
    r"|a primera hora)|(?P<eod>(?:the )?end of (?:the |my |your )?(?:day|business|today|shift)|eod"
    r"|cob|close of business|(?:al? )?(?:final|fin) del dia|(?:que )?termine el dia)"
    r"|(?P<eow>(?:the )?end of (?:the |this )?week|eow|(?:al? )?(?:final|fin) de (?:la )?semana"
    r"))(?![\w'-])"
)
_ALONE_NEEDS = re.compile(r"\b(?:at|around|al?)\s$")


def deadlines(sentence: str, now: datetime) -> Iterator[Deadline]:
    """The deadlines in a sentence in ``normal`` form, most exact first."""
    exact = list(_clock_times(sentence, now))
    yield from exact
    for found in _IN.finditer(sentence):
        yield Deadline(found.start(), found.end(), _after(found, now), _firm(found["how"]))
    for found in _ON.finditer(sentence):
        if any(one.begin <= found.start() < one.end for one in exact):
            continue
        at, how = _day_or_part(found, now), found["how"]
        needs = found["alone"] and how is None
        if at is not None and not (needs and not _ALONE_NEEDS.search(sentence[: found.start()])):
            yield Deadline(found.start(), found.end(), at, _firm(how) or bool(found["eod"]))


def _firm(how: str | None) -> bool:
    return how is not None and re.fullmatch(rf"within|(?:{_FIRM}).*", how) is not None


def _after(found: re.Match[str], now: datetime) -> datetime:
    count = int(found["count"]) if found["count"].isdecimal() else _NUMBERS[found["count"]]
    minutes = count * _UNITS[found["unit"]] if count else _UNITS[found["unit"]] // 2
    return now + timedelta(minutes=minutes)


def _clock_times(sentence: str, now: datetime) -> Iterator[Deadline]:
    for found in _AT.finditer(sentence):
        at = _clock_time(found, now)
        if at is not None:
            yield Deadline(found.start(), found.end(), at, _firm(found["how"]))


def _clock_time(found: re.Match[str], now: datetime) -> datetime | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    minute += {"media": 30, "cuarto": 15}.get(found["and"], 0)
    half = found["half"] or {"manana": "am", "tarde": "pm", "noche": "pm"}.get(
        found["part"] or found["part2"]
    )
    if (hour > 12 and half == "am") or minute > 59:
        return None
    day = _day(found, "", now) or _day(found, "after_", now)
    written24 = hour > 12 or hour == 0 or (len(found["hour"]) == 2 and found["hour"][0] == "0")
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    if half is None and not written24:
        return _likely(time(hour % 12, minute), day, now)
    at = datetime.combine(day or now.date(), time(hour, minute), now.tzinfo)
    if at > now or day is not None:
        return at if at > now else None
    return at + timedelta(days=1) if hour < 12 <= now.hour else None


def _likely(clock: time, day: date | None, now: datetime) -> datetime | None:
    """The most likely meaning of a time without am or pm."""
    if day is not None and day != now.date():
        hour = clock.hour + 12 if clock.hour < NIGHT_ENDS + 1 else clock.hour
        return datetime.combine(day, clock.replace(hour=hour), now.tzinfo)
    first = datetime.combine(now.date(), clock, now.tzinfo)
    at = next(one for one in (first + timedelta(hours=12 * n) for n in range(4)) if one > now)
    at_night = at.hour < NIGHT_ENDS <= now.hour < NIGHT_BEGINS
    return None if at_night or (day is not None and at.date() != day) else at


def _day(found: re.Match[str], prefix: str, now: datetime) -> date | None:
    today = now.date()
    if found[f"{prefix}tomorrow"]:
        return today + timedelta(days=1)
    if found[f"{prefix}today"]:
        return today
    name = found[f"{prefix}weekday"]
    if name is None:
        return None
    day = today + timedelta(days=(_DAYS[name] - today.weekday()) % 7)
    if found[f"{prefix}next"] and day.isocalendar().week == today.isocalendar().week:
        day += timedelta(days=7)
    return day


def _day_or_part(found: re.Match[str], now: datetime) -> datetime | None:
    day = _day(found, "", now)
    if day is not None:
        at = _at(day, _part(found["time_of_day"]), now)
        if at <= now and found["weekday"]:
            at += timedelta(days=7)
    elif found["this_part"] or found["tonight"]:
        at = _at(now.date(), _part(found["this_part"] or "night"), now)
    elif found["alone"]:
        at = _at(now.date(), NOON, now)
    elif found["first_thing"]:
        at = _at(now.date() + timedelta(days=now.hour >= NOON.hour), NOON, now)
    elif found["eod"]:
        at = _at(now.date(), END_OF_DAY, now)
    else:
        at = _at(now.date() + timedelta(days=4 - now.weekday()), END_OF_DAY, now)
    return at if at > now else None


def _part(words: str | None) -> time:
    """The end of a part of the day."""
    last = (words or "").split()[-1:]
    if last in (["evening"], ["night"], ["noche"]):
        return EVENING
    if last in (["morning"], ["manana"], ["noon"], ["midday"], ["mediodia"], ["lunch"]):
        return NOON
    return NOON if last in (["lunchtime"], ["almuerzo"]) else END_OF_DAY


def _at(day: date, clock: time, now: datetime) -> datetime:
    return datetime.combine(day, clock, now.tzinfo)
