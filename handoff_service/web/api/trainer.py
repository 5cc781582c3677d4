"""API calls for training: agents mark misunderstood answers, and trainers label texts."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.bot_control import labeling
from handoff_service.operations.training.label_items import LabelItem
from handoff_service.operations.virtual_agent.teach_turns import (
    MarkMisunderstood,
    mark_misunderstood,
)
from handoff_service.rules.shared.vocabulary import LabelVerdict, Role, TrainerLane
from handoff_service.store.training import items, labels
from handoff_service.store.views import PinnedText, TrainerItem, TrainerLabel
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, get, post

TRAINERS = (Role.TRAINER,)
MOST_TEXTS = 200


class ItemQuery(Body):
    """``lane``: teach or audit; by default both."""

    lane: TrainerLane | None = None
    limit: int = Field(50, ge=1, le=MOST_TEXTS)


class TrainerLabelBody(Body):
    """Labels a text.

    - ``intent``: the intent, only for the verdict intent.
    - ``example``: the text with its entities marked; by default the text as it was sent.
    - ``cluster``: also label all similar texts.
    - ``pin``: make it a required text, which every new model must understand.
    """

    verdict: LabelVerdict = LabelVerdict.INTENT
    intent: Annotated[str, Field(max_length=100)] | None = None
    example: Annotated[str, Field(max_length=1600)] | None = None
    cluster: bool = False
    pin: bool = False


@post(
    "/interactions/{id}/messages/{message_id}/misunderstood",
    summary="Mark an answer of the virtual agent as misunderstood, for the trainers",
)
async def misunderstood(asked: ApiRequest[None, Any]) -> None:
    command = MarkMisunderstood(
        interaction_id=asked.id, message_id=asked.below, agent_id=asked.agent.id
    )
    await asked.desk.store.write(mark_misunderstood, command, near=asked.id)


@get(
    "/trainer/items",
    summary="Texts that wait for a label, masked, most useful first",
    roles=TRAINERS,
)
async def list_items(asked: ApiRequest[None, ItemQuery]) -> Page[TrainerItem]:
    found = await asked.desk.store.read(
        items.queue, asked.agent.id, asked.desk.clock(), asked.query.lane, asked.query.limit
    )
    return Page(items=found.items, next=None)


@post("/trainer/items/{id}/labels", summary="Label a text", roles=TRAINERS, status=201)
async def label(asked: ApiRequest[TrainerLabelBody, Any]) -> Page[TrainerLabel]:
    body = asked.body
    command = LabelItem(
        item_id=asked.id,
        agent_id=asked.agent.id,
        verdict=body.verdict,
        intent=body.intent,
        example=body.example,
        whole_cluster=body.cluster,
        pinned=body.pin,
    )
    made, _ = await labeling.label(asked.desk.store, asked.desk.bot_data, command)
    found = await asked.desk.store.read(labels.of_batch, made.batch)
    return Page(items=found, next=None)


@post(
    "/trainer/undo",
    summary="Undo your last label, also on the similar texts that it labeled",
    roles=TRAINERS,
)
async def undo(asked: ApiRequest[None, Any]) -> TrainerItem:
    item, _ = await labeling.undo_label(asked.desk.store, asked.desk.bot_data, asked.agent.id)
    return await asked.desk.store.read(items.get_item, item)


@get(
    "/trainer/pinned",
    summary="Required texts, for which every new model must find the right intent",
    roles=TRAINERS,
)
async def list_pinned(asked: ApiRequest[None, Any]) -> Page[PinnedText]:
    return Page(items=await asked.desk.store.read(labels.pinned_texts), next=None)
