"""The command palette: conversations, people, actions on the open conversation, macros, pages and
single settings, as far as the agent may open them."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import nodes
from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations import search_query
from handoff_service.rules.desk.command_palette import PaletteEntry
from handoff_service.rules.desk.command_palette import matching as matching_words
from handoff_service.rules.shared.phrases import count_phrase, joined, phrase
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.rules.shared.vocabulary_words import STATES
from handoff_service.store.conversations import conversations, search
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.conversations.interactions import number
from handoff_service.store.views import Interaction, ListedInteraction, Message
from handoff_service.web.admin import texts
from handoff_service.web.admin.menu import menu_for
from handoff_service.web.admin.pages import UNDER
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import environment, render
from handoff_service.web.shared.session import ANYONE, LIVE, desk_of, page, supervises
from handoff_service.web.shared.template_filters import phone
from handoff_service.web.trainer.tabs import TABS
from handoff_service.web.workspace import macros

MOST_ENTRIES = 6  # entries of a group, when something is typed
FEW = 5  # entries of a group, when nothing is typed
LONGEST_ID = 15  # digits
SNIPPET = 100  # characters of a line that matched
#: Template of a form -> the admin page that it is on.
FORMS = {"desk.html": "/desk", "mail.html": "/mail", "sign_in.html": "/sign-in"}
#: The macros of admin/forms.html that make a field.
FIELD_MACROS = frozenset({"field", "area", "switch", "choose", "listed", "checks"})
#: The actions on the open conversation. The script drops an action if the page lacks its button.
ACTIONS = (
    PaletteEntry(
        label=phrase("Write a text"), keys="Enter", does="write", other_words=phrase("reply answer")
    ),
    PaletteEntry(label=phrase("Write a private note"), keys="Alt N", does="note"),
    PaletteEntry(
        label=phrase("Insert a template"),
        keys="/",
        press="to-templates",
        other_words=phrase("canned"),
    ),
    PaletteEntry(label=phrase("Run a macro"), keys="m", press="to-macros"),
    PaletteEntry(label=phrase("Send later"), press="to-later", other_words=phrase("schedule text")),
    PaletteEntry(
        label=phrase("Close the conversation"),
        keys="e",
        press="close-it",
        other_words=phrase("end done"),
    ),
    PaletteEntry(
        label=phrase("Transfer"),
        keys="t",
        press="transfer-it",
        other_words=phrase("assign agent queue"),
    ),
    PaletteEntry(
        label=phrase("Labels"), keys="l", press="label-it", other_words=phrase("topic tag")
    ),
    PaletteEntry(
        label=phrase("Hand back to the virtual agent"),
        press="hand-back",
        other_words=phrase("bot return"),
    ),
    PaletteEntry(label=phrase("Join the conversation"), press="more-join"),
    PaletteEntry(label=phrase("Leave the conversation"), press="more-leave"),
    PaletteEntry(
        label=phrase("Assign or see routing"), press="assign-it", other_words=phrase("supervisor")
    ),
    PaletteEntry(
        label=phrase("Identify the requester"),
        press="identify",
        other_words=phrase("who verify user"),
    ),
    PaletteEntry(label=phrase("Show the timers"), press="timer-chip"),
)
HOLD = PaletteEntry(
    label=phrase("Put on hold"), keys="h", press="hold-it", other_words=phrase("snooze")
)
RESUME = PaletteEntry(
    label=phrase("Take off hold"), keys="h", press="hold-it", other_words=phrase("resume")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteGroup:
    """Entries of one kind, with their icon."""

    heading: str
    icon: str
    entries: Sequence[PaletteEntry]


@page(*ANYONE)
async def palette(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return what matches ``q``. ``open`` is the open conversation."""
    q = (request.args.get("q") or "").strip()[:100]
    given = request.args.get("open") or ""
    opened = int(given) if given.isdecimal() and len(given) <= LONGEST_ID else None
    phones = desk_of(request).settings.has_simulator
    context = copy_context()  # contains the language of the page, in which the labels are searched

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
    pages = matching(_pages(agent, phones), q, most)
    admin = matching(_admin_pages(agent), q, most) if q else []
    settings = matching(_settings(), q, MOST_ENTRIES) if q and Role.ADMIN in agent.roles else []
    commands = [
        PaletteGroup(heading=phrase("Pages"), icon="out", entries=pages),
        PaletteGroup(heading=phrase("Admin"), icon="admin", entries=admin),
        PaletteGroup(heading=phrase("Settings"), icon="note", entries=settings),
    ]
    # commands first, because the words may match many texts but only few commands
    groups = [*of_page, *commands, *found] if q else [*of_page, *found, *commands]
    return [group for group in groups if group.entries]


def _on_the_open_one(
    conn: Connection, agent: CurrentAgent, q: str, opened: int
) -> Iterator[PaletteGroup]:
    """The actions and macros for the open conversation."""
    try:
        interaction = conversations.get(conn, opened)
    except NotFound:
        return
    if interaction.closed_at is not None:
        return
    hold = RESUME if interaction.state is State.ON_HOLD else HOLD
    acts = matching([*ACTIONS[:5], hold, *ACTIONS[5:]], q, len(ACTIONS) + 1 if q else 2 * FEW)
    yield PaletteGroup(heading=phrase("This conversation"), icon="ongoing", entries=acts)
    # by name only, because each filled text names the requester, so a search for a person would
    # find every macro
    runs = [_macro(one, opened) for one in macros.choices(conn, opened, agent, q)]
    entries = matching(runs, q, MOST_ENTRIES if q else FEW)
    yield PaletteGroup(heading=phrase("Macros"), icon="macro", entries=entries)


