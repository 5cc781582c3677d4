"""How webhook calls are signed and retried, and which addresses and secrets are valid.

The scheme is Standard Webhooks 1.0.0:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from handoff_service.rules.shared.phrases import phrase

PREFIX, VERSION = "whsec_", "v1"
LEAST_BYTES, MOST_BYTES = 24, 64  # length limits of a secret, from the specification
LONGEST_ADDRESS = 2000
GIVES_UP_AFTER = timedelta(days=1)
SWITCHED_OFF_AFTER = timedelta(days=5)
# the fewest attempts at one event before its webhook can be switched off; the waits between them
# add up to 13 minutes
LEAST_ATTEMPTS = 5
OVERLAP = timedelta(days=1)  # how long calls are signed with the former secret, too
# the waits before attempt 2, 3, ...; the last one repeats
_WAITS = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600)]


def secret_of(key: bytes) -> str:
    """The written form of a key."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """Decode the written form of a key. Raises ValueError when the text is not a secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError("not a secret")
    return key


def secret_error(secret: str) -> str | None:
    """The error of a secret. None when it is valid."""
    try:
        key_of(secret)
    except ValueError:
        return phrase(
            "must be {prefix} and then {least} to {most} bytes in base64",
            prefix=PREFIX,
            least=LEAST_BYTES,
            most=MOST_BYTES,
        )
    return None


def address_error(url: str) -> str | None:
    """The error of an address. None when it is valid. At each call, the service resolves the name
    and decides whether it may call the address."""
    try:
        parts = urlsplit(url)
        port = parts.port  # ValueError when the port is not a number
    except ValueError:
        return phrase("must be an address such as https://tickets.example.com/hook")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or _has_odd_characters(url)
    ):
        return phrase("must be an http or https address, such as https://tickets.example.com/hook")
    if parts.username is not None or parts.password is not None:
        return phrase(
            "must not contain a user name or password. The receiver checks Patchboard's signature "
            "instead"
        )
    return (
        phrase("must be at most {most} characters", most=LONGEST_ADDRESS)
        if len(url) > LONGEST_ADDRESS
        else None
    )


def _has_odd_characters(url: str) -> bool:
    return any(c.isspace() or not c.isprintable() for c in url)


def signature(secret: str, event_id: str, timestamp: int, body: str) -> str:
    """The value of ``webhook-signature``: HMAC-SHA256 over id, Unix time in seconds and body, in
    base64."""
    signed = f"{event_id}.{timestamp}.{body}".encode()
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def signatures(secrets: Iterable[str], event_id: str, timestamp: int, body: str) -> str:
    """The signatures with several secrets, separated by spaces. A receiver accepts any of them, so
    it can change its secret at any time during the overlap."""
    return " ".join(signature(secret, event_id, timestamp, body) for secret in secrets)


def must_switch_off(failing_since: datetime, attempts: int, now: datetime) -> bool:
    """Whether a webhook must be switched off because it has failed for too long. ``attempts``: the
    number of attempts at the event that has just failed. A single failure after quiet days is not
    enough."""
    return now - failing_since >= SWITCHED_OFF_AFTER and attempts >= LEAST_ATTEMPTS


def next_try(attempts: int, since: datetime, now: datetime) -> datetime | None:
    """When a failed call is retried. None when its retry period is over. ``since``: when the event
    happened."""
    if now - since >= GIVES_UP_AFTER:
        return None
    return min(now + _WAITS[min(attempts, len(_WAITS)) - 1], since + GIVES_UP_AFTER)
