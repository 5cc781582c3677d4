"""API calls for users. Live agents may read them. Admins may change them."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.lib import phone_numbers
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.users import (
    ChangeUser,
    DeleteUser,
    MakeUser,
    change_user,
    delete_user,
    make_user,
)
from handoff_service.operations.identity.knowledge_facts import hashed
from handoff_service.operations.shared.audit import audit, viewed
from handoff_service.operations.shared.field_types import (
    Attributes,
    ChangedFacts,
    Email,
    Facts,
    Numbers,
    OneLine,
    SoughtNumber,
    WrittenFilter,
)
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.desk.attributes import filter_of, users_with
from handoff_service.store.desk.users import has_number, search_users, select_users, stays_for
from handoff_service.store.engine import tables as t
from handoff_service.store.views import User
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post


def _whole_number(q: str) -> str:
    if phone_numbers.has_extension(q):
        raise ValueError("has an extension, which texts cannot reach; write the number without it")
    return q


class UserQuery(Paging):
    """Filters users.

    - ``q``: the beginnings of words of the name, in any order and spelling; an employee number; or
      a phone number in any format, its beginning, or at least its last four digits.
    - ``attribute``: a value (``department=Sales``), a range (``floor=2..4`` or
      ``contract_end=..2026-01-31``) or part of a text (``site~north``).
    """

    number: SoughtNumber | None = None
    q: Annotated[str, AfterValidator(_whole_number)] | None = Field(
        None, min_length=1, max_length=100
    )
    active: bool | None = None
    attribute: WrittenFilter | None = None


class NewUserBody(Body):
    """Creates a user. ``attributes``: values that the conditions of queues can test. ``facts``:
    identity facts. The desk stores only their hashes, and no call returns them."""

    external_id: OneLine
    name: OneLine
    email: Email | None = None
    numbers: Numbers = Field([])
    attributes: Attributes = Field({})
    facts: Facts = Field({})


class UserBody(Patch):
    """Changes a user. Omitted fields keep their values.

    - ``facts``: the identity facts to set. Null removes a fact.
    - ``active``: false if the user has left the company. This removes the user's numbers and facts,
      and deactivates the user's messaging profiles.
    """

    may_be_null = frozenset({"email"})

    external_id: OneLine | None = None
    name: OneLine | None = None
    email: Email | None = None
    numbers: Numbers | None = None
    attributes: Attributes | None = None
    facts: ChangedFacts | None = None
    active: bool | None = None


@get("/users", summary="Users")
async def list_users(asked: ApiRequest[None, UserQuery]) -> Page[User]:
    query = asked.query

    def read(conn: Connection) -> list[User]:
        where, most = t.users.c.id > query.after, query.limit + 1
        where &= t.users.c.merged_into.is_(None)
        if query.number is not None:
            where &= has_number(query.number)
        if query.active is not None:
            where &= t.users.c.active.is_(query.active)
        if query.attribute is not None:
            where &= users_with(filter_of(conn, query.attribute, AttributeOwner.USER))
        if query.q is not None:
            return search_users(conn, query.q, most, after=query.after, where=where)
        return select_users(conn, where, limit=most)

    return page(await asked.desk.store.read(read), query.limit, lambda user: user.id)


@get("/users/{id}", summary="One user; for a merged user, the user that was kept")
async def one_user(asked: ApiRequest[Any, Any]) -> User:
    user = await _one(asked, await asked.desk.store.read(stays_for, asked.id))
    await asked.desk.store.write(audit, viewed(Noun.USER, user.id, user.name))
    return user


@post("/users", summary="Create a user", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewUserBody, Any]) -> User:
    values = {name: getattr(asked.body, name) for name in NewUserBody.model_fields}
    values["facts"] = await run_slow(hashed, values["facts"], asked.desk.settings.secret_key)
    return await _one(asked, await asked.desk.store.write(make_user, MakeUser(**values)))


@patch("/users/{id}", summary="Change a user; active conversations keep their user", roles=ADMIN)
async def change(asked: ApiRequest[UserBody, Any]) -> User:
    values = asked.body.given()
    if "facts" in values:
        values["facts"] = await run_slow(hashed, values["facts"], asked.desk.settings.secret_key)
    await asked.desk.store.write(
        change_user, ChangeUser(id=asked.id, by=asked.agent.id, values=values)
    )
    return await _one(asked, asked.id)


@delete(
    "/users/{id}", summary="Delete a user; a user with history is deactivated instead", roles=ADMIN
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_user, DeleteUser(id=asked.id, by=asked.agent.id))


async def _one(asked: ApiRequest[Any, Any], user_id: int) -> User:
    found = await asked.desk.store.read(select_users, t.users.c.id == user_id)
    if not found:
        raise NotFound(f"There is no user {user_id}.")
    return found[0]
