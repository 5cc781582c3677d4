"""The mailbox page, which shows all e-mails of the demo. No e-mail leaves the computer. In the
demo, this page and the phones need no sign-in."""

from collections.abc import Sequence

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.operations.identity.mail_code import MAILBOX
from handoff_service.store.engine.transaction import Hint
from handoff_service.web.shared import sse
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of


def blueprint() -> Blueprint:
    """Return the routes under ``/mailbox``. They need no sign-in, because only the demo adds
    them."""
    made = Blueprint("mailbox", url_prefix="/mailbox")

    @made.get("/")
    async def mailbox(request: Request) -> HTTPResponse:
        return await _page(request, "mailbox_page.html")

    @made.get("/mails")
    async def mails(request: Request) -> HTTPResponse:
        return await _page(request, "mails.html")

    @made.get("/events")
    async def events(request: Request) -> None:
        async def translate(_hints: Sequence[Hint]) -> list[sse.PageEvent]:
            return [("mails", "")]

        await sse.serve(request, desk_of(request), [MAILBOX], translate)

    return made


async def _page(request: Request, template: str) -> HTTPResponse:
    desk: AppContext = desk_of(request)
    facts = await desk.store.read(desk_facts)
    mails = desk.mailer.mails() if isinstance(desk.mailer, Mailbox) else ()
    return render(template, desk=facts, zone=facts.zone, now=desk.clock(), mails=mails)
