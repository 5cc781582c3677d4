"""Twilio's message statuses and error codes. Each error code has a meaning, advice, a reason and
retries."""

from collections.abc import Mapping
from datetime import timedelta

from handoff_service.rules.delivery.send_errors import Reason, SendError, SendErrors
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Status

# Twilio's status -> ours. "queued" at Twilio is "sending" here, because the text has left our
# outbox. Source: MessageStatus in Twilio's OpenAPI (twilio-oai),
# https://www.twilio.com/docs/messaging/api/message-resource
STATUSES: Mapping[str, Status] = {
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

NO_ACCOUNT = 20003  # Patchboard also uses it for a response 401 without an error code
TOO_MANY = 20429  # Patchboard also uses it for a response 429 with another error code
_SOON = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
_WHEN_THE_PHONE_IS_ON = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
_SLOWLY = phrase("Wait a while before sending more.")
_ADMIN = phrase("Tell an admin. No texts can be delivered until this is fixed.")
_NUMBER = phrase("Tell an admin. No texts can go out from this number until this is fixed.")
_COUNTRY = phrase("Tell an admin. Texts to other countries still go out.")
_PICTURE = phrase("Tell an admin. Texts without pictures still go out.")
_CARRIER = phrase("Tell an admin. Texts to other carriers still go out.")
_SLOWER = phrase("Tell an admin. Send fewer texts at a time until then.")
_DAILY = phrase("Tell an admin. Texts can be sent again when the limit resets.")
_OURS = phrase("Tell an admin. This is an error in Patchboard.")
_NOT_ACTIVE = SendError(
    phrase("Our account at the provider is not active."), _ADMIN, Reason.ACCOUNT, holds_line=True
)

# Source: https://www.twilio.com/docs/api/errors, and the page of each code below it.
CODES: Mapping[int, SendError] = {
    10001: _NOT_ACTIVE,
    NO_ACCOUNT: SendError(
        phrase("The provider does not recognize our account."),
        _ADMIN,
        Reason.ACCOUNT,
        holds_line=True,
    ),
    20005: _NOT_ACTIVE,
    TOO_MANY: SendError(
        phrase("The provider accepts no more texts right now."),
        _SLOWLY,
        Reason.RATE_LIMITED,
        _SOON,
        holds_line=True,
    ),
    21211: SendError(
        phrase("The number is not valid."),
        phrase("Check the number with the requester."),
        Reason.BAD_NUMBER,
    ),
    21212: SendError(phrase("Our number is not valid."), _NUMBER, Reason.ACCOUNT),
    21408: SendError(phrase("Texts to this country are switched off."), _COUNTRY, Reason.COUNTRY),
    21602: SendError(phrase("The text was empty."), _OURS, Reason.CONTENT),
    21604: SendError(phrase("The text had no number to go to."), _OURS, Reason.BAD_NUMBER),
    21606: SendError(phrase("Our number cannot send texts."), _NUMBER, Reason.ACCOUNT),
    21610: SendError(
        phrase("The requester has opted out."),
        phrase("Nothing can be sent until they text START."),
        Reason.OPTED_OUT,
    ),
    21611: SendError(
        phrase("The provider's queue is full."),
        _SLOWLY,
        Reason.RATE_LIMITED,
        _SOON,
        holds_line=True,
    ),
    21614: SendError(
        phrase("The number cannot receive texts."), phrase("Call instead."), Reason.LANDLINE
    ),
    21617: SendError(phrase("The text was too long."), phrase("Send it in parts."), Reason.CONTENT),
    21620: SendError(
        phrase("The provider could not use the picture's address."), _PICTURE, Reason.ACCOUNT
    ),
    21623: SendError(
        phrase("There were too many pictures."),
        phrase("Send them in several texts."),
        Reason.CONTENT,
    ),
    21703: SendError(
        phrase("The messaging service has no number to send from."), _NUMBER, Reason.ACCOUNT
    ),
    21704: SendError(phrase("The messaging service has no numbers."), _NUMBER, Reason.ACCOUNT),
    21705: SendError(phrase("There is no such messaging service."), _NUMBER, Reason.ACCOUNT),
    30001: SendError(phrase("The provider's queue was full."), _SLOWLY, Reason.RATE_LIMITED, _SOON),
    30002: SendError(phrase("The provider has suspended our account."), _ADMIN, Reason.ACCOUNT),
    30003: SendError(
        phrase("The phone is off or has no signal."),
        phrase("If it is urgent, call."),
        Reason.UNREACHABLE,
        _WHEN_THE_PHONE_IS_ON,
    ),
    30004: SendError(
        phrase("The requester's carrier blocks this number."),
        phrase("Use another way to reach them."),
        Reason.BLOCKED,
    ),
    30005: SendError(
        phrase("Nobody has this number."),
        phrase("Check the number with the requester."),
        Reason.BAD_NUMBER,
    ),
    30006: SendError(phrase("This is a landline."), phrase("Call instead."), Reason.LANDLINE),
    30007: SendError(
        phrase("The carrier filtered it."),
        phrase("Rephrase it without links and send it again."),
        Reason.FILTERED,
    ),
    30008: SendError(
        phrase("The carrier gave no reason."),
        phrase("If it is urgent, call."),
        Reason.OTHER,
        (timedelta(minutes=5),),
    ),
    30011: SendError(
        phrase("The carrier does not accept pictures for this number."),
        phrase("Send a text with a link instead."),
        Reason.CONTENT,
    ),
    30017: SendError(
        phrase("The carrier is congested."),
        phrase("If it is urgent, call."),
        Reason.RATE_LIMITED,
        _SOON,
    ),
    30019: SendError(
        phrase("The picture is too large for the carrier."),
        phrase("Send a smaller one."),
        Reason.CONTENT,
    ),
    30022: SendError(
        phrase("We are sending faster than our registration allows."),
        _SLOWER,
        Reason.RATE_LIMITED,
        _SOON,
    ),
    30023: SendError(
        phrase("We have reached today's limit for texts."),
        _DAILY,
        Reason.RATE_LIMITED,
        (timedelta(hours=24),),
    ),
    30027: SendError(
        phrase("We have reached today's limit for texts to T-Mobile."),
        _CARRIER,
        Reason.RATE_LIMITED,
        (timedelta(hours=24),),
    ),
    30032: SendError(phrase("Our toll-free number is not verified."), _NUMBER, Reason.ACCOUNT),
    30034: SendError(
        phrase("Our number is not registered with the carriers."), _NUMBER, Reason.ACCOUNT
    ),
    30036: SendError(
        phrase("The text expired before it could be delivered."),
        phrase("Send it again if it still matters."),
        Reason.EXPIRED,
    ),
    30450: SendError(
        phrase("Too many replies to unknown numbers."),
        phrase("If it is a person, write to them yourself, or call."),
        Reason.BLOCKED,
    ),
    63017: SendError(
        phrase("The account is sending too fast."), _SLOWLY, Reason.RATE_LIMITED, _SOON
    ),
    63018: SendError(
        phrase("Our number is sending too fast."), _SLOWLY, Reason.RATE_LIMITED, _SOON
    ),
}
ERRORS = SendErrors(CODES)
