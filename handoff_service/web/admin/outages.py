"""The admin pages for outages, which the virtual agent announces. Supervisors may also edit
them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.cases.outage_fields import OutageEntry
from handoff_service.operations.cases.outages import (
    ChangeOutage,
    change_outage,
    delete_outage,
    make_outage,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.cases import outages
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Outage
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page, moment
from handoff_service.web.admin.previews import TextPreview
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page

HERE = "/outages"
WRITERS = (Role.ADMIN, Role.SUPERVISOR)
NEW = {"title": "", "text": "", "since": "", "until": "", "active": "1"}


@dataclass(frozen=True, slots=True)
class ShownOutage:
    """An outage, and the time zone in which the page shows its times."""

    outage: Outage
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Typed:
    """The typed values. Times are in the desk's time zone. ``id`` is None for a new outage."""

    id: int | None
    values: dict[str, str]


@page(*WRITERS)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    found = await desk_of(request).store.read(outages.list_)
    return await admin_page(
        request, agent, "outages.html", here=HERE, **list_variables(found, new=f"{HERE}/new")
    )


def _read(conn: Connection, outage_id: int) -> ShownOutage:
    return ShownOutage(outages.get(conn, outage_id), ZoneInfo(desk_time_zone(conn)))


def _shown(one: ShownOutage) -> tuple[str, dict[str, str]]:
    outage = one.outage
    values = {"title": outage.title, "text": outage.text, "active": "1" * outage.active}
    return outage.title, values | {
        "since": _field(outage.since, one.zone),
        "until": _field(outage.until, one.zone),
    }


def _field(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at is not None else ""


async def _write(saving: Saving[Any]) -> WriteNoun:
    return _save, Typed(saving.id, dict(saving.form.values))


def _save(tx: Transaction, typed: Typed) -> None:
    """Save the outage. An empty ``since`` means now."""
    zone, given = ZoneInfo(desk_time_zone(tx.conn)), typed.values
    times = {
        "since": moment(given["since"], "since", zone) or tx.now,
        "until": moment(given["until"], "until", zone),
    }
    entry = read_as(OutageEntry, {**given, **times, "active": bool(given["active"])})
    if typed.id is None:
        make_outage(tx, entry.to_fields())
    else:
        change_outage(tx, ChangeOutage(id=typed.id, values=entry.model_dump()))


def _extra_context(conn: Connection, form: Form, _one: ShownOutage | None) -> dict[str, Any]:
    preview = TextPreview(label=phrase("People who ask will read"), values={})
    return {
        "previews": [preview],
        "body": form.values["text"],
        "zone_name": desk_time_zone(conn),
    }


EDITOR = Editor(
    noun=Noun.OUTAGE,
    valid={"title": "?", "text": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="outage.html",
    back_label=phrase("All outages"),
    new=(phrase("New outage"), NEW),
    read=_read,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_outage, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{title}”", title=one.outage.title),
        effects=[
            phrase(
                "The virtual agent stops announcing it. To keep it for next time, switch it off "
                "instead."
            )
        ],
        label=phrase("Delete this outage"),
    ),
    extra_context=_extra_context,
    roles=WRITERS,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
