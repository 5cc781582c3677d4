"""Replaces methods that Rasa's tracker stores use. Requires the Rasa version ``RASA_VERSION``."""

from __future__ import annotations

import functools

import rasa
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.events import Event

from bot.action_result import RASA_VERSION, WrongRasaVersion


def install() -> None:
    """Replace the methods of Rasa. Raises WrongRasaVersion."""
    if rasa.__version__ != RASA_VERSION:
        raise WrongRasaVersion(
            f"bot/tracker_store.py requires Rasa {RASA_VERSION}, but {rasa.__version__} is "
            "installed. Compare SQLTrackerStore, FailSafeTrackerStore, "
            "DialogueStateTracker.applied_events and Event.resolve_by_type with that version, "
            "then change RASA_VERSION."
        )

    def fail(self: FailSafeTrackerStore, error: Exception) -> None:
        raise error

    FailSafeTrackerStore.on_tracker_store_error = fail  # type: ignore[method-assign]
    FailSafeTrackerStore.on_tracker_store_retrieve_error = fail  # type: ignore[method-assign]
    if not hasattr(Event.resolve_by_type, "cache_info"):
        Event.resolve_by_type = staticmethod(functools.lru_cache(None)(Event.resolve_by_type))  # type: ignore[method-assign]
