"""The drill with one failing call reports lost and repeated texts correctly."""

from tests.chaos.nth_call import compare

EXPECTED = [("+1", "Hello"), ("+2", "Welcome")]


def test_the_drill_counts_lost_and_repeated_texts() -> None:
    found = compare([("+2", "Welcome back"), ("+2", "Welcome back"), ("+3", "?")], EXPECTED)
    assert found.lost == ["+1: Hello"]
    assert found.duplicated == ["+2: Welcome"]
    assert not found.well


def test_the_drill_accepts_texts_that_were_sent_once() -> None:
    assert compare([("+2", "Welcome"), ("+1", "Hello, Ann")], EXPECTED).well
