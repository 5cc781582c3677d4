"""The conditions in a queue's form: the choices for each field, and the rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection, select

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.routing.queue_conditions import USER
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import queues
from handoff_service.web.admin import condition_rows, queue_form
from handoff_service.web.admin.condition_rows import SEVERAL, Fields, Row
from handoff_service.web.admin.pages import UNDER, Form, typed
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import phone

HERE = "/queues/conditions"
LOOKED_AT = 1000  # the form offers the attribute values of this many of the newest users


def fields(conn: Connection, rows: Iterable[Row]) -> Fields:
    """Return the fields that a queue's conditions can compare, with their choices. Include the
    values that the rows already use."""
    offers: dict[str, dict[str, str]] = {
        "provider_number": {
            one.number: f"{one.label}, {phone(one.number)}" for one in list_provider_numbers(conn)
        },
        "topic": {value: value for value in topics(conn)},
        "language": {str(one): str(one) for one in Language},
    }
    for attributes in _attributes(conn):
        for name, value in attributes.items():
            offers.setdefault(f"{USER}{name}", {})[value] = value
    for row in rows:
        if row.field.startswith(USER):
            offers.setdefault(row.field, {})
        if row.field in offers and row.was == row.field:
            offers[row.field] |= {one: one for one in row.values if one not in offers[row.field]}
    return queue_form.fields(offers)


def topics(conn: Connection) -> list[str]:
    """Return the topics that occur in the conditions of queues."""
    found = {
        str(value)
        for queue in queues.list_(conn).values()
        for one in queue.conditions
        if one.field == "topic"
        for value in (one.value if isinstance(one.value, list) else [one.value])
    }
    return sorted(found)


def shown(conn: Connection, form: Form) -> Mapping[str, Any]:
    """Return the variables of ``conditions.html``."""
    rows = condition_rows.from_flat(form.values["conditions"])
    known = fields(conn, rows)
    return {
        "conditions": [row.fitting(known) for row in rows],
        "fields": known.labels,
        "offers": known.offers,
        "operators_of": known.operators,
        "free": known.free,
        "several": SEVERAL,
        "rows_address": HERE,
        "conditions_title": phrase("Which conversations it takes"),
        "no_conditions": phrase(
            "No conditions: the queue takes conversations from the company numbers that are set "
            "to it."
        ),
    }


@page(Role.ADMIN)
async def rows_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the rows after the admin has changed, added or removed a row."""
    form = queue_form.with_lists(request, typed(request, list(queue_form.NEW)))
    shell = await desk_of(request).store.read(shown, form)
    removed = bool(form_field(request, "remove"))
    given: dict[str, Any] = {"under": UNDER, "form": form, "removed": removed, "swapped": True}
    return render("admin/conditions.html", **given, **shell)


def _attributes(conn: Connection) -> Iterable[Mapping[str, str]]:
    u = t.users
    return conn.execute(select(u.c.attributes).order_by(u.c.id.desc()).limit(LOOKED_AT)).scalars()


POST_HANDLERS: dict[str, Any] = {HERE: rows_fragment}
