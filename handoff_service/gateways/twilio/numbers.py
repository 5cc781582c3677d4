"""The account's numbers for the set-up: it lists where their texts go, and makes Twilio send them
here.

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

MAX_NUMBERS = 200  # numbers that the set-up lists


async def report(settings: Settings) -> AccountReport:
    """Test the credentials, and list the numbers with the address that gets their texts."""
    return await asyncio.to_thread(_report, settings)


async def point_here(settings: Settings, number: str) -> str | None:
    """Set the number's webhooks to this service. Returns None, or why that failed."""
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
    """Set the number's webhooks. This removes the number's TwiML app, because Twilio would use the
    app instead of the webhooks. Blocks until Twilio has answered."""
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
    session: requests.Session, settings: Settings, which: Mapping[str, Any]
) -> list[dict[str, Any]]:
    asked = session.get(
        f"{_base(settings)}/IncomingPhoneNumbers.json", params=which, timeout=TIMEOUT
    )
    asked.raise_for_status()
    found: list[dict[str, Any]] = asked.json().get("incoming_phone_numbers", [])
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
    """A sentence if Twilio cannot call the public address, because it is an address of this machine
    or of its network."""
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
