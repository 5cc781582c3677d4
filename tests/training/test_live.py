"""Detects changes in the live numbers of models."""

import pytest

from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.live import Moved, moved


@pytest.mark.parametrize(
    ("before", "after", "which"),
    [
        ((0, 0), (5, 5), Moved.NO),
        ((5, 5), (0, 0), Moved.NO),
        ((10, 100), (11, 100), Moved.NO),
        ((10, 100), (30, 100), Moved.UP),
        ((30, 100), (10, 100), Moved.DOWN),
        ((1, 2), (0, 2), Moved.NO),
    ],
)
def test_a_number_has_changed_if_chance_hardly_explains_it(
    before: tuple[int, int], after: tuple[int, int], which: Moved
) -> None:
    shares = (Share(part=part, whole=whole) for part, whole in (before, after))
    assert moved(*shares) is which
