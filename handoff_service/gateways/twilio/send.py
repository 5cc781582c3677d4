"""Sends one text. The gateway runs this in a thread.

Twilio has no idempotency key. So if the outcome of a request is unknown (``Unsure``), the service
looks for the text at Twilio before it sends the text again. The results of a send:

| what happened                                  | result        | source                                              |
| ---------------------------------------------- | ------------- | --------------------------------------------------- |
| 2xx with a SID                                 | Accepted      | https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource |
| HTTP 429, or error 20429                       | Later         | https://www.twilio.com/docs/api/errors/20429        |
| HTTP 401 without a code                        | Refused(20003)| https://www.twilio.com/docs/api/errors/20003        |
| any other 4xx                                  | Refused(code) | https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions |
| no connection, so the request was not sent     | Later         | urllib3: NewConnectionError, ConnectTimeoutError; requests: ProxyError |
| 5xx, 3xx, no answer, broken connection, unreadable response | Unsure |                                                     |
"""  # noqa: E501  # links must not be split

import requests
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from handoff_service.gateways.twilio.answers import NONSENSE, status_of, why
from handoff_service.gateways.twilio.errors import NO_ACCOUNT, TOO_MANY
from handoff_service.ports.sms_provider import Accepted, Later, Outgoing, Refused, Unsure

# seconds after which Twilio drops an unsent text, because a late reply helps nobody; at most 36,000
VALID_FOR = 4 * 3600


def send_text(
    client: Client, message: Outgoing, callback: str
) -> Accepted | Refused | Later | Unsure:
    """Send one text. ``callback``: the receipt address, up to the equals sign of its parameter
    ``message``."""
    try:
        created = client.messages.create(
            to=message.to,
            # set it even with a messaging service, because a conversation keeps its number
            from_=message.sender,
            messaging_service_sid=message.messaging_service or values.unset,
            body=message.body,
            status_callback=callback + _attempt(message),
            media_url=list(message.media_urls) or values.unset,
            validity_period=VALID_FOR,
        )
    except (TwilioRestException, TwilioServiceException) as error:
        return _refusal(error)
    except requests.RequestException as error:
        return Later(why=why(error)) if _was_not_sent(error) else Unsure(why=why(error))
    except NONSENSE as error:
        return Unsure(why=why(error))
    if not created.sid:
        return Unsure(why="an answer without a SID")
    return Accepted(sid=created.sid, status=status_of(created))


def _attempt(message: Outgoing) -> str:
    """Return the parameters that identify this attempt in the receipt address. The number of
    retries distinguishes a late receipt of an earlier attempt."""
    return (
        f"{message.message_id}&retries={message.retries}"
        if message.retries
        else str(message.message_id)
    )


def _refusal(error: TwilioRestException | TwilioServiceException) -> Refused | Later | Unsure:
    status, code = error.status, error.code
    if status == 429 or code == TOO_MANY:
        return Later(why="too many requests", code=TOO_MANY)
    if 400 <= status < 500:
        return Refused(
            code=code if isinstance(code, int) else NO_ACCOUNT if status == 401 else status
        )
    return Unsure(why=f"HTTP {status}")


def _was_not_sent(error: requests.RequestException) -> bool:
    """Return whether the request certainly was not sent, because no connection to Twilio was made,
    neither directly nor through a proxy."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)
