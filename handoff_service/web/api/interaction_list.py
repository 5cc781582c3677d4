"""The API call that lists and searches interactions."""

from typing import Literal

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy import Connection

from handoff_service.operations.shared.field_types import SoughtNumber, WrittenFilter
from handoff_service.rules.conversations import search_query
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.conversations import conversations, search
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Interaction
from handoff_service.web.api.bodies import Page, Paging, page
from handoff_service.web.api.calls import ApiRequest, get

i = t.interactions


class InteractionQuery(Paging):
    """Filters interactions.

    - ``state``: a state, or ``active`` for all that are not closed.
    - ``assigned_to``: an agent's id.
    - ``label``: a label's id.
    - ``attribute``: a value (``order_number=12``), a range (``order_number=10..20`` or
      ``due=2026-01-31..``) or part of a text (``site~north``).
    - ``q``: searches texts and notes, names, employee numbers, phone numbers, and the numbers of
      interactions (INT) and cases (CS). A page of results may contain fewer than ``limit`` items
      even if it has a next page.
    """

    state: State | Literal["active"] | None = None
    requester_number: SoughtNumber | None = None
    provider_number: str | None = None
    assigned_to: int | None = None
    label: int | None = None
    attribute: WrittenFilter | None = None
    q: str | None = Field(None, min_length=1, max_length=200)


@get("/interactions", summary="Interactions, newest first")
async def list_interactions(asked: ApiRequest[None, InteractionQuery]) -> Page[Interaction]:
    query, agent_id = asked.query, asked.agent.id
    where = [i.c.id < query.after] if query.after else []
    if query.state == "active":
        where.append(i.c.closed_at.is_(None))
    elif query.state is not None:
        where.append(i.c.state == query.state)
    if query.requester_number is not None:
        where.append(i.c.requester_number == query.requester_number)
    if query.assigned_to is not None:
        where.append(i.c.assigned_to == query.assigned_to)
    if query.label is not None:
        c = t.conversation_labels
        labeled = c.select().with_only_columns(c.c.interaction_id)
        where.append(i.c.id.in_(labeled.where(c.c.label_id == query.label)))
    if query.provider_number is not None:
        p = t.provider_numbers
        of_number = p.select().with_only_columns(p.c.id).where(p.c.number == query.provider_number)
        where.append(i.c.provider_number_id.in_(of_number))

    def of_attribute(conn: Connection) -> list[sa.ColumnElement[bool]]:
        if query.attribute is None:
            return []
        wanted = attributes.filter_of(conn, query.attribute)
        return [i.c.id.in_(attributes.interactions_with(wanted))]

    def read(conn: Connection) -> list[Interaction]:
        fits = [*where, *of_attribute(conn)]
        return conversations.list_(
            conn, fits, agent_id=agent_id, order=(i.c.id.desc(),), limit=query.limit + 1
        )

    def find(conn: Connection) -> Page[Interaction]:
        wanted = search_query.read(query.q or "")
        fits = [*where, *of_attribute(conn)]
        found = search.find_interactions(
            conn, wanted, where=fits, below=query.after, limit=query.limit
        )
        shown = search.found_conversations(conn, found, agent_id)
        next_page = str(found.below) if found.below is not None else None
        return Page(items=[one.interaction for one in shown], next=next_page)

    if query.q is not None:
        return await asked.desk.store.read(find)
    return page(await asked.desk.store.read(read), query.limit, lambda one: one.id)
