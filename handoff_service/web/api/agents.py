"""API calls for agents. Live agents may read them. Admins may change them."""

from typing import Any

from pydantic import Field

from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.agents import (
    ChangeAgent,
    DeleteAgent,
    MakeAgent,
    change_agent,
    delete_agent,
    make_agent,
)
from handoff_service.operations.desk.identity_providers import unlink_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.second_factors import reset_second_factor
from handoff_service.operations.shared.field_types import (
    Capacity,
    Email,
    Names,
    OneLine,
    Password,
    Roles,
)
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents
from handoff_service.store.desk.second_factors import second_factor_of
from handoff_service.store.views import Agent, SecondFactor
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post


class AgentQuery(Paging):
    """``q`` finds agents by part of their name or e-mail address."""

    q: str | None = Field(None, min_length=1, max_length=100)


class NewAgentBody(Body):
    """Creates an agent.

    - ``password``: if omitted, the agent chooses one with a link or signs in with single sign-on.
    - ``groups``: an unknown name creates the group.
    - ``always_password``: this admin may use a password even if passwords are off for the role.
    - ``language``: the language of the agent's pages; null for the browser's language.
    """

    email: Email
    name: OneLine
    password: Password | None = None
    roles: Roles = Field([Role.AGENT])
    capacity: Capacity = 4
    groups: Names = Field([])
    skills: Names = Field([])
    always_password: bool = False
    language: Language | None = None


class AgentBody(Patch):
    """Changes an agent. Omitted fields keep their values.

    - ``password``: a new password ends the agent's sessions, except the session of this call.
    - ``active``: false signs the agent out and stops offers. The agent's conversations return to
      work assignment.
    - ``language``: the language of the agent's pages; null for the browser's language.
    """

    may_be_null = frozenset({"language"})

    email: Email | None = None
    name: OneLine | None = None
    password: Password | None = None
    roles: Roles | None = None
    capacity: Capacity | None = None
    groups: Names | None = None
    skills: Names | None = None
    active: bool | None = None
    always_password: bool | None = None
    language: Language | None = None


@get("/agents", summary="Agents")
async def list_agents(asked: ApiRequest[None, AgentQuery]) -> Page[Agent]:
    query = asked.query
    found = await asked.desk.store.read(
        agents.list_, words=query.q, after=query.after, limit=query.limit + 1
    )
    return page(found, query.limit, lambda agent: agent.id)


@get("/agents/{id}", summary="One agent")
async def one_agent(asked: ApiRequest[Any, Any]) -> Agent:
    return await asked.desk.store.read(agents.get, asked.id)


@post("/agents", summary="Create an agent", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewAgentBody, Any]) -> Agent:
    values = await with_hash(
        {name: getattr(asked.body, name) for name in NewAgentBody.model_fields}
    )
    agent_id = await asked.desk.store.write(make_agent, MakeAgent(**values))
    return await asked.desk.store.read(agents.get, agent_id)


@patch("/agents/{id}", summary="Change an agent", roles=ADMIN)
async def change(asked: ApiRequest[AgentBody, Any]) -> Agent:
    values = await with_hash(asked.body.given())
    command = ChangeAgent(id=asked.id, by=asked.agent.id, values=values, keep_token=asked.token)
    await asked.desk.store.write(change_agent, command)
    return await one_agent(asked)


@delete(
    "/agents/{id}",
    summary="Delete an agent; an agent with history is deactivated instead",
    roles=ADMIN,
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_agent, DeleteAgent(id=asked.id, by=asked.agent.id))


@get("/agents/{id}/second-factor", summary="An agent's second factors", roles=ADMIN)
async def second_factor(asked: ApiRequest[None, Any]) -> SecondFactor:
    await one_agent(asked)
    return await asked.desk.store.read(second_factor_of, asked.id)


@delete(
    "/agents/{id}/second-factor",
    summary="Reset an agent's two-factor sign-in, and end the agent's sessions",
    roles=ADMIN,
)
async def reset(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(reset_second_factor, asked.id)


@delete(
    "/agents/{id}/identities",
    summary="Unlink an agent from all identity providers; the next person who signs in there with "
    "the agent's verified e-mail address is linked",
    roles=ADMIN,
)
async def unlink(asked: ApiRequest[None, Any]) -> None:
    await one_agent(asked)
    await asked.desk.store.write(unlink_agent, asked.id)


async def with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """Replace the password with its hash. Hashing takes tens of milliseconds, so it runs in a
    thread."""
    password = values.pop("password", None)
    return (
        values
        if password is None
        else values | {"password_hash": await run_slow(hash_password, password)}
    )
