"""API calls for the context of a conversation: its brief, and its moments with the state after
each."""

from typing import Any

from handoff_service.rules.conversations.moments import Moment
from handoff_service.store.conversations import brief
from handoff_service.store.messaging_actions import moments
from handoff_service.store.views import ConversationBrief
from handoff_service.web.api.bodies import Page, Paging
from handoff_service.web.api.calls import ApiRequest, get


@get(
    "/interactions/{id}/brief",
    summary="The brief for an agent who takes over or returns to the conversation",
)
async def one_brief(asked: ApiRequest[None, Any]) -> ConversationBrief:
    return await asked.desk.store.read(brief.of_conversation, asked.id, asked.agent.id)


class MomentQuery(Paging):
    """``limit`` counts only lines of the conversation. The answer also contains turns of the
    virtual agent, offers and decisions, which do not count."""


@get(
    "/interactions/{id}/moments",
    summary="The moments of a conversation, each with the state after it, oldest first",
)
async def list_moments(asked: ApiRequest[None, MomentQuery]) -> Page[Moment]:
    found, last = await asked.desk.store.read(
        moments.of_conversation, asked.id, after=asked.query.after, most=asked.query.limit
    )
    return Page(items=found, next=str(last) if last is not None else None)
