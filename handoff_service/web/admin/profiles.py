"""The pages for messaging profiles. They show the user that a phone number is linked to and how it
was linked, and link it to another user."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.identity.profiles import Tie, deactivate_profile, tie_profile
from handoff_service.operations.shared.audit import audit, viewed
from handoff_service.rules.desk.audit import Subject
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.users import find_active_users, has_number, select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.identity import associations, profiles
from handoff_service.web.admin.deleting import Deleting, ask, question
from handoff_service.web.admin.pages import PAGE, admin_page, after, done
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.request_bytes import A_USER_OR_NONE, id_field
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import phone

HERE, ONE = "/profiles", "/profiles/<profile_id:int>"
FOUND = 8  # users in the results of a search
#: how a number was linked to a user -> its phrase
METHODS = {
    Method.AGENT: phrase("Verified manually"),
    Method.ADMIN: phrase("Linked by an admin"),
    Method.CODE: phrase("Code by e-mail"),
    Method.KNOWLEDGE: phrase("Employee number and an identity fact"),
    Method.REQUESTER: phrase("Requester's statement"),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q, behind = (request.args.get("q") or "").strip()[:40], after(request)
    digits = "".join(c for c in q if c in "0123456789")
    found = (
        []
        if q and not digits
        else await desk_of(request).store.read(
            profiles.newest, digits, before=behind, limit=PAGE + 1
        )
    )
    more = {"q": q, "after": found[PAGE - 1].id} if len(found) > PAGE else None
    values: dict[str, Any] = {
        "rows": found[:PAGE],
        "q": q,
        "first": not behind,
        "next": more,
        "new": None,
    }
    return await admin_page(request, agent, "profiles.html", here=HERE, **values)


@page(Role.ADMIN)
async def one_page(request: Request, profile_id: int, agent: CurrentAgent) -> HTTPResponse:
    store, q = desk_of(request).store, (request.args.get("q") or "").strip()[:100]
    profile = await store.read(profiles.get, profile_id)
    await store.write(audit, viewed(Subject.PROFILE, profile_id, profile.number))
    on_record = t.users.c.active & has_number(profile.number)
    found = (
        store.read(find_active_users, q, FOUND)
        if q
        else store.read(select_users, on_record, limit=FOUND)
    )
    return await admin_page(
        request,
        agent,
        "profile.html",
        here=HERE,
        title=phone(profile.number),
        profile=profile,
        methods=METHODS,
        others=[
            one
            for one in await store.read(profiles.list_, number=profile.number)
            if one.id != profile.id
        ],
        history=await store.read(associations.of_number, profile.number),
        users=[u for u in await found if not profile.user or u.id != profile.user.id],
        q=q,
        deletes=_deletes(profile_id, profile.number),
        back=HERE,
    )


@page(Role.ADMIN)
async def tie(request: Request, profile_id: int, agent: CurrentAgent) -> HTTPResponse:
    user = form_field(request, "user_id")
    user_id = id_field(user, "user_id", A_USER_OR_NONE) if user else None
    command = Tie(profile_id=profile_id, user_id=user_id, by=agent.id)
    await desk_of(request).store.write(tie_profile, command)
    return done(request, f"{HERE}/{profile_id}")


@page(Role.ADMIN)
async def delete_page(request: Request, profile_id: int, agent: CurrentAgent) -> HTTPResponse:
    profile = await desk_of(request).store.read(profiles.get, profile_id)
    deletes = _deletes(profile_id, profile.number)
    return await ask(request, agent, deletes, here=HERE, back=f"{HERE}/{profile_id}")


@page(Role.ADMIN)
async def deactivate(request: Request, profile_id: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(deactivate_profile, profile_id)
    return done(request, f"{HERE}/{profile_id}", "deactivated")


def _deletes(profile_id: int, number: str) -> Mapping[str, Any]:
    deleting = Deleting(
        title=phrase("Deactivate the profile of {number}?", number=phone(number)),
        effects=[
            phrase(
                "The next new conversation with this number is matched again with the users who "
                "have it."
            ),
            phrase("Open conversations keep their user, and the history stays."),
        ],
        label=phrase("Deactivate this profile"),
        verb=phrase("Deactivate the profile"),
    )
    return question(deleting, f"{HERE}/{profile_id}/delete")


PAGES: dict[str, Any] = {HERE: list_page, ONE: one_page, f"{ONE}/delete": delete_page}
POST_HANDLERS: dict[str, Any] = {ONE: tie, f"{ONE}/delete": deactivate}
