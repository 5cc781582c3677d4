"""The pages, the admin pages and the single settings that the command palette offers."""

import functools
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.command_palette import PaletteEntry
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.admin import texts
from handoff_service.web.admin.menu import menu_for
from handoff_service.web.admin.pages import UNDER
from handoff_service.web.shared.rendering import environment
from handoff_service.web.shared.session import LIVE, supervises
from handoff_service.web.trainer.tabs import TABS

#: template of a form -> path of the admin page that shows it
FORMS = {"desk.html": "/desk", "mail.html": "/mail", "sign_in.html": "/sign-in"}
#: the Jinja macros of admin/forms.html that render a field
FIELD_MACROS = frozenset({"field", "area", "switch", "choose", "listed", "checks"})


def palette_pages(agent: CurrentAgent, phones: bool) -> Iterator[PaletteEntry]:
    """Yield the pages that this agent may open, except admin pages, and some actions of the agent's
    menu."""
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


def admin_pages(agent: CurrentAgent) -> Iterator[PaletteEntry]:
    if not supervises(agent):
        return
    for heading, entries in menu_for(admin=Role.ADMIN in agent.roles).items():
        for at, called in entries.items():
            yield PaletteEntry(
                label=called, detail=heading, href=f"{UNDER}{at}", other_words=phrase("admin")
            )


@functools.cache
def settings_fields() -> tuple[PaletteEntry, ...]:
    """Return the single settings and system messages, each with a link to its field."""
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
    """Return the entry of a setting. A search for the name of its page also finds it."""
    page_name = _title(at)
    return PaletteEntry(
        label=label, detail=page_name, href=f"{UNDER}{at}{place}", other_words=page_name
    )


def _title(at: str) -> str:
    return next(entries[at] for entries in menu_for(admin=True).values() if at in entries)


def _fields_of(template: str) -> Iterator[tuple[str, str]]:
    """Yield the names and labels of a form's fields, parsed from its template."""
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
