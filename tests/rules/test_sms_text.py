"""Segments and encodings by the standard; texts that are too long are split where a reader would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.rules.sms_text import (
    GSM_7,
    GSM_7_EXTENSION,
    LOOK_ALIKES,
    Encoding,
    is_e164,
    narrowed,
    segments,
    split,
)

CASES = [
    ("empty", "", Encoding.GSM_7, 0, 1),
    ("one letter", "a", Encoding.GSM_7, 1, 1),
    ("full segment", "a" * 160, Encoding.GSM_7, 160, 1),
    ("one over", "a" * 161, Encoding.GSM_7, 161, 2),
    ("two full", "a" * 306, Encoding.GSM_7, 306, 2),
    ("three", "a" * 307, Encoding.GSM_7, 307, 3),
    ("euro counts two", "€" * 80, Encoding.GSM_7, 160, 1),
    ("euro not cut in two", "a" * 152 + "€" + "a" * 10, Encoding.GSM_7, 164, 2),
    ("euro not cut, at the limit", "a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 306, 3),
    ("curly quote forces UCS-2", "it\u2019s", Encoding.UCS_2, 4, 1),
    ("70 of UCS-2", "я" * 70, Encoding.UCS_2, 70, 1),
    ("71 of UCS-2", "я" * 71, Encoding.UCS_2, 71, 2),
    ("emoji of four bytes is two units", "😩" * 35, Encoding.UCS_2, 70, 1),
    ("emoji not cut in two", "я" * 66 + "😩" + "я" * 10, Encoding.UCS_2, 78, 2),
]


@pytest.mark.parametrize(("body", "encoding", "units", "count"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_segments(body: str, encoding: Encoding, units: int, count: int) -> None:
    counted = segments(body)
    assert (counted.encoding, counted.units, counted.count) == (encoding, units, count)


def test_the_character_that_forced_ucs_2_is_named() -> None:
    assert segments("plain").forced_by is None
    assert segments("a – b").forced_by == "–"


def test_the_alphabet_has_128_places() -> None:
    assert len(set(GSM_7)) == 127  # the 128th is the escape to the extension table
    assert not set(GSM_7) & set(GSM_7_EXTENSION)


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("+12025550101", True),
        ("12025550101", False),
        ("+02025550101", False),
        ("+1202555010a", False),
        ("+1", False),
        ("+1234567890123456", False),
        ("", False),
        ("+1٢٠٢٥٥٥٠١٠١", False),
    ],
)
def test_e164(number: str, right: bool) -> None:
    assert is_e164(number) is right


def test_a_long_text_is_split_at_a_sentences_end() -> None:
    assert split("One is here. Two is there. Three.", 20) == ["One is here.", "Two is there. Three."]


def test_a_text_without_sentences_is_split_at_a_space_and_one_without_spaces_anywhere() -> None:
    assert split("aaaa bbbb cccc", 9) == ["aaaa bbbb", "cccc"]
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(st.text(max_size=500), st.integers(1, 50))
def test_splitting_loses_nothing_but_space_and_keeps_to_the_limit(body: str, most: int) -> None:
    parts = split(body, most)
    assert all(0 < len(part) <= most for part in parts if part)
    alike = "".join(LOOK_ALIKES.get(c, c) for c in body)
    assert "".join("".join(parts).split()) in ("".join(body.split()), "".join(alike.split()))


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("it\u2019s \u201chere\u201d \u2013 now\u2026", 'it\'s "here" - now...'),
        ("it\u2019s here", "it's here"),
        ("it\u2019s \U0001f44b", "it\u2019s \U0001f44b"),  # an emoji forces UCS-2 anyway: nothing is gained
        ("caf\u00e9 \u20ac5", "caf\u00e9 \u20ac5"),
        ("\u2026" * 600, "\u2026" * 600),  # it would be too long
        ("", ""),
    ],
)
def test_look_alikes_where_that_makes_a_text_cheaper(body: str, sent: str) -> None:
    assert narrowed(body) == sent
