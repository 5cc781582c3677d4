"""The admin pages for queues: their conditions, opening hours, groups and texts."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.queue_blockers import blockers
from handoff_service.operations.routing.queue_fields import values
from handoff_service.operations.routing.queues import (
    ChangeQueue,
    MoveQueue,
    change_queue,
    delete_queue,
    make_queue,
    move_queue,
)
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.system_messages import QUEUES_OWN, words_of
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared.language import LANGUAGE_TITLES, Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Assignment, Role
from handoff_service.store.desk import texts
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing import queue_hours, queues
from handoff_service.web.admin import (
    condition_rows,
    known_names,
    queue_conditions,
    queue_form,
    try_routing,
    week,
)
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.hours import hours
from handoff_service.web.admin.pages import Form, admin_page, done, lines
from handoff_service.web.admin.previews import TextPreview
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.admin.region_choices import COUNTRIES, TIME_ZONES
from handoff_service.web.admin.week import grid, schedule_of
from handoff_service.web.shared import target_rows
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page

HERE = "/queues"
ASSIGNMENTS = {
    Assignment.MOST_CAPACITY: (
        phrase("Most capacity"),
        phrase("The agent with the most free capacity"),
    ),
    Assignment.LONGEST_IDLE: (
        phrase("Longest idle"),
        phrase("The agent who has gone longest without an offer"),
    ),
    Assignment.ROUND_ROBIN: (phrase("Round robin"), phrase("Each agent in turn")),
    Assignment.FIRST_TO_ACCEPT: (
        phrase("First to accept"),
        phrase("All free agents are asked at once"),
    ),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _list(request, agent)


async def _list(request: Request, agent: CurrentAgent) -> HTTPResponse:
    def read(conn: Connection) -> list[tuple[Any, str]]:
        found = queues.list_views(conn)
        known = queue_hours.of_queues(conn, [one.id for one in found])
        return [(one, hours(known[one.id], read_at(conn)).summary) for one in found]

    shell = list_variables(await desk_of(request).store.read(read), new=f"{HERE}/new") | {
        "assignments": ASSIGNMENTS
    }
    return await admin_page(request, agent, "queues.html", here=HERE, **shell)


@page(Role.ADMIN)
async def move(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Move a queue in the admin's order, by one place or to the place where the admin dropped
    it."""
    way, to = form_field(request, "way"), form_field(request, "to")
    place = int(to) if to.isascii() and to.isdigit() and len(to) < 6 else None
    command = MoveQueue(id=number, by={"up": -1, "down": 1}.get(way, 0), to=place)
    await desk_of(request).store.write(move_queue, command)
    if "hx-request" not in request.headers:
        return done(request, HERE)
    return await _list(request, agent)


def _read(conn: Connection, queue_id: int) -> QueueFields:
    return queues.get(conn, queue_id)


async def _write(saving: Saving[Any]) -> WriteNoun:
    read = desk_of(saving.request).store.read
    typed = saving.form.values
    rows = condition_rows.from_flat(typed["conditions"])
    entry = queue_form.entry(saving.form, await read(queue_conditions.fields, rows))
    skills = {name: lines(typed[name]) for name in ("skills", "optional_skills")}
    known_names.check(saving.request, skills, await read(known_names.skills), "skill")
    if saving.id is None:
        return make_queue, entry.to_fields()
    written = {name: getattr(entry, name) for name in type(entry).model_fields}
    if entry.position is None:
        written.pop("position")
    return change_queue, ChangeQueue(id=saving.id, values=values(written))


def _extra_context(conn: Connection, form: Form, one: QueueFields | None) -> Mapping[str, Any]:
    after = {name: seconds for seconds, name in queue_form.rows(form.values["groups"])}
    example = {"queue": form.values["name"] or "Service desk", "opens": "on Monday at 08:00"}
    language = form.values["language"]
    usual = Language(language) if language in set(Language) else Language.ENGLISH
    problems = [
        q.problems for q in queues.list_views(conn) if one is not None and q.name == one.name
    ]
    return {
        "problems": problems[0] if problems else [],
        "groups": [
            (name, name in after, after.get(name, "0")) for name in known_names.groups(conn)
        ],
        "skills": known_names.skills(conn),
        "removed": False,
        **queue_conditions.shown(conn, form),
        "assignments": ASSIGNMENTS,
        "hours": hours(schedule_of(conn, form.values), read_at(conn)),
        "grid": grid(form.values["schedule"]),
        "target_rows": target_rows.ROWS,
        "time_zones": TIME_ZONES,
        "countries": {"": phrase("The desk's"), **COUNTRIES},
        "languages": LANGUAGE_TITLES,
        "desk_zone": desk_time_zone(conn),
        "words": {
            m: (
                words_of(m).when,
                list(words_of(m).placeholders),
                texts.text_for(conn, m, language=usual),
            )
            for m in QUEUES_OWN
        },
        "previews": [TextPreview(label=phrase("The requester reads"), values=example)],
    }


EDITOR = Editor(
    noun=Noun.QUEUE,
    valid={"name": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="queue.html",
    back_label=phrase("All queues"),
    new=(phrase("New queue"), queue_form.NEW),
    read=_read,
    shown=lambda one: (one.name, queue_form.shown(one)),
    write=_write,
    delete=lambda _agent, number: (delete_queue, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete {name}", name=one.name),
        effects=[phrase("Nothing uses it, so nothing else changes.")],
        label=phrase("Delete this queue"),
    ),
    blockers=blockers,
    message=lambda conn, number: "unable" if queues.get_view(conn, number).problems else None,
    extra_context=_extra_context,
    typed=queue_form.with_lists,
    form_buttons=("add", "remove", "refresh"),
)
PAGES: dict[str, Any] = {
    HERE: list_page,
    **week.PAGES,
    **try_routing.PAGES,
    **EDITOR.pages(),
}
POST_HANDLERS: dict[str, Any] = {
    **queue_conditions.POST_HANDLERS,
    f"{HERE}/<number:int>/move": move,
    **EDITOR.post_handlers(),
}
