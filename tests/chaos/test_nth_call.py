"""The verdict of the drill about a story with one failing call."""

from tests.chaos.nth_call import compare

EXPECTED = [("+1", "Hello"), ("+2", "Welcome")]


def test_texts_are_lost_or_sent_twice() -> None:
    found = compare([("+2", "Welcome back"), ("+2", "Welcome back"), ("+3", "?")], EXPECTED)
    assert found.lost == ["+1: Hello"]
    assert found.duplicated == ["+2: Welcome"]
    assert not found.well


def test_everything_was_sent_once() -> None:
    assert compare([("+2", "Welcome"), ("+1", "Hello, Ann")], EXPECTED).well
