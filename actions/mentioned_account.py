"""Finds an account that a requester named before the identity form asked for it, so that they need
not repeat it."""

import re
from collections.abc import Iterator
from typing import Any

from rasa_sdk.interfaces import Tracker

FORM = "identity_form"
KINDS = ("email", "employee_number")
# Digits alone can also be a case, a room or a year.
_SURELY = re.compile(r"@|[a-z].*\d{4}", re.IGNORECASE)


def mentioned_account(tracker: Tracker) -> str | None:
    """The last e-mail address or employee number that the requester has texted since the last
    proof. None if there is none."""
    for event in _since_last_proof(tracker):
        found = (event.get("parse_data") or {}).get("entities") or []
        cases = [(one["start"], one["end"]) for one in found if one["entity"] == "case_number"]
        for one in found:
            within = any(start < one["end"] and one["start"] < end for start, end in cases)
            if one["entity"] in KINDS and not within and _SURELY.search(str(one["value"])):
                return str(one["value"])
    return None


def _since_last_proof(tracker: Tracker) -> Iterator[dict[str, Any]]:
    """The texts since the identity form last ran, the newest first."""
    for event in reversed(tracker.events):
        if event.get("event") == "action" and event.get("name") == FORM:
            return
        if event.get("event") == "user":
            yield event
