"""Clients that make requests without a pause, on new connections and on kept ones, and count how
each one ended."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from handoff_service.gateways.twilio.signature import sign

NO_ANSWER_AFTER = 15.0  # seconds; Twilio waits so long
type Made = Callable[[], bytes]


@dataclass
class Load:
    """``outcomes``: the statuses of complete answers, and ``refused`` (no connection), ``closed``
    (a kept connection that was closed before the answer began), ``reset``, ``cut`` and ``hung``,
    which are failures."""

    url: str
    outcomes: Counter[str] = field(default_factory=Counter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def count(self) -> int:
        return self.outcomes.total()

    async def run(self, made: Made, *, keep: bool, pause: float = 0.0) -> None:
        """One client, until told to stop. ``pause``: seconds between its requests."""
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
    """A request for a page."""
    request = f"GET {path} HTTP/1.1\r\nHost: desk\r\n\r\n".encode()
    return lambda: request


def text(url: str, account: str, token: str, to: str) -> Made:
    """A signed webhook with a text of its own each time, from one of a hundred numbers."""

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
