"""What Twilio's client raises and returns, in the words of the gateway."""

from twilio.base.exceptions import TwilioException
from twilio.rest.api.v2010.account.message import MessageInstance

from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.rules.shared.vocabulary import Status

# The client raises these for an answer that is not from Twilio, such as a proxy's page.
NONSENSE = (TwilioException, ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


def why(error: BaseException) -> str:
    """Return only the error's class: its text can contain the address, and so phone numbers."""
    return type(error).__name__


def status_of(message: MessageInstance) -> Status:
    return STATUSES.get(str(message.status), Status.SENDING)
