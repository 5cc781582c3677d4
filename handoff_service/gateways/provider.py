"""The interface between an SMS provider's folder and the service."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.receive_sms import Text
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.operations.delivery.watch_gateway import Heartbeat
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.settings import Settings
from handoff_service.store.views import ProviderNumber

type Receipts = Callable[[Receipt], Awaitable[object]]


class MayHideText(BadInput):
    """The request differs from what the provider sends, but may be a real text in a new form. The
    gap sweep then looks for that text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """One request to a webhook, unchanged."""

    #: The public address, without the query string.
    address: str
    query: str
    #: The query's arguments, each with its first value.
    arguments: Mapping[str, str]
    #: The headers by their names in lower case.
    headers: Mapping[str, str]
    body: bytes


class Acknowledgement(NamedTuple):
    """The answer that the provider expects for an accepted request."""

    body: str = ""
    content_type: str = "text/plain"


class ProviderWebhook(NamedTuple):
    """An address that the provider calls, such as ``/sms``, under ``/webhooks/NAME``."""

    path: str
    #: Verify and parse a request. Raises Refusal; ``MayHideText`` also starts a gap sweep.
    read: Callable[[Settings, ProviderRequest], Sequence[Text | Receipt | Heartbeat]]
    acknowledgement: Acknowledgement = Acknowledgement()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNumber:
    """One of the account's numbers."""

    number: str
    texts_go_to: str  #: the address that gets its texts now; empty: nowhere
    is_ours: bool  #: whether that address is this service


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """What the provider reports about the account. ``problems``: the reasons why the account does
    not work, each with its fix."""

    problems: Sequence[str] = ()
    numbers: Sequence[AccountNumber] = ()


def _no_limit(_settings: Settings) -> float | None:
    return None


async def _nothing_wrong(_settings: Settings, _numbers: Sequence[ProviderNumber]) -> list[str]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKind:
    """An SMS provider that PATCHBOARD_SMS_PROVIDER can name."""

    #: The value of PATCHBOARD_SMS_PROVIDER.
    name: str
    #: Its name for people, written as in the middle of a sentence.
    title: str
    #: Its error codes.
    errors: SendErrors
    #: Build the gateway. A provider in this process reports receipts through the callback.
    open: Callable[[Settings, Receipts], SmsProvider]
    #: Whether this provider may replace another one in a copy of a desk. The stored messages of
    #: such a copy can have the other provider's error codes.
    stands_in: bool = False
    #: The webhooks that the provider calls.
    webhooks: Sequence[ProviderWebhook] = ()
    #: Problems with the account and its numbers, each with its fix, for ``patchboard doctor``.
    problems: Callable[[Settings, Sequence[ProviderNumber]], Awaitable[list[str]]] = _nothing_wrong
    #: Test the credentials, and list the numbers. None: the provider accepts any number.
    report: Callable[[Settings], Awaitable[AccountReport]] | None = None
    #: Set this number's webhooks to this service. Returns None, or the reason why that failed.
    point_here: Callable[[Settings, str], Awaitable[str | None]] | None = None
    #: Whether it is a device that the company itself owns and that can be unavailable.
    is_device: bool = False
    #: Whether a text can have pictures. If not, the composer has no button for pictures.
    sends_pictures: bool = True
    #: The most that a company number may send; None: the rate of the number is the only limit.
    segments_per_second: Callable[[Settings], float | None] = _no_limit
    #: The settings that an admin needs in order to use the provider, one on each line.
    to_use: Sequence[str] = ()
    #: Describes for people what ``problems`` checks; empty if it checks nothing.
    checked: str = ""
    #: The message of the ``NotOffered`` error for accounts without the provider's consent API. This
    #: is no fault of the account.
    no_consents: str | None = None
