"""The phone's gateway: sends texts under our own ids, and asks the phone for their outcomes.

The results of a send:

| what happened | result | source |
|---|---|---|
| 2xx | Accepted | https://docs.sms-gate.app/features/sending-messages/ |
| 409: the phone has this id | Accepted, by an earlier request | the app's CHANGELOG, 1.58.0 |
| 401, 403 | Refused(WRONG_PASSWORD); the line waits | |
| 404, 405, 3xx | Refused(NOT_THE_APP); the line waits | |
| any other 4xx | Refused(NOT_READABLE) | |
| no connection was made: nothing was written | Later | aiohttp: ClientConnectorError, ConnectionTimeoutError |
| 5xx, no answer, broken connection | Unsure | |

A phone in local mode checks a number only when it sends the text, so this module checks the number
before. The phone accepts a landline or toll-free number only with ``skipPhoneValidation``
(``PhoneHelper.kt``).
"""  # noqa: E501  # a row is not cut

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from handoff_service.gateways.android_phone import errors, incoming, message_ids
from handoff_service.gateways.android_phone.client import PhoneClient, why
from handoff_service.gateways.android_phone.settings import numbers, sim_of
from handoff_service.ports.not_offered import NotOffered
from handoff_service.ports.sms_provider import (
    Accepted,
    ConsentNotTaken,
    ConsentState,
    Later,
    NotErased,
    NotFetched,
    Outgoing,
    ProviderMessage,
    Refused,
    Reported,
    SentBefore,
    Unsure,
)
from handoff_service.rules.conversations import media_failures
from handoff_service.rules.conversations.media import in_words
from handoff_service.rules.delivery.sms_text import is_e164, is_short_code
from handoff_service.rules.shared import provider_answers
from handoff_service.rules.shared.phrases import filled
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings

# seconds that a text may wait on the phone, because a late answer helps nobody
VALID_FOR = 4 * 3600
MOST_BYTES, CHUNK = 20_000_000, 64 * 1024  # bytes of a picture, and bytes of one read; our choice
TOO_LARGE = filled(media_failures.TOO_LARGE, most=in_words(MOST_BYTES))
REMEMBERED = 1000  # texts whose pictures this process remembers
SMS, MMS = "SMS", "MMS_DOWNLOADED"


