"""API calls for messaging profiles. Live agents may read them. Admins link them to users and
deactivate them."""

from typing import Any

from pydantic import Field

from handoff_service.operations.identity.profiles import Tie, deactivate_profile, tie_profile
from handoff_service.operations.shared.audit import audit, viewed
from handoff_service.operations.shared.field_types import SoughtNumber
from handoff_service.rules.desk.audit import Subject
from handoff_service.store.identity import associations, profiles
from handoff_service.store.views import Association, Profile
from handoff_service.web.api.bodies import Body, Page, Paging, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch


class ProfileQuery(Paging):
    number: SoughtNumber | None = None
    user_id: int | None = Field(None, ge=1)


class TieBody(Body):
    """``user_id``: the user to link the profile to; null for nobody."""

    user_id: int | None = Field(ge=1)


@get("/profiles", summary="Messaging profiles")
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


@get("/profiles/{id}", summary="One messaging profile")
async def one_profile(asked: ApiRequest[Any, Any]) -> Profile:
    profile = await asked.desk.store.read(profiles.get, asked.id)
    await asked.desk.store.write(audit, viewed(Subject.PROFILE, profile.id, profile.number))
    return profile


@get(
    "/profiles/{id}/associations",
    summary="The last 50 times that the number was linked to another user or to nobody, newest "
    "first",
)
async def history(asked: ApiRequest[None, Any]) -> Page[Association]:
    number = (await one_profile(asked)).number
    return Page(items=await asked.desk.store.read(associations.of_number, number), next=None)


@patch(
    "/profiles/{id}",
    summary="Link a messaging profile to another user or to nobody; the number's open "
    "conversations follow",
    roles=ADMIN,
)
async def tie(asked: ApiRequest[TieBody, Any]) -> Profile:
    command = Tie(profile_id=asked.id, user_id=asked.body.user_id, by=asked.agent.id)
    await asked.desk.store.write(tie_profile, command)
    return await asked.desk.store.read(profiles.get, asked.id)


@delete(
    "/profiles/{id}",
    summary="Deactivate a messaging profile; the next text from its number is matched again",
    roles=ADMIN,
)
async def deactivate(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(deactivate_profile, asked.id)
