"""What ``patchboard doctor`` asks Twilio: whether it knows us, and where it sends what is texted to our numbers."""

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import requests

from handoff_service import clock
from handoff_service.settings import Settings

TIMEOUT = 10.0  # seconds
MOST_APART = timedelta(seconds=60)  # of the clocks: beyond that the provider's list and ours do not fit together
CONSOLE = "in Twilio's console, under the number"


def faults(settings: Settings, numbers: Sequence[str]) -> list[str]:
    """What is wrong with the account, with what mends it. Blocks for as long as Twilio takes."""
    try:
        return list(_faults(settings, numbers))
    except requests.RequestException as error:
        return [f"Twilio does not answer at {settings.twilio_api_url} ({type(error).__name__}). Is there a network?"]


def _faults(settings: Settings, numbers: Sequence[str]) -> Iterator[str]:
    base = f"{settings.twilio_api_url}/2010-04-01/Accounts/{settings.twilio_account_sid}"
    with requests.Session() as session:
        session.auth = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")
        account = session.get(f"{base}.json", timeout=TIMEOUT)
        if account.status_code in (401, 403, 404):
            yield (
                "Twilio refuses PATCHBOARD_TWILIO_ACCOUNT_SID with PATCHBOARD_TWILIO_AUTH_TOKEN: "
                "copy both from the console's first page."
            )
            return
        account.raise_for_status()
        if (status := account.json().get("status", "active")) != "active":
            yield f"Twilio's account is {status}: nothing is sent until that is settled with Twilio."
        if apart := _clock_apart(account.headers.get("Date")):
            yield apart
        for number in numbers:
            yield from _number(session, base, number, settings.public_url)


def _number(session: requests.Session, base: str, number: str, public_url: str) -> Iterator[str]:
    """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""
    asked = session.get(f"{base}/IncomingPhoneNumbers.json", params={"PhoneNumber": number}, timeout=TIMEOUT)
    asked.raise_for_status()
    found = asked.json().get("incoming_phone_numbers", [])
    if not found:
        yield f"{number} is no number of this Twilio account: buy it, or take it out under Admin, Provider numbers."
        return
    wanted, is_set = f"{public_url}/webhooks/twilio/sms", found[0].get("sms_url") or ""
    if is_set != wanted or (found[0].get("sms_method") or "POST") != "POST":
        yield f"{number} sends its texts to {is_set or 'nowhere'}. Set {CONSOLE}, A message comes in: {wanted} (POST)."
    if not found[0].get("sms_fallback_url"):
        yield f"{number} has no fallback. Set {CONSOLE}, Primary handler fails: {wanted} (POST)."


def _clock_apart(date: str | None) -> str | None:
    if date is None:
        return None
    apart = abs(clock.now() - parsedate_to_datetime(date).astimezone(UTC))
    if apart < MOST_APART:
        return None
    return f"This machine's clock is {apart.total_seconds():.0f} s away from Twilio's: let it follow a time server."
