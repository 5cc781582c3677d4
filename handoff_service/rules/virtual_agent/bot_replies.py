"""The virtual agent's texts about cases, outages and hours. Most take one GSM-7 segment.

A quote keeps every letter of the original. If a letter is outside GSM-7, the text can take two
segments.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.delivery.sms_characters import LOOK_ALIKES
from handoff_service.rules.delivery.sms_text import GSM_7, GSM_7_EXTENSION, Encoding, segments
from handoff_service.rules.shared.dates_in_texts import past_day, time_to_come, until_time
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.shared.vocabulary import CaseState

ROOM = 160
MOST_CASES = 3
MOST_OUTAGES, TITLE = 4, 24  # outages that a text lists by title, and characters per title
# U+FE0E and U+FE0F only select how an emoji is drawn
_ALIKE = str.maketrans({**LOOK_ALIKES, "\ufe0e": "", "\ufe0f": ""})
# Unicode categories of letters, marks and numbers, because words are unreadable without them
_WRITTEN = "LMN"
_STATES: dict[CaseState, str] = {
    CaseState.OPEN: translatable("open, waiting for an agent"),
    CaseState.IN_PROGRESS: translatable("in progress"),
    CaseState.RESOLVED: translatable("resolved"),
    CaseState.CLOSED: translatable("closed"),
}
_IN_LIST = _STATES | {CaseState.OPEN: translatable("open")}
CASE, REQUEST = translatable("case"), translatable("request")  # names for the two kinds of cases
ONE_CASE = translatable("{number}{about}: {state}. Last updated {day}.")
YOUR_CASE = translatable("Your open case:")
YOUR_CASES = translatable("Your open cases:")
NEWEST_CASES = translatable("You have {count} open cases, the newest:")
OPENED = translatable("I've opened {what} {number}{about}. {then}")
ADDED = translatable("Added to {number}: {about}.")
UNKNOWN_CASE = translatable(
    "I can't find that case. Check the number, or ask for the status of your cases."
)
NO_CASES = translatable(
    "You have no open cases. If something is wrong, describe it in one sentence and I'll open one."
)
NO_OUTAGE = translatable(
    "There are no known outages right now. If something is wrong, describe it in one "
    "sentence and I'll open a case."
)
ANOTHER_PROBLEM = translatable(
    "If yours is a different problem, describe it in one sentence and I'll open a case."
)
DOWN_NOW = translatable("Down right now: {titles}. Ask me about any of them by name.")
# In languages other than English, this sentence precedes an outage's text, because admins write
# outages in one language.
DOWN_WITH_TEXT = translatable("Down right now: {titles}. {text}")
OPEN_UNTIL = translatable("We're open until {end} ({place}). Text AGENT to talk to a person.")
ANY_TIME = translatable("We're open around the clock. Text AGENT to talk to a person.")
CLOSED_UNTIL = translatable(
    "We're closed now and open again {opens} ({place}). You can text any time."
)
LOCAL_TIME = translatable("{city} time")
CLOSED = translatable(
    "We're closed now, and the next opening time isn't known yet. You can text any time."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """The part of a case that its requester sees."""

    number: str
    state: CaseState
    description: str
    changed_at: datetime


def plain(text: str) -> str:
    """The text on one line, with every letter. Look-alikes are replaced; emoji and symbols outside
    GSM-7 are dropped."""
    composed = unicodedata.normalize("NFC", text).translate(_ALIKE)
    return " ".join("".join(c for c in composed if _is_kept(c)).split())


def _is_kept(c: str) -> bool:
    return (
        c in GSM_7 or c in GSM_7_EXTENSION or c.isspace() or unicodedata.category(c)[0] in _WRITTEN
    )


def short(text: str, most: int) -> str:
    """The start of a text in at most ``most`` characters, cut between words where possible."""
    line = plain(text).rstrip(".!?, ")
    if len(line) <= most:
        return line
    if most <= 3:
        return ""
    cut = line[: most - 3]
    return f"{(cut.rsplit(' ', 1)[0] or cut).rstrip('.!?, ')}..."


def _fits(text: str) -> bool:
    counted = segments(text)
    return counted.count <= (1 if counted.encoding is Encoding.GSM_7 else 2)


def _with_room(text_with: Callable[[int], str]) -> str:
    """The text with the longest descriptions that fit. ``text_with``: builds the text from the
    number of characters per description."""
    return next(
        (text for most in range(ROOM, 3, -1) if _fits(text := text_with(most))), text_with(0)
    )


def one_case(
    case: CaseLine, zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """The status of one case."""
    frame, state = in_language(ONE_CASE, language), in_language(_STATES[case.state], language)
    day = past_day(case.changed_at, zone, now, language)

    def with_description(most: int) -> str:
        about = short(case.description, most)
        return frame.format(
            number=case.number, about=f" ({about})" if about else "", state=state, day=day
        )

    return _with_room(with_description)


def open_cases(found: Sequence[CaseLine], language: Language = Language.ENGLISH) -> str:
    """The newest unresolved cases, each on its own line."""
    if not found:
        return in_language(NO_CASES, language)
    listed = found[:MOST_CASES]
    head = in_language(YOUR_CASE if len(found) == 1 else YOUR_CASES, language)
    if len(found) > len(listed):
        head = in_language(NEWEST_CASES, language).format(count=len(found))
    return _with_room(lambda most: "\n".join([head, *(_line(c, most, language) for c in listed)]))


def _line(case: CaseLine, most: int, language: Language) -> str:
    state = in_language(_IN_LIST[case.state], language)
    return f"{case.number} {state}: {short(case.description, most)}"


def opened(
    what: str, number: str, description: str, then: str, language: str | None = Language.ENGLISH
) -> str:
    """Confirms a new case: ``I've opened request CS0000012: a second monitor. <then>``."""
    frame = in_language(OPENED, language)
    words = {"what": in_language(what, language), "then": in_language(then, language)}

    def with_description(most: int) -> str:
        about = short(description, most)
        return frame.format(**words, number=number, about=f": {about}" if about else "")

    return _with_room(with_description)


