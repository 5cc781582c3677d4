"""A load generator: signed webhooks over keep-alive connections, sent by a separate process."""

import asyncio
import base64
import hmac
import json
import random
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlencode

TOKEN = "12345678901234567890123456789012"
URL = "https://sms.example.org/webhooks/twilio/sms"
REQUESTERS = 2000
TO = "+18885550100"


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, and the milliseconds from sending a request to its whole answer."""

    rate: float
    p50: float
    p99: float
    failed: int


def request(number: int, tag: str, to: str = TO, sender: str = "") -> bytes:
    """Return the webhook request of one text: a form of about 550 bytes with a valid signature.
    ``sender``: by default one of a few thousand numbers.
    """
    sender = sender or f"+1415555{random.randrange(REQUESTERS):04d}"
    form = {
        "ToCountry": "US", "ToState": "", "SmsMessageSid": f"SM{tag}{number:024x}", "NumMedia": "0",
        "ToCity": "",
        "FromZip": "20001", "SmsSid": f"SM{tag}{number:024x}", "FromState": "DC",
        "SmsStatus": "received",
        "FromCity": "WASHINGTON", "Body":
        f"my laptop won't start, it is the {number}th time this week",
        "FromCountry": "US", "To": to, "ToZip": "", "NumSegments": "1",
        "MessageSid": f"SM{tag}{number:024x}",
        "AccountSid": "AC" + "0" * 32, "From": sender,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    signed = URL + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()
    body = urlencode(form).encode()
    head = (
        "POST /webhooks/twilio/sms HTTP/1.1\r\nHost: bench\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request at a time and waits for its answer. It expects small answers with a
    Content-Length.
    """

    def __init__(
        self, requests: list[bytes], times: list[float], done: asyncio.Future[None]
    ) -> None:
        self._requests, self._times, self._done = requests, times, done
        self._answer = b""
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(
            head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        ):
            return
        self._times.append(time.perf_counter() - self._since)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        self._answer = b""
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _next(self) -> None:
        if not self._requests:
            self._transport.close()
            return
        self._since = time.perf_counter()
        self._transport.write(self._requests.pop())  # type: ignore[attr-defined]


async def measure(port: int, connections: int, count: int, tag: str) -> Measured:
    """Send ``count`` texts over this many connections in parallel."""
    return await send(port, connections, [request(n, tag) for n in range(count)])


async def send(port: int, connections: int, requests: list[bytes]) -> Measured:
    """Send these requests over this many connections in parallel. The list is empty afterwards."""
    loop, count = asyncio.get_running_loop(), len(requests)
    times: list[float] = []
    all_done, all_connections = [], []
    began = time.perf_counter()
    for _ in range(connections):
        done = loop.create_future()
        _, connection = await loop.create_connection(
            lambda done=done: _Connection(requests, times, done), "127.0.0.1", port
        )
        all_done.append(done)
        all_connections.append(connection)
    await asyncio.gather(*all_done)
    took = time.perf_counter() - began
    times.sort()
    failed = sum(c.failed for c in all_connections) + count - len(times)
    return Measured(
        len(times) / took,
        times[len(times) // 2] * 1000,
        times[int(len(times) * 0.99)] * 1000,
        failed,
    )


if __name__ == "__main__":
    port, connections, count, tag, *strangers = sys.argv[1:]
    # Arguments: the provider number, and the first digits of numbers that have never texted.
    if strangers:
        to, begins = strangers
        texts = [request(n, tag, to, f"{begins}{n:07d}") for n in range(int(count))]
        found = asyncio.run(send(int(port), int(connections), texts))
    else:
        found = asyncio.run(measure(int(port), int(connections), int(count), tag))
    print(json.dumps([found.rate, found.p50, found.p99, found.failed]))
