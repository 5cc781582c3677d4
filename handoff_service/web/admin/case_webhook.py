"""The case webhook: the address of the company's ticket system, and the outcome of recent calls to
it."""

import secrets
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import Refusal
from handoff_service.operations.cases.call_webhook import call_again
from handoff_service.operations.cases.webhook_settings import (
    PutWebhook,
    put_webhook,
    replace_secret,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.cases.webhook import secret_of
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.cases import webhook
from handoff_service.web.admin.pages import Form, admin_page, done, typed
from handoff_service.web.shared.session import desk_of, page

HERE = "/case-webhook"
NAMES = ("url", "secret")
LAST = 50  # calls shown
KEY_BYTES = 32


@page(Role.ADMIN)
async def webhook_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    now = await desk_of(request).store.read(webhook.webhook)
    return await _shown(
        request, agent, Form(values={"url": (now.url if now else None) or "", "secret": ""})
    )


@page(Role.ADMIN)
async def save_webhook(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Save the address. The first save without a secret generates one and shows it once."""
    form = typed(request, NAMES)
    command = PutWebhook(
        url=form.values["url"] or None, secret=form.values["secret"] or None, made=_new_secret()
    )
    try:
        made = await desk_of(request).store.write(put_webhook, command)
    except Refusal as refusal:
        return await _shown(request, agent, form.with_refusal(refusal))
    if made is None:
        return done(request, HERE)
    return await _shown(request, agent, Form(values={**form.values, "secret": ""}), made=made)


@page(Role.ADMIN)
async def new_secret(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Replace the secret with a new one and show it once."""
    store = desk_of(request).store
    made = await store.write(replace_secret, _new_secret())
    now = await store.read(webhook.webhook)
    url = now.url if now else None
    return await _shown(request, agent, Form(values={"url": url or "", "secret": ""}), made=made)


@page(Role.ADMIN)
async def send_again(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(call_again, number)
    return done(request, HERE, "again")


async def _shown(
    request: Request, agent: CurrentAgent, form: Form, *, made: str | None = None
) -> HTTPResponse:
    def read(conn: Connection) -> dict[str, Any]:
        return {
            "has_secret": webhook.webhook(conn) is not None,
            "calls": webhook.calls(conn, LAST),
            "given_up": webhook.given_up(conn),
        }

    found = await desk_of(request).store.read(read)
    status = 400 if form.errors else 200
    return await admin_page(
        request, agent, "case_webhook.html", here=HERE, status=status, form=form, made=made, **found
    )


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(KEY_BYTES))


PAGES: dict[str, Any] = {HERE: webhook_page}
ACTS: dict[str, Any] = {
    HERE: save_webhook,
    f"{HERE}/secret": new_secret,
    f"{HERE}/calls/<number:int>/again": send_again,
}
