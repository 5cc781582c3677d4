"""The search page. It finds people and conversations while the agent types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations import search_query
from handoff_service.rules.conversations.search_query import SearchQuery
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import stored_line
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Role
from handoff_service.store.conversations import search
from handoff_service.store.conversations.search import FoundConversation, FoundPerson
from handoff_service.store.views import Interaction, Message
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page

A_PAGE = 20
LONGEST = 200  # characters of a query


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A conversation that matches the query."""

    interaction: Interaction
    seq: int | None  #: the seq of the matching line; None if a name, number or label matched
    by: str  #: the line's author; empty for the requester, and if no line matched
    #: the line, or else the conversation's description, in pieces, and whether each matches
    pieces: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of results."""

    wanted: SearchQuery
    people: list[FoundPerson]
    hits: list[Hit]
    below: int | None  #: the id below which the next page begins; None on the last page


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The rows that the database returns for a query."""

    people: list[FoundPerson]
    conversations: Sequence[FoundConversation]
    below: int | None


@page(Role.AGENT, Role.SUPERVISOR)
async def search_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the page, or only the results if the page's script requests them. ``q``: the query.
    ``below``: the id of the last conversation on the previous page of results."""
    desk = desk_of(request)
    wanted = search_query.read((request.args.get("q") or "")[:LONGEST])
    below = request.args.get("below") or ""
    start = int(below) if below.isdecimal() and len(below) < 16 else None
    found = await desk.store.read(_found, wanted, start, agent.id)
    results = Results(
        wanted=wanted,
        people=found.people,
        hits=[_hit(one, wanted, agent.id) for one in found.conversations],
        below=found.below,
    )
    shell = await shell_context(request, agent, place="search")
    template = "search_results.html" if "hx-request" in request.headers else "search_page.html"
    return render(template, **shell, results=results)


def _found(conn: Connection, wanted: SearchQuery, below: int | None, agent_id: int) -> _Found:
    people = search.people_ids(conn, wanted)
    found = search.find_interactions(conn, wanted, people=people, below=below, limit=A_PAGE)
    return _Found(
        people=search.found_people(conn, people) if below is None else [],
        conversations=search.found_conversations(conn, found, agent_id),
        below=found.below,
    )


def _hit(one: FoundConversation, wanted: SearchQuery, agent_id: int) -> Hit:
    interaction, line = one.interaction, one.line
    if line is None:
        description = interaction.short_description or ""
        return Hit(
            interaction=interaction,
            seq=None,
            by="",
            pieces=[(description, False)] if description else [],
        )
    text = search_query.text_of(line.body, line.reason, line.event)
    if line.kind is Kind.SYSTEM:
        text = shown(stored_line(text))
    pieces = search_query.highlight(text, wanted.phrases)
    return Hit(interaction=interaction, seq=line.seq, by=_by(line, agent_id), pieces=pieces)


def _by(line: Message, agent_id: int) -> str:
    """Return the author of a matching line, or an empty string for the requester."""
    author: Any = line.author
    mine = author.id == agent_id
    other = first_name(author.name) if author.name else phrase("Live agent")
    who = phrase("You") if mine else other
    if line.event is Event.LATE_REPLY:
        return phrase("Virtual agent, not sent")
    if line.kind is Kind.NOTE:
        return phrase("Note, you") if mine else phrase("Note, {name}", name=who)
    return {
        Author.AGENT: who,
        Author.VIRTUAL_AGENT: phrase("Virtual agent"),
        Author.SYSTEM: "Patchboard",
    }.get(author.kind, "")
