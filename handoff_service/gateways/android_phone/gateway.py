"""The phone's gateway: it sends texts under our own ids and reads their outcomes from the phone.

The results of a send:

| what happened | result | source |
|---|---|---|
| 2xx | Accepted | https://docs.sms-gate.app/features/sending-messages/ |
| 409: the phone already has this id | Accepted: an earlier request arrived | the app's CHANGELOG, 1.58.0 |
| 401, 403 | Refused(WRONG_PASSWORD); holds the line | |
| 404, 405, 3xx | Refused(NOT_THE_APP); holds the line | |
| any other 4xx | Refused(TEXT_REFUSED) | |
| no connection, so the request was not sent | Later | aiohttp: ClientConnectorError, ConnectionTimeoutError |
| the service is stopping, so the request was not sent | Later | |
| 5xx, no answer, broken connection | Unsure | |

In local mode, the phone checks a number only when it sends the text. So this module checks the
number first. The phone accepts a landline or toll-free number only with ``skipPhoneValidation``
(``PhoneHelper.kt``).
"""  # noqa: E501  # a row is not cut

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from handoff_service.gateways.android_phone import errors, inbox, incoming, message_ids
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
from handoff_service.rules.delivery.sms_text import is_e164, is_short_code
from handoff_service.rules.shared import provider_answers
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings

# seconds after which the phone drops an unsent text, because a late reply helps nobody
VALID_FOR = 4 * 3600
REMEMBERED = 1000  # texts whose picture addresses stay in memory


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
        # with one SIM card, the app needs no permission to choose a card
        if len(numbers(self._settings)) > 1:
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
        """Find the text by our own id, which distinguishes two texts with the same words."""
        sid = message_ids.id_of(self._settings, message)
        found = await self._client.read(f"/messages/{sid}")
        return [] if found is None else [SentBefore(sid=sid, status=_state(found))]

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """Read the phone's inbox. A text may appear there late, but with the time when the network
        accepted it."""
        found = await inbox.texts_to(self._settings, self._client, number, since)
        for text in found:
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
        """Return the pictures of a text that ``received`` has just listed."""
        return self._pictures.get(sid, ())

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        raise NotOffered(provider_answers.PHONE_KEEPS_NO_CONSENTS)

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """Return the outcomes of texts whose receipts may be lost. A phone reports no prices."""
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
        """Download a picture or file that came with a text."""
        return await inbox.fetch_picture(self._settings, self._client, url)

    async def answers(self) -> bool:
        """Return whether the app's local server answers, even if it reports a problem with the
        phone."""
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
    """Return the error code of a text that the phone cannot send. The gateway then sends no
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
        return Refused(code=errors.TEXT_REFUSED)
    return Unsure(why=f"HTTP {status}")


def _state(message: Mapping[str, Any]) -> Status:
    return errors.STATES.get(str(message.get("state")), Status.SENDING)


def _error(message: Mapping[str, Any]) -> int | None:
    """Return the code of a failure; None if the message has not failed. A canceled message has no
    error text, so it gets its own code."""
    if message.get("state") == "Cancelled":
        return errors.CANCELED_ON_PHONE
    if message.get("state") != "Failed":
        return None
    words = [
        one.get("error") or "" for one in message.get("recipients", ()) if isinstance(one, dict)
    ]
    return errors.code_of(" ".join(words))
