"""The token that opens the setup of a desk without an admin. It is computed from the secret key and
the desk's id, so it stays the same after a restart, and each desk has its own."""

import hashlib
import hmac


def setup_token(key: str, desk_id: str) -> str:
    """Compute the desk's token."""
    return hmac.new(key.encode(), f"set up {desk_id}".encode(), hashlib.sha256).hexdigest()[:40]


def opens(key: str, desk_id: str, given: str) -> bool:
    """Whether this is the desk's token. Compares in constant time."""
    return hmac.compare_digest(given.encode(), setup_token(key, desk_id).encode())