class AndroidPhone:
    """The SMS provider. Create it on a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._client = settings, PhoneClient(settings)
        self._pictures: dict[str, Sequence[tuple[str, str]]] = {}

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        sid, sim = (
            message_ids.id_of(self._settings, message),
            sim_of(self._settings, message.sender),
        )
        refusal = _refusal(message, sim)
        if refusal is not None:
            return Refused(code=refusal)
        text: dict[str, Any] = {
            "id": sid,
            "textMessage": {"text": message.body},
            "phoneNumbers": [message.to],
            "ttl": VALID_FOR,
            "withDeliveryReport": True,
        }
        if len(numbers(self._settings)) > 1:  # else the phone needs no permission to choose
            text["simNumber"] = sim
        try:
            async with self._client.request(
                "POST", "/messages", json=text, params={"skipPhoneValidation": "true"}
            ) as answer:
                return _result(answer.status, sid)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Later(why=why(error))
        except RuntimeError:  # the session is closed
            return Later(why="Patchboard is stopping")
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unsure(why=why(error))

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        """Find the text by the id that we gave it, so that two texts with the same words are never
        confused."""
        sid = message_ids.id_of(self._settings, message)
        found = await self._client.read(f"/messages/{sid}")
        return [] if found is None else [SentBefore(sid=sid, status=_state(found))]

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """Read the phone's inbox. A text may appear there late, with the earlier time at which the
        network accepted it."""
        found = []
        for kind in (SMS, MMS):
            for entry in await self._client.read_list("/inbox", since, **_asked(kind)):
                text = _listed(self._settings, entry, kind)
                if text is not None and text.to == number:
                    found.append(text)
                    self._remember(text)
        return [
            ProviderMessage(
                sid=one.sid,
                sender=one.sender,
                to=one.to,
                body=one.body,
                sent_at=one.at,
                pictures=len(one.pictures),
            )
            for one in sorted(found, key=lambda one: one.at)
        ]

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """The pictures of a text that ``received`` has just listed."""
        return self._pictures.get(sid, ())

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        raise NotOffered(provider_answers.PHONE_KEEPS_NO_CONSENTS)

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """The outcomes of texts, in case their receipts were lost. A phone reports no prices."""
        ours = {sid for sid in sids if message_ids.about(self._settings, sid).message_id}
        if not ours:
            return ()
        listed = await self._client.read_list("/messages", since - timedelta(hours=1))
        return [
            Reported(sid=one["id"], status=_state(one), error_code=_error(one))
            for one in listed
            if isinstance(one, dict) and one.get("id") in ours
        ]

    async def erase(self, sid: str) -> NotErased | None:
        """The local server has no call that deletes a text."""
        raise NotOffered(provider_answers.PHONE_CANNOT_ERASE)

    async def fetch(self, url: str) -> bytes | NotFetched:
        """Download a picture: find its message in the inbox by the time, then find the picture in
        the message."""
        at, _, part = url.removeprefix(incoming.PICTURE).partition("/")
        if not (url.startswith(incoming.PICTURE) and at.isdecimal() and part.isdecimal()):
            return NotFetched(why=media_failures.OTHER_PHONE, again=False)
        try:
            since = datetime.fromtimestamp(int(at) // 1000, UTC)
            listed = await self._client.read_list("/inbox", since, **_asked(MMS))
            for entry in listed:
                text = _listed(self._settings, entry, MMS)
                if text is not None and any(one == url for one, _type in text.pictures):
                    return await self._part(entry["id"], part)
        except OSError as error:
            return NotFetched(why=str(error), again=True)
        return NotFetched(why=media_failures.GONE, again=False)

    async def _part(self, message_id: str, part: str) -> bytes | NotFetched:
        path = f"/inbox/{message_id}/attachments/{part}"
        try:
            async with self._client.request("GET", path) as answer:
                if answer.status != 200:
                    again = answer.status >= 500
                    said = filled(media_failures.PHONE_ANSWERED, status=answer.status)
                    return NotFetched(why=said, again=again)
                content = bytearray()
                async for some in answer.content.iter_chunked(CHUNK):
                    content += some
                    if len(content) > MOST_BYTES:
                        return NotFetched(why=TOO_LARGE, again=False)
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError) as error:
            silent = filled(media_failures.PHONE_SILENT, why=why(error))
            return NotFetched(why=silent, again=True)

    async def answers(self) -> bool:
        """Whether the app's local server answers, even if it reports a problem of the phone."""
        try:
            async with self._client.request("GET", "/health"):
                return True
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def close(self) -> None:
        await self._client.close()

    def _remember(self, text: incoming.Incoming) -> None:
        if text.pictures:
            self._pictures[text.sid] = text.pictures
        while len(self._pictures) > REMEMBERED:
            self._pictures.pop(next(iter(self._pictures)))


def _refusal(message: Outgoing, sim: int | None) -> int | None:
    """The error code of a text that the phone certainly cannot send; the gateway then makes no
    request. None: the phone may be able to send the text."""
    if not (is_e164(message.to) or is_short_code(message.to)):
        return errors.BAD_NUMBER
    if message.media_urls:
        return errors.NO_PICTURES
    return errors.NOT_OUR_NUMBER if sim is None else None


def _result(status: int, sid: str) -> Accepted | Refused | Unsure:
    if 200 <= status < 300 or status == 409:
        return Accepted(sid=sid)
    if status in (401, 403):
        return Refused(code=errors.WRONG_PASSWORD)
    if 300 <= status < 400 or status in (404, 405):
        return Refused(code=errors.NOT_THE_APP)
    if status < 500:
        return Refused(code=errors.NOT_READABLE)
    return Unsure(why=f"HTTP {status}")


def _asked(kind: str) -> dict[str, str | int]:
    return {"type": kind} if kind == SMS else {"type": kind, "includeAttachments": "true"}


def _listed(settings: Settings, entry: object, kind: str) -> incoming.Incoming | None:
    """Read an entry of the inbox. None: the text is not for one of our numbers, or the entry has
    another form.
    """
    if not isinstance(entry, dict):
        return None
    is_mms = kind == MMS
    body = incoming.body_of_picture_message(entry) if is_mms else entry.get("contentPreview")
    try:
        return incoming.read(settings, entry, body=str(body or ""), mms=is_mms)
    except incoming.NotReadable:
        return None


def _state(message: Mapping[str, Any]) -> Status:
    return errors.STATES.get(str(message.get("state")), Status.SENDING)


def _error(message: Mapping[str, Any]) -> int | None:
    """The code of a failure. A canceled message has no error text."""
    if message.get("state") == "Cancelled":
        return errors.BY_HAND
    if message.get("state") != "Failed":
        return None
    words = [
        one.get("error") or "" for one in message.get("recipients", ()) if isinstance(one, dict)
    ]
    return errors.code_of(" ".join(words))
