"""The signature of the phone's webhooks: hexadecimal HMAC-SHA256 over the body and the header
X-Timestamp, with the signing key.

Source: https://docs.sms-gate.app/features/webhooks/#payload-signing, which also advises to accept
times within 5 minutes.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)


def sign(body: bytes, timestamp: str, key: str) -> str:
    """Return the header X-Signature that the phone would send with this body."""
    return hmac.digest(key.encode(), body + timestamp.encode(), "sha256").hex()


def is_signed(body: bytes, timestamp: str, signature: str, key: str) -> bool:
    """Return whether this key signed this body."""
    expected = sign(body, timestamp, key).encode()
    return hmac.compare_digest(expected, signature.lower().encode("utf-8", "replace"))


def is_current(timestamp: str, now: datetime) -> bool:
    """Return whether the time, in Unix seconds, is close enough to our clock. Therefore an attacker
    can use a recorded request for only a short time."""
    if not re.fullmatch("[0-9]{1,11}", timestamp):
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= TOLERANCE
