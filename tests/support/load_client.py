"""Load clients that send requests on new and on persistent connections, and count the outcomes."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from handoff_service.gateways.twilio.signature import sign

NO_ANSWER_AFTER = 15.0  # seconds, as long as Twilio waits
type Made = Callable[[], bytes]


@dataclass
class Load:
    """Runs the clients and counts their outcomes."""

    url: str
    #: statuses of complete answers; ``refused`` (no connection) and ``closed`` (a kept connection
    #: that closed before the answer began); and the failures ``reset``, ``cut`` and ``hung``
    outcomes: Counter[str] = field(default_factory=Counter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def count(self) -> int:
        return self.outcomes.total()

    async def run(self, made: Made, *, keep: bool, pause: float = 0.0) -> None:
        """Run one client until ``stop`` is set. ``pause``: seconds between its requests."""
        host, port = urlsplit(self.url).hostname, urlsplit(self.url).port
        kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self.stop.is_set():
            fresh = kept is None
            try:
                reader, writer = kept or await asyncio.open_connection(host, port)
            except OSError:
                self.outcomes["refused"] += 1
                await asyncio.sleep(0.01)
                continue
            outcome, stays = await self._one(reader, writer, made(), fresh=fresh)
            self.outcomes[outcome] += 1
            kept = (reader, writer) if keep and stays else None
            if kept is None:
                writer.close()
            await asyncio.sleep(pause)
        if kept is not None:
            kept[1].close()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: bytes,
        *,
        fresh: bool,
    ) -> tuple[str, bool]:
        head = b""
        try:
            async with asyncio.timeout(NO_ANSWER_AFTER):
                writer.write(request)
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(
                    line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:-2]
                )
                await reader.readexactly(int(fields["content-length"]))
        except TimeoutError:
            return "hung", False
        except (asyncio.IncompleteReadError, OSError):
            return ("cut" if head else "reset" if fresh else "closed"), False
        return head.split(b" ")[1].decode(), fields["connection"] == "keep-alive"


def get(path: str) -> Made:
    """Return a function that creates a request for a page."""
    request = f"GET {path} HTTP/1.1\r\nHost: desk\r\n\r\n".encode()
    return lambda: request


def text(url: str, account: str, token: str, to: str) -> Made:
    """Return a function that creates a signed webhook request with a new text from one of a hundred
    numbers.
    """

    def made() -> bytes:
        form = {
            "MessageSid": f"SM{secrets.token_hex(16)}",
            "AccountSid": account,
            "From": f"+120255510{secrets.randbelow(100):02}",
            "To": to,
            "Body": f"text {secrets.token_hex(4)}",
            "NumMedia": "0",
        }
        body = urlencode(form).encode()
        signature = sign(f"{url}/webhooks/twilio/sms", sorted(form.items()), token)
        head = (
            "POST /webhooks/twilio/sms HTTP/1.1\r\nHost: desk\r\nContent-Type: "
            "application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return made
