"""System messages to requesters: the short list of the product page, each within one segment.

Requesters never get "X joined", "X is typing" or "session timed out"; agents see all of these.
Admins can edit each text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from handoff_service.rules.delivery.carrier_keywords import asks_for_opt_out
from handoff_service.rules.delivery.sms_characters import described, is_visible
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.desk.spanish_messages import MONTHS, SPANISH_INSTEAD, SPANISH_TEXTS
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.names import first_name


class SystemMessage(StrEnum):
    """A text that the product itself sends to a requester."""

    IN_LINE = "in_line"
    WAITING = "waiting"
    CLOSED = "closed"
    BOT_INSTEAD = "bot_instead"
    BACK_WITH_BOT = "back_with_bot"
    CLOSING_LINE = "closing_line"
    ACCOUNT_HELP = "account_help"
    GOODBYE = "goodbye"
    HELP = "help"
    RESTARTED = "restarted"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    ASK_OPT_OUT = "ask_opt_out"
    WRONG_NUMBER = "wrong_number"
    CASE_RESOLVED = "case_resolved"
    OUTAGE_OVER = "outage_over"
    SATISFACTION = "satisfaction"
    LOW_GRADE = "low_grade"
    # the same for requesters who text in Spanish
    IN_LINE_ES = "in_line_es"
    WAITING_ES = "waiting_es"
    CLOSED_ES = "closed_es"
    BOT_INSTEAD_ES = "bot_instead_es"
    BACK_WITH_BOT_ES = "back_with_bot_es"
    CLOSING_LINE_ES = "closing_line_es"
    ACCOUNT_HELP_ES = "account_help_es"
    GOODBYE_ES = "goodbye_es"
    HELP_ES = "help_es"
    RESTARTED_ES = "restarted_es"
    OPTED_OUT_ES = "opted_out_es"
    OPTED_IN_ES = "opted_in_es"
    ASK_OPT_OUT_ES = "ask_opt_out_es"
    WRONG_NUMBER_ES = "wrong_number_es"
    CASE_RESOLVED_ES = "case_resolved_es"
    OUTAGE_OVER_ES = "outage_over_es"
    SATISFACTION_ES = "satisfaction_es"
    LOW_GRADE_ES = "low_grade_es"


# a waiting requester texts one of these to return to the virtual agent
BOT_WORDS = frozenset({"bot", "virtual agent"})
ABOUT_CONSENT = (  # carriers want these texts to name STOP
    *(SystemMessage.HELP, SystemMessage.OPTED_OUT, SystemMessage.OPTED_IN),
    *(SystemMessage.ASK_OPT_OUT, SystemMessage.WRONG_NUMBER),
    *(SystemMessage.HELP_ES, SystemMessage.OPTED_OUT_ES, SystemMessage.OPTED_IN_ES),
    *(SystemMessage.ASK_OPT_OUT_ES, SystemMessage.WRONG_NUMBER_ES),
)
ASKS_GRADE = (SystemMessage.SATISFACTION, SystemMessage.SATISFACTION_ES)
# a queue may have its own version, for requesters who text in English
QUEUES_OWN = (SystemMessage.IN_LINE, SystemMessage.WAITING, SystemMessage.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """``example``: a typical value; ``long``: one of the longest; ``instead``: replaces a value
    that is too long."""

    example: str
    long: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A system message: when it is sent, its default text, and its placeholders."""

    when: str
    default: str
    placeholders: Mapping[str, Placeholder]


