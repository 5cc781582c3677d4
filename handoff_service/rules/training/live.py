"""Decides whether a live figure has moved since a promotion."""

from enum import StrEnum

from handoff_service.rules.training.exact_tests import Share, more_often

SIGNIFICANT = 0.05  # significance level of the two-tailed test


class Moved(StrEnum):
    UP = "up"
    DOWN = "down"
    NO = "no"


def moved(before: Share, after: Share) -> Moved:
    """UP or DOWN if the difference is significant, else NO."""
    if not before.whole or not after.whole:
        return Moved.NO
    if more_often(after, before) < SIGNIFICANT / 2:
        return Moved.UP
    if more_often(before, after) < SIGNIFICANT / 2:
        return Moved.DOWN
    return Moved.NO
