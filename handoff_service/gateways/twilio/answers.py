"""Translates the errors and statuses of Twilio's client."""

from twilio.base.exceptions import TwilioException
from twilio.rest.api.v2010.account.message import MessageInstance

from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.rules.shared.vocabulary import Status

# The client's errors. It raises them also if a response is not from Twilio, for example a proxy's
# error page.
NONSENSE = (TwilioException, ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


def why(error: BaseException) -> str:
    """Return only the error's class, because its text can contain phone numbers."""
    return type(error).__name__


def status_of(message: MessageInstance) -> Status:
    return STATUSES.get(str(message.status), Status.SENDING)
