"""Erases the body and the media of Twilio's copy of a text. Numbers and times stay in Twilio's
records unless the company deletes the message there.

| Twilio's response                              | result        | source                                              |
| ------------------------------------------ | ------------- | --------------------------------------------------- |
| 200 to an update with an empty body        | redacted      | https://www.twilio.com/docs/messaging/tutorials/how-to-retrieve-and-modify-message-history |
| 204 to the deletion of each medium         | deleted       | https://www.twilio.com/docs/messaging/api/media-resource#delete-a-media-resource |
| 404                                        | already gone  | https://www.twilio.com/docs/api/errors/20404        |
| error 20009: the text is still in transit  | retry later   | https://www.twilio.com/docs/api/errors/20009        |
| HTTP 429, or error 20429                   | retry later   | https://www.twilio.com/docs/api/errors/20429        |
| any other 4xx                              | refused       |                                                     |
"""  # noqa: E501  # links must not be split

from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client

from handoff_service.gateways.twilio.errors import TOO_MANY
from handoff_service.gateways.twilio.lists import MAX_MEDIA
from handoff_service.ports.sms_provider import NotErased
from handoff_service.rules.shared.phrases import filled
from handoff_service.rules.shared.provider_answers import (
    ERASURE_REFUSED,
    STILL_SENDING,
    TOO_MANY_REQUESTS,
)

IN_TRANSIT = 20009
GONE, BUSY = 404, 429


def erase_text(client: Client, sid: str) -> NotErased | None:
    """Erase one text. The gateway runs this in a thread. Returns None, or why the text was not
    erased. Raises the client's errors for 5xx and broken connections."""
    try:
        redacted = client.messages(sid).update(body="")
        if int(redacted.num_media or 0):
            for medium in client.messages(sid).media.list(limit=MAX_MEDIA):
                client.messages(sid).media(medium.sid or "").delete()
    except (TwilioRestException, TwilioServiceException) as error:
        if error.status == GONE:
            return None
        if error.code == IN_TRANSIT:
            return NotErased(why=STILL_SENDING, again=True)
        if error.status == BUSY or error.code == TOO_MANY:
            return NotErased(why=TOO_MANY_REQUESTS, again=True)
        if not 400 <= error.status < 500:
            raise
        refused = filled(ERASURE_REFUSED, code=error.code or error.status)
        return NotErased(why=refused, again=False)
    return None
