"""API calls that sign an agent in and out."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn
from handoff_service.operations.desk.sign_in import end_session, find
from handoff_service.operations.routing import presence
from handoff_service.rules.shared.counted import counted
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.views import Agent
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, post
from handoff_service.web.shared.password_attempts import Visitor, try_password
from handoff_service.web.shared.second_step import Admitted, needs_of, open_session, try_code
from handoff_service.web.shared.session import ANYONE

CODE = "a code of your authenticator app, or a backup code"


class Login(Body):
    """``code``: a code of the authenticator app, or a backup code. Required for agents with a
    second factor."""

    email: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1000)
    code: str = Field("", max_length=100)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``token``: the value to send as ``Authorization: Bearer``. It expires after twelve hours."""

    token: str
    agent: Agent


@post("/login", summary="Sign in", roles=())
async def login(asked: ApiRequest[Login, Any]) -> SignedIn:
    desk, body = asked.desk, asked.body
    visitor = Visitor(address=asked.address, device="API")
    left = await try_password(desk, body.email, body.password, visitor)
    found = await desk.store.read(find, body.email)
    if left is not None or found is None:
        tries = counted(left or 0, "attempt")
        raise NotSignedIn(f"E-mail or password is wrong. {tries} left.")
    who = Admitted(agent_id=found[0], email=body.email)
    needed = await needs_of(desk, who.agent_id, by_password=True)
    if needed.has_second_factor:
        await _check_code(desk, who, body.code, visitor)
    elif needed.second_factor_required:
        raise NotAllowed(
            "Your role needs a second factor. Set it up in the workspace, then sign in with its "
            "code.",
            errors={"code": "is required, but you have no second factor yet"},
        )
    opened = await open_session(desk, who, visitor, second_factor=needed.has_second_factor)
    await desk.store.write(
        presence.signed_in, presence.RecordSignIn(agent_id=opened.agent_id, to_work=False)
    )
    agent = (await desk.store.read(agents_by_id, [opened.agent_id]))[opened.agent_id]
    return SignedIn(opened.token, agent)


async def _check_code(desk: AppContext, who: Admitted, code: str, visitor: Visitor) -> None:
    """Raise NotSignedIn, with an error for the field ``code``, if the code is missing or wrong."""
    if not code:
        raise NotSignedIn("Also send a one-time code.", errors={"code": f"is required: {CODE}"})
    left = await try_code(desk, who.agent_id, who.email, code, visitor)
    if left is not None:
        tries = counted(left, "attempt")
        wrong = f"must be {CODE} that was not used before. {tries} left"
        raise NotSignedIn("The code is wrong.", errors={"code": wrong})


@post(
    "/logout",
    summary="Sign out: end this token's session and its event streams; your presence does not "
    "change",
    roles=ANYONE,
)
async def logout(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(end_session, asked.token)
