"""System messages to requesters: the short list in docs/product.md, each within one segment.

Requesters never get "X joined", "X is typing" or "session timed out"; agents see all of these.
Admins can edit each text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from handoff_service.rules.shared.dates_in_texts import time_to_come
from handoff_service.rules.shared.language import Language
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
