"""The pages with a webhook's secret and with the log of the events that were sent to it."""

import json
from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.webhooks.send_again import (
    SendAgain,
    send_again,
    send_missed,
    send_test,
)
from handoff_service.operations.webhooks.webhooks import (
    ReplaceSecret,
    replace_secret,
    show_secret,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, Role
from handoff_service.rules.webhooks.webhooks import CALL_STATES
from handoff_service.store.webhooks import webhooks
from handoff_service.web.admin.pages import PAGE, admin_page, after, done
from handoff_service.web.admin.webhooks import HERE, in_words, new_secret
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page

STATES: Mapping[str, str] = {
    "": phrase("All events"),
    **CALL_STATES,
}


@page(Role.ADMIN)
async def secret_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Show the secret, or replace it and show the new one."""
    store, is_new = desk_of(request).store, form_field(request, "new") == "1"
    one = await store.read(webhooks.get, number)
    if is_new:
        secret = await store.write(replace_secret, ReplaceSecret(id=number, secret=new_secret()))
    else:
        secret = await store.write(show_secret, number)
    return await admin_page(
        request,
        agent,
        "webhook_secret.html",
        here=HERE,
        one=await store.read(webhooks.get, number),
        title=phrase("Secret of “{name}”", name=one.name),
        secret=secret,
        is_new=is_new,
    )


@page(Role.ADMIN)
async def log_page(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """List the webhook's events, newest first."""
    store = desk_of(request).store
    state = request.args.get("state") or ""
    chosen = CallState(state) if state in set(CallState) else None
    before = after(request) or None
    found = await store.read(webhooks.calls, number, before=before, state=chosen, most=PAGE + 1)
    rows = in_words(found[:PAGE])
    more = {"after": rows[-1].id} | ({"state": chosen} if chosen else {}) if rows else {}
    return await admin_page(
        request,
        agent,
        "webhook_calls.html",
        here=HERE,
        one=await store.read(webhooks.get, number),
        rows=rows,
        next=more if len(found) > PAGE else None,
        states=STATES,
        call_states=CALL_STATES,
        state=chosen or "",
    )


@page(Role.ADMIN)
async def call_page(request: Request, number: int, call: int, agent: CurrentAgent) -> HTTPResponse:
    """Show one event, with its body and the receiver's answer."""
    store = desk_of(request).store
    (found,) = in_words([await store.read(webhooks.call, number, call)])
    return await admin_page(
        request,
        agent,
        "webhook_call.html",
        here=HERE,
        one=await store.read(webhooks.get, number),
        call=found,
        call_states=CALL_STATES,
        body=json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
    )


@page(Role.ADMIN)
async def test(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    call = await desk_of(request).store.write(send_test, number)
    return done(request, f"{HERE}/{number}/calls/{call}", "testing")


@page(Role.ADMIN)
async def again(request: Request, number: int, call: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(send_again, SendAgain(webhook_id=number, call_id=call))
    return done(request, f"{HERE}/{number}/calls/{call}", "again")


@page(Role.ADMIN)
async def missed(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(send_missed, number)
    return done(request, f"{HERE}/{number}", "again")


_ONE = f"{HERE}/<number:int>"
PAGES: dict[str, Any] = {
    f"{_ONE}/calls": log_page,
    f"{_ONE}/calls/<call:int>": call_page,
}
POST_HANDLERS: dict[str, Any] = {
    f"{_ONE}/secret": secret_page,
    f"{_ONE}/test": test,
    f"{_ONE}/missed": missed,
    f"{_ONE}/calls/<call:int>/again": again,
}
