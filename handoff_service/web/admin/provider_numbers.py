"""The admin pages for company numbers, and who answers texts to each number first."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    MakeProviderNumber,
    blockers,
    change_provider_number,
    delete_provider_number,
    make_provider_number,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file.desk_file import ProviderNumberEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import FirstResponder, Role
from handoff_service.store.delivery import gateway_watch
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues
from handoff_service.store.views import ProviderNumber
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import phone

HERE = "/provider-numbers"
RESPONDERS = {
    FirstResponder.VIRTUAL_AGENT: (
        phrase("The virtual agent"),
        phrase("It hands off when a person is needed"),
    ),
    FirstResponder.LIVE_AGENT: (
        phrase("Live agents"),
        phrase("Each conversation goes to the queue at once"),
    ),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store = desk_of(request).store
    found = await store.read(list_provider_numbers)
    shell = list_variables(found, new=f"{HERE}/new") | {
        "responders": RESPONDERS,
        "gateway_away": await store.read(gateway_watch.away),
    }
    return await admin_page(request, agent, "provider_numbers.html", here=HERE, **shell)


def _read(conn: Connection, number_id: int) -> ProviderNumber:
    for one in list_provider_numbers(conn):
        if one.id == number_id:
            return one
    raise NotFound(phrase("There is no company number {id}.", id=number_id))


def _shown(one: ProviderNumber) -> tuple[str, dict[str, str]]:
    names = ("number", "label", "first_responder", "segments_per_second")
    values = {name: str(getattr(one, name)) for name in names}
    return phone(one.number), values | {
        "queue": one.queue.name,
        "messaging_service": one.messaging_service or "",
    }


async def _write(saving: Saving[ProviderNumber]) -> WriteNoun:
    def save(tx: Transaction, values: Mapping[str, str]) -> None:
        country = desk_country(tx.conn)
        entry = read_as(ProviderNumberEntry, values, country).model_dump()
        if saving.id is None:
            make_provider_number(tx, MakeProviderNumber(**entry))
        else:
            change_provider_number(tx, ChangeProviderNumber(id=saving.id, values=entry))

    return save, saving.form.values


def _extra_context(conn: Connection, _form: Form, _one: ProviderNumber | None) -> Mapping[str, Any]:
    return {
        "queues": {queue.name: queue.name for queue in queues.list_(conn).values()},
        "responders": RESPONDERS,
    }


EDITOR = Editor(
    noun=Noun.COMPANY_NUMBER,
    valid={"number": "+12025550100"},
    list_url=HERE,
    url_prefix=HERE,
    template="provider_number.html",
    back_label=phrase("All company numbers"),
    new=(
        phrase("New company number"),
        {
            "number": "",
            "label": "",
            "first_responder": "virtual_agent",
            "queue": "",
            "segments_per_second": "1",
            "messaging_service": "",
        },
    ),
    read=_read,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_provider_number, number),
    blockers=blockers,
    deleting=lambda one: Deleting(
        title=phrase("Delete {number}", number=phone(one.number)),
        effects=[phrase("Texts to this number are then rejected.")],
        label=phrase("Delete this number"),
    ),
    extra_context=_extra_context,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
