"""The API call that lists the private notes that mention the calling agent."""

from handoff_service.store.conversations import mentions
from handoff_service.store.views import Mention
from handoff_service.web.api.bodies import Page, Paging, page
from handoff_service.web.api.calls import ApiRequest, get


@get("/mentions", summary="Notes that mention you, newest first")
async def list_mentions(asked: ApiRequest[None, Paging]) -> Page[Mention]:
    query = asked.query
    found = await asked.desk.store.read(
        mentions.of_agent, asked.agent.id, below=query.after, limit=query.limit + 1
    )
    return page(found, query.limit, lambda one: one.id)
