"""The port to other systems: sends them events."""

from dataclasses import dataclass
from typing import Protocol

from handoff_service.ports.call_result import CallResult
from handoff_service.rules.shared.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """One event for another system. ``timestamp``: Unix time in seconds, which the signatures
    cover. ``signature``: one or, after a change of the secret, two of them."""

    url: str
    event_id: str
    timestamp: int
    signature: str
    body: str


class Webhook(Protocol):
    async def call(self, call: OutgoingCall) -> CallResult:
        """Send one event. Never raises for errors of the receiver or the network."""

    async def close(self) -> None: ...


class NoWebhook:
    """The implementation for a process without a webhook client: every call fails."""

    async def call(self, _call: OutgoingCall) -> CallResult:
        return CallResult(why=phrase("This process makes no calls."))

    async def close(self) -> None:
        pass
