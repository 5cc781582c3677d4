"""Twilio's webhooks: texts that come in, and receipts for texts that went out.

Each one: size, form, signature, parse, one write, answer. Twilio waits 15 s and then tries
its fallback address, once, so it gets its 200 after the commit and a 503 when there can be none.
Sources: https://www.twilio.com/docs/messaging/guides/webhook-request (parameters),
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status (receipts)
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote_plus

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import text as plain

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import BadInput, NotFound, Refusal, Unavailable
from handoff_service.gateways.twilio import form as twilio_form
from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.gateways.twilio.signature import is_signed
from handoff_service.operations.conversations.receive_sms import Attachment, Outcome, Text, receive_sms
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.rules.delivery.sms_text import is_e164, is_sender
from handoff_service.rules.virtual_agent.commands import Command
from handoff_service.settings import Settings
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.web.shared.security import retry_after
from handoff_service.web.shared.session import desk_of

MOST_BYTES = 64 * 1024  # a text of 1,600 characters with 10 pictures is below 24 KB
MOST_FIELDS = 400  # some 25, and two for each picture; Twilio adds new ones without notice
MOST_MEDIA = 10  # https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
FORM = "application/x-www-form-urlencoded"
NO_ACCOUNT = "Twilio is not set up here: PATCHBOARD_SMS_PROVIDER is not twilio."

# What Twilio's Advanced Opt-Out took a text for, and has answered: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
OPT_OUT_TYPES = {"STOP": Command.OPT_OUT, "START": Command.OPT_IN, "HELP": Command.HELP}

type Form = Mapping[str, str]


class TooLong(Refusal):
    """The request is too long."""

    status = 413


class NotTwilio(Refusal):
    """The signature is missing or wrong."""

    status = 403


class Recut(BadInput):
    """The signature is right, but the form is not cut into names and values as Twilio cuts it."""


def blueprint(settings: Settings) -> Blueprint:
    """``POST /webhooks/twilio/sms`` and ``/status``, for whoever knows the account's auth token or shared key."""
    made = Blueprint("twilio", url_prefix="/webhooks/twilio")

    @made.post("/sms")
    async def take_text(request: Request) -> HTTPResponse:
        desk = desk_of(request)
        return await _answer(request, settings, lambda form: _take_text(desk, form))

    @made.post("/status")
    async def take_receipt(request: Request) -> HTTPResponse:
        desk, ours, retries = desk_of(request), request.args.get("message", ""), request.args.get("retries", "")
        return await _answer(request, settings, lambda form: _take_receipt(desk, _receipt(form, ours, retries)))

    return made


async def _answer(request: Request, settings: Settings, take: Callable[[Form], Awaitable[None]]) -> HTTPResponse:
    """Verify, take, answer. A signed form that is not cut as Twilio cuts it is refused; was it Twilio's after all, the
    gap sweep fetches the text. A client that hangs up cancels this, but not what is in a lane by then."""
    try:
        await take(_signed_form(request, settings))
    except Unavailable as away:
        if away.loggable:
            log.warning("webhook_database_away", path=request.path, why=away.why)
        desk_of(request).outage()
        return plain(away.detail, status=away.status, headers=retry_after(away))
    except Refusal as refusal:
        if isinstance(refusal, Recut):
            desk_of(request).outage()
        log.warning("webhook_refused", path=request.path, status=refusal.status, why=refusal.detail)
        return plain(refusal.detail, status=refusal.status)
    return HTTPResponse("<Response/>", content_type="text/xml")