def matching(entries: Iterable[PaletteEntry], q: str, most: int) -> list[PaletteEntry]:
    """Return the entries that match in the language of the page."""
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
    """Conversations and people. Nothing typed: the agent's own conversations."""
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
    """An entry that leads to the matching line. Without a line, the conversation matched by a name
    or number."""
    said = line.body[:SNIPPET] if line else STATES[one.state]
    place = f"?line={line.seq}#line-{line.seq}" if line else ""
    return PaletteEntry(
        label=one.user.name if one.user else phone(one.requester_number),
        detail=joined(" · ", [number(one.id), said]),
        href=f"/workspace/conversations/{one.id}{place}",
    )


def _person(one: search.FoundPerson) -> PaletteEntry:
    """An entry that leads to the person's newest conversation, or to a new one."""
    numbers = [phone(each) for each in one.user.numbers] or [phrase("No number")]
    new = [] if one.newest else [phrase("new message")]
    newest = f"/workspace/conversations/{one.newest}"
    return PaletteEntry(
        label=one.user.name,
        detail=joined(" · ", [*numbers, *new]),
        href=newest if one.newest else f"/workspace/new?user_id={one.user.id}",
    )


def _pages(agent: CurrentAgent, phones: bool) -> Iterator[PaletteEntry]:
    """The pages of the rail and of the agent's own menu."""
    if agent.roles & {*LIVE, Role.ADMIN}:
        yield PaletteEntry(
            label=phrase("New message"), keys="n", press="to-new", other_words=phrase("write first")
        )
        yield PaletteEntry(
            label=phrase("Inbox"), href="/workspace#inbox-head", other_words=phrase("offers")
        )
        yield PaletteEntry(
            label=phrase("Ongoing"),
            href="/workspace#ongoing-head",
            other_words=phrase("conversations"),
        )
        yield PaletteEntry(label=phrase("Search"), keys="/", href="/workspace/search")
        yield PaletteEntry(
            label=phrase("Mentions"), href="/workspace/mentions", other_words=phrase("notes")
        )
    if supervises(agent):
        yield PaletteEntry(
            label=phrase("Supervisor"),
            href="/workspace/supervisor",
            other_words=phrase("live queues"),
        )
    if agent.roles & {Role.TRAINER, Role.ADMIN}:
        for at, called in TABS:
            yield PaletteEntry(
                label=called, detail=phrase("Trainer"), href=f"/workspace/trainer{at}"
            )
    yield PaletteEntry(
        label=phrase("Your account"),
        href="/workspace/account",
        other_words=phrase("password sessions"),
    )
    yield PaletteEntry(
        label=phrase("Keyboard"),
        keys="?",
        press="show-keys",
        other_words=phrase("keys shortcuts help"),
    )
    yield PaletteEntry(
        label=phrase("Change the theme"), press="theme", other_words=phrase("dark light")
    )
    if phones:
        yield PaletteEntry(label=phrase("Phone simulator"), href="/phone")


def _admin_pages(agent: CurrentAgent) -> Iterator[PaletteEntry]:
    if not supervises(agent):
        return
    for heading, entries in menu_for(admin=Role.ADMIN in agent.roles).items():
        for at, called in entries.items():
            yield PaletteEntry(
                label=called, detail=heading, href=f"{UNDER}{at}", other_words=phrase("admin")
            )


@functools.cache
def _settings() -> tuple[PaletteEntry, ...]:
    """The single settings and system messages, each with a link to its field."""
    fields = [
        _setting(label, at, f"#{name}")
        for template, at in FORMS.items()
        for name, label in _fields_of(template)
    ]
    numbers = [
        _setting(one.title, "/desk", f"#{name}")
        for name, one in DeskEntry.model_fields.items()
        if one.title
    ]
    messages = [_setting(called, "/texts", f"/{name}") for name, called in texts.CALLED.items()]
    return *fields, *numbers, *messages


def _setting(label: str, at: str, place: str) -> PaletteEntry:
    """A setting, which the name of its page finds too."""
    page_name = _title(at)
    return PaletteEntry(
        label=label, detail=page_name, href=f"{UNDER}{at}{place}", other_words=page_name
    )


def _title(at: str) -> str:
    return next(entries[at] for entries in menu_for(admin=True).values() if at in entries)


def _fields_of(template: str) -> Iterator[tuple[str, str]]:
    """The fields of a form, and their labels, from its template."""
    loader: Any = environment().loader
    source, _, _ = loader.get_source(environment(), f"admin/{template}")
    for call in environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in FIELD_MACROS:
            match call.args:
                case [
                    _,
                    nodes.Const(value=str(name)),
                    nodes.Call(args=[nodes.Const(value=label)]),
                    *_,
                ]:
                    yield name, phrase(label)


PAGES: dict[str, Any] = {"/palette": palette}
