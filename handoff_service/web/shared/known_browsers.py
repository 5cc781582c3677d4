"""Remembers, in a cookie, the accounts that a browser has signed in to. Failed sign-ins from other
browsers do not lock such a browser out of the account."""

import hashlib
import hmac

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.web.shared.session import desk_of

KNOWN_LASTS = 365 * 24 * 3600  # seconds
MOST_KNOWN = 8  # accounts per browser; the most recent ones are kept


def is_known(request: Request, email: str) -> bool:
    """Return whether this browser has signed in to the account before."""
    desk, account = desk_of(request), _account(email)
    right = [_keyed(key, account) for key in desk.settings.secret_keys]
    return any(hmac.compare_digest(one, other) for one in right for other in _marks(request))


def remember(request: Request, response: HTTPResponse, email: str) -> None:
    """Mark the browser as one that has signed in to this account. The mark grants no access.
    Attempts from this browser count toward a separate limit, so that strangers cannot use up the
    agent's attempts."""
    desk = desk_of(request)
    mark = keyed_hash(desk, _account(email))
    marks = [mark, *(other for other in _marks(request) if other != mark)][:MOST_KNOWN]
    secure = desk.settings.public_url.startswith("https:")
    response.add_cookie(
        _cookie(desk),
        ".".join(marks),
        httponly=True,
        secure=secure,
        samesite="Lax",
        path="/",
        max_age=KNOWN_LASTS,
        host_prefix=False,
    )


def keyed_hash(desk: AppContext, text: str) -> str:
    """Return a hash that nobody can compute without the secret key."""
    return _keyed(desk.settings.secret_key, text)


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _cookie(desk: AppContext) -> str:
    return (
        "__Host-patchboard-known"
        if desk.settings.public_url.startswith("https:")
        else "patchboard-known"
    )


def _marks(request: Request) -> list[str]:
    text: str = request.cookies.get(_cookie(desk_of(request))) or ""
    return [mark for mark in text.split(".")[:MOST_KNOWN] if mark.isascii() and mark.isalnum()]


def _account(email: str) -> str:
    return f"known|{email.strip().lower()}"
