"""Fills the system messages for one conversation, and checks the texts that admins edit.

In the functions that fill a message, ``text`` is the admin's text (see store/desk/texts.py). None:
the default text of the language.
"""

from collections.abc import Mapping
from datetime import datetime

from handoff_service.rules.delivery.carrier_keywords import asks_for_opt_out
from handoff_service.rules.delivery.sms_characters import described, is_visible
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.desk.system_messages import (
    ABOUT_CONSENT,
    OPENS,
    VERSIONS,
    SystemMessage,
    words_of,
)
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.dates_in_texts import time_to_come
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.translations import in_language
from handoff_service.rules.shared.versions import name_in

# a waiting requester texts one of these to return to the virtual agent
BOT_WORDS = frozenset({"bot", "virtual agent"})


def in_line(queue: str, text: str | None = None, language: Language = Language.ENGLISH) -> str:
    """The queue's first text after a handoff."""
    return _filled(SystemMessage.IN_LINE, text, {"queue": queue}, language)


def waiting(
    queue: str,
    text: str | None = None,
    language: Language = Language.ENGLISH,
    *,
    instead: str | None = None,
) -> str:
    """The text for a requester when no agent is free; sent once. ``instead``: how to return to the
    virtual agent; None: the desk has no virtual agent."""
    return _with_second_line(
        _filled(SystemMessage.WAITING, text, {"queue": queue}, language), instead
    )


def out_of_hours(
    queue: str,
    opens: str,
    text: str | None = None,
    language: Language = Language.ENGLISH,
    *,
    instead: str | None = None,
) -> str:
    """The text for a requester when the queue is closed; sent once. ``opens``: the time in words,
    from ``opening``. ``instead``: as for ``waiting``."""
    values = {"queue": queue, "opens": opens}
    return _with_second_line(_filled(SystemMessage.CLOSED, text, values, language), instead)


def closing_line(
    agent_name: str, text: str | None = None, language: Language = Language.ENGLISH
) -> str:
    """An agent's closing text."""
    values = {"agent.first_name": first_name(agent_name)}
    return _filled(SystemMessage.CLOSING_LINE, text, values, language)


def account_help(case: str, text: str | None = None, language: Language = Language.ENGLISH) -> str:
    """The text that tells a verified requester with a locked account what happens next."""
    return _filled(SystemMessage.ACCOUNT_HELP, text, {"case": case}, language)


def case_resolved(
    case: str, about: str, text: str | None = None, language: Language = Language.ENGLISH
) -> str:
    """The suggested text to the requester of a resolved case. ``about``: the first words of the
    case."""
    return _filled(SystemMessage.CASE_RESOLVED, text, {"case": case, "about": about}, language)


def outage_over(outage: str, text: str | None = None, language: Language = Language.ENGLISH) -> str:
    """The text for everybody who reported an outage. ``outage``: its title."""
    return _filled(SystemMessage.OUTAGE_OVER, text, {"outage": outage}, language)


def from_desk(
    message: SystemMessage,
    desk: str,
    text: str | None = None,
    language: Language = Language.ENGLISH,
) -> str:
    """A message with the desk's name as its only placeholder."""
    return _filled(message, text, {"desk": desk}, language)


def opening(
    at: datetime | None, time_zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """When a queue opens, in the words of a text: at 08:00, tomorrow at 08:00, on Monday at 08:00,
    on 4 January at 08:00."""
    if at is None:
        return in_language(OPENS.instead, language)
    return time_to_come(at, time_zone, now, language)


def wants_bot(text: str) -> bool:
    """Whether the whole text asks for the virtual agent."""
    return without_signature(text).strip(" .!\r\n").casefold() in BOT_WORDS


def examples(name: str, text: str | None = None) -> tuple[str, str]:
    """The text filled with typical names, and with long ones. ``name``: the name of a version."""
    words = words_of(name)
    plain, long = (
        {n: getattr(p, kind) for n, p in words.placeholders.items()} for kind in ("example", "long")
    )
    return placeholders.fill(text or words.default, plain), placeholders.fill(
        text or words.default, long
    )


def _filled(
    message: SystemMessage, text: str | None, values: Mapping[str, str], language: Language
) -> str:
    """Fill a text. While it takes more than one segment, this replaces its values with general
    words, one after the other."""
    words, values = words_of(name_in(message, language)), dict(values)
    filled = placeholders.fill(text or words.default, values)
    for name, placeholder in words.placeholders.items():
        if segments(filled).count > 1:
            values[name] = placeholder.instead
            filled = placeholders.fill(text or words.default, values)
    return filled[:1].upper() + filled[1:]


def _with_second_line(line: str, more: str | None) -> str:
    """Both lines if they fit in one segment, else the first."""
    both = f"{line} {more}" if more else line
    return both if segments(both).count == 1 else line


# What an admin may save ---------------------------------------------------------------------------


def error(name: str, text: str, values: Mapping[str, str] | None = None) -> str | None:
    """The error of an edited text. None when it can be saved. ``name``: the name of a version;
    ``values``: known placeholder values, such as {queue}."""
    (message, _), words = VERSIONS[name], words_of(name)
    if not is_visible(text):
        return phrase("must not be empty; reset it to restore the default text")
    if unknown := placeholders.error(text, words.placeholders):
        return unknown
    if message not in ABOUT_CONSENT and (keyword := asks_for_opt_out(text)):
        return phrase(
            "asks people to reply {keyword}, which opts them out of all texts; use another word",
            keyword=keyword,
        )
    if message is SystemMessage.SATISFACTION and not {"1", "5"} <= set(text):
        return phrase("must name 1 and 5, because requesters answer with a number from 1 to 5")
    for kind in ("instead", "example" if values is None else "long"):
        filled = placeholders.fill(
            text, {n: getattr(p, kind) for n, p in words.placeholders.items()} | dict(values or {})
        )
        counted = segments(filled)
        if counted.count > 1:
            if counted.forced_by:
                return phrase(
                    "must fit in one segment. With names filled in, it takes {count} because of "
                    "{character}: “{text}”",
                    count=counted.count,
                    character=described(counted.forced_by),
                    text=filled,
                )
            return phrase(
                "must fit in one segment. With names filled in, it takes {count}: “{text}”",
                count=counted.count,
                text=filled,
            )
    return None
