"""Signing in, presence, and the people of the desk."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from handoff_service.errors import NotFound, NotSignedIn
from handoff_service.operations.presence import SetPresence, set_presence
from handoff_service.store import people
from handoff_service.store import tables as t
from handoff_service.store.views import Agent, Profile, User
from handoff_service.web.api.calls import LIVE, Asked, Body, Call, Page, Paging, page
from handoff_service.web.session import try_password


class Login(Body):
    email: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1000)


class PresenceBody(Body):
    """``presence``: available, away, offline, or the name of one of the admin's own states."""

    presence: str = Field(min_length=1, max_length=100)


class UserQuery(Paging):
    """``q`` finds by a part of the name, an employee number or a number's last digits."""

    number: str | None = None
    q: str | None = Field(None, min_length=1, max_length=100)


class ProfileQuery(Paging):
    number: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``token`` is sent back as ``Authorization: Bearer``; it lasts twelve hours."""

    token: str
    agent: Agent


@dataclass(frozen=True, slots=True)
class PresenceNow:
    """``reason``: why the product changed it, when it did."""

    presence: str
    reason: str | None


async def login(asked: Asked[Login, Any]) -> SignedIn:
    answer = await try_password(asked.desk, asked.body.email, asked.body.password, asked.address)
    if isinstance(answer, int):
        raise NotSignedIn(f"E-mail or password is wrong. {answer} tries left.")
    agent_id, token = answer
    return SignedIn(token, (await asked.desk.store.read(people.agents, [agent_id]))[agent_id])


async def read_presence(asked: Asked[Any, Any]) -> PresenceNow:
    me = (await asked.desk.store.read(people.agents, [asked.agent.id]))[asked.agent.id]
    return PresenceNow(me.presence, me.presence_reason)


async def change_presence(asked: Asked[PresenceBody, Any]) -> PresenceNow:
    wish = SetPresence(agent_id=asked.agent.id, presence=asked.body.presence)
    await asked.desk.store.write(set_presence, wish)
    return await read_presence(asked)


async def list_agents(asked: Asked[None, Paging]) -> Page[Agent]:
    found = sorted((await asked.desk.store.read(people.agents)).values(), key=lambda a: a.id)
    return page([a for a in found if a.id > asked.query.after][: asked.query.limit + 1], asked.query.limit, _id)


async def one_agent(asked: Asked[None, Any]) -> Agent:
    found = await asked.desk.store.read(people.agents, [asked.id])
    return _found(found.get(asked.id), "agent", asked.id)


async def list_users(asked: Asked[None, UserQuery]) -> Page[User]:
    query = asked.query

    def read(conn: Connection) -> list[User]:
        where = t.users.c.id > query.after
        if query.number is not None:
            where &= people.has_number(query.number)
        if query.q is not None:
            where &= people.found_by(query.q)
        return people.users(conn, where, limit=query.limit + 1)

    return page(await asked.desk.store.read(read), query.limit, _id)


async def one_user(asked: Asked[None, Any]) -> User:
    found = await asked.desk.store.read(people.users, t.users.c.id == asked.id)
    return _found(found[0] if found else None, "user", asked.id)


async def list_profiles(asked: Asked[None, ProfileQuery]) -> Page[Profile]:
    query = asked.query
    found = await asked.desk.store.read(people.profiles, number=query.number, after=query.after, limit=query.limit + 1)
    return page(found, query.limit, _id)


def _id(item: Agent | User | Profile) -> int:
    return item.id


def _found[T](item: T | None, what: str, number: int) -> T:
    if item is None:
        raise NotFound(f"There is no {what} {number}.")
    return item


CALLS = (
    Call(
        method="POST",
        path="/v1/login",
        summary="Sign in",
        handle=login,
        body=Login,
        answer=SignedIn,
        roles=(),
    ),
    Call(
        method="GET",
        path="/v1/agents/me/presence",
        summary="My presence",
        handle=read_presence,
        answer=PresenceNow,
        roles=LIVE,
    ),
    Call(
        method="PUT",
        path="/v1/agents/me/presence",
        summary="Change my presence; it stands until it is changed",
        handle=change_presence,
        body=PresenceBody,
        answer=PresenceNow,
        roles=LIVE,
    ),
    Call(method="GET", path="/v1/agents", summary="Agents", handle=list_agents, query=Paging, answer=Page[Agent]),
    Call(method="GET", path="/v1/agents/<id:int>", summary="One agent", handle=one_agent, answer=Agent),
    Call(method="GET", path="/v1/users", summary="Users", handle=list_users, query=UserQuery, answer=Page[User]),
    Call(method="GET", path="/v1/users/<id:int>", summary="One user", handle=one_user, answer=User),
    Call(
        method="GET",
        path="/v1/profiles",
        summary="Messaging profiles",
        handle=list_profiles,
        query=ProfileQuery,
        answer=Page[Profile],
    ),
)
