"""Pushes consents to Twilio's Consent Management API. The gateway runs this in a thread."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, cast

from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client

from handoff_service.ports.sms_provider import ConsentNotTaken, ConsentState
from handoff_service.rules.consent.consent_keywords import Source

# Consents per request: https://www.twilio.com/docs/messaging/features/consent-api
CONSENTS_IN_REQUEST = 25
# The error of a single consent that can be retried: https://www.twilio.com/docs/api/errors/30646
TRY_AGAIN = "INTERNAL_SERVER_ERROR"
_TEXTED = {True: "opt-out-message", False: "opt-in-message"}
_HOW = {Source.AGENT: "offline"}


def push_all(client: Client, states: Sequence[ConsentState]) -> dict[str, ConsentNotTaken]:
    objections: dict[str, ConsentNotTaken] = {}
    for start in range(0, len(states), CONSENTS_IN_REQUEST):
        objections |= _push_some(client, states[start : start + CONSENTS_IN_REQUEST])
    return objections


def _push_some(client: Client, states: Sequence[ConsentState]) -> dict[str, ConsentNotTaken]:
    numbers = {one.reference: one.number for one in states}
    try:
        answers = client.accounts.v1.bulk_consents.create(
            items=[_consent(one) for one in states]
        ).items
    except (TwilioRestException, TwilioServiceException) as error:
        if error.status != 400:
            raise
        if len(states) == 1:
            return {states[0].number: ConsentNotTaken(why=f"refused ({error.code})")}
        return {
            number: objection
            for one in states
            for number, objection in _push_some(client, [one]).items()
        }
    objections = {}
    for item in answers or ():
        answer = cast("Mapping[str, Any]", item)
        if answer.get("error_code") and answer.get("correlation_id") in numbers:
            words = " ".join(map(str, answer.get("error_messages") or ())) or "refused"
            objection = ConsentNotTaken(
                why=f"{words} ({answer['error_code']})", again=TRY_AGAIN in words
            )
            objections[numbers[answer["correlation_id"]]] = objection
    return objections


def _consent(state: ConsentState) -> object:
    how = (
        _TEXTED[state.opted_out]
        if state.source is Source.KEYWORD
        else _HOW.get(state.source, "others")
    )
    return {
        "contact_id": state.number,
        "correlation_id": state.reference,
        "sender_id": state.sender,
        "status": "opt-out" if state.opted_out else "opt-in",
        "source": how,
        "date_of_consent": state.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
