"""The port for agents' notifications: browsers' push services, and agents' own webhooks."""

from dataclasses import dataclass
from typing import Protocol

from handoff_service.ports.call_result import CallResult
from handoff_service.rules.shared.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMessage:
    """A notification for one browser. ``p256dh``, ``auth``: the keys that the browser sent when it
    subscribed."""

    address: str
    p256dh: str
    auth: str
    body: str


class Push(Protocol):
    #: the desk's public key, which a browser needs to subscribe; base64url
    public_key: str

    async def push(self, message: PushMessage) -> CallResult:
        """Encrypt and send a notification. Never raises for errors of the push service or the
        network."""

    async def post(self, url: str, body: str) -> CallResult:
        """Send JSON to an agent's own webhook. Never raises."""

    async def close(self) -> None: ...


class NoPush:
    """The implementation for a process that sends no notifications."""

    public_key = ""

    async def push(self, _message: PushMessage) -> CallResult:
        return CallResult(why=phrase("This process sends no notifications."))

    async def post(self, _url: str, _body: str) -> CallResult:
        return CallResult(why=phrase("This process sends no notifications."))

    async def close(self) -> None:
        pass
