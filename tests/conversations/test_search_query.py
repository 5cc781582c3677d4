"""Parsing of search queries, and excerpts of results."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.search_query import highlight, matches_line, read, words

LONG = "word " * 100

MARKED = {
    "a word": ("My laptop won't start", "laptop", "My [laptop] won't start"),
    "every match, in its own spelling": ("LAPTOP, laptop", "lap", "[LAPTOP], [laptop]"),
    "accents": ("Zoë and Zoe", "zoe", "[Zoë] and [Zoe]"),
    "an apostrophe": ("it won't", "won't", "it [won]'[t]"),
    "a phrase, but not its separate words": (
        "blue screen, blue sky",
        '"blue screen"',
        "[blue] [screen], blue sky",
    ),
    "Chinese, in the middle": ("我的打印机坏了", "打印机", "我的[打印机]坏了"),
    "Thai, with marks": ("ช่วยด้วยเครื่องพิมพ์ของฉัน", "พิมพ์", "ช่วยด้วยเครื่อง[พิมพ์]ของฉัน"),
    "markup stays text": ("<b>laptop</b>", "laptop", "<b>[laptop]</b>"),
    "nothing": ("hello", "laptop", "hello"),
    "around the first match": (LONG + "needle " + LONG, "needle", "[needle]"),
}


@pytest.mark.parametrize(("text", "typed", "right"), MARKED.values(), ids=MARKED)
def test_highlighting_marks_the_matches(text: str, typed: str, right: str) -> None:
    shown = "".join(
        f"[{piece}]" if wanted else piece for piece, wanted in highlight(text, read(typed).phrases)
    )
    assert right in shown if len(text) > 200 else shown == right
    assert len(shown) < 170


@given(st.text(max_size=300), st.text(max_size=30))
def test_an_excerpt_is_always_a_piece_of_the_text(text: str, typed: str) -> None:
    pieces = "".join(piece for piece, _ in highlight(text, read(typed).phrases))
    assert pieces.removeprefix("…").removesuffix("…") in text or pieces in text


@given(st.text(max_size=60))
def test_a_text_matches_its_own_words(text: str) -> None:
    there = words(text)
    if len(there) == 1 and len(there[0]) > 1:
        assert matches_line(there, read(there[0]))
    assert all(folded(word) == word for word in there), "folding twice changes nothing"
