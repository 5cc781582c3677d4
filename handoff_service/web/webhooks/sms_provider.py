"""The SMS provider's webhooks: incoming texts, delivery receipts for sent texts, and heartbeats of
a phone.

The code in the provider's folder parses and verifies each request. Everything else is the same for
all providers. This module writes each text, receipt or heartbeat in its own transaction. It answers
with 200 after the commit, or with 503 if the service cannot commit.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import text as plain

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import NotFound, Refusal, Unavailable
from handoff_service.gateways.provider import (
    MayHideText,
    ProviderKind,
    ProviderRequest,
    ProviderWebhook,
)
from handoff_service.operations.conversations.receive_sms import ReceiveOutcome, Text, receive_sms
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.delivery.watch_gateway import Heartbeat, record_heartbeat
from handoff_service.settings import Settings
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.web.shared.security import retry_after
from handoff_service.web.shared.session import desk_of


def blueprint(kind: ProviderKind, settings: Settings) -> Blueprint:
    """Return the routes ``POST /webhooks/NAME/...`` for the webhooks of this provider."""
    made = Blueprint(kind.name, url_prefix=f"/webhooks/{kind.name}")
    for webhook in kind.webhooks:
        made.add_route(
            _handler(kind, webhook, settings), webhook.path, methods=["POST"], name=webhook.path[1:]
        )
    return made


type Handler = Callable[[Request], Coroutine[Any, Any, HTTPResponse]]


def _handler(kind: ProviderKind, webhook: ProviderWebhook, settings: Settings) -> Handler:
    async def handle(request: Request) -> HTTPResponse:
        return await _answer(request, kind, webhook, settings)

    return handle


async def _answer(
    request: Request, kind: ProviderKind, webhook: ProviderWebhook, settings: Settings
) -> HTTPResponse:
    """Read the request, store its content, and answer. If the client disconnects, Sanic cancels
    this, but a write that is already in a lane continues."""
    desk = desk_of(request)
    try:
        if settings.sms_provider != kind.name:
            raise NotFound(
                f"This desk does not use {kind.title}: PATCHBOARD_SMS_PROVIDER is not {kind.name}."
            )
        for one in webhook.read(settings, _provider_request(request, settings)):
            await _take(desk, one)
    except Unavailable as away:
        if away.loggable:
            log.warning("webhook_database_away", path=request.path, why=away.why)
        desk.outage()
        return plain(away.detail, status=away.status, headers=retry_after(away))
    except Refusal as refusal:
        if isinstance(refusal, MayHideText):
            desk.outage()
        log.warning("webhook_refused", path=request.path, status=refusal.status, why=refusal.detail)
        return plain(refusal.detail, status=refusal.status)
    return HTTPResponse(
        webhook.acknowledgement.body, content_type=webhook.acknowledgement.content_type
    )


def _provider_request(request: Request, settings: Settings) -> ProviderRequest:
    return ProviderRequest(
        address=settings.public_url + request.path,
        query=request.query_string,
        arguments={name: values[0] for name, values in request.args.items()},
        headers=request.headers,
        body=request.body,
    )


async def _take(desk: AppContext, one: Text | Receipt | Heartbeat) -> None:
    match one:
        case Text():
            await _take_text(desk, one)
        case Receipt():
            await _take_receipt(desk, one)
        case Heartbeat():
            await desk.store.write(record_heartbeat, one)


async def _take_text(desk: AppContext, text: Text) -> None:
    line = (text.provider_number, text.requester_number)
    received = await desk.store.write(receive_sms, text, near=line)
    if received.opted_out:
        await until_nothing_leaves(desk.store, text.requester_number)
    desk.metrics.texts.labels(received.outcome).inc()
    if received.outcome is ReceiveOutcome.UNKNOWN_NUMBER:
        log.warning("text_to_unknown_number", sid=text.sid, to=log.masked(text.provider_number))
        raise NotFound("This text was sent to a number that is not a company number of this desk.")
    log.debug(
        f"text_{received.outcome}",
        sid=text.sid, requester=log.masked(text.requester_number),
        interaction=received.interaction_id,
    )  # fmt: skip


async def _take_receipt(desk: AppContext, receipt: Receipt) -> None:
    known = await desk.store.write(record_receipt, receipt, near=receipt.sid)
    desk.metrics.receipts.labels(receipt.status).inc()
    log.debug(
        "receipt_recorded" if known else "receipt_kept_for_later",
        sid=receipt.sid, message=receipt.message_id, status=receipt.status, code=receipt.error_code,
    )  # fmt: skip
