"""Rules for canaries: when to promote one, roll it back, or wait longer."""

from datetime import timedelta

import pytest

from handoff_service.rules.training.canary import CanaryFigures, CanaryVerdict, in_words, judge
from handoff_service.rules.training.exact_tests import Share

MINUTE = timedelta(minutes=1)
CASES = {
    "no turns yet": ((0, 0), (0, 0), MINUTE, CanaryVerdict.WAIT),
    "seven bad turns of seven: too few": ((7, 7), (0, 60), MINUTE, CanaryVerdict.WAIT),
    "eight bad turns of eight": ((8, 8), (2, 20), MINUTE, CanaryVerdict.ROLL_BACK),
    "as many bad turns as the other models": ((8, 8), (8, 8), MINUTE, CanaryVerdict.WAIT),
    "somewhat more bad turns, which may be chance": ((8, 20), (12, 60), MINUTE, CanaryVerdict.WAIT),
    "clearly more bad turns": ((20, 40), (6, 40), MINUTE, CanaryVerdict.ROLL_BACK),
    "enough good turns": ((5, 50), (5, 50), MINUTE, CanaryVerdict.PROMOTE),
    "enough turns, and bad ones": ((25, 50), (5, 50), MINUTE, CanaryVerdict.ROLL_BACK),
    "an hour on a quiet desk": ((0, 0), (1, 3), 60 * MINUTE, CanaryVerdict.PROMOTE),
    "an hour of bad turns": ((9, 9), (0, 9), 60 * MINUTE, CanaryVerdict.ROLL_BACK),
}


@pytest.mark.parametrize(("new", "old", "lasted", "verdict"), CASES.values(), ids=CASES)
def test_the_turns_of_a_canary_decide_whether_it_is_promoted_or_rolled_back(
    new: tuple[int, int], old: tuple[int, int], lasted: timedelta, verdict: CanaryVerdict
) -> None:
    assert judge(figures(new, old, lasted)) is verdict


def test_the_figures_are_described_in_words() -> None:
    assert in_words(figures((8, 9), (2, 20), MINUTE)) == (
        "8 of 9 turns on the new model ended in a fallback or a handoff; 2 of 20 on the old one."
    )


def figures(new: tuple[int, int], old: tuple[int, int], lasted: timedelta) -> CanaryFigures:
    new_share, old_share = (Share(part=part, whole=whole) for part, whole in (new, old))
    return CanaryFigures(new=new_share, old=old_share, lasted=lasted)
