"""Emoji as answers. A thumb answers a yes/no question and picks no other choice."""

import pytest

from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot, without_bot


@pytest.mark.parametrize(
    ("text", "asked"),
    [("👍🏿", "/affirm"), ("👎", "/deny"), ("✅✅", "/affirm"), ("👍 👎", "👍 👎"), ("😀", "😀")],
)
def test_a_thumb_answers_a_yes_no_question(text: str, asked: str) -> None:
    choices = [Choice("Yes, that is it", "/affirm"), Choice("No", "/deny")]
    assert for_bot(text, choices) == asked
    assert without_bot([text], choices) is None


def test_a_thumb_without_choices_becomes_yes_or_no() -> None:
    assert (for_bot("👌", []), for_bot("❌", [])) == ("yes", "no")


@pytest.mark.parametrize(
    ("text", "asked"), [("👍", "/affirm"), ("👎", "/deny"), ("yes", "/affirm"), ("Nope!", "/deny")]
)
def test_a_thumb_or_a_word_picks_a_choice_that_means_yes_or_no(text: str, asked: str) -> None:
    choices = [Choice("Same issue", "/affirm"), Choice("Something else", "/deny")]
    assert for_bot(text, choices) == asked
    assert without_bot([text], choices) is None


def test_yes_or_no_picks_the_choice_that_begins_with_it() -> None:
    choices = [Choice("Yes, I can work", "/working"), Choice("No, I can't", "/blocked")]
    assert [for_bot(text, choices) for text in ("yep", "no", "👎")] == [
        "/working",
        "/blocked",
        "/blocked",
    ]
    assert for_bot("no idea", choices) == "no idea"
