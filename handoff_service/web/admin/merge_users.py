"""The pages that merge two users: choose the other user, preview the merge, merge, and undo."""

from collections.abc import Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import Conflict, NotFound, Refusal
from handoff_service.operations.desk.merge_users import MergeUsers, merge_users
from handoff_service.operations.desk.preview_merge import preview_merge
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.undo_merge import UndoMerge, undo_merge
from handoff_service.rules.desk.user_merges import TITLES
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.users import search_users, select_users, stays_for, users_on
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import User
from handoff_service.web.admin.pages import UNDER, admin_page, done
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.request_bytes import A_USER, id_field
from handoff_service.web.shared.session import desk_of, page

HERE = "/users"
ONE = f"{HERE}/<number:int>/merge"
FOUND = 10  # users in the list to choose from


@page(Role.ADMIN)
async def choose(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Let the admin choose the other user. With ``other``, preview the merge with this user."""
    store, other = desk_of(request).store, request.args.get("other") or ""
    kept = await store.read(stays_for, number)
    if kept != number:
        return redirect(f"{UNDER}{HERE}/{kept}/merge")
    user = (await store.read(_users, [number]))[0]
    if other:
        return await _ask(request, agent, user, id_field(other, "other", A_USER))
    q = (request.args.get("q") or "").strip()[:100]
    found = await store.read(_found, user, q)
    return await _page(request, agent, user, found=found, q=q)


@page(Role.ADMIN)
async def merge(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    merged_away = id_field(form_field(request, "other"), "other", A_USER)
    sent: Any = request.form or {}
    take = [name.removeprefix("take-") for name in sent if form_field(request, name) == "goes"]
    command = MergeUsers(stays_id=number, goes_id=merged_away, take=take, agent_id=agent.id)
    try:
        await desk_of(request).store.write(merge_users, command)
    except Conflict as conflict:
        user = (await desk_of(request).store.read(_users, [number]))[0]
        return await _page(request, agent, user, status=conflict.status, error=conflict.detail)
    return done(request, f"{HERE}/{number}", "merged")


@page(Role.ADMIN)
async def undo(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Undo the merge of this user into another one, and show the restored user."""
    command = UndoMerge(user_id=number, agent_id=agent.id)
    back = await desk_of(request).store.write(undo_merge, command)
    return done(request, f"{HERE}/{back}", "unmerged")


async def _ask(request: Request, agent: CurrentAgent, user: User, other: int) -> HTTPResponse:
    """Preview the merge of the user ``other`` into ``user``."""
    try:
        preview = await desk_of(request).store.read(preview_merge, user.id, other)
    except Refusal as refusal:
        problem = "; ".join(refusal.errors.values()) or refusal.detail
        return await _page(request, agent, user, status=refusal.status, error=problem)
    two = await desk_of(request).store.read(_users, [user.id, other])
    people = {one.id: one for one in two}
    return await _page(
        request, agent, user, preview=preview, titles=TITLES, other=people[other], stays=user
    )


async def _page(
    request: Request, agent: CurrentAgent, user: User, *, status: int = 200, **given: Any
) -> HTTPResponse:
    usual: dict[str, Any] = {"found": [], "q": "", "preview": None, "error": ""}
    return await admin_page(
        request,
        agent,
        "user_merge.html",
        here=HERE,
        status=status,
        user=user,
        **usual | given,
    )


def _users(conn: Connection, ids: Sequence[int]) -> list[User]:
    found = select_users(conn, one_of(t.users.c.id, ids))
    if not found:
        raise NotFound(phrase("There is no user {id}.", id=ids[0]))
    return found


def _found(conn: Connection, user: User, q: str) -> list[User]:
    """Return the users who match the search ``q``. Without a search, return those who have the same
    number or a similar name."""
    if q:
        found = search_users(conn, q, FOUND + 1)
    else:
        shared = [one for theirs in users_on(conn, user.numbers).values() for one in theirs]
        same_name = search_users(conn, user.name, FOUND + 1)
        found = list({one.id: one for one in (*shared, *same_name)}.values())
    return [one for one in found if one.id != user.id][:FOUND]


PAGES: dict[str, Any] = {ONE: choose}
POST_HANDLERS: dict[str, Any] = {ONE: merge, f"{ONE}/undo": undo}
