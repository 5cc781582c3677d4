"""Interprets the phone's settings: its numbers, one for each SIM card."""

from handoff_service.settings import Settings


def numbers(settings: Settings) -> tuple[str, ...]:
    """Return the numbers of the SIM cards, beginning with SIM 1."""
    return tuple(filter(None, (settings.android_phone_numbers or "").split(",")))


def sim_of(settings: Settings, number: str) -> int | None:
    """Return the SIM card with this number, counted from 1 as in the app; None: no SIM card has
    it."""
    found = numbers(settings)
    return found.index(number) + 1 if number in found else None


def number_of(settings: Settings, sim: int | None, recipient: str | None) -> str | None:
    """Return which of our numbers received a text; None: unknown.

    Some phones do not report the SIM card, and some carriers do not store the number on it:
    https://docs.sms-gate.app/features/multi-sim/#device-sim-information
    """
    found = numbers(settings)
    if len(found) == 1:
        return found[0]
    if sim is not None:
        return found[sim - 1] if 1 <= sim <= len(found) else None
    return recipient if recipient in found else None


def events_address(settings: Settings) -> str:
    """Return the address to which the phone posts its events."""
    return f"{settings.public_url}/webhooks/android_phone/events"


def segments_per_second(settings: Settings) -> float:
    """Return how many segments each number may send per second. The SIM cards share one limit,
    because Android counts all texts of the app."""
    return settings.android_phone_per_minute / 60 / max(1, len(numbers(settings)))