def outage_news(
    outages: Sequence[tuple[str, str]],
    *,
    question_follows: bool,
    language: Language = Language.ENGLISH,
) -> str:
    """The texts of the current outages if they fit, else their titles. In languages other than
    English, a sentence with the titles is first, because admins write the texts in one language.

    The result has at most two segments, or one if a form's question follows (``question_follows``).
    """
    if not outages:
        return in_language(NO_OUTAGE, language)
    titles = ", ".join(short(title, TITLE) for title, _ in outages[:MOST_OUTAGES])
    named = in_language(DOWN_NOW, language).format(titles=titles)
    texts = " ".join(text for _, text in outages)
    most = 1 if question_follows else 2
    if language is not Language.ENGLISH:
        whole = in_language(DOWN_WITH_TEXT, language).format(titles=titles, text=texts)
        return whole if segments(whole).count <= most else named
    fullest = (texts,) if question_follows else (f"{texts} {ANOTHER_PROBLEM}", texts)
    return next((text for text in fullest if segments(text).count <= most), named)


def added(number: str, text: str, language: str | None = Language.ENGLISH) -> str:
    """Confirms an addition to a case: ``Added to CS0000012: it started yesterday.``"""
    frame = in_language(ADDED, language)
    return _with_room(lambda most: frame.format(number=number, about=short(text, most)))


def hours(
    *,
    is_open: bool,
    until: datetime | None,
    opens: datetime | None,
    zone: str,
    now: datetime,
    language: Language = Language.ENGLISH,
) -> str:
    """Says whether the desk is open and when that changes, with the city of the time zone."""
    city = zone.rsplit("/", 1)[-1].replace("_", " ")
    place = in_language(LOCAL_TIME, language).format(city=city)
    if is_open and until is None:
        return in_language(ANY_TIME, language)
    if until is not None:
        end = until_time(until, zone, now, language)
        return in_language(OPEN_UNTIL, language).format(end=end, place=place)
    if opens is None:
        return in_language(CLOSED, language)
    frame = in_language(CLOSED_UNTIL, language)
    return frame.format(opens=time_to_come(opens, zone, now, language), place=place)
