"""The simulator's error codes. They equal those of a real provider, so stored messages keep their
meaning when a desk changes to that provider. A test compares the two."""

from datetime import timedelta

from handoff_service.rules.delivery.send_errors import Reason, SendError, SendErrors
from handoff_service.rules.shared.phrases import phrase

BAD_NUMBER, OFF, LANDLINE, FILTERED = 21211, 30003, 30006, 30007
ERRORS = SendErrors(
    {
        BAD_NUMBER: SendError(
            phrase("The number is not valid."),
            phrase("Check the number with the requester."),
            Reason.BAD_NUMBER,
        ),
        OFF: SendError(
            phrase("The phone is off or has no signal."),
            phrase("If it is urgent, call."),
            Reason.UNREACHABLE,
            waits=(timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)),
        ),
        LANDLINE: SendError(
            phrase("This is a landline."), phrase("Call instead."), Reason.LANDLINE
        ),
        FILTERED: SendError(
            phrase("The carrier filtered it."),
            phrase("Rephrase it without links and send it again."),
            Reason.FILTERED,
        ),
    }
)
