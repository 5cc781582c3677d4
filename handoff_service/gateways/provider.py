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
    """The request does not have the provider's usual format, but may be a real text in a new
    format. The gap sweep then looks for that text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """A request to a webhook, as it arrived."""

    #: The public address, without the query string.
    address: str
    query: str
    #: The query's parameters, each with its first value.
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
    #: the address that gets its texts now, or the provider's own app in words; empty: nowhere
    texts_go_to: str
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
    #: The name that people see, as it appears in the middle of a sentence.
    title: str
    #: The provider's error codes.
    errors: SendErrors
    #: Build the gateway. A provider that runs inside this process reports receipts through the
    #: callback.
    open: Callable[[Settings, Receipts], SmsProvider]
    #: Whether a copy of a desk may use this provider in place of the desk's own. The copy's stored
    #: messages can then have the other provider's error codes.
    stands_in: bool = False
    #: The webhooks that the provider calls.
    webhooks: Sequence[ProviderWebhook] = ()
    #: Problems with the account and its numbers, each with its fix, for ``patchboard doctor`` and
    #: the checklist.
    problems: Callable[[Settings, Sequence[ProviderNumber]], Awaitable[list[str]]] = _nothing_wrong
    #: Test the credentials, and list the numbers. None: the provider accepts any number.
    report: Callable[[Settings], Awaitable[AccountReport]] | None = None
    #: Point this number's webhooks at this service. Returns None, or why that failed.
    point_here: Callable[[Settings, str], Awaitable[str | None]] | None = None
    #: Whether the provider is a device of the company, which can be unavailable.
    is_device: bool = False
    #: Whether this provider can send pictures. If not, the composer has no button for pictures.
    sends_pictures: bool = True
    #: The most segments that a company number may send per second. None: only the number's own rate
    #: limits it.
    segments_per_second: Callable[[Settings], float | None] = _no_limit
    #: The settings that an admin needs to use this provider, one per line.
    to_use: Sequence[str] = ()
    #: What ``problems`` checks, as people read it; empty if it checks nothing.
    checked: str = ""
    #: The message of ``NotOffered`` if the provider or the account has no consent API. ``patchboard
    #: doctor`` lists this as a note, not as a problem.
    no_consents: str | None = None
