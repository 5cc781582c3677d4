"""Twilio checks for ``patchboard doctor`` and the checklist: the account, and the webhooks of its
numbers and messaging services."""

import asyncio
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from handoff_service import clock
from handoff_service.gateways.own_webhook import check_own_webhook
from handoff_service.gateways.twilio.settings import is_twilios, signature_keys
from handoff_service.gateways.twilio.signature import sign
from handoff_service.rules.shared.phrases import phrase
from handoff_service.settings import Settings
from handoff_service.store.views import ProviderNumber

TIMEOUT = 10.0  # seconds
# half of the difference that the lookup of a sent text tolerates (``lists.py``)
MAX_CLOCK_DIFFERENCE = timedelta(seconds=60)

MESSAGING = "https://messaging.twilio.com"


async def problems(settings: Settings, numbers: Sequence[ProviderNumber]) -> list[str]:
    """Return the problems with the account, its numbers and the path to our webhooks, each with its
    fix."""
    return [
        *await asyncio.to_thread(_account_problems, settings, numbers),
        *await _webhook(settings),
    ]


def _account_problems(settings: Settings, numbers: Sequence[ProviderNumber]) -> list[str]:
    """Return the problems with the account and its numbers. Blocks until Twilio has answered."""
    try:
        return list(_problems(settings, numbers))
    except requests.RequestException as error:
        return [
            phrase(
                "Twilio does not answer at {url} ({error}). Check the network.",
                url=settings.twilio_api_url,
                error=type(error).__name__,
            )
        ]


def _problems(settings: Settings, numbers: Sequence[ProviderNumber]) -> Iterator[str]:
    base = f"{settings.twilio_api_url}/2010-04-01/Accounts/{settings.twilio_account_sid}"
    with requests.Session() as session:
        session.auth = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")
        usable, found = check_account(session, base)
        yield from found
        if not usable:
            return
        wanted = f"{settings.public_url}/webhooks/twilio/sms"
        for one in numbers:
            own = True
            if one.messaging_service is not None:
                address = f"{_messaging(settings)}/v1/Services/{one.messaging_service}"
                own = yield from _service(session, address, one, wanted)
            if own:
                yield from _number(session, base, one.number, wanted)


def check_account(session: requests.Session, base: str) -> tuple[bool, list[str]]:
    """Check the credentials, the account's status and the clock. Returns whether Twilio accepts the
    credentials, and the problems."""
    account = session.get(f"{base}.json", timeout=TIMEOUT)
    if account.status_code in (401, 403, 404):
        return False, [
            phrase(
                "Twilio refuses PATCHBOARD_TWILIO_ACCOUNT_SID with PATCHBOARD_TWILIO_AUTH_TOKEN: "
                "copy both from the console's first page."
            )
        ]
    account.raise_for_status()
    found: list[str] = []
    if (status := account.json().get("status", "active")) != "active":
        found.append(
            phrase(
                "Twilio's account is {status}, so nothing is sent. Settle this with Twilio.",
                status=status,
            )
        )
    if apart := _clock_apart(account.headers.get("Date")):
        found.append(apart)
    return True, found


def _messaging(settings: Settings) -> str:
    return MESSAGING if is_twilios(settings.twilio_api_url) else settings.twilio_api_url


def _service(
    session: requests.Session, address: str, one: ProviderNumber, wanted: str
) -> Generator[str, None, bool]:
    """Check a number's messaging service. Returns whether Twilio uses the number's own webhook
    instead of the service's. True also if the account has no such service.

    https://www.twilio.com/docs/messaging/api/service-resource
    """
    named = phrase(
        "The messaging service {service} of {number}",
        service=one.messaging_service,
        number=one.number,
    )
    response = session.get(address, timeout=TIMEOUT)
    if response.status_code == 404:
        yield phrase(
            "{what} is not in this Twilio account. Correct it under Admin, Company numbers.",
            what=named,
        )
        return True
    response.raise_for_status()
    pool = session.get(f"{address}/PhoneNumbers", params={"PageSize": 400}, timeout=TIMEOUT)
    pool.raise_for_status()
    if one.number not in [found["phone_number"] for found in pool.json().get("phone_numbers", [])]:
        yield phrase(
            "{what} does not have this number in its sender pool, so nothing can be sent. Add it "
            "in Twilio's console, under the service, Sender Pool.",
            what=named,
        )
    service = response.json()
    if service.get("use_inbound_webhook_on_number"):
        return True
    fix = phrase(
        "Set in Twilio's console, under the service, Integration: {url} (POST).", url=wanted
    )
    yield from _incoming_webhook(
        service, ("inbound_request_url", "inbound_method"), named, wanted, fix
    )
    fix = phrase(
        "Set in Twilio's console, under the service, Integration, “Fallback URL”: {url} (POST).",
        url=wanted,
    )
    yield from _fallback(service, ("fallback_url", "fallback_method"), named, wanted, fix)
    return False


