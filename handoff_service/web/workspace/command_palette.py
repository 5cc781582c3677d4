"""The command palette. It finds conversations, people, actions on the open conversation, macros,
pages and single settings. It shows only entries that the agent's roles allow."""

from collections.abc import Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations import search_query
from handoff_service.rules.desk.command_palette import PaletteEntry
from handoff_service.rules.desk.command_palette import matching as matching_words
from handoff_service.rules.shared.phrases import count_phrase, joined, phrase, phrase_in
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.rules.shared.vocabulary_words import STATES
from handoff_service.store.conversations import conversations, search
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.conversations.interactions import number
from handoff_service.store.views import Interaction, ListedInteraction, Message
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import ANYONE, LIVE, desk_of, page
from handoff_service.web.shared.template_filters import phone
from handoff_service.web.workspace import macros
from handoff_service.web.workspace.palette_actions import ACTIONS, HOLD, RESUME
from handoff_service.web.workspace.palette_pages import admin_pages, palette_pages, settings_fields

MOST_ENTRIES = 6  # entries in a group for a typed query, except actions: all that match are shown
FEW = 5  # entries in a group without a query, except actions: twice as many are shown
LONGEST_ID = 15  # digits
SNIPPET = 100  # characters of a matching line


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteGroup:
    """Entries of one kind under a heading."""

    heading: str
    icon: str
    entries: Sequence[PaletteEntry]


@page(*ANYONE)
async def palette(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the entries that match ``q``. ``open``: the id of the open conversation."""
    q = (request.args.get("q") or "").strip()[:100]
    given = request.args.get("open") or ""
    opened = int(given) if given.isdecimal() and len(given) <= LONGEST_ID else None
    phones = desk_of(request).settings.has_simulator
    context = copy_context()  # the page's language, because the search matches translated labels

    def read(conn: Connection) -> list[PaletteGroup]:
        return context.run(_groups, conn, agent, q, opened, phones)

    found = await desk_of(request).store.read(read)
    return render("palette_found.html", groups=found, q=q)


def _groups(
    conn: Connection, agent: CurrentAgent, q: str, opened: int | None, phones: bool
) -> list[PaletteGroup]:
    most = MOST_ENTRIES if q else FEW
    works = bool(agent.roles & {*LIVE, Role.ADMIN})
    of_page = [*_on_the_open_one(conn, agent, q, opened)] if works and opened else []
    found = _searched(conn, agent, q) if works else []
    pages = matching(palette_pages(agent, phones), q, most)
    admin = matching(admin_pages(agent), q, most) if q else []
    settings = (
        matching(settings_fields(), q, MOST_ENTRIES) if q and Role.ADMIN in agent.roles else []
    )
    commands = [
        PaletteGroup(heading=phrase("Pages"), icon="out", entries=pages),
        PaletteGroup(heading=phrase_in("area", "Admin"), icon="admin", entries=admin),
        PaletteGroup(heading=phrase("Settings"), icon="note", entries=settings),
    ]
    # with a query, commands come first: a query may match many texts but only few commands
    groups = [*of_page, *commands, *found] if q else [*of_page, *found, *commands]
    return [group for group in groups if group.entries]


def _on_the_open_one(
    conn: Connection, agent: CurrentAgent, q: str, opened: int
) -> Iterator[PaletteGroup]:
    """Yield the actions and macros for the open conversation. A closed conversation has none."""
    try:
        interaction = conversations.get(conn, opened)
    except NotFound:
        return
    if interaction.closed_at is not None:
        return
    hold = RESUME if interaction.state is State.ON_HOLD else HOLD
    acts = matching([*ACTIONS[:5], hold, *ACTIONS[5:]], q, len(ACTIONS) + 1 if q else 2 * FEW)
    yield PaletteGroup(heading=phrase("This conversation"), icon="ongoing", entries=acts)
    # search macros only by name, because a search for the requester would match each macro whose
    # filled text addresses the requester
    runs = [_macro(one, opened) for one in macros.choices(conn, opened, agent, q)]
    entries = matching(runs, q, MOST_ENTRIES if q else FEW)
    yield PaletteGroup(heading=phrase("Macros"), icon="macro", entries=entries)


def matching(entries: Iterable[PaletteEntry], q: str, most: int) -> list[PaletteEntry]:
    """Return the entries whose labels match ``q`` in the language of the page."""
    in_words = (
        replace(one, label=shown(one.label), other_words=shown(one.other_words)) for one in entries
    )
    return matching_words(in_words, q, most)


def _macro(one: macros.FilledMacro, opened: int) -> PaletteEntry:
    count = one.segments.count if one.segments else 0
    length = [count_phrase("{count} segment", "{count} segments", count)] if count else []
    return PaletteEntry(
        label=one.macro.name,
        detail=joined(" · ", [*length, one.text]) if one.text else phrase("Sends no text"),
        run=f"/workspace/conversations/{opened}/macros/{one.macro.id}",
        then=one.macro.then,
        refused=one.refused,
    )


def _searched(conn: Connection, agent: CurrentAgent, q: str) -> list[PaletteGroup]:
    """Return the conversations and people that match ``q``. Without a query, return the agent's own
    conversations."""
    if not q:
        mine = ongoing_items(conn, agent.id, others=False)[:FEW]
        own = [_conversation(one.interaction) for one in mine]
        return [PaletteGroup(heading=phrase("Your conversations"), icon="inbox", entries=own)]
    wanted = search_query.read(q)
    people = search.people_ids(conn, wanted)
    hits = search.find_interactions(conn, wanted, people=people, limit=MOST_ENTRIES)
    lines = search.found_conversations(conn, hits, agent.id)
    return [
        PaletteGroup(
            heading=phrase("Conversations"),
            icon="inbox",
            entries=[_conversation(one.interaction, one.line) for one in lines],
        ),
        PaletteGroup(
            heading=phrase("People"),
            icon="person",
            entries=[_person(one) for one in search.found_people(conn, people, MOST_ENTRIES)],
        ),
    ]


def _conversation(
    one: Interaction | ListedInteraction, line: Message | None = None
) -> PaletteEntry:
    """Return an entry that opens the conversation, at the matching line if there is one. ``line``:
    None if no line matched."""
    snippet = line.body[:SNIPPET] if line else STATES[one.state]
    place = f"?line={line.seq}#line-{line.seq}" if line else ""
    return PaletteEntry(
        label=one.user.name if one.user else phone(one.requester_number),
        detail=joined(" · ", [number(one.id), snippet]),
        href=f"/workspace/conversations/{one.id}{place}",
    )


def _person(one: search.FoundPerson) -> PaletteEntry:
    """Return an entry that opens the person's newest conversation or, if there is none, the dialog
    for a new one."""
    numbers = [phone(each) for each in one.user.numbers] or [phrase("No number")]
    new = [] if one.newest else [phrase("new message")]
    newest = f"/workspace/conversations/{one.newest}"
    return PaletteEntry(
        label=one.user.name,
        detail=joined(" · ", [*numbers, *new]),
        href=newest if one.newest else f"/workspace/new?user_id={one.user.id}",
    )


PAGES: dict[str, Any] = {"/palette": palette}
