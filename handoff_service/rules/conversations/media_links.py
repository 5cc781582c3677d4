"""Signed links to media that work without signing in until they expire. The provider fetches
pictures through them."""

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import urlencode

LASTS = timedelta(hours=1)  # the provider fetches at once, and each send attempt makes new links


def link(public_url: str, key: str, media_id: int, now: datetime) -> str:
    """A link that lets anybody fetch one media file for the next hour."""
    expires = int((now + LASTS).timestamp())
    return f"{public_url}/media/{media_id}?" + urlencode(
        {"expires": expires, "signature": _signature(key, media_id, expires)}
    )


def is_valid(key: str, media_id: int, expires: str, signature: str, now: datetime) -> bool:
    """Whether this key signed the link and the link has not expired. Compares in constant time."""
    if not (expires.isascii() and expires.isdecimal()) or len(expires) > 12:
        return False
    right = hmac.compare_digest(
        signature.encode(), _signature(key, media_id, int(expires)).encode()
    )
    return right and now.timestamp() <= int(expires)


def _signature(key: str, media_id: int, expires: int) -> str:
    return hmac.new(
        key.encode(), f"media {media_id} until {expires}".encode(), hashlib.sha256
    ).hexdigest()
