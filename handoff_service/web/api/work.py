"""API calls for the work items that are offered to the calling agent."""

from typing import Any

from pydantic import Field

from handoff_service.operations.routing.answer_offer import Accept, Reject, accept_work, reject_work
from handoff_service.store.conversations import conversations
from handoff_service.store.routing import inbox
from handoff_service.store.views import InboxOffer, Interaction, WorkItem
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, get, post


class RejectBody(Body):
    reason: str = Field(min_length=1, max_length=200)


@get("/inbox", summary="Work offered to you")
async def list_inbox(asked: ApiRequest[None, Any]) -> Page[InboxOffer]:
    return Page(items=await asked.desk.store.read(inbox.inbox, asked.agent.id), next=None)


@get("/work-items/{id}", summary="One work item, with its offers")
async def one_work_item(asked: ApiRequest[Any, Any]) -> WorkItem:
    return await asked.desk.store.read(inbox.work_item, asked.id)


@post("/work-items/{id}/accept", summary="Accept the offer")
async def accept(asked: ApiRequest[None, Any]) -> Interaction:
    command = Accept(work_item_id=asked.id, agent_id=asked.agent.id)
    interaction_id = await asked.desk.store.write(accept_work, command)
    return await asked.desk.store.read(conversations.get, interaction_id, asked.agent.id)


@post("/work-items/{id}/reject", summary="Reject the offer")
async def reject(asked: ApiRequest[RejectBody, Any]) -> WorkItem:
    command = Reject(work_item_id=asked.id, agent_id=asked.agent.id, reason=asked.body.reason)
    await asked.desk.store.write(reject_work, command)
    return await one_work_item(asked)
