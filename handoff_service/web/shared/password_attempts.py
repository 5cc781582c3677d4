"""Limits attempts with passwords and one-time codes, and requests for password reset links. Pages
and the API share the limits. Each attempt is counted before it is checked.

Each attempt counts toward the limits of the account, of the client's address, and of both together.
Attempts from browsers and addresses that have signed in to the account before count separately.
Therefore a stranger can neither try all accounts from one address nor lock an agent out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sanic import Request

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import Busy, TooManyAttempts
from handoff_service.operations.desk import passwords, sign_in, sign_in_attempts
from handoff_service.operations.desk.sign_in import FailedSignIn
from handoff_service.operations.desk.sign_in_attempts import Limit, RightAttempt, SignInAttempt
from handoff_service.operations.shared.staff_mail import mail_to
from handoff_service.ports.mail import NotMailed
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.agents import agent_to_mail
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.web.shared.client_address import client_address
from handoff_service.web.shared.devices import device_of
from handoff_service.web.shared.known_browsers import is_known, keyed_hash

PASSWORD, CODE, RESET = "", "code ", "reset "  #: kinds of attempts, each with its own limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The client that tries to sign in. ``knows_account``: this browser has signed in to the
    account before. ``device``: its name in the agent's list of sessions.
    """

    address: str
    knows_account: bool = False
    device: str = ""


def visitor_of(request: Request, email: str) -> Visitor:
    """Return the client of the request. ``email``: the account that it tries to sign in to."""
    return Visitor(
        address=client_address(request),
        knows_account=is_known(request, email),
        device=device_of(request.headers.get("user-agent", "")),
    )


async def try_password(desk: AppContext, email: str, password: str, visitor: Visitor) -> int | None:
    """Check a password. Return None if the password is right, else the number of attempts left.
    Raises TooManyAttempts when no attempt is left, and Busy while too many people sign in."""
    desk.password_checks.admit()
    found = await desk.store.read(sign_in.find, email)

    async def check() -> bool:
        stored = found[1] if found else None
        return await desk.password_checks.run(passwords.password_matches, stored, password)

    return await count_and_check(desk, PASSWORD, email, visitor, check)


async def count_and_check(
    desk: AppContext,
    kind: str,
    email: str,
    visitor: Visitor,
    check: Callable[[], Awaitable[bool]],
) -> int | None:
    """Count an attempt, then run ``check``. ``kind``: PASSWORD or CODE. Return None if the password
    or code is right, else the number of attempts left. Raises TooManyAttempts when no attempt is
    left."""
    attempt = await _attempt(desk, kind, email, visitor)
    counted = await desk.store.write(sign_in_attempts.count_attempt, attempt)
    if counted.left < 0:
        raise TooManyAttempts.for_seconds(counted.wait)
    try:
        is_right = await check()
    except Busy:
        await desk.store.write(sign_in_attempts.forget_attempt, counted)
        raise
    if not is_right:
        failed = FailedSignIn(email, is_code=kind == CODE)
        await desk.store.acting(None, visitor.address).write(sign_in.record_failure, failed)
        if counted.warns:
            await _warn(desk, email, visitor.address)
        return counted.left
    right = RightAttempt(attempt.key, counted.ids)
    await desk.store.write(sign_in_attempts.forget_wrong_attempts, right)
    return None


async def _warn(desk: AppContext, email: str, address: str) -> None:
    """Warn the agent by e-mail that somebody knows the password and is guessing codes."""
    if desk.mailer is None:
        return
    name = (await desk.store.read(desk_name_and_zone))[0]
    subject = phrase("{desk}: wrong codes at your sign-in", desk=name)
    paragraphs = (
        phrase(
            "Somebody entered {count} wrong codes for your account within an hour, from the "
            "address {address}. They know your password, or signed in as you at your identity "
            "provider.",
            count=sign_in_attempts.CODES_OF_ACCOUNT_HOURLY,
            address=address,
        ),
        phrase(
            "If it was not you, change your password now, on your account page. For a while, no "
            "codes are accepted from devices and addresses that you have not used before."
        ),
    )
    reader = await desk.store.read(agent_to_mail, email)
    result = await desk.mailer.send(mail_to(reader, subject, paragraphs))
    log.info("wrong_codes_mailed", why=result.why if isinstance(result, NotMailed) else None)


async def count_request(desk: AppContext, email: str, visitor: Visitor) -> None:
    """Count a request for a password reset link. Raises TooManyAttempts when none is left."""
    attempt = await _attempt(desk, RESET, email, visitor)
    counted = await desk.store.write(sign_in_attempts.count_attempt, attempt)
    if counted.left < 0:
        raise TooManyAttempts.for_seconds(counted.wait)


def address_key(desk: AppContext, email: str, address: str) -> str:
    """Return the key under which the desk stores that the account has signed in from an
    address."""
    return keyed_hash(desk, f"known address|{email.strip().lower()}|{address}")


async def _attempt(desk: AppContext, kind: str, email: str, visitor: Visitor) -> SignInAttempt:
    account, address = email.strip().lower(), visitor.address
    group = kind + await _group(desk, account, visitor)
    both = keyed_hash(desk, f"{group}{account}|{address}")
    one_address = keyed_hash(desk, f"{group}address|{address}")
    one_account = keyed_hash(desk, f"{group}account|{account}")
    rules = sign_in_attempts
    limits = [
        Limit(both, rules.ATTEMPTS, rules.ATTEMPTS_WITHIN),
        Limit(one_address, rules.ATTEMPTS_OF_ADDRESS, rules.ATTEMPTS_WITHIN),
        Limit(one_address, rules.ATTEMPTS_OF_ADDRESS_HOURLY, rules.HOUR),
        Limit(one_account, rules.ATTEMPTS_OF_ACCOUNT, rules.ATTEMPTS_OF_ACCOUNT_WITHIN),
    ]
    if kind == CODE:
        hourly, daily = rules.CODES_OF_ACCOUNT_HOURLY, rules.CODES_OF_ACCOUNT_DAILY
        limits.append(Limit(one_account, hourly, rules.HOUR, warns=True))
        limits.append(Limit(one_account, daily, rules.LONGEST))
    return SignInAttempt(key=both, limits=limits)


async def _group(desk: AppContext, account: str, visitor: Visitor) -> str:
    """Return the group in which the attempt counts: known browsers, known addresses, or strangers
    (empty)."""
    if visitor.knows_account:
        return "known browser "
    key = address_key(desk, account, visitor.address)
    known = await desk.store.read(sign_in_attempts.is_known_address, key, desk.clock())
    return "known address " if known else ""
