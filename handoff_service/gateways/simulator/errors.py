"""The simulator's error codes. They equal a real provider's, so stored messages keep their meaning
after a move to that provider. A test compares them."""

from datetime import timedelta

from handoff_service.rules.delivery.send_errors import Reason, SendError, SendErrors

BAD_NUMBER, OFF, LANDLINE, FILTERED = 21211, 30003, 30006, 30007
ERRORS = SendErrors(
    {
        BAD_NUMBER: SendError(
            "The number is not valid.", "Check the number with the requester.", Reason.BAD_NUMBER
        ),
        OFF: SendError(
            "The phone is off or has no signal.",
            "If it is urgent, call.",
            Reason.UNREACHABLE,
            waits=(timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)),
        ),
        LANDLINE: SendError("This is a landline.", "Call instead.", Reason.LANDLINE),
        FILTERED: SendError(
            "The carrier filtered it.",
            "Rephrase it without links and send it again.",
            Reason.FILTERED,
        ),
    }
)
