"""Outages: what an admin or a supervisor may say about what is down, and when it is said."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.keyword_traps import asks_for_opt_out
from handoff_service.rules.sms_text import segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """``text`` is what requesters are told; ``until`` None: nobody knows yet."""

    title: str
    text: str
    since: datetime
    until: datetime | None = None
    active: bool = True

    def is_current(self, at: datetime) -> bool:
        """Whether requesters are told of it at this moment."""
        return self.active and self.since <= at and (self.until is None or at < self.until)


def faults(outage: Outage) -> dict[str, str]:
    """What is wrong with an outage, by field; nothing when it can be saved."""
    found = {}
    if wrong := _text_fault(outage.text):
        found["text"] = wrong
    if outage.until is not None and outage.until <= outage.since:
        found["until"] = "must be later than its beginning"
    return found


def _text_fault(text: str) -> str | None:
    if not text.strip():
        return "must not be empty"
    if keyword := asks_for_opt_out(text):
        return f"asks people to answer {keyword}, with which they opt out of all texts; use another word"
    counted = segments(text)
    if counted.count > 1:
        because = f" because of {counted.forced_by}" if counted.forced_by else ""
        return f"must fit in one segment; it takes {counted.count}{because}"
    return None
