"""What the folder of an SMS provider offers the service, in one value."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.receive_sms import Text
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.ports import SmsProvider
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.settings import Settings
from handoff_service.store.views import ProviderNumber

type Receipts = Callable[[Receipt], Awaitable[object]]


class MayHideText(BadInput):
    """The request is not as the provider sends it, and may be a real text in a new form: the gap
    sweep looks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """One request to a webhook, as it came."""

    #: The public address, without the query string.
    address: str
    query: str
    #: The query's arguments, each with its first value.
    arguments: Mapping[str, str]
    #: By their names in lower case.
    headers: Mapping[str, str]
    body: bytes


class Acknowledgement(NamedTuple):
    """What the provider wants to hear when a request was taken."""

    body: str = ""
    content_type: str = "text/plain"


class ProviderWebhook(NamedTuple):
    """One address that the provider calls, such as ``/sms``, below ``/webhooks/NAME``."""

    path: str
    #: Verify a request and read what it says. Raises Refusal; ``MayHideText`` starts a gap sweep.
    read: Callable[[Settings, ProviderRequest], Sequence[Text | Receipt]]
    acknowledgement: Acknowledgement = Acknowledgement()


async def _nothing_wrong(_settings: Settings, _numbers: Sequence[ProviderNumber]) -> list[str]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKind:
    """One SMS provider that PATCHBOARD_SMS_PROVIDER can name."""

    #: The value of PATCHBOARD_SMS_PROVIDER.
    name: str
    #: Its name for people.
    title: str
    #: Its error codes.
    errors: SendErrors
    #: Build the gateway. A provider in this process passes receipts on by itself.
    open: Callable[[Settings, Receipts], SmsProvider]
    #: It stands in for the others: a copy of a desk may run with it, whose messages have another
    #: provider's codes.
    stands_in: bool = False
    #: The addresses that it calls.
    webhooks: Sequence[ProviderWebhook] = ()
    #: What is wrong with the account and its numbers, each with what mends it, for ``patchboard
    #: doctor``.
    faults: Callable[[Settings, Sequence[ProviderNumber]], Awaitable[list[str]]] = _nothing_wrong
    #: What ``faults`` looks at, for people; empty: nothing.
    checked: str = ""
    #: Why this provider never takes changes of consent from some accounts, as ``NotOffered`` says
    #: it. No fault.
    no_consents: str | None = None
