"""The phone's message states and errors. Each error has a meaning, advice, a reason and retries.

The app reports an error in words, such as ``Send result: RESULT_ERROR_NO_SERVICE (...)``
(``MessagesService.kt``). Our error codes are numbers, so this module gives each error a number:

| codes | errors | source of the number |
|---|---|---|
| 1 to 199 | Android's own, by their names | https://developer.android.com/reference/android/telephony/SmsManager |
| 1064, 1070, 1096 | 1000 plus the status in the carrier's delivery report: undeliverable, validity expired, gave up | 3GPP TS 23.040, section 9.2.3.15 |
| 2000 to 2099 | errors of the app | our choice |
| 3000 to 3099 | refusals of the local server, and our own | our choice |
"""  # noqa: E501  # a row is not cut

import re
from collections.abc import Mapping
from datetime import timedelta

from handoff_service.rules.delivery.send_errors import Reason, SendError, SendErrors
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Status

# https://docs.sms-gate.app/features/status-tracking/#message-lifecycle; only newer versions of the
# app have "Cancelled" (``MessageStateTransitions.kt``)
STATES: Mapping[str, Status] = {
    "Pending": Status.SENDING,
    "Processed": Status.SENDING,
    "Sent": Status.SENT,
    "Delivered": Status.DELIVERED,
    "Failed": Status.FAILED,
    "Cancelled": Status.FAILED,
}

UNKNOWN, EXPIRED_ON_PHONE, NO_SIM, NO_PERMISSION, CANCELED_ON_PHONE = 2000, 2001, 2002, 2003, 2004
WRONG_PASSWORD, NOT_THE_APP, NOT_OUR_NUMBER, BAD_NUMBER = 3001, 3002, 3003, 3004
NO_PICTURES, TEXT_REFUSED = 3005, 3006
UNDELIVERABLE, VALIDITY_EXPIRED, CARRIER_GAVE_UP = 1064, 1070, 1096

_SOON = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
_WHEN_THE_PHONE_IS_ON = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
_ADMIN = phrase("Tell an admin. Nothing goes out until somebody has looked at our phone.")
_NUMBER = phrase("Check the number with the requester.")
_AGAIN = phrase("Send it again later, or call.")

_NO_SIGNAL = SendError(
    phrase("Our phone has no mobile network."), _ADMIN, Reason.ACCOUNT, waits=_SOON
)
_NOT_NOW = SendError(phrase("Our phone could not send it."), _AGAIN, waits=_SOON)
_REJECTED = SendError(phrase("The mobile network rejected it."), _AGAIN)
_FOR_THE_ADMIN = SendError(phrase("Our phone is not set up to send."), _ADMIN, Reason.ACCOUNT)
_LIMIT = SendError(
    phrase("Our phone has reached its sending limit."),
    phrase("Tell an admin to lower the rate of this number."),
    Reason.RATE_LIMITED,
    waits=_SOON,
)
_PREMIUM = SendError(
    phrase("Our phone may not text this short code."), phrase("Call instead."), Reason.BLOCKED
)

# Android's names and numbers. A name that is missing here gets the code UNKNOWN.
_ANDROID: Mapping[str, tuple[int, SendError]] = {
    "RESULT_ERROR_GENERIC_FAILURE": (
        1,
        SendError(
            phrase("Our phone could not send it. Often the SIM card has no credit."),
            phrase("Tell an admin, then send it again."),
            waits=_SOON,
        ),
    ),
    "RESULT_ERROR_RADIO_OFF": (2, _NO_SIGNAL),
    "RESULT_ERROR_NULL_PDU": (3, _NOT_NOW),
    "RESULT_ERROR_NO_SERVICE": (4, _NO_SIGNAL),
    "RESULT_ERROR_LIMIT_EXCEEDED": (5, _LIMIT),
    "RESULT_ERROR_FDN_CHECK_FAILURE": (6, _FOR_THE_ADMIN),
    "RESULT_ERROR_SHORT_CODE_NOT_ALLOWED": (7, _PREMIUM),
    "RESULT_ERROR_SHORT_CODE_NEVER_ALLOWED": (8, _PREMIUM),
    "RESULT_RADIO_NOT_AVAILABLE": (9, _NO_SIGNAL),
    "RESULT_NETWORK_REJECT": (10, _REJECTED),
    "RESULT_MODEM_ERROR": (16, _NOT_NOW),
    "RESULT_NETWORK_ERROR": (17, _NOT_NOW),
    "RESULT_INVALID_SMSC_ADDRESS": (19, _FOR_THE_ADMIN),
    "RESULT_NO_DEFAULT_SMS_APP": (32, _FOR_THE_ADMIN),
    "RESULT_RIL_RADIO_NOT_AVAILABLE": (100, _NO_SIGNAL),
    "RESULT_RIL_SMS_SEND_FAIL_RETRY": (101, _NOT_NOW),
    "RESULT_RIL_NETWORK_REJECT": (102, _REJECTED),
    "RESULT_RIL_REQUEST_RATE_LIMITED": (106, _LIMIT),
    "RESULT_RIL_INVALID_SMSC_ADDRESS": (110, _FOR_THE_ADMIN),
    "RESULT_RIL_MODEM_ERR": (111, _NOT_NOW),
    "RESULT_RIL_NETWORK_ERR": (112, _NOT_NOW),
    "RESULT_RIL_NETWORK_NOT_READY": (116, _NO_SIGNAL),
    "RESULT_RIL_SIM_ABSENT": (120, _FOR_THE_ADMIN),
}

