"""The page of the consent ledger. It shows who opted out or in, when and how, and whether the
change still applies."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.consent import consents
from handoff_service.store.views import Consent
from handoff_service.web.admin.pages import PAGE, admin_page, after
from handoff_service.web.shared.session import desk_of, page

HERE = "/consents"


@page(Role.ADMIN, Role.SUPERVISOR)
async def ledger_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    before = after(request)

    def read(conn: Connection) -> list[Consent]:
        return consents.ledger(conn, before=before or None, limit=PAGE + 1)

    found = await desk_of(request).store.read(read)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return await admin_page(
        request, agent, "consents.html", here=HERE, ledger=found[:PAGE], more=more
    )


PAGES: dict[str, Any] = {HERE: ledger_page}