def _signed_form(request: Request, settings: Settings) -> Form:
    """The form's fields, without what the database cannot hold."""
    if settings.sms_provider != "twilio":
        raise NotFound(NO_ACCOUNT)
    if len(request.body) > MOST_BYTES:
        raise TooLong
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadInput(f"The body must be a form ({FORM}).")
    pairs = _pairs(request.body)
    query = f"?{request.query_string}" if request.query_string else ""
    url = settings.public_url + request.path + query
    signature, keys = request.headers.get("x-twilio-signature", ""), settings.signature_keys
    if not is_signed(url, pairs, signature, keys, settings.twilio_signature):
        raise NotTwilio(f"The signature is missing or wrong for {settings.public_url}{request.path}")
    if wrong := twilio_form.fault(pairs, query, settings.twilio_account_sid or ""):
        raise Recut(wrong)
    return {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in pairs}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Every field, blank ones too: they are signed, and Sanic's request.form drops them."""
    fields = body.decode(errors="replace").split("&")
    if len(fields) > MOST_FIELDS:
        raise BadInput("The form has too many fields.")
    halves = (field.partition("=") for field in fields if field)
    return [(_plain(name), _plain(value)) for name, _, value in halves]


def _plain(quoted: str) -> str:
    """As ``urllib.parse.parse_qsl`` reads it; most fields hold nothing to be read, and that is a third of a webhook."""
    return unquote_plus(quoted, errors="replace") if "%" in quoted or "+" in quoted else quoted


async def _take_text(desk: AppContext, form: Form) -> None:
    text = _text(form)
    line = (text.provider_number, text.requester_number)
    received = await desk.store.write(receive_sms, text, near=line)
    if received.opted_out:
        await until_nothing_leaves(desk.store, text.requester_number)
    desk.metrics.texts.labels(received.outcome).inc()
    if received.outcome is Outcome.UNKNOWN_NUMBER:
        log.warning("text_to_unknown_number", sid=text.sid, to=log.masked(text.provider_number))
        raise NotFound("No provider number is the number in To.")
    log.debug(
        f"text_{received.outcome}",
        sid=text.sid, requester=log.masked(text.requester_number), interaction=received.interaction_id,
    )  # fmt: skip


async def _take_receipt(desk: AppContext, receipt: Receipt) -> None:
    known = await desk.store.write(record_receipt, receipt, near=receipt.sid)
    desk.metrics.receipts.labels(receipt.status).inc()
    log.debug(
        "receipt_recorded" if known else "receipt_kept_for_later",
        sid=receipt.sid, message=receipt.message_id, status=receipt.status, code=receipt.error_code,
    )  # fmt: skip


def _text(form: Form) -> Text:
    sid, sender, to = _sid(form), form.get("From", ""), form.get("To", "")
    if not is_sender(sender):
        raise _wrong("From", "must be a phone number, a short code or a sender name of up to 11 characters")
    if not is_e164(to):
        raise _wrong("To", "must be a phone number such as +12025550101")
    return Text(
        sid=sid,
        requester_number=sender,
        provider_number=to,
        body=form.get("Body", ""),
        media=_media(form),
        answered_as=OPT_OUT_TYPES.get(form.get("OptOutType", "")),
    )


def _media(form: Form) -> tuple[Attachment, ...]:
    count = form.get("NumMedia") or "0"
    if not re.fullmatch("[0-9]{1,4}", count):
        raise _wrong("NumMedia", "must be a number")
    return tuple(
        Attachment(url, form.get(f"MediaContentType{n}", ""))
        for n in range(min(int(count), MOST_MEDIA))
        if (url := form.get(f"MediaUrl{n}"))
    )


def _receipt(form: Form, ours: str, retries: str) -> Receipt:
    sid, status, code = _sid(form), STATUSES.get(form.get("MessageStatus", "")), form.get("ErrorCode", "")
    if status is None:
        raise _wrong("MessageStatus", f"must be one of {', '.join(STATUSES)}")
    return Receipt(
        sid=sid,
        status=status,
        error_code=int(code) if re.fullmatch("[0-9]{1,9}", code) else None,
        message_id=int(ours) if re.fullmatch("[0-9]{1,18}", ours) else None,
        retries=int(retries) if re.fullmatch("[0-9]{1,4}", retries) else 0,
    )


def _sid(form: Form) -> str:
    sid = form.get("MessageSid", "")
    if not twilio_form.SID.fullmatch(sid):
        raise _wrong("MessageSid", "must be SM or MM and 32 hexadecimal digits")
    return sid


def _wrong(field: str, what: str) -> BadInput:
    return BadInput(f"{field} {what}.", errors={field: what})