QUEUE = Placeholder(example="Service desk", long="Facilities and Workplace", instead="our team")
OPENS = Placeholder(example="on Monday at 08:00", long="on 23 September at 08:00", instead="later")
CASE = Placeholder(example="CS0000012", long="CS123456789", instead="a case")
AGENT = Placeholder(example="Mia", long="Maximiliana-Alejandra", instead="Our agent")
ABOUT = Placeholder(
    example="Badge does not open the door",
    long="The display of the meeting room on the third floor",
    instead="your report",
)
OUTAGE = Placeholder(
    example="VPN in Chicago", long="Sign-in to the portal in all offices", instead="The service"
)
DESK = Placeholder(
    example="Northwind IT", long="Northwind Facilities and Workplace", instead="The help desk"
)
_ENGLISH: Mapping[SystemMessage, Words] = {
    SystemMessage.IN_LINE: Words(
        when="Once, when a conversation enters a queue and an agent gets an offer",
        default="You're in line for {queue}. We'll reply here.",
        placeholders={"queue": QUEUE},
    ),
    SystemMessage.WAITING: Words(
        when="Once, when nobody is free",
        default="Everyone at {queue} is busy right now. You're in line and we'll reply here.",
        placeholders={"queue": QUEUE},
    ),
    SystemMessage.CLOSED: Words(
        when="Once, when a conversation enters a queue that is closed",
        default="{queue} is closed and opens again {opens}. You're in line and we'll reply here.",
        placeholders={"queue": QUEUE, "opens": OPENS},
    ),
    SystemMessage.BOT_INSTEAD: Words(
        when="Added to “Nobody is free” and “Queue is closed” if the whole text fits in one "
        "segment and the desk has a virtual agent",
        default="Text BOT for the virtual agent.",
        placeholders={},
    ),
    SystemMessage.BACK_WITH_BOT: Words(
        when="When a waiting requester texts BOT to return to the virtual agent",
        default="You're back with the virtual agent. Text AGENT for a person.",
        placeholders={},
    ),
    SystemMessage.CLOSING_LINE: Words(
        when="When an agent closes a conversation; the agent can change it each time",
        default="{agent.first_name} has closed this conversation. Text us any time.",
        placeholders={"agent.first_name": AGENT},
    ),
    SystemMessage.ACCOUNT_HELP: Words(
        when="When a verified requester asks about a password or a locked account, before the "
        "handoff",
        default="I've opened case {case} with high priority. A person will help you here to get "
        "back in. Please never text us a password.",
        placeholders={"case": CASE},
    ),
    SystemMessage.GOODBYE: Words(
        when="When a requester texts BYE to the virtual agent. This closes the conversation",
        default="Goodbye, and thank you. Text us any time.",
        placeholders={},
    ),
    SystemMessage.HELP: Words(
        when="When somebody texts HELP, unless the provider answers it",
        default="{desk}: text your problem, or AGENT for a person, RESTART to start over, BYE to "
        "end, STOP to opt out. Msg & data rates may apply.",
        placeholders={"desk": DESK},
    ),
    SystemMessage.RESTARTED: Words(
        when="When somebody texts RESTART to the virtual agent",
        default="OK, let's start over. How can we help?",
        placeholders={},
    ),
    SystemMessage.OPTED_OUT: Words(
        when="Once, when somebody opts out with STOP, unless the provider confirms it",
        default="You've opted out of texts from {desk} and won't get any more. Text START to opt "
        "back in.",
        placeholders={"desk": DESK},
    ),
    SystemMessage.OPTED_IN: Words(
        when="When a requester who has opted out texts START, unless the provider confirms it",
        default="You'll get texts from {desk} again. Text HELP for help, STOP to opt out.",
        placeholders={"desk": DESK},
    ),
    SystemMessage.ASK_OPT_OUT: Words(
        when="Once, when a text to the virtual agent may mean that the requester wants to opt out",
        default="Would you like to stop texts from {desk}? Reply STOP to opt out, or tell us "
        "what you need.",
        placeholders={"desk": DESK},
    ),
    SystemMessage.WRONG_NUMBER: Words(
        when="When a text to the virtual agent says that the number is wrong or asks who this is",
        default="This is {desk}, a help desk you can text. Reply STOP to opt out, or tell us "
        "what you need.",
        placeholders={"desk": DESK},
    ),
    SystemMessage.CASE_RESOLVED: Words(
        when="When an agent resolves a case and texts the requester; the agent can change it each "
        "time",
        default="Your case {case} ({about}) is resolved. Still broken? Just reply.",
        placeholders={"about": ABOUT, "case": CASE},
    ),
    SystemMessage.OUTAGE_OVER: Words(
        when="When you end an outage and choose to text everybody who reported it; you can change "
        "it each time",
        default="{outage} is working again. Still broken for you? Just reply.",
        placeholders={"outage": OUTAGE},
    ),
    SystemMessage.SATISFACTION: Words(
        when="Some time after closing, if the queue asks how it went. It asks for a number from "
        "1 to 5, and 5 must be the best",
        default="How did we do? Reply 1-5 (5 is best).",
        placeholders={},
    ),
    SystemMessage.LOW_GRADE: Words(
        when="When the answer to that question is 1 or 2 without a comment",
        default="Thank you for telling us. What should we have done better?",
        placeholders={},
    ),
}


def _in_spanish(words: Words, default: str) -> Words:
    parts = {n: replace(p, instead=SPANISH_INSTEAD[n]) for n, p in words.placeholders.items()}
    if "opens" in parts:
        parts["opens"] = replace(
            parts["opens"],
            example="el 30 de noviembre a las 08:00",
            long="el 23 de septiembre a las 08:00",
        )
    return Words(when=f"In Spanish: {words.when}", default=default, placeholders=parts)


def in_language(message: SystemMessage, language: Language) -> SystemMessage:
    """The version of an English message in this language."""
    return SystemMessage(f"{message}_es") if language is Language.SPANISH else message


TEXTS: Mapping[SystemMessage, Words] = {
    **_ENGLISH,
    **{
        in_language(message, Language.SPANISH): _in_spanish(words, SPANISH_TEXTS[message])
        for message, words in _ENGLISH.items()
    },
}


