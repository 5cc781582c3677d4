"""The shapes of Twilio's answers, webhooks and errors.

Messages: https://www.twilio.com/docs/messaging/api/message-resource
Webhooks: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from handoff_service.rules.delivery.sms_text import segments

VERSION = "2010-04-01"

# code -> message; https://www.twilio.com/docs/api/errors
ERRORS: Mapping[int, str] = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "Invalid 'To' Phone Number: {to}",
    21212: "Invalid From Number: {sender}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' "
    "number: {to}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided ({sender}) is not a valid message-capable Twilio "
    "phone number.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' "
    "({sender})",
    21614: "'To' number is not a valid mobile number",
    21623: "Number of media files exceeds allowed limit",
    21617: "The concatenated message body exceeds the 1600 character limit",
}

# Twilio's magic numbers for its test credentials; https://www.twilio.com/docs/iam/test-credentials
MAGIC_TO: Mapping[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM: Mapping[str, int] = {
    "+15005550001": 21212,
    "+15005550007": 21606,
    "+15005550008": 21611,
}


@dataclass(slots=True, kw_only=True)
class Message:
    """A message in the fake's account. ``date_sent`` is None while the message waits at Twilio."""

    sid: str
    account_sid: str
    direction: str
    to: str
    sender: str
    body: str
    status: str
    created_at: datetime
    media: Sequence[tuple[str, str]] = ()
    media_urls: Sequence[str] = ()
    date_sent: datetime | None = None
    error_code: int | None = None
    callback: str | None = None
    service: str | None = None
    price: str | None = None
    statuses: list[str] = field(default_factory=list)


def new_sid(media: Iterable[object] = ()) -> str:
    return ("MM" if list(media) else "SM") + secrets.token_hex(16)


def error(code: int | None, status: int, *, to: str = "", sender: str = "") -> dict[str, Any]:
    """Return an error's JSON;
    https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions
    """
    said = ERRORS.get(code or 0, "Something went wrong.").format(to=to, sender=sender)
    return {
        "code": code,
        "message": said,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def refusal(form: Mapping[str, str], opted_out: Iterable[str]) -> int | None:
    """Return the error code with which Twilio would reject a send, or None."""
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    wrong = {
        21604: not to,
        21603: not sender,
        21602: not body and "MediaUrl" not in form,
        21617: len(body) > 1600,
        21211: not re.fullmatch(r"\+[1-9][0-9]{6,14}", to),
        21610: to in opted_out,
    }
    return next((code for code, is_wrong in wrong.items() if is_wrong), None) or (
        MAGIC_TO.get(to) or MAGIC_FROM.get(sender)
    )


def as_json(message: Message) -> dict[str, Any]:
    uri = f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": _rfc_2822(message.created_at),
        "date_sent": _rfc_2822(message.date_sent),
        "date_updated": _rfc_2822(message.date_sent or message.created_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": message.service,
        "num_media": str(len(message.media) or len(message.media_urls)),
        "num_segments": str(segments(message.body).count),
        "price": message.price,
        "price_unit": "usd",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def media_json(url: str, content_type: str) -> dict[str, Any]:
    """Return the JSON of a media file; ``url`` is its full address."""
    uri = "/" + url.split("/", 3)[3]
    return {"sid": uri.rpartition("/")[2], "content_type": content_type, "uri": f"{uri}.json"}


def _rfc_2822(moment: datetime | None) -> str | None:
    return format_datetime(moment.replace(microsecond=0)) if moment else None


def page(
    account_sid: str,
    query: Mapping[str, str],
    found: Sequence[Message],
    number: int,
    size: int,
    *,
    more: bool,
) -> dict[str, Any]:
    """Return a page of a list; https://www.twilio.com/docs/usage/twilios-response"""
    path = f"/{VERSION}/Accounts/{account_sid}/Messages.json"
    kept = {k: v for k, v in query.items() if k not in ("Page", "PageSize", "PageToken")} | {
        "PageSize": size
    }
    after = {"Page": number + 1, "PageToken": f"PA{found[-1].sid}"} if more else {}
    return {
        "end": number * size + max(len(found) - 1, 0),
        "first_page_uri": f"{path}?{urlencode(kept | {'Page': 0})}",
        "messages": [as_json(m) for m in found],
        "next_page_uri": f"{path}?{urlencode(kept | after)}" if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": None,
        "start": number * size,
        "uri": f"{path}?{urlencode(query)}",
    }


def inbound_form(message: Message) -> dict[str, str]:
    """Return an inbound webhook's parameters. Some values are blank, because Twilio does not know
    the city of the number.
    """
    form = {
        "ToCountry": "US",
        "ToState": "",
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message.sid,
        "FromState": "DC",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": message.body,
        "FromCountry": "US",
        "To": message.to,
        "ToZip": "",
        "NumSegments": str(segments(message.body).count),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "ApiVersion": VERSION,
    }
    for n, (url, content_type) in enumerate(message.media):
        form |= {f"MediaUrl{n}": url, f"MediaContentType{n}": content_type}
    return form


def status_form(message: Message, status: str, moment: datetime) -> dict[str, str]:
    """Return a status callback's parameters;
    .../docs/messaging/guides/track-outbound-message-status
    """
    form = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": message.to,
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "ApiVersion": VERSION,
    }
    if status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = f"{moment:%y%m%d%H%M}"
    if status in ("undelivered", "failed") and message.error_code:
        form["ErrorCode"] = str(message.error_code)
    return form
