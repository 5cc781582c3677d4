"""How far a message has come, and what a provider's word about it may change.

Twilio says that callbacks may come early, twice and out of order, so a status has a rank and never goes down.
Source of the words: MessageStatus in Twilio's OpenAPI (twilio-oai), https://www.twilio.com/docs/messaging/api/message-resource
"""

from collections.abc import Mapping
from dataclasses import dataclass

from handoff_service.rules.vocabulary import Status

RANK: Mapping[Status, int] = {
    Status.QUEUED: 0,
    Status.UNKNOWN: 1,
    Status.SENDING: 2,
    Status.SENT: 3,
    Status.UNDELIVERED: 4,
    Status.FAILED: 4,
    Status.DELIVERED: 5,
}

# Twilio's word -> ours. "queued" at Twilio is "sending" here: it has left our outbox.
TWILIO: Mapping[str, Status] = {
    "accepted": Status.SENDING,
    "scheduled": Status.SENDING,
    "queued": Status.SENDING,
    "sending": Status.SENDING,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "read": Status.DELIVERED,
    "partially_delivered": Status.SENT,
    "canceled": Status.FAILED,
}


def advanced(current: Status, reported: Status) -> Status | None:
    """The status to store when ``reported`` comes in, or None when it would be a step back or no step."""
    if current not in RANK or RANK[reported] <= RANK[current]:
        return None
    return reported


# Refusals that say nothing about the message: it is kept, and tried again until somebody mends the account.
# 20003 wrong credentials, 20429 too many requests, 21611 the sender's queue is full.
PUT_OFF = frozenset({20003, 20429, 21611})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code says, in words for a live agent."""

    meaning: str
    advice: str


# The place for the whole table of error codes, with what each one does to later sends.
# Source: https://www.twilio.com/docs/api/errors
MEANINGS: Mapping[int, Meaning] = {
    21211: Meaning("The number is not valid.", "Check the number with the requester."),
    21408: Meaning("Texts to this country are switched off.", "Ask an admin to allow the country at the provider."),
    21610: Meaning("The requester has opted out.", "Nothing can be sent until they text START."),
    21614: Meaning("The number cannot receive texts.", "Call instead."),
    30003: Meaning("The phone is off or out of reach.", "Try again later."),
    30004: Meaning("The requester's carrier blocks this number.", "Use another way to reach them."),
    30005: Meaning("Nobody has this number.", "Check the number with the requester."),
    30006: Meaning("This is a landline.", "Call instead."),
    30007: Meaning("The carrier filtered it.", "Send it again without links, in your own words."),
    30008: Meaning("The carrier did not say why.", "Try again once."),
}
UNNAMED = Meaning("The provider refused it.", "Look the code up at the provider, or try again.")


def meaning(code: int) -> Meaning:
    """What an error code means; codes that are not in the table get a sentence that is always true."""
    return MEANINGS.get(code, UNNAMED)
