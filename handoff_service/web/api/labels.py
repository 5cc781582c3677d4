"""API calls for labels. Everyone who is signed in may read labels. Live agents add them to
conversations, and remove them. Admins and supervisors may change labels."""

from typing import Any

from pydantic import Field

from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.desk.labels import (
    ChangeLabel,
    MakeLabel,
    change_label,
    delete_label,
    make_label,
)
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.rules.desk.labels import Color
from handoff_service.store.desk import labels
from handoff_service.store.views import Interaction, Label
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import WRITERS, ApiRequest, delete, get, patch, post, put
from handoff_service.web.api.conversations import after
from handoff_service.web.shared.session import ANYONE


class NewLabelBody(Body):
    """Creates a label. ``topic``: whether agents can choose the label as the topic of a
    conversation."""

    name: OneLine
    color: Color = Color.GRAY
    topic: bool = False


class LabelBody(Patch):
    """Changes a label. Omitted fields keep their values."""

    name: OneLine | None = None
    color: Color | None = None
    topic: bool | None = None


class LabelQuery(Paging):
    """``q``: part of the name."""

    q: str = Field("", max_length=100)


@get("/labels", summary="Labels, by name", roles=ANYONE)
async def list_labels(asked: ApiRequest[None, LabelQuery]) -> Page[Label]:
    found = await asked.desk.store.read(labels.list_, asked.query.q)
    return page_of(found, asked.query, lambda one: one.id)


@get("/labels/{id}", summary="One label", roles=ANYONE)
async def one_label(asked: ApiRequest[Any, Any]) -> Label:
    return await asked.desk.store.read(labels.get, asked.id)


@post("/labels", summary="Create a label", roles=WRITERS, status=201)
async def make(asked: ApiRequest[NewLabelBody, Any]) -> Label:
    command = MakeLabel(**asked.body.model_dump())
    return await asked.desk.store.read(
        labels.get, await asked.desk.store.write(make_label, command)
    )


@patch("/labels/{id}", summary="Change a label", roles=WRITERS)
async def change(asked: ApiRequest[LabelBody, Any]) -> Label:
    await asked.desk.store.write(change_label, ChangeLabel(id=asked.id, values=asked.body.given()))
    return await one_label(asked)


@delete(
    "/labels/{id}", summary="Delete a label, and remove it from all conversations", roles=WRITERS
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_label, asked.id)


@put("/interactions/{id}/labels/{label_id}", summary="Add a label to an interaction")
async def put_on(asked: ApiRequest[None, Any]) -> Interaction:
    return await after(asked, label_conversation, _command(asked, on=True))


@delete("/interactions/{id}/labels/{label_id}", summary="Remove a label from an interaction")
async def take_off(asked: ApiRequest[None, Any]) -> None:
    command = _command(asked, on=False)
    await asked.desk.store.write(label_conversation, command, near=asked.id)


def _command(asked: ApiRequest[None, Any], *, on: bool) -> LabelConversation:
    return LabelConversation(
        interaction_id=asked.id, agent_id=asked.agent.id, label_id=asked.below, on=on
    )
