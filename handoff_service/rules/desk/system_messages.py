"""System messages to requesters: the short list in docs/product.md, each within one segment.

Requesters never get "X joined", "X is typing" or "session timed out"; agents see all of these.
Admins can edit each text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from handoff_service.rules.delivery.carrier_keywords import asks_for_opt_out
from handoff_service.rules.delivery.sms_characters import described, is_visible
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.dates_in_texts import time_to_come
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.shared.versions import name_in


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


# a waiting requester texts one of these to return to the virtual agent
BOT_WORDS = frozenset({"bot", "virtual agent"})
ABOUT_CONSENT = frozenset(  # only these texts may ask people to reply with an opt-out keyword
    {
        *(SystemMessage.HELP, SystemMessage.OPTED_OUT, SystemMessage.OPTED_IN),
        *(SystemMessage.ASK_OPT_OUT, SystemMessage.WRONG_NUMBER),
    }
)
# a queue may have its own version, for requesters who text in the queue's language
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


QUEUE = Placeholder(
    example="Service desk", long="Facilities and Workplace", instead=translatable("our team")
)
# Example opening times of a queue, as seen from this day: a typical one, and one with long words.
OPENS_AFTER = datetime(2026, 9, 20, tzinfo=UTC)
OPENS_AT = (datetime(2026, 9, 21, 8, tzinfo=UTC), datetime(2026, 9, 30, 8, tzinfo=UTC))
OPENS = Placeholder(
    example="on Monday at 08:00", long="on 23 September at 08:00", instead=translatable("later")
)
CASE = Placeholder(example="CS0000012", long="CS123456789", instead=translatable("a case"))
AGENT = Placeholder(example="Mia", long="Maximiliana-Alejandra", instead=translatable("Our agent"))
ABOUT = Placeholder(
    example="Badge does not open the door",
    long="The display of the meeting room on the third floor",
    instead=translatable("your report"),
)
OUTAGE = Placeholder(
    example="VPN in Chicago",
    long="Sign-in to the portal in all offices",
    instead=translatable("The service"),
)
DESK = Placeholder(
    example="Northwind IT",
    long="Northwind Facilities and Workplace",
    instead=translatable("The help desk"),
)
_ENGLISH: Mapping[SystemMessage, Words] = {
    SystemMessage.IN_LINE: Words(
        when=phrase("Once, when a conversation enters a queue and an agent gets an offer"),
        default=translatable("You're in line for {queue}. We'll reply here."),
        placeholders={"queue": QUEUE},
    ),
    SystemMessage.WAITING: Words(
        when=phrase("Once, when nobody is free"),
        default=translatable(
            "Everyone at {queue} is busy right now. You're in line and we'll reply here."
        ),
        placeholders={"queue": QUEUE},
    ),
    SystemMessage.CLOSED: Words(
        when=phrase("Once, when a conversation enters a queue that is closed"),
        default=translatable(
            "{queue} is closed and opens again {opens}. You're in line and we'll reply here."
        ),
        placeholders={"queue": QUEUE, "opens": OPENS},
    ),
    SystemMessage.BOT_INSTEAD: Words(
        when=phrase(
            "Added to “Nobody is free” and “Queue is closed” if the whole text fits in one "
            "segment and the desk has a virtual agent"
        ),
        default=translatable("Text BOT for the virtual agent."),
        placeholders={},
    ),
    SystemMessage.BACK_WITH_BOT: Words(
        when=phrase("When a waiting requester texts BOT to return to the virtual agent"),
        default=translatable("You're back with the virtual agent. Text AGENT for a person."),
        placeholders={},
    ),
    SystemMessage.CLOSING_LINE: Words(
        when=phrase("When an agent closes a conversation; the agent can change it each time"),
        default=translatable("{agent.first_name} has closed this conversation. Text us any time."),
        placeholders={"agent.first_name": AGENT},
    ),
    SystemMessage.ACCOUNT_HELP: Words(
        when=phrase(
            "When a verified requester asks about a password or a locked account, before the "
            "handoff"
        ),
        default=translatable(
            "I've opened case {case} with high priority. A person will help you here to get "
            "back in. Please never text us a password."
        ),
        placeholders={"case": CASE},
    ),
    SystemMessage.GOODBYE: Words(
        when=phrase(
            "When a requester texts BYE to the virtual agent. This closes the conversation"
        ),
        default=translatable("Goodbye, and thank you. Text us any time."),
        placeholders={},
    ),
    SystemMessage.HELP: Words(
        when=phrase("When somebody texts HELP, unless the provider answers it"),
        default=translatable(
            "{desk}: text your problem, or AGENT for a person, RESTART to start over, BYE to "
            "end, STOP to opt out. Msg & data rates may apply."
        ),
        placeholders={"desk": DESK},
    ),
    SystemMessage.RESTARTED: Words(
        when=phrase("When somebody texts RESTART to the virtual agent"),
        default=translatable("OK, let's start over. How can we help?"),
        placeholders={},
    ),
    SystemMessage.OPTED_OUT: Words(
        when=phrase("Once, when somebody opts out with STOP, unless the provider confirms it"),
        default=translatable(
            "You've opted out of texts from {desk} and won't get any more. Text START to opt "
            "back in."
        ),
        placeholders={"desk": DESK},
    ),
    SystemMessage.OPTED_IN: Words(
        when=phrase(
            "When a requester who has opted out texts START, unless the provider confirms it"
        ),
        default=translatable(
            "You'll get texts from {desk} again. Text HELP for help, STOP to opt out."
        ),
        placeholders={"desk": DESK},
    ),
    SystemMessage.ASK_OPT_OUT: Words(
        when=phrase(
            "Once, when a text to the virtual agent may mean that the requester wants to opt out"
        ),
        default=translatable(
            "Would you like to stop texts from {desk}? Reply STOP to opt out, or tell us "
            "what you need."
        ),
        placeholders={"desk": DESK},
    ),
    SystemMessage.WRONG_NUMBER: Words(
        when=phrase(
            "When a text to the virtual agent says that the number is wrong or asks who this is"
        ),
        default=translatable(
            "This is {desk}, a help desk you can text. Reply STOP to opt out, or tell us "
            "what you need."
        ),
        placeholders={"desk": DESK},
    ),
    SystemMessage.CASE_RESOLVED: Words(
        when=phrase(
            "When an agent resolves a case and texts the requester; the agent can change it each "
            "time"
        ),
        default=translatable("Your case {case} ({about}) is resolved. Still broken? Just reply."),
        placeholders={"about": ABOUT, "case": CASE},
    ),
    SystemMessage.OUTAGE_OVER: Words(
        when=phrase(
            "When you end an outage and choose to text everybody who reported it; you can change "
            "it each time"
        ),
        default=translatable("{outage} is working again. Still broken for you? Just reply."),
        placeholders={"outage": OUTAGE},
    ),
    SystemMessage.SATISFACTION: Words(
        when=phrase(
            "Some time after closing, if the queue asks how it went. It asks for a number from "
            "1 to 5, and 5 must be the best"
        ),
        default=translatable("How did we do? Reply 1-5 (5 is best)."),
        placeholders={},
    ),
    SystemMessage.LOW_GRADE: Words(
        when=phrase("When the answer to that question is 1 or 2 without a comment"),
        default=translatable("Thank you for telling us. What should we have done better?"),
        placeholders={},
    ),
}


#: the name of each version -> its message and language
VERSIONS: Mapping[str, tuple[SystemMessage, Language]] = {
    name_in(message, language): (message, language)
    for language in Language
    for message in SystemMessage
}


@cache
def words_of(name: str) -> Words:
    """The version with this name. Raises KeyError for an unknown name."""
    message, language = VERSIONS[name]
    words = _ENGLISH[message]
    return words if language is Language.ENGLISH else _translated(words, language)


def _translated(words: Words, language: Language) -> Words:
    parts = {
        name: replace(part, instead=in_language(part.instead, language))
        for name, part in words.placeholders.items()
    }
    if "opens" in parts:
        example, long = (time_to_come(at, "UTC", OPENS_AFTER, language) for at in OPENS_AT)
        parts["opens"] = replace(parts["opens"], example=example, long=long)
    return Words(
        when=words.when,
        default=in_language(words.default, language),
        placeholders=parts,
    )


# These functions fill a text for one conversation. ``text``: the admin's text (see
# store/desk/texts.py); None: the default text of the language.


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
