"""Runs of the practice desk."""

from dataclasses import dataclass
from datetime import date, datetime

from handoff_service.rules.training.practice import PracticeSource, PracticeState
from handoff_service.rules.training.practice_score import PracticeScore
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeRun:
    """A run of the practice desk. ``score``: null before the end, and if a crash of the service
    ended the run."""

    id: int
    agent: Named
    started_by: Named
    source: PracticeSource
    conversations: int
    speed: int
    queue: str | None
    first_day: date
    last_day: date
    state: PracticeState
    started_at: datetime
    entered_at: datetime | None
    ended_at: datetime | None
    score: PracticeScore | None
