"""The facts about a waiting conversation. Agents and supervisors see them before an agent accepts
it."""

from collections.abc import Collection
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.cases.cases import UNSETTLED, number
from handoff_service.rules.shared.vocabulary import Author, CaseState, Direction, Kind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Named, OpenCase

i, m, c = t.interactions, t.messages, t.cases


class OfferFactFields(TypedDict):
    """The fields of ``OfferFacts``."""

    first_text: str
    open_case: OpenCase | None
    last_agent: Named | None
    last_served_at: Any


def offer_facts(conn: Connection, interaction_ids: Collection[int]) -> dict[int, OfferFactFields]:
    """Return the facts of these interactions, by id, in one query."""
    if not interaction_ids:
        return {}
    return {r.id: _facts(r) for r in conn.execute(_FACTS, {"ids": list(interaction_ids)})}


def _facts(r: sa.Row[Any]) -> OfferFactFields:
    here, before = (r.here_id, r.here_name, r.here_at), (r.before_id, r.before_name, r.before_at)
    agent_id, name, at = here if r.here_id is not None else before
    case = r.case_id and OpenCase(
        id=r.case_id,
        number=number(r.case_id),
        state=CaseState(r.case_state),
        description=r.case_description,
    )
    return OfferFactFields(
        first_text=r.first_text or "",
        open_case=case or None,
        last_agent=Named(id=agent_id, name=name) if agent_id is not None else None,
        last_served_at=at,
    )


def _one(query: sa.Select[Any]) -> sa.ScalarSelect[Any]:
    return query.limit(1).correlate(i).scalar_subquery()


def _build_query() -> sa.Select[Any]:
    earlier = t.interactions.alias("earlier")
    of_message = select(m.c.id).where(m.c.interaction_id == i.c.id, m.c.kind == Kind.MESSAGE)
    first = (
        select(m.c.body)
        .where(
            m.c.interaction_id == i.c.id,
            m.c.kind == Kind.MESSAGE,
            m.c.direction == Direction.INBOUND,
        )
        .order_by(m.c.seq)
    )
    case = select(func.max(c.c.id)).where(
        sa.or_(c.c.user_id == i.c.user_id, c.c.interaction_id == i.c.id),
        c.c.state.in_(sorted(UNSETTLED)),
    )
    # the agent who texted last, before the conversation returned to a queue
    here = of_message.where(m.c.author == Author.AGENT).order_by(m.c.seq.desc())
    before = (
        select(earlier.c.id)
        .where(
            earlier.c.requester_number == i.c.requester_number,
            earlier.c.closed_at.is_not(None),
            earlier.c.assigned_to.is_not(None),
        )
        .order_by(earlier.c.closed_at.desc())
    )
    found = (
        select(
            i.c.id,
            _one(first).label("first_text"),
            case.correlate(i).scalar_subquery().label("case_id"),
            _one(here).label("message_id"),
            _one(before).label("before_id"),
        )
        .where(one_of(i.c.id, "ids"))
        .subquery()
    )
    written, served = t.messages.alias("written"), t.interactions.alias("served")
    writer, server = t.agents.alias("writer"), t.agents.alias("server")
    return (
        select(
            found.c.id,
            found.c.first_text,
            c.c.id.label("case_id"),
            c.c.state.label("case_state"),
            c.c.description.label("case_description"),
            writer.c.id.label("here_id"),
            writer.c.name.label("here_name"),
            written.c.created_at.label("here_at"),
            server.c.id.label("before_id"),
            server.c.name.label("before_name"),
            served.c.closed_at.label("before_at"),
        )
        .outerjoin(c, c.c.id == found.c.case_id)
        .outerjoin(written, written.c.id == found.c.message_id)
        .outerjoin(writer, writer.c.id == written.c.agent_id)
        .outerjoin(served, served.c.id == found.c.before_id)
        .outerjoin(server, server.c.id == served.c.assigned_to)
    )


_FACTS = _build_query()  # build it once, because building it costs more than running it
