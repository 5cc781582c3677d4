"""Registers our webhooks on the phone and writes the app's settings: the signing key, a heartbeat
every five minutes, and the sending order (oldest text first).

Each request registers one event. A request with the same id replaces the earlier registration:
https://docs.sms-gate.app/features/webhooks/#step-2-register-your-webhook-endpoint. In local mode,
the API can write the signing key but never returns it:
https://docs.sms-gate.app/features/settings-management/#configuration-parameters. Only the source
code documents the setting ``processing_order`` (``MessagesSettings.kt``)."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from handoff_service.gateways.android_phone.client import PhoneClient, why
from handoff_service.gateways.android_phone.settings import events_address, numbers
from handoff_service.gateways.android_phone.webhooks import NEEDED, TEXT, WANTED
from handoff_service.gateways.provider import AccountNumber, AccountReport
from handoff_service.rules.shared.phrases import phrase
from handoff_service.settings import Settings

PING_EVERY = 300  # seconds; rules/delivery/gateway_watch.py waits for three missing heartbeats


def registered(listed: object, address: str) -> set[str]:
    """Return the events that the phone sends to this address."""
    hooks = listed if isinstance(listed, list) else []
    return {
        str(one.get("event"))
        for one in hooks
        if isinstance(one, dict) and one.get("url") == address
    }


async def report(settings: Settings) -> AccountReport:
    """Test the credentials. List the SIM cards' numbers, each with the address to which the phone
    sends its texts."""
    client = PhoneClient(settings)
    try:
        listed = await client.read("/webhooks")
    except OSError as error:
        return AccountReport(problems=[no_answer(settings, str(error)), *unreachable(settings)])
    finally:
        await client.close()
    wanted = events_address(settings)
    goes_to = next(
        (
            str(one.get("url"))
            for one in (listed if isinstance(listed, list) else ())
            if isinstance(one, dict) and one.get("event") == TEXT
        ),
        "",
    )
    is_ours = TEXT in registered(listed, wanted)
    return AccountReport(
        problems=list(unreachable(settings)),
        numbers=[
            AccountNumber(number=one, texts_go_to=wanted if is_ours else goes_to, is_ours=is_ours)
            for one in numbers(settings)
        ],
    )


async def point_here(settings: Settings, number: str) -> str | None:
    """Register our webhooks. All SIM cards of a phone share them. Returns None, or why that
    failed."""
    if number not in numbers(settings):
        return phrase("{number} is not in PATCHBOARD_ANDROID_PHONE_NUMBERS.", number=number)
    client = PhoneClient(settings)
    try:
        for name in WANTED:
            # a plain id without colons, like the app's own ids
            hook = {
                "id": f"patchboard-{name.replace(':', '-')}",
                "url": events_address(settings),
                "event": name,
            }
            status = await _write(client, "POST", "/webhooks", hook)
            # an older app does not know some events, and the service works without them
            if status >= 300 and name in NEEDED:
                return phrase(
                    "The phone answered {status} when {event} was registered. {hint}",
                    status=status,
                    event=name,
                    hint=_hint(status),
                )
        return await _write_settings(client, settings)
    except (aiohttp.ClientError, TimeoutError) as error:
        return no_answer(settings, why(error))
    finally:
        await client.close()


async def _write_settings(client: PhoneClient, settings: Settings) -> str | None:
    """Write the signing key, the heartbeat interval and the sending order. Without the key, the
    service accepts no events. This ignores the phone's refusal of the interval or the order,
    because only newer versions of the app support the order. Returns None, or why the key was not
    written."""
    key = {"webhooks": {"signing_key": settings.android_phone_signing_key}}
    status = await _write(client, "PATCH", "/settings", key)
    if status >= 300:
        return phrase(
            "The webhooks are registered, but the phone answered {status} to the signing key. "
            "Type it in the app: Settings, Webhooks, “Signing key”.",
            status=status,
        )
    await _write(client, "PATCH", "/settings", {"ping": {"interval_seconds": PING_EVERY}})
    await _write(client, "PATCH", "/settings", {"messages": {"processing_order": "FIFO"}})
    return None


async def _write(client: PhoneClient, method: str, path: str, json: Mapping[str, Any]) -> int:
    async with client.request(method, path, json=json) as answer:
        return answer.status


def _hint(status: int) -> str:
    if status in (401, 403):
        return phrase("Copy the user and the password from the app's first page.")
    return phrase(
        "The app accepts only https addresses, or http://127.0.0.1: see PATCHBOARD_PUBLIC_URL."
    )


def no_answer(settings: Settings, error: str) -> str:
    """Return the problem of a phone that does not answer, with its fix."""
    return phrase(
        "The phone does not answer at {url} ({error}). Check that it is on, in the same network, "
        "and that the app shows “Online”.",
        url=settings.android_phone_url,
        error=error,
    )


def unreachable(settings: Settings) -> Iterator[str]:
    """Yield a problem if the app would refuse to call our public address. A loopback address works
    if a USB cable connects the phone and the computer: https://docs.sms-gate.app/faq/webhooks/."""
    parts = urlsplit(settings.public_url)
    try:
        is_loopback = ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_loopback = False
    if parts.scheme != "https" and not is_loopback:
        yield phrase(
            "The app does not call {url}, because it is not https. Put the service behind a proxy "
            "with a certificate, and set PATCHBOARD_PUBLIC_URL.",
            url=settings.public_url,
        )
