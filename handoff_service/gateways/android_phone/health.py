"""Checks the phone for ``patchboard doctor`` and the checklist: its connection, battery, network,
SIM cards, app, clock and webhooks.

Sources: https://docs.sms-gate.app/features/health/#available-health-checks for the names of the
checks, https://docs.sms-gate.app/features/settings-management/ for the app's settings, and
``DeviceRoutes.kt`` for the SIM cards.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from handoff_service import clock
from handoff_service.gateways.android_phone.client import PhoneClient, why
from handoff_service.gateways.android_phone.registration import no_answer, registered, unreachable
from handoff_service.gateways.android_phone.settings import events_address, numbers
from handoff_service.gateways.android_phone.signature import TOLERANCE, sign
from handoff_service.gateways.android_phone.webhooks import NEEDED
from handoff_service.gateways.own_webhook import check_own_webhook
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.settings import Settings
from handoff_service.store.views import ProviderNumber

OLDEST = (1, 59)  # the first version that lists texts, which the gap sweep needs

# Warn at half the clock difference that signatures allow, before the service refuses texts.
MAX_CLOCK_DIFFERENCE = TOLERANCE / 2
KEEP_POWER = phrase("Connect it to a charger.")
# check of the phone -> the sentence to show if it fails
CHECKS: Mapping[str, str] = {
    "connection:status": phrase(
        "The phone has no internet connection, so it may not reach this service. "
        "Check its Wi-Fi, or turn off Settings, Webhooks, “Require Internet connection” in the app."
    ),
    "messages:failed": phrase(
        "The phone could not send texts in the last hour. Check its SIM card's "
        "credit and its mobile network."
    ),
}


async def problems(settings: Settings, desk_numbers: Sequence[ProviderNumber]) -> list[str]:
    """Return the problems with the phone, its SIM cards and the path to our webhooks, each with its
    fix."""
    return [
        *_numbers(settings, [one.number for one in desk_numbers]),
        *unreachable(settings),
        *await phone_problems(settings),
        *await _webhook(settings),
    ]


async def phone_problems(settings: Settings) -> list[str]:
    """Return the problems that requests to the phone show: it does not answer, or its state, clock,
    webhooks, SIM cards or settings are wrong."""
    client = PhoneClient(settings)
    try:
        async with client.request("GET", "/health") as answer:  # 500 when a check fails
            date, health = answer.headers.get("Date"), await _json(answer)
        if not isinstance(health.get("checks"), dict):
            return [
                phrase(
                    "Another program answers at {url}. Set PATCHBOARD_ANDROID_PHONE_URL to the "
                    "address that the app shows.",
                    url=settings.android_phone_url,
                )
            ]
        async with client.request("GET", "/webhooks") as answer:
            if answer.status in (401, 403):
                return [
                    phrase(
                        "The phone refuses PATCHBOARD_ANDROID_PHONE_USER with "
                        "PATCHBOARD_ANDROID_PHONE_PASSWORD: copy both from the app's first page."
                    )
                ]
            webhooks = await answer.json(content_type=None)
        found = [*_health(health), *_clock_apart(date), *_webhooks(settings, webhooks)]
        found += _sim_cards(settings, await client.read("/device"))
        return [*found, *_app_settings(await client.read("/settings"))]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return [no_answer(settings, why(error))]
    finally:
        await client.close()


async def _json(answer: aiohttp.ClientResponse) -> Mapping[str, Any]:
    try:
        found = await answer.json(content_type=None)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(settings: Settings, of_desk: Sequence[str]) -> Iterator[str]:
    ours = numbers(settings)
    for number in of_desk:
        if number not in ours:
            yield phrase(
                "{number} is not in PATCHBOARD_ANDROID_PHONE_NUMBERS. Add it there, or delete it "
                "under Admin, Company numbers.",
                number=number,
            )
    for number in ours:
        if of_desk and number not in of_desk:
            yield phrase(
                "{number} in PATCHBOARD_ANDROID_PHONE_NUMBERS is not a company number, so its "
                "texts are refused. Add it under Admin, Company numbers.",
                number=number,
            )


def _health(health: Mapping[str, Any]) -> Iterator[str]:
    checks, version = health["checks"], str(health.get("version", ""))
    battery, charging = _check(checks, "battery:level"), _check(checks, "battery:charging")
    if battery.get("status", "pass") != "pass":
        level = phrase("The phone's battery is at {level} %.", level=battery.get("observedValue"))
        yield level if charging.get("observedValue") else joined(" ", (level, KEEP_POWER))
    for name, sentence in CHECKS.items():
        # for the phone, "warn" means that some texts failed, and "fail" means that all texts failed
        bad = ("fail",) if name == "messages:failed" else ("warn", "fail")
        if _check(checks, name).get("status") in bad:
            yield sentence
    read = re.match(r"v?([0-9]+)\.([0-9]+)", version)
    if read and (int(read[1]), int(read[2])) < OLDEST:
        yield phrase(
            "The app's version is {version}. Install 1.59 or newer: an older one cannot list the "
            "texts that it got, so a text may be lost.",
            version=version,
        )


def _check(checks: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = checks.get(name)
    return found if isinstance(found, dict) else {}


def _clock_apart(date: str | None) -> Iterator[str]:
    try:
        apart = abs(clock.now() - parsedate_to_datetime(date or "").astimezone(UTC))
    except ValueError:  # the date is missing or not readable
        apart = timedelta(0)
    if apart > MAX_CLOCK_DIFFERENCE:
        yield phrase(
            "The phone's clock is {seconds} s off from this machine's. Webhooks that are {most} s "
            "off are refused. Turn on automatic time on both.",
            seconds=round(apart.total_seconds()),
            most=round(TOLERANCE.total_seconds()),
        )


def _webhooks(settings: Settings, listed: object) -> Iterator[str]:
    there = registered(listed, events_address(settings))
    missing = [name for name in NEEDED if name not in there]
    if missing:
        yield phrase(
            "The phone does not send {events} to {url}. Register them with: {command}",
            events=", ".join(missing),
            url=events_address(settings),
            command=f"patchboard number point-here {numbers(settings)[0]}",
        )


def _sim_cards(settings: Settings, devices: object) -> Iterator[str]:
    """Compare the SIM cards with our numbers. Many carriers do not store the number on the card,
    and some store it in national format. So this compares only the last seven digits."""
    device = devices[0] if isinstance(devices, list) and devices else {}
    cards = device.get("simCards") if isinstance(device, dict) else None
    if not isinstance(cards, list):
        return
    by_sim = {one.get("simNumber"): one for one in cards if isinstance(one, dict)}
    ours = numbers(settings)
    for sim, number in enumerate(ours, start=1):
        if len(ours) > 1 and sim not in by_sim:
            yield phrase(
                "The phone has no SIM {sim} for {number}. Insert it, or remove the number.",
                sim=sim,
                number=number,
            )
            continue
        known = re.sub(r"\D", "", str(by_sim.get(sim, {}).get("phoneNumber") or ""))
        if len(ours) > 1 and len(known) >= 7 and known[-7:] != number[-7:]:
            yield phrase(
                "SIM {sim} has a number that ends in {end}, not {number}. Correct the order in "
                "PATCHBOARD_ANDROID_PHONE_NUMBERS.",
                sim=sim,
                end=known[-4:],
                number=number,
            )


def _app_settings(found: object) -> Iterator[str]:
    messages = found.get("messages") if isinstance(found, dict) else None
    if isinstance(messages, dict) and messages.get("processing_order") == "LIFO":
        yield phrase(
            "The app sends the newest text first, so two texts can arrive in the wrong order. In "
            "the app, set Settings, Messages, “Processing order” to FIFO."
        )


async def _webhook(settings: Settings) -> list[str]:
    """Send our own webhook a signed event, as the phone does."""
    url, now = events_address(settings), str(int(clock.now().timestamp()))
    body = b'{"event": null}'  # an event without a name is invalid
    headers = {
        "Content-Type": "application/json",
        "X-Timestamp": now,
        "X-Signature": sign(body, now, settings.android_phone_signing_key or ""),
    }
    return await check_own_webhook(
        url,
        body,
        headers,
        rejected=phrase(
            "{url} rejects our signature. The service at that address must have the same "
            "PATCHBOARD_ANDROID_PHONE_SIGNING_KEY as this check.",
            url=url,
        ),
    )
