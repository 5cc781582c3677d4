"""Signing in with a password on pages and in the API, and the limits on attempts."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.errors import Busy, TooManyTries
from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.sign_in import Open, RightTry, Try
from handoff_service.web.shared.session import desk_of

KNOWN_LASTS = 365 * 24 * 3600  # seconds
MOST_KNOWN = 8  # accounts that one browser is recognized for; the latest stay


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session."""

    agent_id: int
    token: str  #: proves the session


async def try_password(
    desk: AppContext,
    email: str,
    password: str,
    address: str,
    *,
    is_known: bool = False,
    device: str = "",
) -> Opened | int:
    """Return a new session, or the number of tries left after a wrong password. Raises TooManyTries
    when none are left, and Busy while too many people sign in.

    ``is_known``: the browser has signed in to this account before. ``device``: for the agent's
    list of sessions.
    """
    checked = await _check(desk, email, password, address, is_known=is_known)
    if isinstance(checked, int):
        return checked
    agent_id, right = checked
    token = secrets.token_urlsafe(32)
    store = desk.store.acting(None, address)
    await store.write(sign_in.open_session, Open(agent_id, token, right, device))
    return Opened(agent_id, token)


async def confirm_password(desk: AppContext, email: str, password: str, address: str) -> int | None:
    """Check the agent's password again. Return None if it is right, else the number of tries left.
    The limits and errors are those of ``try_password``."""
    checked = await _check(desk, email, password, address, is_known=True)
    if isinstance(checked, int):
        return checked
    await desk.store.write(sign_in.forget_wrong_tries, checked[1])
    return None


async def count_request(
    desk: AppContext, email: str, address: str, *, is_known: bool = False
) -> None:
    """Count a request for a link to reset a password. The limits are those of signing in, counted
    separately. Raises TooManyTries."""
    account = email.strip().lower()
    attempt = Try(
        key=_hashed(desk, f"reset|{account}|{address}"),
        address=_hashed(desk, f"reset address|{address}"),
        account=None if is_known else _hashed(desk, f"reset account|{account}"),
    )
    counted = await desk.store.write(sign_in.count_try, attempt)
    if counted.left < 0:
        raise TooManyTries


async def _check(
    desk: AppContext, email: str, password: str, address: str, *, is_known: bool
) -> tuple[int, RightTry] | int:
    desk.password_checks.admit()
    account = email.strip().lower()
    attempt = Try(
        key=_hashed(desk, f"{account}|{address}"),
        address=_hashed(desk, f"address|{address}"),
        account=None if is_known else _hashed(desk, f"account|{account}"),
    )
    counted = await desk.store.write(sign_in.count_try, attempt)
    if counted.left < 0:
        raise TooManyTries
    found = await desk.store.read(sign_in.find, email)
    try:
        right = await desk.password_checks.run(
            sign_in.password_matches, found[1] if found else None, password
        )
    except Busy:
        await desk.store.write(sign_in.forget_try, counted)
        raise
    if not right or found is None:
        await desk.store.acting(None, address).write(sign_in.record_failure, email)
        return counted.left
    return found[0], RightTry(attempt.key, counted.ids)


def is_known(request: Request, email: str) -> bool:
    """Return whether this browser has signed in to the account before."""
    desk, account = desk_of(request), _account(email)
    right = [_keyed(key, account) for key in desk.settings.secret_keys]
    return any(hmac.compare_digest(one, other) for one in right for other in _marks(request))


def remember(request: Request, response: HTTPResponse, email: str) -> None:
    """Mark the browser as one that has signed in to this account. The mark grants no access. It
    exempts the account's agent from the limit that strangers' tries use up."""
    desk = desk_of(request)
    mark = _hashed(desk, _account(email))
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


def _hashed(desk: AppContext, text: str) -> str:
    return _keyed(desk.settings.secret_key, text)


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