def _number(session: requests.Session, base: str, number: str, wanted: str) -> Iterator[str]:
    """Check the webhooks of a number.

    With ``sms_application_sid`` Twilio ignores every ``sms_*_url``:
    https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource#incomingphonenumber-properties
    """
    response = session.get(
        f"{base}/IncomingPhoneNumbers.json", params={"PhoneNumber": number}, timeout=TIMEOUT
    )
    response.raise_for_status()
    found = response.json().get("incoming_phone_numbers", [])
    if not found:
        yield phrase(
            "{number} is not a number of this Twilio account. Buy it, or delete it under Admin, "
            "Company numbers.",
            number=number,
        )
        return
    if application := found[0].get("sms_application_sid"):
        yield phrase(
            "{number} uses the TwiML app {application}, so Twilio ignores the number's own "
            "webhooks. Choose Webhook in place of TwiML App in Twilio's console, under the "
            "number, Configure with.",
            number=number,
            application=application,
        )
        return
    fix = phrase(
        "Set in Twilio's console, under the number, “A message comes in”: {url} (POST).",
        url=wanted,
    )
    yield from _incoming_webhook(found[0], ("sms_url", "sms_method"), number, wanted, fix)
    fix = phrase(
        "Set in Twilio's console, under the number, “Primary handler fails”: {url} (POST).",
        url=wanted,
    )
    keys = ("sms_fallback_url", "sms_fallback_method")
    yield from _fallback(found[0], keys, number, wanted, fix)


def _incoming_webhook(
    at: Mapping[str, Any], keys: tuple[str, str], named: str, wanted: str, fix: str
) -> Iterator[str]:
    """Check the webhook for incoming texts. ``keys`` are Twilio's names for the address and its
    method."""
    url, method = at.get(keys[0]), at.get(keys[1]) or "POST"
    if not url:
        yield phrase("{what} sends its texts nowhere. {mend}", what=named, mend=fix)
    elif url != wanted:
        yield phrase("{what} sends its texts to {url}. {mend}", what=named, url=url, mend=fix)
    elif method != "POST":
        yield phrase(
            "{what} sends its texts by {method}, which this service does not answer. {mend}",
            what=named,
            method=method,
            mend=fix,
        )


def _fallback(
    at: Mapping[str, Any], keys: tuple[str, str], named: str, wanted: str, fix: str
) -> Iterator[str]:
    """Check the fallback address. A fallback on another server may use any HTTP method."""
    url, method = at.get(keys[0]), at.get(keys[1]) or "POST"
    if not url:
        yield phrase("{what} has no fallback. {mend}", what=named, mend=fix)
    elif url == wanted and method != "POST":
        yield phrase(
            "{what} calls its fallback by {method}, which this service does not answer. {mend}",
            what=named,
            method=method,
            mend=fix,
        )


def _clock_apart(date: str | None) -> str | None:
    if date is None:
        return None
    apart = abs(clock.now() - parsedate_to_datetime(date).astimezone(UTC))
    if apart < MAX_CLOCK_DIFFERENCE:
        return None
    return phrase(
        "This machine's clock is {seconds} s off from Twilio's. Turn on time synchronization "
        "(NTP).",
        seconds=round(apart.total_seconds()),
    )


async def _webhook(settings: Settings) -> list[str]:
    """Send our own webhook a signed receipt, as Twilio does."""
    url = f"{settings.public_url}/webhooks/twilio/status"
    form = {"MessageSid": "SMdoctor", "MessageStatus": "doctor"}  # an invalid status
    signed = sign(url, sorted(form.items()), signature_keys(settings)[0], settings.twilio_signature)
    return await check_own_webhook(
        url,
        form,
        {"X-Twilio-Signature": signed},
        rejected=phrase(
            "{url} rejects our signature. The service at that address must have the same "
            "PATCHBOARD_PUBLIC_URL, auth token, PATCHBOARD_TWILIO_SIGNATURE and shared key as "
            "this check.",
            url=url,
        ),
    )
