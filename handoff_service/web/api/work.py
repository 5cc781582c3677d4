"""Work offered to live agents."""

from typing import Any

from pydantic import Field

from handoff_service.operations.routing.answer_offer import Accept, Reject, accept_work, reject_work
from handoff_service.store.conversations import conversations
from handoff_service.store.routing import inbox
from handoff_service.store.views import InboxOffer, Interaction, WorkItem
from handoff_service.web.api.calls import LIVE, ApiRequest, Body, Call, Page


class RejectBody(Body):
    reason: str = Field(min_length=1, max_length=200)


async def list_inbox(asked: ApiRequest[None, Any]) -> Page[InboxOffer]:
    return Page(items=await asked.desk.store.read(inbox.inbox, asked.agent.id), next=None)


async def one_work_item(asked: ApiRequest[Any, Any]) -> WorkItem:
    return await asked.desk.store.read(inbox.work_item, asked.id)


async def accept(asked: ApiRequest[None, Any]) -> Interaction:
    command = Accept(work_item_id=asked.id, agent_id=asked.agent.id)
    interaction_id = await asked.desk.store.write(accept_work, command)
    return await asked.desk.store.read(conversations.get, interaction_id, asked.agent.id)


async def reject(asked: ApiRequest[RejectBody, Any]) -> WorkItem:
    command = Reject(work_item_id=asked.id, agent_id=asked.agent.id, reason=asked.body.reason)
    await asked.desk.store.write(reject_work, command)
    return await one_work_item(asked)


ONE = "/v1/work-items/<id:int>"
CALLS = (
    Call(
        method="GET",
        path="/v1/inbox",
        summary="Work offered to me",
        handle=list_inbox,
        answer=Page[InboxOffer],
        roles=LIVE,
    ),
    Call(
        method="GET",
        path=ONE,
        summary="A work item and the offers made of it",
        handle=one_work_item,
        answer=WorkItem,
        roles=LIVE,
    ),
    Call(
        method="POST",
        path=f"{ONE}/accept",
        summary="Accept the offer",
        handle=accept,
        answer=Interaction,
        roles=LIVE,
    ),
    Call(
        method="POST",
        path=f"{ONE}/reject",
        summary="Reject the offer",
        handle=reject,
        body=RejectBody,
        answer=WorkItem,
        roles=LIVE,
    ),
)
