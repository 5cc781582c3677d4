"""Signing in and out."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from handoff_service.errors import NotSignedIn
from handoff_service.operations.desk.sign_in import end_session
from handoff_service.operations.routing import presence
from handoff_service.rules.shared.counted import counted
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.views import Agent
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, post
from handoff_service.web.shared.password_tries import try_password
from handoff_service.web.shared.session import ANYONE


class Login(Body):
    email: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Send ``token`` as ``Authorization: Bearer``. It lasts twelve hours."""

    token: str
    agent: Agent


@post("/login", summary="Sign in", roles=())
async def login(asked: ApiRequest[Login, Any]) -> SignedIn:
    answer = await try_password(
        asked.desk, asked.body.email, asked.body.password, asked.address, device="API"
    )
    if isinstance(answer, int):
        raise NotSignedIn(f"E-mail or password is wrong. {counted(answer, 'try', 'tries')} left.")
    agent_id, token = answer.agent_id, answer.token
    await asked.desk.store.write(
        presence.signed_in, presence.RecordSignIn(agent_id=agent_id, to_work=False)
    )
    return SignedIn(token, (await asked.desk.store.read(agents_by_id, [agent_id]))[agent_id])


@post(
    "/logout",
    summary="Sign out: ends this token's session and its event streams; the presence stays "
    "as it is",
    roles=ANYONE,
)
async def logout(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(end_session, asked.token)
