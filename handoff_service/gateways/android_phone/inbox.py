"""Reads the phone's inbox: the texts that it received, and their pictures."""

from datetime import UTC, datetime

import aiohttp

from handoff_service.gateways.android_phone import incoming
from handoff_service.gateways.android_phone.client import PhoneClient, why
from handoff_service.ports.sms_provider import NotFetched
from handoff_service.rules.conversations import media_failures
from handoff_service.rules.conversations.media import in_words
from handoff_service.rules.shared.phrases import filled
from handoff_service.settings import Settings

MAX_BYTES, CHUNK = 20_000_000, 64 * 1024  # the largest picture, and one read; our choice
TOO_LARGE = filled(media_failures.TOO_LARGE, most=in_words(MAX_BYTES))
SMS, MMS = "SMS", "MMS_DOWNLOADED"


async def texts_to(
    settings: Settings, client: PhoneClient, number: str, since: datetime
) -> list[incoming.Incoming]:
    """Return the texts to this number since then, in the order of the phone's lists. Raises
    OSError."""
    found = []
    for kind in (SMS, MMS):
        for entry in await client.read_list("/inbox", since, **_query(kind)):
            text = _text(settings, entry, kind)
            if text is not None and text.to == number:
                found.append(text)
    return found


async def fetch_picture(settings: Settings, client: PhoneClient, url: str) -> bytes | NotFetched:
    """Download a picture. The picture's address contains the time of its message, so this can find
    the message in the inbox."""
    at, _, part = url.removeprefix(incoming.PICTURE).partition("/")
    if not (url.startswith(incoming.PICTURE) and at.isdecimal() and part.isdecimal()):
        return NotFetched(why=media_failures.OTHER_PHONE, again=False)
    try:
        since = datetime.fromtimestamp(int(at) // 1000, UTC)
    except (OverflowError, ValueError):  # not a time that a message of the phone can have
        return NotFetched(why=media_failures.OTHER_PHONE, again=False)
    try:
        listed = await client.read_list("/inbox", since, **_query(MMS))
        for entry in listed:
            text = _text(settings, entry, MMS)
            if text is not None and any(one == url for one, _type in text.pictures):
                return await _part(client, entry["id"], part)
    except OSError as error:
        return NotFetched(why=str(error), again=True)
    return NotFetched(why=media_failures.GONE, again=False)


async def _part(client: PhoneClient, message_id: str, part: str) -> bytes | NotFetched:
    path = f"/inbox/{message_id}/attachments/{part}"
    try:
        async with client.request("GET", path) as answer:
            if answer.status != 200:
                again = answer.status >= 500
                said = filled(media_failures.PHONE_ANSWERED, status=answer.status)
                return NotFetched(why=said, again=again)
            content = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK):
                content += chunk
                if len(content) > MAX_BYTES:
                    return NotFetched(why=TOO_LARGE, again=False)
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError) as error:
        silent = filled(media_failures.PHONE_SILENT, why=why(error))
        return NotFetched(why=silent, again=True)


def _query(kind: str) -> dict[str, str | int]:
    return {"type": kind} if kind == SMS else {"type": kind, "includeAttachments": "true"}


def _text(settings: Settings, entry: object, kind: str) -> incoming.Incoming | None:
    """Read an entry of the inbox. None: the text is not for one of our numbers, or the entry is
    invalid.
    """
    if not isinstance(entry, dict):
        return None
    is_mms = kind == MMS
    body = incoming.body_of_picture_message(entry) if is_mms else entry.get("contentPreview")
    try:
        return incoming.read(settings, entry, body=str(body or ""), mms=is_mms)
    except incoming.NotReadable:
        return None
