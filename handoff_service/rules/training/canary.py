"""Decides whether a canary, a new model that one of several bot processes runs first, is promoted
or rolled back."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training.exact_tests import Share, more_often

FEWEST_TURNS = 8  # turns before a rollback, because a few unlucky conversations prove nothing
# The figures are tested every few seconds, so the limit is stricter than the usual 5 %.
SIGNIFICANT = 0.01
ENOUGH_TURNS = 50
# after this time a few turns are enough, so that a quiet desk gets a verdict
LONGEST = timedelta(hours=1)


class CanaryVerdict(StrEnum):
    WAIT = "wait"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFigures:
    """The share of turns that ended in a fallback or a handoff since the canary began. ``new``: on
    the canary. ``old``: on the running model."""

    new: Share
    old: Share
    lasted: timedelta


def judge(figures: CanaryFigures) -> CanaryVerdict:
    if figures.new.whole >= FEWEST_TURNS and is_worse(figures):
        return CanaryVerdict.ROLL_BACK
    if figures.new.whole >= ENOUGH_TURNS or figures.lasted >= LONGEST:
        return CanaryVerdict.PROMOTE
    return CanaryVerdict.WAIT


def is_worse(figures: CanaryFigures) -> bool:
    """Whether the new model's share is significantly higher."""
    return more_often(figures.new, figures.old) < SIGNIFICANT


def in_words(figures: CanaryFigures) -> str:
    new, old = figures.new, figures.old
    return _sentence(new.part, new.whole, old.part, old.whole)


def stored_in_words(reason: str) -> str:
    """The phrase of a stored reason that ``in_words`` wrote, so that pages can translate it. Other
    reasons are returned unchanged."""
    figures = _STORED.fullmatch(reason)
    return _sentence(*map(int, figures.groups())) if figures else reason


def _sentence(part: int, whole: int, old_part: int, old_whole: int) -> str:
    return phrase(
        "{part} of {whole} turns on the new model ended in a fallback or a handoff; {old_part} of "
        "{old_whole} on the old one.",
        part=part,
        whole=whole,
        old_part=old_part,
        old_whole=old_whole,
    )


_STORED = re.compile(
    r"(\d+) of (\d+) turns on the new model ended in a fallback or a handoff; "
    r"(\d+) of (\d+) on the old one\."
)
