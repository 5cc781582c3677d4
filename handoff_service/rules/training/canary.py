"""Decides whether to promote a canary or to roll it back. A canary is a new model that one of
several bot processes runs first."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.training.exact_tests import Share, more_often

FEWEST_TURNS = 8  # turns before a rollback, because a few unlucky conversations prove nothing
# The figures are tested every few seconds, so the limit is stricter than the usual 5 %.
SIGNIFICANT = 0.01
ENOUGH_TURNS = 50
# after this time the number of turns does not matter, so that a quiet desk gets a verdict
LONGEST = timedelta(hours=1)
#: the reason for a verdict, which is stored in English
FIGURES = phrase(
    "{part} of {whole} turns on the new model ended in a fallback or a handoff; {old_part} of "
    "{old_whole} on the old one."
)


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
    return filled(FIGURES, part=new.part, whole=new.whole, old_part=old.part, old_whole=old.whole)
