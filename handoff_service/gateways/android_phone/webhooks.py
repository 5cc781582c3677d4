"""The phone's events: incoming texts, the outcomes of outgoing texts, and heartbeats.

If we do not answer an event with 2xx, the phone retries it, by default 14 times in about two days
(https://docs.sms-gate.app/features/webhooks/#retry-policy). So the service refuses a text to a
number that an admin has not set up yet, and gets the text again after the setup.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service import clock
from handoff_service.errors import BadInput, NotAllowed
from handoff_service.gateways.android_phone import incoming, message_ids
from handoff_service.gateways.android_phone.errors import CANCELED_ON_PHONE, code_of
from handoff_service.gateways.android_phone.signature import is_current, is_signed
from handoff_service.gateways.provider import MayHideText, ProviderRequest, ProviderWebhook
from handoff_service.operations.conversations.receive_sms import Attachment, Text
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.operations.delivery.watch_gateway import Heartbeat
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings

TEXT, PICTURES = "sms:received", "mms:downloaded"
# The phone sends "sms:sent" once for a whole text, and "sms:delivered" once for each part:
# https://docs.sms-gate.app/features/webhooks/#multipart-message-behavior
STATUSES: Mapping[str, Status] = {
    "sms:sent": Status.SENT,
    "sms:delivered": Status.DELIVERED,
    "sms:failed": Status.FAILED,
    "sms:cancelled": Status.FAILED,
}
# the events that the service needs; older versions of the app send only these
NEEDED = (TEXT, "sms:sent", "sms:delivered", "sms:failed")
# the phone's heartbeat, at the interval that registration.py sets, while the phone has a network:
# https://docs.sms-gate.app/features/webhooks/
PING = "system:ping"
WANTED = (*NEEDED, PICTURES, "sms:cancelled", PING)


def read_event(
    settings: Settings, request: ProviderRequest
) -> Sequence[Text | Receipt | Heartbeat]:
    """Verify and read a request to ``POST /webhooks/android_phone/events``. For an event that the
    service does not use, this returns nothing, and the phone gets a 200."""
    event = _signed_event(settings, request)
    name = event.get("event")
    if not isinstance(name, str):
        raise BadInput("event must be a name.", errors={"event": "must be a name"})
    if name not in WANTED:
        return ()
    if name == PING:
        return [Heartbeat()]
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise _wrong(name, "payload must be an object")
    if name in STATUSES:
        return [_receipt(settings, name, payload)]
    return [_text(settings, name, payload)]


WEBHOOKS = (ProviderWebhook("/events", read_event),)


def _signed_event(settings: Settings, request: ProviderRequest) -> Mapping[str, Any]:
    """Verify the signature before parsing the body."""
    timestamp = request.headers.get("x-timestamp", "")
    signature = request.headers.get("x-signature", "")
    key = settings.android_phone_signing_key or ""
    if not key or not is_signed(request.body, timestamp, signature, key):
        raise NotAllowed("The signature is missing or wrong.")
    if not is_current(timestamp, clock.now()):
        raise NotAllowed("The time of the signature is too far from this machine's clock.")
    try:
        event = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise MayHideText("The body must be JSON in UTF-8.") from error
    if not isinstance(event, dict):
        raise MayHideText("The body must be a JSON object.")
    return event


def _text(settings: Settings, name: str, payload: Mapping[str, Any]) -> Text:
    is_mms = name == PICTURES
    body = incoming.body_of_picture_message(payload) if is_mms else payload.get("message")
    if not isinstance(body, str):
        raise _wrong(name, "message must be a text")
    try:
        read = incoming.read(settings, payload, body=body, mms=is_mms)
    except incoming.NotReadable as error:
        raise _wrong(name, str(error)) from error
    if read is None:
        raise BadInput(
            f"SIM {payload.get('simNumber')} has no number in PATCHBOARD_ANDROID_PHONE_NUMBERS."
        )
    return Text(
        sid=read.sid,
        requester_number=read.sender,
        provider_number=read.to,
        body=read.body,
        media=tuple(Attachment(url, content_type) for url, content_type in read.pictures),
    )


def _receipt(settings: Settings, name: str, payload: Mapping[str, Any]) -> Receipt:
    sid, reason = payload.get("messageId"), payload.get("reason")
    if not isinstance(sid, str) or not sid or len(sid) > 100:
        raise BadInput("messageId must be an id.", errors={"messageId": "must be an id"})
    about = message_ids.about(settings, sid)
    code = None
    if STATUSES[name] is Status.FAILED:
        code = CANCELED_ON_PHONE if name == "sms:cancelled" else code_of(str(reason or ""))
    return Receipt(
        sid=sid,
        status=STATUSES[name],
        error_code=code,
        message_id=about.message_id,
        retries=about.retries,
    )


def _wrong(name: str, what: str) -> BadInput:
    """Build the error for an event in a wrong format. If the event is a text, the error starts a
    gap sweep, which then finds the text in the phone's inbox."""
    kind = BadInput if name in STATUSES else MayHideText
    return kind(f"{name}: {what}.")
