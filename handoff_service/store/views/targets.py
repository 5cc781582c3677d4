"""The targets of a conversation."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTarget:
    """A target of a conversation that is not reached yet.

    - ``minutes``: the queue's target, in minutes of opening hours;
    - ``due_at``: when it is due; null while the conversation is on hold, and when the queue does
      not open long enough within a year;
    - ``soon_at``: when a quarter of its time is left;
    - ``minutes_left_on_hold``: the minutes of opening hours that were left when the hold began;
      null: the conversation is not on hold, or the target was due before.
    """

    kind: TargetKind
    minutes: int
    started_at: datetime
    soon_at: datetime | None
    due_at: datetime | None
    minutes_left_on_hold: int | None

    @property
    def title(self) -> str:
        """Its name on pages, such as ``First response``."""
        return self.kind.replace("_", " ").capitalize()

    def tone(self, now: datetime) -> str:
        """The color class with which a page marks it: ``fail`` when it was missed, ``wait`` when it
        is due soon."""
        if self.due_at is None:
            return ""
        if now > self.due_at:
            return "fail"
        return "wait" if self.soon_at is not None and now >= self.soon_at else ""
