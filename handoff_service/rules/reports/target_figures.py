"""Figures of response targets: the share on time, and how many were met and missed."""

from dataclasses import dataclass

from handoff_service.rules.reports.figure_kinds import (
    Count,
    Figure,
    How,
    Is,
    Known,
    Percentage,
    Sum,
    SumPercentage,
    Unit,
)
from handoff_service.rules.shared.phrases import joined, phrase

_TARGETS_COUNT = phrase("Targets count opening hours and leave out time on hold.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _TargetWords:
    """Headings and definitions of the figures of one target."""

    on_time: str
    share: str
    met: str
    count_met: str
    missed: str
    count_missed: str


def _met(name: str, column: str, words: _TargetWords) -> tuple[Figure, ...]:
    """The share that met a target of a conversation, and how many met and missed it."""
    met, missed, known = (Is(column, (1,)),), (Is(column, (0,)),), (Known(column),)
    return (
        _on_time(name, words.on_time, words.share, Percentage(met, known)),
        Figure(
            name=f"{name}_met",
            heading=words.met,
            definition=words.count_met,
            unit=Unit.COUNT,
            how=Count(met),
            lower_is_better=False,
        ),
        Figure(
            name=f"{name}_missed",
            heading=words.missed,
            definition=words.count_missed,
            unit=Unit.COUNT,
            how=Count(missed),
            lower_is_better=True,
        ),
    )


def _on_time(name: str, heading: str, definition: str, how: How) -> Figure:
    return Figure(
        name=f"{name}_on_time",
        heading=heading,
        definition=joined(" ", [definition, _TARGETS_COUNT]),
        unit=Unit.PERCENT,
        how=how,
        lower_is_better=False,
    )


_NEXT = ("next_responses_met", "next_responses_missed")
TARGET_FIGURES = (
    *_met(
        "first_response",
        "first_response_target",
        _TargetWords(
            on_time=phrase("First response on time"),
            share=phrase(
                "Of the first responses that met or missed the target of their queue, the share "
                "that met it."
            ),
            met=phrase("First response targets met"),
            count_met=phrase(
                "Conversations with a first response that met the target of their queue."
            ),
            missed=phrase("First response targets missed"),
            count_missed=phrase(
                "Conversations with a first response that missed the target of their queue."
            ),
        ),
    ),
    _on_time(
        "next_response",
        phrase("Next response on time"),
        phrase(
            "Of the later answers that met or missed the target of their queue, the share that "
            "met it."
        ),
        SumPercentage("next_responses_met", _NEXT),
    ),
    Figure(
        name="next_response_met",
        heading=phrase("Next response targets met"),
        definition=phrase("Later answers of agents that met the target of the queue."),
        unit=Unit.COUNT,
        how=Sum("next_responses_met"),
        lower_is_better=False,
    ),
    Figure(
        name="next_response_missed",
        heading=phrase("Next response targets missed"),
        definition=phrase(
            "Later answers of agents that missed the target of the queue, or are overdue."
        ),
        unit=Unit.COUNT,
        how=Sum("next_responses_missed"),
        lower_is_better=True,
    ),
    *_met(
        "resolution",
        "resolution_target",
        _TargetWords(
            on_time=phrase("Resolution on time"),
            share=phrase(
                "Of the resolutions that met or missed the target of their queue, the share that "
                "met it."
            ),
            met=phrase("Resolution targets met"),
            count_met=phrase("Conversations with a resolution that met the target of their queue."),
            missed=phrase("Resolution targets missed"),
            count_missed=phrase(
                "Conversations with a resolution that missed the target of their queue."
            ),
        ),
    ),
)
