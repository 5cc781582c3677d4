"""Adds a passkey, on the account page or during a sign-in that requires a second factor."""

from dataclasses import replace

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json

from handoff_service.errors import BadInput, NotSignedIn
from handoff_service.lib import passkey_checks
from handoff_service.lib.passkey_checks import WrongPasskey
from handoff_service.operations.desk import sign_in_steps
from handoff_service.operations.desk.second_factors import AddPasskey, add_passkey
from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.operations.desk.sign_in_steps import ChangeStep, StepKind, StepToken
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import agents, second_factors
from handoff_service.store.desk.desk import desk_id, desk_name_and_zone
from handoff_service.web.shared.devices import device_of
from handoff_service.web.shared.password_attempts import visitor_of
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.second_step import (
    current_step,
    end_step,
    open_session,
    step_token,
)
from handoff_service.web.shared.session import desk_of
from handoff_service.web.workspace.passkeys import answer_of, site
from handoff_service.web.workspace.second_factor import admitted
from handoff_service.web.workspace.sign_in import let_in

#: The page where the agent can make backup codes.
NEXT = "/workspace/account/two-factor?done=passkey"


def blueprint() -> Blueprint:
    """Serve ``/sign-in/set-up/passkey``."""
    made = Blueprint("new_passkeys", url_prefix="/sign-in/set-up/passkey")

    @made.post("/options")
    async def options(request: Request) -> HTTPResponse:
        from_this_site(request)
        step, challenge = await current_step(request, StepKind.SET_UP), _new()
        which = StepToken(step_token(request), StepKind.SET_UP)
        change = ChangeStep(which, {**step.data, "challenge": challenge})
        await desk_of(request).store.write(sign_in_steps.change_step, change)
        return json(await options_to_add(request, step.agent_id or 0, challenge))

    @made.post("/")
    async def added(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _added(request)

    return made


def _new() -> str:
    return passkey_checks.new_challenge()


async def options_to_add(request: Request, agent_id: int, challenge: str) -> object:
    """Return the options for the browser to create a passkey for this agent."""
    store = desk_of(request).store
    agent = await store.read(agents.get, agent_id)
    return passkey_checks.options_to_add(
        site(request),
        challenge,
        desk=(await store.read(desk_name_and_zone))[0],
        user=bytes.fromhex(token_hash(f"{await store.read(desk_id)}|{agent_id}")),
        email=agent.email,
        name=agent.name,
        has=await store.read(second_factors.credential_ids, agent_id),
    )


async def add(request: Request, agent_id: int, challenge: str) -> None:
    """Add the passkey that the browser has created. Raises BadInput if the passkey does not answer
    this challenge."""
    try:
        made = passkey_checks.added(site(request), challenge, answer_of(request))
    except WrongPasskey as wrong:
        raise BadInput(phrase("The browser's passkey was not accepted. Try again.")) from wrong
    name = f"Passkey of {device_of(request.headers.get('user-agent', ''))}"
    command = AddPasskey(agent_id=agent_id, name=name, passkey=made)
    await desk_of(request).store.write(add_passkey, command)


async def _added(request: Request) -> HTTPResponse:
    """Sign the agent in with the new passkey, and return the address of the page where the agent
    can make backup codes. An error also ends the sign-in step, so each challenge works only
    once."""
    desk = desk_of(request)
    step = await end_step(request, StepKind.SET_UP)
    if not step.data.get("challenge"):
        raise NotSignedIn(phrase("Adding the passkey took too long. Sign in again."))
    await add(request, step.agent_id or 0, str(step.data["challenge"]))
    who = replace(admitted(step), authenticated_at=desk.clock())
    opened = await open_session(desk, who, visitor_of(request, who.email), second_factor=True)
    response = json({"to": NEXT})
    await let_in(desk, request, response, opened, who.email)
    return response
