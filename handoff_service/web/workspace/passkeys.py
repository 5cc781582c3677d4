"""Signs an agent in with a passkey, instead of the password or as the second factor after it. The
script ``passkeys.js`` calls the browser's passkey functions.
"""

import secrets
from typing import Any

from sanic import Blueprint, Request
from sanic.exceptions import BadRequest
from sanic.response import HTTPResponse, json

from handoff_service.errors import BadInput, NotFound, NotSignedIn
from handoff_service.lib import passkey_checks
from handoff_service.lib.passkey_checks import Site, WrongPasskey, site_of
from handoff_service.operations.desk import sign_in_steps
from handoff_service.operations.desk.second_factors import PasskeyUsed, record_passkey_use
from handoff_service.operations.desk.sign_in_steps import (
    ChangeStep,
    KeepStep,
    Step,
    StepKind,
    StepToken,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import agents, second_factors
from handoff_service.store.desk.second_factors import StoredPasskey
from handoff_service.web.shared.password_attempts import visitor_of
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.second_step import (
    Admitted,
    end_step,
    give_step,
    needs_of,
    open_session,
    step_token,
)
from handoff_service.web.shared.session import desk_of
from handoff_service.web.workspace.second_factor import admitted
from handoff_service.web.workspace.sign_in import let_in, next_page

UNKNOWN = phrase(
    "This desk does not know the passkey. Sign in with your password or single sign-on."
)
NOT_HERE = phrase(
    "Passkeys need an address with https and a host name. Ask an admin to set one up."
)


def blueprint() -> Blueprint:
    """Serve ``/sign-in/passkey``."""
    made = Blueprint("passkeys", url_prefix="/sign-in/passkey")

    @made.post("/options")
    async def options(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _options(request)

    @made.post("/")
    async def sign_in(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _sign_in(request)

    return made


def site(request: Request) -> Site:
    """Return the site that the passkeys belong to. Raises NotFound if browsers do not support
    passkeys at the desk's public address."""
    found = site_of(desk_of(request).settings.public_url)
    if found is None:
        raise NotFound(NOT_HERE)
    return found


def answer_of(request: Request) -> dict[str, Any]:
    """Return the browser's answer, parsed from JSON. Raises BadInput for anything else."""
    try:
        given = request.json
    except BadRequest as error:
        raise BadInput(phrase("Send JSON.")) from error
    if not isinstance(given, dict) or not isinstance(given.get("id"), str):
        raise BadInput(phrase("Send the browser's answer."))
    return given


async def _options(request: Request) -> HTTPResponse:
    """Return the options for the browser to ask for a passkey. In the second step of a sign-in, the
    options allow only the agent's own passkeys."""
    desk, here, challenge = desk_of(request), site(request), passkey_checks.new_challenge()
    which = StepToken(step_token(request), StepKind.CODE)
    step = await desk.store.read(sign_in_steps.find_step, which, desk.clock())
    if step is not None:
        data = {**step.data, "challenge": challenge}
        await desk.store.write(sign_in_steps.change_step, ChangeStep(which, data))
        allowed = await desk.store.read(second_factors.credential_ids, step.agent_id or 0)
        return json(passkey_checks.options_to_sign_in(here, challenge, allowed))
    token = secrets.token_urlsafe(32)
    data = {"challenge": challenge, "next": next_page(request.args.get("next") or "")}
    kept = KeepStep(token=token, kind=StepKind.PASSKEY, data=data)
    await desk.store.write(sign_in_steps.keep_step, kept)
    response = json(passkey_checks.options_to_sign_in(here, challenge, ()))
    give_step(desk, response, token)
    return response


async def _sign_in(request: Request) -> HTTPResponse:
    """Open a session for the owner of the passkey. Each challenge works only once."""
    desk, answer = desk_of(request), answer_of(request)
    which = StepToken(step_token(request), StepKind.CODE)
    alone = await desk.store.read(sign_in_steps.find_step, which, desk.clock()) is None
    step = await end_step(request, StepKind.PASSKEY if alone else StepKind.CODE)
    found = await desk.store.read(second_factors.passkey, answer["id"])
    challenge = step.data.get("challenge")
    if found is None or challenge is None or step.agent_id not in (None, found.agent_id):
        raise NotSignedIn(UNKNOWN)
    try:
        count = passkey_checks.used(site(request), challenge, answer, found.known, alone=alone)
    except WrongPasskey as wrong:
        raise NotSignedIn(phrase("The passkey was not accepted. Sign in again.")) from wrong
    who = await _who(request, step, found, alone=alone)
    await desk.store.write(record_passkey_use, PasskeyUsed(found.id, count))
    visitor = visitor_of(request, who.email)
    opened = await open_session(desk, who, visitor, second_factor=True)
    response = json({"to": step.data["next"]})
    await let_in(desk, request, response, opened, who.email)
    return response


async def _who(request: Request, step: Step, found: StoredPasskey, *, alone: bool) -> Admitted:
    """Return the owner of the passkey. Raises NotAllowed if the passkey replaces the password
    (``alone``) and the agent may not use a password."""
    if not alone:
        return admitted(step)
    desk = desk_of(request)
    await needs_of(desk, found.agent_id, by_password=True)
    agent = await desk.store.read(agents.get, found.agent_id)
    return Admitted(agent_id=agent.id, email=agent.email)
