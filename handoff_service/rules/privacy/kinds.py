"""The kinds of content that retention removes, each with the desk setting that limits it.

Reports count rows, so retention empties rows and keeps them. Only rows that no report counts are
deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from handoff_service.rules.shared.phrases import phrase

NIGHT = time(2, 30)  # when the nightly run of retention starts, by the desk's clock
MORNING = time(5)  # when the nightly run ends, by the desk's clock
LONGEST_DAYS = 36_500


class KeptKind(StrEnum):
    """A kind of content that can be kept for a limited time."""

    TEXTS = "texts"
    MEDIA = "media"
    NOTES = "notes"
    WORK_LOGS = "work_logs"
    CONVERSATIONS = "conversations"
    TRAINER_ITEMS = "trainer_items"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind's title on the page, and the content that retention removes."""

    title: str
    removes: str


KINDS: Mapping[KeptKind, KindWords] = {
    KeptKind.TEXTS: KindWords(
        phrase("Texts"),
        phrase(
            "Texts, event lines, short descriptions, and what the virtual agent understood, "
            "collected and remembers."
        ),
    ),
    KeptKind.MEDIA: KindWords(phrase("Media"), phrase("Pictures and files.")),
    KeptKind.NOTES: KindWords(phrase("Notes"), phrase("Private notes.")),
    KeptKind.WORK_LOGS: KindWords(
        phrase("Work logs"),
        phrase("Why each agent was or was not offered a conversation, and transfer notes."),
    ),
    KeptKind.CONVERSATIONS: KindWords(
        phrase("Conversations"),
        phrase("All of the above, and who the requester was. The times and counts stay."),
    ),
    KeptKind.TRAINER_ITEMS: KindWords(
        phrase("Trainer items"), phrase("Masked texts on the trainer's pages, with their labels.")
    ),
    KeptKind.AUDIT: KindWords(
        phrase("Audit log"),
        phrase("Entries of the audit log. The other entries can still be verified."),
    ),
}
#: kinds with a limit that counts from their creation, not from the end of a conversation
BY_DAY = frozenset({KeptKind.TRAINER_ITEMS, KeptKind.AUDIT})
#: kind -> what is removed together with it
INCLUDES: Mapping[KeptKind, frozenset[KeptKind]] = {
    KeptKind.CONVERSATIONS: frozenset(
        {KeptKind.TEXTS, KeptKind.MEDIA, KeptKind.NOTES, KeptKind.WORK_LOGS}
    )
}


def setting_of(kind: KeptKind) -> str:
    """The desk setting with the days of a kind."""
    return f"keep_{kind}_days"


def removed_with(kind: KeptKind) -> frozenset[KeptKind]:
    """The kind, and the kinds that are removed together with it."""
    return INCLUDES.get(kind, frozenset()) | {kind}


def cutoff(days: int, now: datetime) -> datetime | None:
    """The time before which content is removed. None: the content is kept forever."""
    return now - timedelta(days=days) if days else None


def until_night(now: datetime, time_zone: str) -> timedelta:
    """How long to wait until the nightly run may start; zero during the night."""
    clock = now.astimezone(ZoneInfo(time_zone)).time()
    if NIGHT <= clock < MORNING:
        return timedelta()
    return next_night(now, time_zone) - now


def next_night(now: datetime, time_zone: str) -> datetime:
    """The next start of the nightly run. If the clocks skip that time, the run starts an hour
    later."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        at = datetime.combine(day, NIGHT, zone).astimezone(UTC)
        if at > now:
            return at
    return datetime.combine(today + timedelta(days=2), NIGHT, zone).astimezone(UTC)
