"""The page about the desk's mail server. It explains how to configure a server, and sends a test
e-mail to the admin."""

from typing import Any
from urllib.parse import urlsplit

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.staff_mail import mail_to
from handoff_service.ports.mail import Mailed
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.views import MailReader
from handoff_service.web.admin.pages import admin_page, sentence
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_language import page_language
from handoff_service.web.shared.session import desk_of, page

HERE = "/mail"


@page(Role.ADMIN)
async def mail_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _page(request, agent)


@page(Role.ADMIN)
async def send_test(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Send a test e-mail to this admin, and show the mail server's answer."""
    desk = desk_of(request)
    if desk.mailer is None:
        return await _page(request, agent)
    me = (await desk.store.read(agents_by_id, [agent.id]))[agent.id]
    name = (await desk.store.read(desk_facts)).name
    paragraphs = (
        phrase("Hello {name},", name=me.name),
        phrase("This is a test. {desk} can send mail.", desk=name),
    )
    subject = phrase("Test e-mail from {desk}", desk=name)
    reader = MailReader(email=me.email, language=page_language.get())
    result = await desk.mailer.send(mail_to(reader, subject, paragraphs))
    if isinstance(result, Mailed):
        return await _page(
            request,
            agent,
            sent=phrase("The mail server has accepted an e-mail to {email}.", email=me.email),
        )
    return await _page(request, agent, error=sentence(phrase("Not sent: {why}", why=result.why)))


async def _page(
    request: Request, agent: CurrentAgent, *, sent: str = "", error: str = ""
) -> HTTPResponse:
    settings = desk_of(request).settings
    where = urlsplit(settings.smtp_url or "")
    me = (await desk_of(request).store.read(agents_by_id, [agent.id]))[agent.id]
    given: dict[str, Any] = {
        "server": where.hostname,
        "mailbox": settings.has_mailbox,
        "own": me.email,
        "sent": sent,
        "error": error,
    }
    return await admin_page(
        request, agent, "mail.html", here=HERE, status=502 if error else 200, **given
    )


PAGES: dict[str, Any] = {HERE: mail_page}
POST_HANDLERS: dict[str, Any] = {HERE: send_test}
