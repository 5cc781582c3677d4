"""The mailbox's page: every mail that the demo sends, which goes nowhere else. As open as the phones."""

from collections.abc import Sequence

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from handoff_service.desk import Desk
from handoff_service.gateways.mailbox import Mailbox
from handoff_service.operations.mail_code import MAILBOX
from handoff_service.store.lanes import Hint
from handoff_service.web import reading, stream
from handoff_service.web.pages import render
from handoff_service.web.session import desk_of


def blueprint() -> Blueprint:
    """``/mailbox``. No sign-in: it is wired in the demo alone."""
    made = Blueprint("mailbox", url_prefix="/mailbox")

    @made.get("/")
    async def mailbox(request: Request) -> HTTPResponse:
        return await _page(request, "mailbox_page.html")

    @made.get("/mails")
    async def mails(request: Request) -> HTTPResponse:
        return await _page(request, "mails.html")

    @made.get("/events")
    async def events(request: Request) -> None:
        async def says(_hints: Sequence[Hint]) -> list[stream.Said]:
            return [("mails", "")]

        await stream.serve(request, desk_of(request), [MAILBOX], says)

    return made


async def _page(request: Request, template: str) -> HTTPResponse:
    desk: Desk = desk_of(request)
    facts = await desk.store.read(reading.desk_facts)
    mails = desk.mailer.mails() if isinstance(desk.mailer, Mailbox) else ()
    return render(template, desk=facts, zone=facts.zone, now=desk.clock(), mails=mails)