CODES: Mapping[int, SendError] = {
    **dict(_ANDROID.values()),
    UNDELIVERABLE: SendError(
        phrase("The carrier could not deliver it."), _NUMBER, Reason.UNREACHABLE
    ),
    VALIDITY_EXPIRED: SendError(
        phrase("The requester's phone was off for too long."),
        phrase("If it is urgent, call."),
        Reason.EXPIRED,
    ),
    CARRIER_GAVE_UP: SendError(
        phrase("The requester's phone is off or has no signal."),
        phrase("If it is urgent, call."),
        Reason.UNREACHABLE,
        waits=_WHEN_THE_PHONE_IS_ON,
    ),
    UNKNOWN: SendError(phrase("Our phone did not send it."), _AGAIN),
    EXPIRED_ON_PHONE: SendError(
        phrase("It waited on our phone for too long."),
        phrase("Check that it is still relevant, then send it again."),
        Reason.EXPIRED,
    ),
    NO_SIM: SendError(phrase("Our phone does not find the SIM card."), _ADMIN, Reason.ACCOUNT),
    NO_PERMISSION: SendError(
        phrase("The app on our phone lacks a permission."), _ADMIN, Reason.ACCOUNT
    ),
    CANCELED_ON_PHONE: SendError(
        phrase("Somebody canceled it on our phone."), phrase("Send it again."), Reason.OTHER
    ),
    WRONG_PASSWORD: SendError(
        phrase("Our phone does not accept the password."), _ADMIN, Reason.ACCOUNT, holds_line=True
    ),
    NOT_THE_APP: SendError(
        phrase("Another program answers at our phone's address."),
        _ADMIN,
        Reason.ACCOUNT,
        holds_line=True,
    ),
    NOT_OUR_NUMBER: SendError(
        phrase("Our phone has no SIM card with this number."), _ADMIN, Reason.ACCOUNT
    ),
    BAD_NUMBER: SendError(phrase("The number is not valid."), _NUMBER, Reason.BAD_NUMBER),
    NO_PICTURES: SendError(
        phrase("Our phone cannot send pictures."),
        phrase("Describe it, or send a link."),
        Reason.CONTENT,
    ),
    TEXT_REFUSED: SendError(
        phrase("Our phone did not accept the text."),
        phrase("Tell an admin. The log of the app on our phone shows the reason."),
        Reason.CONTENT,
    ),
}
ERRORS = SendErrors(CODES)

# The app's own error texts (``MessagesService.kt``). The first one that the error contains sets the
# code.
_WORDS: tuple[tuple[str, int], ...] = (
    ("TTL expired", EXPIRED_ON_PHONE),
    ("permission", NO_PERMISSION),
    ("No SIMs found", NO_SIM),
    ("SIM ", NO_SIM),
)
_REPORT = re.compile(r"Delivery result from SC \S*: ([0-9]{1,3})$")


def code_of(reason: str) -> int:
    """Return our code for an error that the app reports in words."""
    if named := re.search(r"RESULT_[A-Z_]+", reason):
        return _ANDROID.get(named[0], (UNKNOWN, None))[0]
    if report := _REPORT.search(reason.strip()):
        return _code_of_report(int(report[1]))
    return next((code for words, code in _WORDS if words in reason), UNKNOWN)


def _code_of_report(status: int) -> int:
    """Return our code for a status in the carrier's delivery report. At 64 and above, the carrier
    cannot deliver the text. At 96 and above, it tried for a while and gave up."""
    if status >= CARRIER_GAVE_UP - 1000:
        return CARRIER_GAVE_UP
    return VALIDITY_EXPIRED if status == VALIDITY_EXPIRED - 1000 else UNDELIVERABLE