# Filled for one conversation. ``text`` is the admin's (see store/desk/texts.py); None is the
# default of the language.


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
    """Sent once when no agent is free. ``instead``: how to return to the virtual agent, where there
    is one."""
    return _and(_filled(SystemMessage.WAITING, text, {"queue": queue}, language), instead)


def out_of_hours(
    queue: str,
    opens: str,
    text: str | None = None,
    language: Language = Language.ENGLISH,
    *,
    instead: str | None = None,
) -> str:
    """Sent once when the queue is closed. ``opens``: in words, see ``opening``; ``instead`` as for
    ``waiting``."""
    values = {"queue": queue, "opens": opens}
    return _and(_filled(SystemMessage.CLOSED, text, values, language), instead)


def closing_line(
    agent_name: str, text: str | None = None, language: Language = Language.ENGLISH
) -> str:
    """An agent's closing text."""
    values = {"agent.first_name": first_name(agent_name)}
    return _filled(SystemMessage.CLOSING_LINE, text, values, language)


def account_help(case: str, text: str | None = None, language: Language = Language.ENGLISH) -> str:
    """Sent to a verified requester whose account is locked: what happens next."""
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
    """A message with no placeholder but the desk's name."""
    return _filled(message, text, {"desk": desk}, language)


def opening(
    at: datetime | None, time_zone: str, now: datetime, language: Language = Language.ENGLISH
) -> str:
    """When a queue opens, in the words of a text: at 08:00, tomorrow at 08:00, on Monday at 08:00,
    on 4 January at 08:00."""
    if at is None:
        return OPENS.instead if language is Language.ENGLISH else SPANISH_INSTEAD["opens"]
    zone = ZoneInfo(time_zone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if language is Language.SPANISH:  # no weekdays: sábado needs the longer encoding
        date = f"el {local.day} de {MONTHS[local.month - 1]} "
        return {0: "", 1: "mañana "}.get(days, date) + f"a las {local:%H:%M}"
    day = {0: "", 1: "tomorrow "}.get(
        days, f"on {local:%A} " if days < 7 else f"on {local.day} {local:%B} "
    )
    return f"{day}at {local:%H:%M}"


def wants_bot(text: str) -> bool:
    """Whether the whole text asks for the virtual agent."""
    return without_signature(text).strip(" .!\r\n").casefold() in BOT_WORDS


def examples(message: SystemMessage, text: str | None = None) -> tuple[str, str]:
    """The text filled with typical names, and with long ones."""
    words = TEXTS[message]
    plain, long = (
        {n: getattr(p, kind) for n, p in words.placeholders.items()} for kind in ("example", "long")
    )
    return placeholders.fill(text or words.default, plain), placeholders.fill(
        text or words.default, long
    )


def _filled(
    message: SystemMessage, text: str | None, values: Mapping[str, str], language: Language
) -> str:
    """Fill a text within one segment. A name that is too long or forces UCS-2 is replaced by plain
    words."""
    words, values = TEXTS[in_language(message, language)], dict(values)
    filled = placeholders.fill(text or words.default, values)
    for name, placeholder in words.placeholders.items():
        if segments(filled).count > 1:
            values[name] = placeholder.instead
            filled = placeholders.fill(text or words.default, values)
    return filled[:1].upper() + filled[1:]


def _and(line: str, more: str | None) -> str:
    """Both lines if they fit in one segment, else the first."""
    both = f"{line} {more}" if more else line
    return both if segments(both).count == 1 else line


# What an admin may save ---------------------------------------------------------------------------


def error(message: SystemMessage, text: str, values: Mapping[str, str] | None = None) -> str | None:
    """The error of an edited text. None when it can be saved. ``values``: known placeholder
    values, such as {queue}."""
    words = TEXTS[message]
    if not is_visible(text):
        return "must not be empty; reset it to restore the default text"
    if unknown := placeholders.error(text, words.placeholders):
        return unknown
    if message not in ABOUT_CONSENT and (keyword := asks_for_opt_out(text)):
        return f"asks people to reply {keyword}, which opts them out of all texts; use another word"
    if message in ASKS_GRADE and not {"1", "5"} <= set(text):
        return "must name 1 and 5, because requesters answer with a number from 1 to 5"
    for kind in ("instead", "example" if values is None else "long"):
        filled = placeholders.fill(
            text, {n: getattr(p, kind) for n, p in words.placeholders.items()} | dict(values or {})
        )
        counted = segments(filled)
        if counted.count > 1:
            because = f" because of {described(counted.forced_by)}" if counted.forced_by else ""
            return (
                f"must fit in one segment. With names filled in, it takes {counted.count}"
                f"{because}: “{filled}”"
            )
    return None
