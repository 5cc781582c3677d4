"""The fake phone's queue of webhooks. The app stores the queue in its database, signs each attempt
again, and retries an event until a 2xx answer.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

USER, PASSWORD, KEY = "sms", "phone-password", "signing-key"


@dataclass(slots=True)
class PhoneEvents:
    """``reroute``: the public address -> the real address of the test's service."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[tuple[str, bytes]] = field(default_factory=list)  # events that wait to be posted
    posted: list[tuple[str, bytes]] = field(default_factory=list)  # events that got a 2xx answer
    reroute: dict[str, str] = field(default_factory=dict)

    @property
    def is_away(self) -> bool:
        """Whether the phone has no network."""
        raise NotImplementedError

    def emit(self, event: str, payload: object) -> None:
        """Put an event into the queue of webhooks. Like the app, do so even without a network."""
        for hook in self.webhooks.values():
            if hook["event"] == event:
                said = {
                    "deviceId": "device", "event": event, "id": secrets.token_hex(8),
                    "payload": payload, "webhookId": hook["id"],
                }  # fmt: skip
                self.events.append((hook["url"], json.dumps(said).encode()))

    async def post_events(self) -> list[int]:
        """Post each waiting event once, signed with the current time. Events without a 2xx answer
        wait for the next call. Return the answers.
        """
        if self.is_away:
            return []
        waiting, self.events, answers = self.events, [], []
        for one in waiting:
            answers.append(await self.post(*one))
            (self.posted if 200 <= answers[-1] < 300 else self.events).append(one)
        return answers

    async def redeliver(self) -> list[int]:
        """Post all accepted events again, newest first."""
        return [await self.post(*one) for one in reversed(self.posted)]

    async def post(self, url: str, body: bytes, **headers: str) -> int:
        """Post one event. ``headers`` replace the signed ones. Return the status, or 0 if nothing
        answers.
        """
        for ours, real in self.reroute.items():
            url = url.replace(ours, real)
        sent = signed(body, self.clock(), self.settings["webhooks"]["signing_key"]) | headers
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.post(url, data=body, headers=sent) as answer,
            ):
                return answer.status
        except aiohttp.ClientError:
            return 0


def signed(body: bytes, at: datetime, key: str = KEY) -> dict[str, str]:
    """Return the headers of an event, signed as the app signs them."""
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "X-Timestamp": timestamp,
        "X-Signature": mac.hexdigest(),
    }
