"""Load shedding: rejects webhook requests that the service could not answer in time.

Parsing a request and checking its signature costs about as much as storing its text. If requests
arrive several times faster than the service can store them, a process that parses every request
answers none of them in time. Therefore the connection rejects a request when its first bytes
arrive, before it parses anything.
"""

import re
from typing import Any

from sanic import Sanic

from handoff_service.context import AppContext
from handoff_service.errors import Overloaded
from handoff_service.web.shared.security import WEBHOOK_HEADERS

BEGINNING = b"POST /webhooks/"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,7}) *\r\n", re.IGNORECASE)


def _answer(error: Overloaded) -> bytes:
    body = error.detail.encode()
    head = [
        f"HTTP/1.1 {error.status} Service Unavailable",
        f"Retry-After: {error.retry_after}",
        "Content-Type: text/plain; charset=utf-8",
        *(f"{name}: {value}" for name, value in WEBHOOK_HEADERS.items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


REFUSAL = _answer(Overloaded())


class WebhooksUnderWay:
    """Counts the webhook requests that this process has accepted and not yet answered."""

    def __init__(self) -> None:
        self.count = 0

    def admit(self, app: Sanic[Any, Any]) -> bool:
        """Count a webhook request and return True. Return False if its text would have to wait too
        long for the database."""
        desk: AppContext | None = getattr(app.ctx, "desk", None)
        if desk is not None:
            try:
                desk.store.admit_early(self.count)
            except Overloaded:
                desk.outage()
                return False
        self.count += 1
        return True

    def answered(self) -> None:
        self.count -= 1


def bytes_to_come(data: bytes) -> int | None:
    """Return how many bytes of the request's body have not arrived yet. ``data``: the bytes that
    have arrived. Return None if the number is unknown, or if ``data`` also contains the beginning
    of the next request."""
    end = data.find(b"\r\n\r\n")
    length = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
    if length is None:
        return None
    left = end + 4 + int(length[1]) - len(data)
    return left if left >= 0 else None
