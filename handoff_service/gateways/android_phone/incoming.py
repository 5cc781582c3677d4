"""Incoming texts, from a webhook and from the phone's inbox.

A text gets the same id from both sources, so the gap sweep recognizes texts that are already
stored. The names of the fields come from ``SmsEventPayload.kt``, ``MmsDownloadedPayload.kt`` and
``InboxRoutes.kt``. Times are in the phone's own zone, with milliseconds. Since version 1.54, the
app sends ``sender`` as well as ``phoneNumber``. A later version will remove ``phoneNumber``.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
    region_code_for_country_code,
)

from handoff_service.gateways.android_phone.message_ids import id_of_incoming
from handoff_service.gateways.android_phone.settings import number_of
from handoff_service.rules.delivery.sms_text import is_e164, is_sender
from handoff_service.settings import Settings

PICTURE = "phone-picture:"  # URL scheme of pictures on the phone
MAX_PICTURES = 10
NO_WORDS = "MMS content"  # the inbox has this text for pictures without words


class Incoming(NamedTuple):
    """A text that the phone received."""

    sid: str
    sender: str
    to: str
    body: str
    at: datetime
    pictures: tuple[tuple[str, str], ...]  #: addresses and media types


class NotReadable(ValueError):
    """A field is missing or wrong. The message names it."""


def read(settings: Settings, entry: Mapping[str, Any], *, body: str, mms: bool) -> Incoming | None:
    """Read the fields that webhooks and the inbox share. None: the text was not sent to one of our
    numbers. Raises NotReadable if a field is wrong.
    """
    sender, sim = entry.get("sender") or entry.get("phoneNumber"), entry.get("simNumber")
    if not isinstance(sender, str) or not sender.strip():
        raise NotReadable("sender must be a phone number")
    if sim is not None and type(sim) is not int:
        raise NotReadable("simNumber must be a number")
    at = _time(entry.get("receivedAt") or entry.get("createdAt"))
    to = number_of(settings, sim, entry.get("recipient"))
    if to is None:
        return None
    return Incoming(
        sid=id_of_incoming(sender=sender, sim=sim, at=at, body=body, mms=mms),
        sender=_international(sender, to),
        to=to,
        body=body.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        at=at,
        pictures=tuple(_pictures(entry.get("attachments"), at))[:MAX_PICTURES],
    )


def body_of_picture_message(entry: Mapping[str, Any]) -> str:
    """Return the text of a picture message, or else its subject, or else the inbox's preview. Empty
    if it has no words."""
    words = entry.get("body") or entry.get("subject") or entry.get("contentPreview") or ""
    return "" if words == NO_WORDS or not isinstance(words, str) else words


def _time(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as error:
        raise NotReadable("receivedAt must be a time in ISO 8601") from error
    if at.tzinfo is None:
        raise NotReadable("receivedAt must have a time zone")
    return at.astimezone(UTC)


def _pictures(attachments: object, at: datetime) -> Sequence[tuple[str, str]]:
    """Return the address and media type of each picture or file. The address contains the time of
    the message and the number of the part, because the webhook does not contain the message's inbox
    id."""
    if not isinstance(attachments, list):
        return ()
    return [
        (f"{PICTURE}{round(at.timestamp() * 1000)}/{one['partId']}", str(one.get("contentType")))
        for one in attachments
        if isinstance(one, dict)
        and type(one.get("partId")) is int
        # a picture message also has a part for its layout and a part for its words
        and one.get("contentType") not in ("application/smil", "text/plain")
    ]


def _international(sender: str, ours: str) -> str:
    """Return the sender's number in E.164. Some networks send it in national format. The result
    then has the country code of our number. A short code or a name stays a short code or a name,
    and a name that is too long is cut to 11 characters. Raises NotReadable for anything else."""
    bare = "".join(c for c in sender if c not in " -()./")
    if is_e164(bare):
        return bare
    try:
        region = region_code_for_country_code(parse(ours).country_code or 0)
        number = parse(bare, region)
    except NumberParseException:
        number = None
    if number is not None and len(bare) > 8 and is_possible_number(number):
        return format_number(number, PhoneNumberFormat.E164)
    name = sender.strip()
    known = next((one for one in (name, bare, name[:11]) if is_sender(one)), None)
    if known is None:
        raise NotReadable("sender must be a phone number, a short code or a name")
    return known
