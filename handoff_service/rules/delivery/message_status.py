"""Message status: how a provider's report changes it, and what each error code leads to.

Twilio's callbacks may arrive early, twice and out of order, so each status has a rank that never goes down. Source of
the words: MessageStatus in Twilio's OpenAPI (twilio-oai), https://www.twilio.com/docs/messaging/api/message-resource
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.shared.vocabulary import Status

RANK: Mapping[Status, int] = {
    Status.QUEUED: 0,
    Status.UNKNOWN: 1,
    Status.SENDING: 2,
    Status.SENT: 3,
    Status.UNDELIVERED: 4,
    Status.FAILED: 4,
    Status.DELIVERED: 5,
}

DID_NOT_ARRIVE = frozenset({Status.UNDELIVERED, Status.FAILED})

# Twilio's word -> ours. "queued" at Twilio is "sending" here because the message has left our outbox.
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
    """The status to store after this report. None when the report is older or changes nothing."""
    if current not in RANK or RANK[reported] <= RANK[current]:
        return None
    return reported


class Consequence(StrEnum):
    """What an error code does to the message and to the messages queued after it."""

    SUPPRESS = "nothing is sent to the number any more"
    PERMANENT = "the message has failed"
    CONTENT = "the message has failed; other words may pass"
    RETRY = "the message is sent again, after its waits"
    ACCOUNT = "the message has failed; an admin must mend the account"
    CHANNEL = "the message waits until the provider takes it"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error code's meaning for agents, and its consequence.

    ``waits``: delays before each retry of a message that the provider had accepted. A message that the provider did
    not accept is always retried when the error concerns the whole channel.
    """

    meaning: str
    advice: str
    then: Consequence = Consequence.PERMANENT
    waits: tuple[timedelta, ...] = ()


NO_ACCOUNT = 20003  # also used when the provider refuses the account (401) without a code
TOO_MANY = 20429  # also used when the provider asks us to slow down (429) with another code
OPTED_OUT = 21610  # the provider refuses texts from the company to this number
COUNTRY_OFF = 21408  # the provider's code; also used for the desk's own country list
RANGE_FULL = 30450  # the provider's code for SMS pumping; also used for the desk's own reply limits
_SOON = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
_WHEN_THE_PHONE_IS_ON = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
_SLOWLY = "Wait a while before sending more."
_ADMIN = "Tell an admin. No texts can be delivered until this is fixed."
_OURS = "Tell an admin. This is an error in Patchboard."
_NOT_ACTIVE = Meaning("Our account at the provider is not active.", _ADMIN, Consequence.CHANNEL)

# Source: https://www.twilio.com/docs/api/errors and each code's own page.
MEANINGS: Mapping[int, Meaning] = {
    10001: _NOT_ACTIVE,
    NO_ACCOUNT: Meaning("The provider does not recognize our account.", _ADMIN, Consequence.CHANNEL),
    20005: _NOT_ACTIVE,
    TOO_MANY: Meaning("The provider accepts no more texts right now.", _SLOWLY, Consequence.CHANNEL, _SOON),
    21211: Meaning("The number is not valid.", "Check the number with the requester."),
    21212: Meaning("Our number is not valid.", _ADMIN, Consequence.ACCOUNT),
    COUNTRY_OFF: Meaning("Texts to this country are switched off.", _ADMIN, Consequence.ACCOUNT),
    21602: Meaning("The text was empty.", _OURS),
    21604: Meaning("The text had no number to go to.", _OURS),
    21606: Meaning("Our number cannot send texts.", _ADMIN, Consequence.ACCOUNT),
    OPTED_OUT: Meaning(
        "The requester has opted out.", "Nothing can be sent until they text START.", Consequence.SUPPRESS
    ),
    21611: Meaning("The provider's queue is full.", _SLOWLY, Consequence.CHANNEL, _SOON),
    21614: Meaning("The number cannot receive texts.", "Call instead."),
    21617: Meaning("The text was too long.", "Send it in parts.", Consequence.CONTENT),
    21620: Meaning("The provider could not use the picture's address.", _ADMIN, Consequence.ACCOUNT),
    21623: Meaning("There were too many pictures.", "Send them in several texts.", Consequence.CONTENT),
    21703: Meaning("The messaging service has no number to send from.", _ADMIN, Consequence.ACCOUNT),
    21704: Meaning("The messaging service has no numbers.", _ADMIN, Consequence.ACCOUNT),
    21705: Meaning("There is no such messaging service.", _ADMIN, Consequence.ACCOUNT),
    30001: Meaning("The provider's queue was full.", _SLOWLY, Consequence.RETRY, _SOON),
    30002: Meaning("The provider has suspended our account.", _ADMIN, Consequence.ACCOUNT),
    30003: Meaning("The phone is off or has no signal.", "Or call.", Consequence.RETRY, _WHEN_THE_PHONE_IS_ON),
    30004: Meaning("The requester's carrier blocks this number.", "Use another way to reach them."),
    30005: Meaning("Nobody has this number.", "Check the number with the requester."),
    30006: Meaning("This is a landline.", "Call instead."),
    30007: Meaning("The carrier filtered it.", "Rephrase it without links and send it again.", Consequence.CONTENT),
    30008: Meaning("The carrier gave no reason.", "Or call.", Consequence.RETRY, (timedelta(minutes=5),)),
    30011: Meaning(
        "The carrier does not accept pictures for this number.", "Send a text with a link instead.", Consequence.CONTENT
    ),
    30017: Meaning("The carrier is congested.", "Or call.", Consequence.RETRY, _SOON),
    30019: Meaning("The picture is too large for the carrier.", "Send a smaller one.", Consequence.CONTENT),
    30022: Meaning("We are sending faster than our registration allows.", _ADMIN, Consequence.RETRY, _SOON),
    30023: Meaning("We have reached today's limit for texts.", _ADMIN, Consequence.RETRY, (timedelta(hours=24),)),
    30027: Meaning(
        "We have reached today's limit for texts to T-Mobile.", _ADMIN, Consequence.RETRY, (timedelta(hours=24),)
    ),
    30032: Meaning("Our toll-free number is not verified.", _ADMIN, Consequence.ACCOUNT),
    30034: Meaning("Our number is not registered with the carriers.", _ADMIN, Consequence.ACCOUNT),
    30036: Meaning(
        "The text expired before it could be delivered.", "Send it again if it still matters.", Consequence.CONTENT
    ),
    RANGE_FULL: Meaning("Too many replies to unknown numbers.", "If it is a person, write to them yourself, or call."),
    63017: Meaning("The account is sending too fast.", _SLOWLY, Consequence.RETRY, _SOON),
    63018: Meaning("Our number is sending too fast.", _SLOWLY, Consequence.RETRY, _SOON),
}
UNNAMED = Meaning("The provider rejected it.", "Look up the code in the provider's documentation, or try again.")


def meaning(code: int) -> Meaning:
    """An error code's meaning. Codes that are not in the table get a general sentence."""
    return MEANINGS.get(code, UNNAMED)


def again_after(code: int | None, retries: int) -> timedelta | None:
    """How long to wait before the next retry. None: the message has failed for good. ``retries``: how many were made
    so far."""
    waits = meaning(code).waits if code is not None else ()
    return waits[retries] if retries < len(waits) else None
