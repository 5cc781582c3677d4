"""Messaging profiles: live agents may read them, admins tie them to users and deactivate them."""

from typing import Any

from pydantic import Field

from handoff_service.operations.identity.profiles import Tie, deactivate_profile, tie_profile
from handoff_service.operations.shared.field_types import SoughtNumber
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.identity import associations, profiles
from handoff_service.store.views import Association, Profile
from handoff_service.web.api.calls import ApiRequest, Body, Call, Page, Paging, page


class ProfileQuery(Paging):
    number: SoughtNumber | None = None
    user_id: int | None = Field(None, ge=1)


class TieBody(Body):
    """``user_id`` null: nobody is known to have the number."""

    user_id: int | None = Field(ge=1)


async def list_profiles(asked: ApiRequest[None, ProfileQuery]) -> Page[Profile]:
    query = asked.query
    found = await asked.desk.store.read(
        profiles.list_,
        number=query.number,
        user_id=query.user_id,
        after=query.after,
        limit=query.limit + 1,
    )
    return page(found, query.limit, lambda one: one.id)


async def one_profile(asked: ApiRequest[Any, Any]) -> Profile:
    return await asked.desk.store.read(profiles.get, asked.id)


async def history(asked: ApiRequest[None, Any]) -> Page[Association]:
    number = (await one_profile(asked)).number
    return Page(items=await asked.desk.store.read(associations.of_number, number), next=None)


async def tie(asked: ApiRequest[TieBody, Any]) -> Profile:
    command = Tie(profile_id=asked.id, user_id=asked.body.user_id, by=asked.agent.id)
    await asked.desk.store.write(tie_profile, command)
    return await one_profile(asked)


async def deactivate(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(deactivate_profile, asked.id)


PROFILES, ONE, ADMIN = "/v1/profiles", "/v1/profiles/<id:int>", (Role.ADMIN,)
CALLS = (
    Call(
        method="GET",
        path=PROFILES,
        summary="Messaging profiles",
        handle=list_profiles,
        query=ProfileQuery,
        answer=Page[Profile],
    ),
    Call(
        method="GET", path=ONE, summary="One messaging profile", handle=one_profile, answer=Profile
    ),
    Call(
        method="GET",
        path=f"{ONE}/associations",
        summary="The last hundred changes of the profile's user, newest first",
        handle=history,
        answer=Page[Association],
    ),
    Call(
        method="PATCH",
        path=ONE,
        summary="Link a messaging profile to another user or to nobody; open conversations of "
        "the number change too",
        handle=tie,
        body=TieBody,
        answer=Profile,
        roles=ADMIN,
    ),
    Call(
        method="DELETE",
        path=ONE,
        summary="Deactivate a messaging profile; the next text from its number is matched again",
        handle=deactivate,
        answer=None,
        status=204,
        roles=ADMIN,
    ),
)
