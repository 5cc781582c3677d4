"""The page with the deleted records of one kind and their changes. The list of this kind of records
links to it."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk_file.record_changes import deleted_records
from handoff_service.web.admin.menu import DELETED
from handoff_service.web.admin.pages import PAGE, admin_page, after
from handoff_service.web.admin.stored_words import form_in_words
from handoff_service.web.shared.session import desk_of, page

NOUNS: Mapping[str, Noun] = {
    "users": Noun.USER,
    "agents": Noun.AGENT,
    "groups": Noun.GROUP,
    "provider-numbers": Noun.COMPANY_NUMBER,
    "queues": Noun.QUEUE,
    "messaging-actions": Noun.MESSAGING_ACTION,
    "templates": Noun.TEMPLATE,
    "labels": Noun.LABEL,
    "attributes": Noun.ATTRIBUTE,
    "macros": Noun.MACRO,
    "webhooks": Noun.WEBHOOK,
    "outages": Noun.OUTAGE,
    "presence-states": Noun.PRESENCE_STATE,
    "reject-reasons": Noun.REJECT_REASON,
    "identity-providers": Noun.IDENTITY_PROVIDER,
}


@page(Role.ADMIN)
async def deleted_page(request: Request, kind: str, agent: CurrentAgent) -> HTTPResponse:
    if kind not in NOUNS:
        raise NotFound(phrase("There is no such page."))
    here, kinds = next((here, kinds) for here, kinds in DELETED.items() if kind in kinds)
    before = after(request) or None
    found = await desk_of(request).store.read(
        deleted_records, NOUNS[kind], before=before, most=PAGE + 1
    )
    shown = found[:PAGE]
    given: dict[str, Any] = {
        "rows": shown,
        "heading": kinds[kind],
        "back": here,
        "first": before is None,
        "next": {"after": shown[-1].id} if len(found) > PAGE else None,
        "form": form_in_words(kind=NOUNS[kind]),
    }
    return await admin_page(request, agent, "deleted.html", here=here, **given)


PAGES: dict[str, Any] = {"/deleted/<kind:str>": deleted_page}
