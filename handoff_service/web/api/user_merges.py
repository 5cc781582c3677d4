"""API calls that merge two users, for admins only. The desk keeps the user in the path and merges
the user in the body into it."""

from typing import Any

from pydantic import Field

from handoff_service.operations.desk.merge_users import MergeUsers, merge_users
from handoff_service.operations.desk.preview_merge import MergePreview, preview_merge
from handoff_service.operations.desk.undo_merge import UndoMerge, undo_merge
from handoff_service.store.desk.users import select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.views import User
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ADMIN, ApiRequest, post


class OtherUserBody(Body):
    """``user_id``: the user to merge into the user in the path."""

    user_id: int = Field(ge=1, lt=2**53)


class MergeBody(OtherUserBody):
    """Merges the user ``user_id`` into the user in the path. If both have a value for a field, the
    value of the user in the path is kept. ``take``: the keys of the preview's choices for which the
    value of ``user_id`` is kept instead."""

    take: list[str] = Field([], max_length=200)


@post("/users/{id}/merge/preview", summary="Preview a merge; changes nothing", roles=ADMIN)
async def preview(asked: ApiRequest[OtherUserBody, Any]) -> MergePreview:
    return await asked.desk.store.read(preview_merge, asked.id, asked.body.user_id)


@post(
    "/users/{id}/merge",
    summary="Merge another user into this one; you can undo this for 30 days",
    roles=ADMIN,
)
async def merge(asked: ApiRequest[MergeBody, Any]) -> User:
    command = MergeUsers(
        stays_id=asked.id,
        goes_id=asked.body.user_id,
        take=asked.body.take,
        agent_id=asked.agent.id,
    )
    await asked.desk.store.write(merge_users, command)
    return await _one(asked, asked.id)


@post(
    "/users/{id}/merge/undo",
    summary="Undo the merge of this user, or the newest merge into this user",
    roles=ADMIN,
)
async def undo(asked: ApiRequest[None, Any]) -> User:
    command = UndoMerge(user_id=asked.id, agent_id=asked.agent.id)
    return await _one(asked, await asked.desk.store.write(undo_merge, command))


async def _one(asked: ApiRequest[Any, Any], user_id: int) -> User:
    (user,) = await asked.desk.store.read(select_users, t.users.c.id == user_id)
    return user
