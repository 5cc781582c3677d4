"""The signature of the phone's webhooks: hexadecimal HMAC-SHA256 over the body and the header
X-Timestamp, with the signing key.

Source: https://docs.sms-gate.app/features/webhooks/#payload-signing, which also recommends a
tolerance of 5 minutes for the timestamp.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)


def sign(body: bytes, timestamp: str, key: str) -> str:
    """Return the X-Signature header for this body, as the phone computes it."""
    return hmac.digest(key.encode(), body + timestamp.encode(), "sha256").hex()


def is_signed(body: bytes, timestamp: str, signature: str, key: str) -> bool:
    """Return whether this key signed this body."""
    expected = sign(body, timestamp, key).encode()
    return hmac.compare_digest(expected, signature.lower().encode("utf-8", "replace"))


def is_current(timestamp: str, now: datetime) -> bool:
    """Return whether the time, in Unix seconds, is within ``TOLERANCE`` of our clock. This limits
    how long an attacker can replay a recorded request."""
    if not re.fullmatch("[0-9]{1,11}", timestamp):
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= TOLERANCE
