"""Twilio's webhooks: incoming texts, and receipts for sent texts.

Each webhook checks the size, the format and the signature before it uses the fields. Twilio waits
15 s for a response, and then calls its fallback address once. It gets a 200 after the commit, or a
503 if the service cannot commit.

Sources: https://www.twilio.com/docs/messaging/guides/webhook-request (parameters),
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status (receipts)
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

from handoff_service.errors import BadInput, Refusal
from handoff_service.gateways.provider import (
    Acknowledgement,
    MayHideText,
    ProviderRequest,
    ProviderWebhook,
)
from handoff_service.gateways.twilio import form as twilio_form
from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.gateways.twilio.settings import signature_keys
from handoff_service.gateways.twilio.signature import is_signed
from handoff_service.operations.conversations.receive_sms import Attachment, Text
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.rules.delivery.sms_text import is_e164, is_sender
from handoff_service.rules.virtual_agent.commands import Command
from handoff_service.settings import Settings

MOST_BYTES = 64 * 1024  # a text of 1,600 characters with 10 pictures needs less than 24 KB
MAX_FIELDS = 400  # a text has about 25 and two per picture; Twilio adds fields without notice
# https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
MAX_MEDIA = 10
FORM = "application/x-www-form-urlencoded"

# The keyword that Twilio's Advanced Opt-Out recognized in a text and has already answered:
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
OPT_OUT_TYPES = {"STOP": Command.OPT_OUT, "START": Command.OPT_IN, "HELP": Command.HELP}

type Form = Mapping[str, str]


class TooLarge(Refusal):
    """The request is too large."""

    status = 413


class NotTwilio(Refusal):
    """The signature is missing or wrong."""

    status = 403


class Recut(MayHideText):
    """The signature is valid, but somebody has moved characters between names and values."""


def read_text(settings: Settings, request: ProviderRequest) -> Sequence[Text]:
    """Verify and read a request to ``POST /webhooks/twilio/sms``."""
    return [_text(_signed_form(request, settings))]


def read_receipt(settings: Settings, request: ProviderRequest) -> Sequence[Receipt]:
    """Verify and read a request to ``POST /webhooks/twilio/status``. The address contains the
    message and the attempt of the receipt."""
    form = _signed_form(request, settings)
    return [
        _receipt(form, request.arguments.get("message", ""), request.arguments.get("retries", ""))
    ]


EMPTY = Acknowledgement("<Response/>", "text/xml")
WEBHOOKS = (
    ProviderWebhook("/sms", read_text, EMPTY),
    ProviderWebhook("/status", read_receipt, EMPTY),
)


def _signed_form(request: ProviderRequest, settings: Settings) -> Form:
    """Verify the form and return its fields. Replace NUL characters, which the database cannot
    store."""
    if len(request.body) > MOST_BYTES:
        raise TooLarge
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadInput(f"The body must be a form ({FORM}).")
    pairs = _pairs(request.body)
    query = f"?{request.query}" if request.query else ""
    signature, keys = request.headers.get("x-twilio-signature", ""), signature_keys(settings)
    if not is_signed(request.address + query, pairs, signature, keys, settings.twilio_signature):
        raise NotTwilio(f"The signature is missing or wrong for {request.address}")
    if wrong := twilio_form.error(pairs, query, settings.twilio_account_sid or ""):
        raise Recut(wrong)
    return {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in pairs}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Return every field, including blank ones. Twilio signs blank fields, but Sanic's request.form
    drops them."""
    fields = body.decode(errors="replace").split("&")
    if len(fields) > MAX_FIELDS:
        raise BadInput("The form has too many fields.")
    halves = (field.partition("=") for field in fields if field)
    return [(_decoded(name), _decoded(value)) for name, _, value in halves]


def _decoded(quoted: str) -> str:
    """Decode a field as ``urllib.parse.parse_qsl`` does. Most fields need no decoding, and skipping
    them saves a third of a webhook's time."""
    return unquote_plus(quoted, errors="replace") if "%" in quoted or "+" in quoted else quoted


def _text(form: Form) -> Text:
    sid, sender, to = _sid(form), form.get("From", ""), form.get("To", "")
    if not is_sender(sender):
        raise _wrong(
            "From", "must be a phone number, a short code or a sender name of up to 11 characters"
        )
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
        for n in range(min(int(count), MAX_MEDIA))
        if (url := form.get(f"MediaUrl{n}"))
    )


def _receipt(form: Form, ours: str, retries: str) -> Receipt:
    sid, status, code = (
        _sid(form),
        STATUSES.get(form.get("MessageStatus", "")),
        form.get("ErrorCode", ""),
    )
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
