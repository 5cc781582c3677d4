"""What the folder of an SMS provider offers the service, in one value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.ports import SmsProvider
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.settings import Settings

type Receipts = Callable[[Receipt], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKind:
    """One SMS provider that PATCHBOARD_SMS_PROVIDER can name."""

    #: What PATCHBOARD_SMS_PROVIDER says.
    name: str
    #: Its name for people.
    title: str
    #: Its error codes.
    errors: SendErrors
    #: Build the gateway. A provider in this process passes receipts on by itself.
    open: Callable[[Settings, Receipts], SmsProvider]
