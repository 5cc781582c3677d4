"""The targets of a conversation."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTarget:
    """A running target of a conversation.

    - ``minutes``: the queue's target, in minutes of opening hours;
    - ``due_at``: when it is due; null while the conversation is on hold, unless the target was due
      before the hold; also null if the queue does not open for long enough within a year;
    - ``soon_at``: when only a quarter of the time is left; null if ``minutes_left_on_hold`` has a
      value;
    - ``minutes_left_on_hold``: the minutes of opening hours that remained when the hold began; null
      if the conversation is not on hold, or if the target was due before the hold.
    """

    kind: TargetKind
    minutes: int
    started_at: datetime
    soon_at: datetime | None
    due_at: datetime | None
    minutes_left_on_hold: int | None

    @property
    def title(self) -> str:
        """The target's name on pages, such as ``First response``."""
        return self.kind.replace("_", " ").capitalize()

    def tone(self, now: datetime) -> str:
        """Return the color class with which pages mark the target: ``fail`` if it was missed,
        ``wait`` if it is due soon, or else an empty string."""
        if self.due_at is None:
            return ""
        if now > self.due_at:
            return "fail"
        return "wait" if self.soon_at is not None and now >= self.soon_at else ""
