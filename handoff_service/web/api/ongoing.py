"""The API call that lists ongoing conversations, sorted and filtered as in the workspace."""

from dataclasses import dataclass

from pydantic import Field
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.shared.field_types import WrittenFilter
from handoff_service.rules.conversations.list_order import (
    Sort,
    SortAndFilter,
    Tag,
    sort_and_filter,
)
from handoff_service.rules.shared.vocabulary import CLOSED
from handoff_service.store.conversations import (
    conversation_list,
    conversations,
    list_views,
    read_positions,
)
from handoff_service.store.desk import attributes
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Interaction
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, get


class OngoingQuery(Body):
    """Sorts and filters conversations as the list in the workspace does.

    - ``others``: list other agents' conversations instead of your own.
    - ``tag``: any tag except draft, because only the agent's browser knows drafts.
    - ``label``: a label's id.
    - ``attribute``: a value (``order_number=12``), a range (``order_number=10..20`` or
      ``due=2026-01-31..``) or part of a text (``site~north``).
    """

    others: bool = False
    sort: Sort = Sort.NEWEST
    tag: Tag | None = None
    label: int | None = Field(None, ge=1, lt=2**53)
    attribute: WrittenFilter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OngoingPage:
    """``tags``: interaction id -> why the interaction needs attention. ``unread_conversations``:
    how many of the calling agent's conversations have unread messages."""

    items: list[Interaction]
    tags: dict[int, list[Tag]]
    next: str | None
    unread_conversations: int


@get("/ongoing", summary="Active conversations, your own or other agents', sorted and filtered")
async def ongoing(asked: ApiRequest[None, OngoingQuery]) -> OngoingPage:
    agent_id, query = asked.agent.id, asked.query
    if query.tag is Tag.DRAFT:
        raise BadInput(errors={"tag": "must not be draft: only the agent's browser knows drafts"})
    how = SortAndFilter(
        sort=query.sort, tag=query.tag, label_id=query.label, attribute=query.attribute
    )

    def read(conn: Connection) -> OngoingPage:
        now = read_at(conn)
        every = conversation_list.ongoing_items(conn, agent_id, others=query.others)
        if query.attribute is not None:
            attributes.filter_of(conn, query.attribute)  # raises BadInput for a wrong filter
        listed = list_views.with_attribute(conn, every, how)
        kept = {
            one.interaction.id: one
            for one in sort_and_filter(listed, how, now)
            # the list also has closed conversations with an unread thank-you
            if one.interaction.state not in CLOSED
        }
        items = conversations.of_ids(conn, kept, agent_id)
        return OngoingPage(
            items=items,
            tags={one.id: sorted(kept[one.id].tags(now)) for one in items},
            next=None,
            unread_conversations=read_positions.unread_conversations(conn, agent_id),
        )

    return await asked.desk.store.read(read)
