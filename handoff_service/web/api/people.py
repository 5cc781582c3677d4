"""Signing in, presence, and the numbers and queues of the desk."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from handoff_service.errors import NotFound, NotSignedIn
from handoff_service.operations.presence import SetPresence, set_presence
from handoff_service.store import people
from handoff_service.store.views import Agent, ProviderNumber, Queue
from handoff_service.web.api.calls import LIVE, Asked, Body, Call, Page, Paging, page
from handoff_service.web.session import try_password


class Login(Body):
    email: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=1000)


class PresenceBody(Body):
    """``presence``: available, away, offline, or the name of one of the admin's own states."""

    presence: str = Field(min_length=1, max_length=100)


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


async def list_provider_numbers(asked: Asked[None, Paging]) -> Page[ProviderNumber]:
    return _rest(await asked.desk.store.read(people.provider_numbers), asked.query)


async def one_provider_number(asked: Asked[None, Any]) -> ProviderNumber:
    found = {p.id: p for p in await asked.desk.store.read(people.provider_numbers)}
    return _found(found.get(asked.id), "provider number", asked.id)


async def list_queues(asked: Asked[None, Paging]) -> Page[Queue]:
    return _rest(await asked.desk.store.read(people.queues), asked.query)


async def one_queue(asked: Asked[None, Any]) -> Queue:
    found = {q.id: q for q in await asked.desk.store.read(people.queues)}
    return _found(found.get(asked.id), "queue", asked.id)


def _id(item: ProviderNumber | Queue) -> int:
    return item.id


def _rest[T: (ProviderNumber, Queue)](found: list[T], query: Paging) -> Page[T]:
    """A page of a short list that is read whole."""
    return page([item for item in found if item.id > query.after][: query.limit + 1], query.limit, _id)


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
    Call(
        method="GET",
        path="/v1/provider-numbers",
        summary="The company's numbers",
        handle=list_provider_numbers,
        query=Paging,
        answer=Page[ProviderNumber],
    ),
    Call(
        method="GET",
        path="/v1/provider-numbers/<id:int>",
        summary="One provider number",
        handle=one_provider_number,
        answer=ProviderNumber,
    ),
    Call(method="GET", path="/v1/queues", summary="Queues", handle=list_queues, query=Paging, answer=Page[Queue]),
    Call(method="GET", path="/v1/queues/<id:int>", summary="One queue", handle=one_queue, answer=Queue),
)
