"""Signs agents in with an identity provider: redirects to its page, and handles its answer."""

import secrets

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, json, redirect

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import CannotOpen, Conflict, NotAllowed, NotFound, Refusal
from handoff_service.operations.desk import sign_in_steps
from handoff_service.operations.desk.identity_providers import access_to
from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.operations.desk.sign_in_steps import KeepStep, Step, StepKind, StepToken
from handoff_service.operations.desk.single_logout import EndElsewhere, end_elsewhere
from handoff_service.operations.desk.single_sign_on import AdmitPerson, admit_person
from handoff_service.ports.identity_providers import SignInAttempt, SignInFailed
from handoff_service.rules.desk.identity_providers import (
    NotAdmitted,
    authenticated,
    person_of,
    session_of,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import agents, identity_providers
from handoff_service.store.desk.identity_providers import fields_of
from handoff_service.store.views import IdentityProvider
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.second_step import ENDED, Admitted, give_step, step_token
from handoff_service.web.shared.session import desk_of
from handoff_service.web.workspace.sign_in import go_on, next_page, sign_in_form

CALLBACK = "/sign-in/sso/callback"
MOST_ANSWERED = 4000  # characters of each value in the provider's answer


def blueprint() -> Blueprint:
    """Serve ``/sign-in/sso``."""
    made = Blueprint("single_sign_on", url_prefix="/sign-in/sso")

    @made.get("/<number:int>")
    async def start(request: Request, number: int) -> HTTPResponse:
        return await _start(request, number)

    @made.get("/callback")
    async def callback(request: Request) -> HTTPResponse:
        return await _callback(request)

    @made.post("/logout")
    async def logout(request: Request) -> HTTPResponse:
        return await _logout(request)

    return made


def redirect_uri(desk: AppContext) -> str:
    """Return the redirect URI, which admins register at the provider."""
    return f"{desk.settings.public_url}{CALLBACK}"


async def _start(request: Request, number: int) -> HTTPResponse:
    """Redirect the browser to the provider's page. A cookie ensures that only this browser can use
    the provider's answer."""
    desk = desk_of(request)
    one = await desk.store.read(identity_providers.get, number)
    if not one.active:
        raise NotFound(
            phrase("Sign-in with {name} is switched off. Sign in another way.", name=one.name)
        )
    browser = step_token(request) or secrets.token_urlsafe(32)
    attempt = SignInAttempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        redirect_uri=redirect_uri(desk),
        again=request.args.get("again") == "1",
    )
    try:
        access = await desk.store.read(access_to, desk.store.settings, one)
        url = await desk.identity_providers.authorization_url(access, attempt)
    except SignInFailed as failed:
        log.warning("single_sign_on_failed", provider=one.name, why=str(failed))
        error = phrase("{name} cannot be reached. Try again later, or ask an admin.", name=one.name)
        return await sign_in_form(request, wrong=error, status=502)
    data = {
        "provider": one.id,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "browser": token_hash(browser),
        "next": next_page(request.args.get("next") or ""),
        "again": desk.clock().timestamp() if attempt.again else None,
    }
    step = KeepStep(token=attempt.state, kind=StepKind.PROVIDER, data=data)
    await desk.store.write(sign_in_steps.keep_step, step)
    response = redirect(url)
    give_step(desk, response, browser)
    return response


async def _callback(request: Request) -> HTTPResponse:
    """Check the provider's answer, and sign the person in. Each answer works only once."""
    desk = desk_of(request)
    answer = {name: values[0][:MOST_ANSWERED] for name, values in request.get_args(True).items()}
    which = StepToken(answer.get("state", ""), StepKind.PROVIDER)
    step = await desk.store.write(sign_in_steps.take_step, which)
    if step is None or step.data["browser"] != token_hash(step_token(request)):
        return await sign_in_form(request, wrong=ENDED, status=400)
    try:
        one = await desk.store.read(identity_providers.get, step.data["provider"])
        who = await _admitted(desk, one, step, answer)
    except (SignInFailed, NotAdmitted) as failed:
        log.warning("single_sign_on_failed", provider=one.name, why=str(failed))
        return await sign_in_form(request, wrong=failed.args[0], status=403)
    except (NotAllowed, NotFound, Conflict) as refusal:
        return await sign_in_form(request, wrong=_first_sentence(refusal), status=403)
    return await go_on(request, who, step.data["next"])


async def _admitted(
    desk: AppContext, one: IdentityProvider, step: Step, answer: dict[str, str]
) -> Admitted:
    attempt = SignInAttempt(
        state=answer["state"],
        nonce=step.data["nonce"],
        verifier=step.data["verifier"],
        redirect_uri=redirect_uri(desk),
    )
    access = await desk.store.read(access_to, desk.store.settings, one)
    identity = await desk.identity_providers.identity(access, attempt, answer)
    at = authenticated(identity.claims, step.data.get("again"), one.name)
    person = person_of(identity.claims, fields_of(one))
    agent_id = await desk.store.write(admit_person, AdmitPerson(one.id, person))
    agent = await desk.store.read(agents.get, agent_id)
    log.info("single_sign_on", provider=one.name, agent=agent_id)
    return Admitted(
        agent_id=agent_id,
        email=agent.email,
        provider_id=one.id,
        id_token=identity.id_token,
        provider_session=session_of(identity.claims),
        authenticated_at=at and min(at, desk.clock()),
        proved=not one.asks_second_factor,
    )


async def _logout(request: Request) -> HTTPResponse:
    """End a person's sessions after the person's session at the provider has ended. The provider's
    server sends this request (OpenID Connect back-channel logout)."""
    desk, token = desk_of(request), form_field(request, "logout_token")
    issuer = desk.identity_providers.issuer_of(token)
    why = "The token names no identity provider of this desk."
    for one in await desk.store.read(identity_providers.of_issuer, issuer or ""):
        try:
            access = await desk.store.read(access_to, desk.store.settings, one)
            ended = await desk.identity_providers.ended(access, token)
            count = await desk.store.write(end_elsewhere, EndElsewhere(one.id, ended))
        except (SignInFailed, Conflict, CannotOpen) as failed:
            why = str(failed)
            continue
        log.info("single_logout", provider=one.name, sessions=count)
        return empty(status=200)
    log.warning("single_logout_failed", why=why)
    return json({"error": "invalid_request", "error_description": why}, status=400)


def _first_sentence(refusal: Refusal) -> str:
    return next(iter(refusal.errors.values()), refusal.detail)
