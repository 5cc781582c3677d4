"""The case webhook: the address of the company's ticket system, and the outcome of recent calls to
it."""

import secrets
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.cases.call_webhook import call_again
from handoff_service.operations.cases.webhook_settings import (
    PutWebhook,
    put_webhook,
    replace_secret,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.record_changes import ONLY
from handoff_service.rules.cases.webhook import secret_of
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.cases import webhook
from handoff_service.web.admin.pages import Form, admin_page, done, typed
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.shared.session import desk_of, page

HERE = "/case-webhook"
NAMES = ("url", "secret")
LAST = 50  # calls shown
KEY_BYTES = 32


def _values(conn: Connection) -> dict[str, str]:
    now = webhook.webhook(conn)
    return {"url": (now.url if now else None) or "", "secret": ""}


WATCH = Watch(noun=Noun.CASE_WEBHOOK, record=ONLY, read=_values)


@page(Role.ADMIN)
async def webhook_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _filled(request, agent)


@page(Role.ADMIN)
async def save_webhook(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Save the address. The first save without a secret generates one and shows it once."""

    async def write(form: Form) -> WriteNoun:
        url, secret = form.values["url"] or None, form.values["secret"] or None
        return put_webhook, PutWebhook(url=url, secret=secret, made=_new_secret())

    sent = RecordForm(request=request, form=typed(request, NAMES), write=write, watch=WATCH)
    outcome = await sent.save()
    if outcome.form is not None:
        return await _shown(request, agent, outcome.form, status=outcome.status)
    if outcome.answer is None:
        return done(request, HERE)
    return await _filled(request, agent, made=outcome.answer)


@page(Role.ADMIN)
async def new_secret(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Replace the secret with a new one and show it once."""
    made = await desk_of(request).store.write(replace_secret, _new_secret())
    return await _filled(request, agent, made=made)


@page(Role.ADMIN)
async def send_again(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(call_again, number)
    return done(request, HERE, "again")


async def _filled(
    request: Request, agent: CurrentAgent, *, made: str | None = None
) -> HTTPResponse:
    """The form as it is stored. ``made``: a new secret, which is shown once."""
    was = await desk_of(request).store.read(WATCH.filled)
    return await _shown(request, agent, Form(values=was.values, was=was), made=made)


async def _shown(
    request: Request,
    agent: CurrentAgent,
    form: Form,
    *,
    made: str | None = None,
    status: int = 200,
) -> HTTPResponse:
    def read(conn: Connection) -> dict[str, Any]:
        return {
            "has_secret": webhook.webhook(conn) is not None,
            "calls": webhook.calls(conn, LAST),
            "given_up": webhook.given_up(conn),
            "history": WATCH.history(conn),
        }

    found = await desk_of(request).store.read(read)
    return await admin_page(
        request, agent, "case_webhook.html", here=HERE, status=status, form=form, made=made, **found
    )


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(KEY_BYTES))


PAGES: dict[str, Any] = {HERE: webhook_page}
POST_HANDLERS: dict[str, Any] = {
    HERE: save_webhook,
    f"{HERE}/secret": new_secret,
    f"{HERE}/calls/<number:int>/again": send_again,
}
