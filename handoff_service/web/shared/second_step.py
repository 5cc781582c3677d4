"""The second step of a sign-in, after the right password or an identity provider's answer. It asks
for a second factor if the agent needs one, and then opens a session."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn
from handoff_service.operations.desk import sign_in, sign_in_steps
from handoff_service.operations.desk.second_factors import AgentCode, use_code
from handoff_service.operations.desk.sign_in_steps import (
    LASTS,
    KeepStep,
    Step,
    StepKind,
    StepToken,
)
from handoff_service.rules.desk.sign_in_policy import SignInNeeds
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.sign_in_policy import needs
from handoff_service.web.shared.password_attempts import (
    CODE,
    Visitor,
    address_key,
    count_and_check,
)
from handoff_service.web.shared.session import desk_of

SINGLE_SIGN_ON_ONLY = phrase(
    "Your role can sign in only with single sign-on. Use its button on the sign-in page."
)
ENDED = phrase("This sign-in took too long or has already ended. Sign in again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An agent who has passed the first factor.

    - ``provider_id``: the identity provider; None for a password.
    - ``proved``: the second factor is already proven, so the sign-in does not ask for one.
    - ``provider_session``, ``authenticated_at``: see ``sign_in.OpenSession``.
    """

    agent_id: int
    email: str
    provider_id: int | None = None
    id_token: str | None = field(default=None, repr=False)
    provider_session: str | None = None
    authenticated_at: datetime | None = None
    proved: bool = False


@dataclass(frozen=True, slots=True)
class NewSession:
    """An opened session. ``token`` authenticates its requests."""

    agent_id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondStepNeeded:
    """The sign-in waits for a second factor. ``token`` proves that the first factor was right."""

    kind: StepKind
    token: str = field(repr=False)


async def needs_of(desk: AppContext, agent_id: int, *, by_password: bool) -> SignInNeeds:
    """Return what the agent's sign-in needs. Raises NotSignedIn for a deactivated account, and
    NotAllowed for a password if passwords are off for the agent's role."""
    found = await desk.store.read(needs, agent_id)
    if found is None:
        raise NotSignedIn(phrase("Your account is deactivated. Ask an admin."))
    if by_password and not found.password_allowed:
        raise NotAllowed(SINGLE_SIGN_ON_ONLY)
    return found


async def proceed(
    desk: AppContext, who: Admitted, visitor: Visitor, *, next_page: str = "/workspace"
) -> NewSession | SecondStepNeeded:
    """Open a session, or begin the second step if the agent needs a second factor. Raises the
    errors of ``needs_of``. ``next_page``: the page to show after the sign-in."""
    found = await needs_of(desk, who.agent_id, by_password=who.provider_id is None)
    if who.proved or not (found.has_second_factor or found.second_factor_required):
        return await open_session(desk, who, visitor, second_factor=who.proved)
    kind = StepKind.CODE if found.has_second_factor else StepKind.SET_UP
    token = secrets.token_urlsafe(32)
    data = {
        "email": who.email,
        "next": next_page,
        "provider_id": who.provider_id,
        "provider_session": who.provider_session,
    }
    step = KeepStep(token=token, kind=kind, agent_id=who.agent_id, data=data)
    await desk.store.write(sign_in_steps.keep_step, step)
    return SecondStepNeeded(kind, token)


async def open_session(
    desk: AppContext, who: Admitted, visitor: Visitor, *, second_factor: bool
) -> NewSession:
    """Open a session, and remember the client's address as one that the agent has used."""
    token = secrets.token_urlsafe(32)
    command = sign_in.OpenSession(
        who.agent_id,
        token,
        device=visitor.device,
        second_factor=second_factor,
        provider_id=who.provider_id,
        id_token=who.id_token,
        provider_session=who.provider_session,
        authenticated_at=who.authenticated_at,
        known_address=address_key(desk, who.email, visitor.address),
    )
    store = desk.store.acting(None, visitor.address)  # the audit log has the address
    await store.write(sign_in.open_session, command)
    return NewSession(who.agent_id, token)


async def try_code(
    desk: AppContext, agent_id: int, email: str, code: str, visitor: Visitor
) -> int | None:
    """Check a one-time code or a backup code. Return None if the code is right, else the number of
    attempts left. Raises TooManyAttempts when no attempt is left."""

    async def check() -> bool:
        return await desk.store.write(use_code, AgentCode(agent_id, code))

    return await count_and_check(desk, CODE, email, visitor, check)


# The step's token is in its own cookie -----------------------------------------------------


def step_cookie(desk: AppContext) -> str:
    is_tls = desk.settings.public_url.startswith("https:")
    return "__Host-patchboard-step" if is_tls else "patchboard-step"


def give_step(desk: AppContext, response: HTTPResponse, token: str) -> None:
    response.add_cookie(
        step_cookie(desk),
        token,
        httponly=True,
        secure=desk.settings.public_url.startswith("https:"),
        samesite="Lax",
        path="/",
        max_age=int(LASTS.total_seconds()),
        host_prefix=False,
    )


def drop_step(desk: AppContext, response: HTTPResponse) -> None:
    response.delete_cookie(step_cookie(desk), path="/")


def step_token(request: Request) -> str:
    """Return the step's token from the cookie, or an empty string."""
    return request.cookies.get(step_cookie(desk_of(request))) or ""


async def current_step(request: Request, kind: StepKind) -> Step:
    """Return the current sign-in step of this browser. Raises NotSignedIn when it has ended."""
    desk, which = desk_of(request), StepToken(step_token(request), kind)
    found = await desk.store.read(sign_in_steps.find_step, which, desk.clock())
    if found is None:
        raise NotSignedIn(ENDED)
    return found


async def end_step(request: Request, kind: StepKind) -> Step:
    """End the sign-in step and return it. Raises NotSignedIn if it has already ended, because a
    step may open only one session.
    """
    which = StepToken(step_token(request), kind)
    found = await desk_of(request).store.write(sign_in_steps.take_step, which)
    if found is None:
        raise NotSignedIn(ENDED)
    return found
