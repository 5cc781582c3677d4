"""The account's numbers, for the setup: lists where Twilio sends their texts, and points their
webhooks at this service.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

import asyncio
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests

from handoff_service.gateways.provider import AccountNumber, AccountReport
from handoff_service.gateways.twilio.account import TIMEOUT, check_account
from handoff_service.rules.shared.phrases import phrase
from handoff_service.settings import Settings

MAX_NUMBERS = 200  # numbers that the setup lists


async def report(settings: Settings) -> AccountReport:
    """Test the credentials. List the numbers, each with the address to which Twilio sends its
    texts."""
    return await asyncio.to_thread(_report, settings)


async def point_here(settings: Settings, number: str) -> str | None:
    """Point the number's webhooks at this service. Returns None, or why that failed."""
    return await asyncio.to_thread(_point_here, settings, number)


def _report(settings: Settings) -> AccountReport:
    """Test the credentials and list the numbers. Blocks until Twilio has answered."""
    problems = list(_unreachable(settings))
    try:
        with _session(settings) as session:
            usable, wrong = check_account(session, _base(settings))
            problems += wrong
            found = _numbers(session, settings, {"PageSize": MAX_NUMBERS}) if usable else []
    except requests.RequestException as error:
        return AccountReport(problems=[*problems, _no_answer(settings, error)])
    wanted = _wanted(settings)
    return AccountReport(problems=problems, numbers=[_listed(one, wanted) for one in found])


def _listed(one: Mapping[str, Any], wanted: str) -> AccountNumber:
    application = one.get("sms_application_sid")
    goes_to = (
        phrase("the TwiML app {application}", application=application)
        if application
        else one.get("sms_url") or ""
    )
    return AccountNumber(number=one["phone_number"], texts_go_to=goes_to, is_ours=goes_to == wanted)


def _point_here(settings: Settings, number: str) -> str | None:
    """Set the number's webhooks. This removes its TwiML app, because Twilio ignores the webhooks of
    a number with an app. Returns None, or why that failed. Blocks until Twilio has answered."""
    wanted = _wanted(settings)
    ours = {
        "SmsUrl": wanted,
        "SmsMethod": "POST",
        "SmsFallbackUrl": wanted,
        "SmsFallbackMethod": "POST",
        "SmsApplicationSid": "",
    }
    try:
        with _session(settings) as session:
            found = _numbers(session, settings, {"PhoneNumber": number})
            if not found:
                return phrase("{number} is not a number of this Twilio account.", number=number)
            address = f"{_base(settings)}/IncomingPhoneNumbers/{found[0]['sid']}.json"
            session.post(address, data=ours, timeout=TIMEOUT).raise_for_status()
    except requests.RequestException as error:
        return _no_answer(settings, error)
    return None


def _numbers(
    session: requests.Session, settings: Settings, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    response = session.get(
        f"{_base(settings)}/IncomingPhoneNumbers.json", params=filters, timeout=TIMEOUT
    )
    response.raise_for_status()
    found: list[dict[str, Any]] = response.json().get("incoming_phone_numbers", [])
    return found


def _session(settings: Settings) -> requests.Session:
    session = requests.Session()
    session.auth = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")
    return session


def _base(settings: Settings) -> str:
    return f"{settings.twilio_api_url}/2010-04-01/Accounts/{settings.twilio_account_sid}"


def _wanted(settings: Settings) -> str:
    return f"{settings.public_url}/webhooks/twilio/sms"


def _no_answer(settings: Settings, error: requests.RequestException) -> str:
    why = type(error).__name__
    if error.response is not None:
        return phrase(
            "Twilio answered {status}. Try again, or use its console.",
            status=error.response.status_code,
        )
    return phrase(
        "Twilio does not answer at {url} ({error}). Check the network.",
        url=settings.twilio_api_url,
        error=why,
    )


def _unreachable(settings: Settings) -> Iterator[str]:
    """Yield a problem if the public address is on this machine or in a private network, where
    Twilio cannot reach it."""
    host = urlsplit(settings.public_url).hostname or ""
    try:
        local = ip_address(host).is_private
    except ValueError:
        local = host == "localhost"
    if local:
        yield phrase(
            "Twilio cannot reach {url}. Set PATCHBOARD_PUBLIC_URL to the address at which the "
            "internet reaches this service, and start it again.",
            url=settings.public_url,
        )
