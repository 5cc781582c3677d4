"""The provider Acme, written like a folder of ``gateways/``. It uses JSON over HTTP, with a key in
a header.
"""

import hmac
import json
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

import aiohttp

from handoff_service.errors import BadInput, NotAllowed
from handoff_service.gateways.provider import (
    ProviderKind,
    ProviderRequest,
    ProviderWebhook,
    Receipts,
)
from handoff_service.operations.conversations.receive_sms import Text
from handoff_service.operations.delivery.record_receipt import Receipt
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
    SmsProvider,
    Unsure,
)
from handoff_service.rules.delivery.send_errors import Reason, SendError, SendErrors
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings

KEY = "acme-key"
ERRORS = SendErrors(
    {
        1: SendError(
            "There is no such number.", "Check the number with the requester.", Reason.BAD_NUMBER
        ),
        2: SendError(
            "The requester told Acme STOP.", "Wait until they text START.", Reason.OPTED_OUT
        ),
        3: SendError(
            "The phone is off.",
            "If it is urgent, call.",
            Reason.UNREACHABLE,
            waits=(timedelta(minutes=9),),
        ),
    }
)
STATUSES = {"sent": Status.SENT, "arrived": Status.DELIVERED, "lost": Status.UNDELIVERED}


class AcmeProvider:
    def __init__(self, url: str) -> None:
        self._session = aiohttp.ClientSession(url, headers={"X-Acme-Key": KEY})

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        text = {
            "to": message.to,
            "from": message.sender,
            "text": message.body,
            "ref": message.message_id,
        }
        try:
            async with self._session.post("/texts", json=text) as answer:
                said = await answer.json()
        except aiohttp.ClientConnectorError as error:
            return Later(why=type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Unsure(why=type(error).__name__)
        return Accepted(sid=said["id"]) if answer.status == 201 else Refused(code=said["error"])

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        asked = {"to": message.to, "from": message.sender, "text": message.body}
        async with self._session.get("/texts", params=asked) as answer:
            return [SentBefore(sid=one, status=Status.SENDING) for one in await answer.json()]

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        return ()  # Acme's API cannot list incoming texts.

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        return ()

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        raise NotOffered("Acme has no list of consents")

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        return ()

    async def erase(self, sid: str) -> NotErased | None:
        raise NotOffered("Acme cannot erase texts")

    async def fetch(self, url: str) -> bytes | NotFetched:
        return NotFetched(why="Acme carries no pictures.", again=False)

    async def answers(self) -> bool:
        return True

    async def close(self) -> None:
        await self._session.close()


def _verified(request: ProviderRequest) -> dict[str, str]:
    if not hmac.compare_digest(request.headers.get("x-acme-key", "").encode(), KEY.encode()):
        raise NotAllowed("The key is missing or wrong.")
    try:
        said: dict[str, str] = json.loads(request.body)
    except ValueError as error:
        raise BadInput("The body must be JSON.") from error
    return said


def read_text(_settings: Settings, request: ProviderRequest) -> Sequence[Text]:
    said = _verified(request)
    return [
        Text(
            sid=said["id"],
            requester_number=said["from"],
            provider_number=said["to"],
            body=said["text"],
        )
    ]


def read_receipt(_settings: Settings, request: ProviderRequest) -> Sequence[Receipt]:
    said = _verified(request)
    code = said.get("error")
    return [
        Receipt(
            sid=said["id"], status=STATUSES[said["state"]], error_code=int(code) if code else None
        )
    ]


def kind(url: str) -> ProviderKind:
    """Return the provider description of Acme at this address. A real provider reads ``url`` from a
    setting.
    """

    def opened(_settings: Settings, _receipts: Receipts) -> SmsProvider:
        return AcmeProvider(url)

    return ProviderKind(
        name="acme",
        title="Acme",
        errors=ERRORS,
        open=opened,
        webhooks=(ProviderWebhook("/texts", read_text), ProviderWebhook("/receipts", read_receipt)),
    )
