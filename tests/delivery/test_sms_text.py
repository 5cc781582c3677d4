"""Segments and encodings follow the standard. Long texts are split at natural places."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.rules.delivery.sms_characters import (
    INVISIBLE_NAMES,
    LOOK_ALIKES,
    described,
    is_visible,
)
from handoff_service.rules.delivery.sms_text import (
    GSM_7,
    GSM_7_EXTENSION,
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
    ("a euro sign counts as two", "€" * 80, Encoding.GSM_7, 160, 1),
    ("a euro sign is not cut in two", "a" * 152 + "€" + "a" * 10, Encoding.GSM_7, 164, 2),
    ("a euro sign at the limit is not cut", "a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 306, 3),
    ("a curly quote forces UCS-2", "it\u2019s", Encoding.UCS_2, 4, 1),
    ("70 characters in UCS-2", "я" * 70, Encoding.UCS_2, 70, 1),
    ("71 characters in UCS-2", "я" * 71, Encoding.UCS_2, 71, 2),
    ("an emoji of four bytes takes two units", "😩" * 35, Encoding.UCS_2, 70, 1),
    ("an emoji is not cut in two", "я" * 66 + "😩" + "я" * 10, Encoding.UCS_2, 78, 2),
]


@pytest.mark.parametrize(
    ("body", "encoding", "units", "count"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_the_units_and_segments_of_a_text_are_counted(
    body: str, encoding: Encoding, units: int, count: int
) -> None:
    counted = segments(body)
    assert (counted.encoding, counted.units, counted.count) == (encoding, units, count)


def test_the_first_character_that_forces_ucs_2_is_named() -> None:
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
def test_a_number_in_e164_format_is_recognized(number: str, right: bool) -> None:
    assert is_e164(number) is right


def test_a_long_text_is_split_at_a_sentences_end() -> None:
    assert split("One is here. Two is there. Three.", 20) == [
        "One is here.",
        "Two is there. Three.",
    ]


def test_a_text_without_sentences_is_split_at_a_space_or_anywhere() -> None:
    assert split("aaaa bbbb cccc", 9) == ["aaaa bbbb", "cccc"]
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(st.text(max_size=500), st.integers(1, 50))
def test_splitting_loses_only_spaces_and_keeps_to_the_limit(body: str, most: int) -> None:
    parts = split(body, most)
    assert all(0 < len(part) <= most for part in parts if part)
    assert shown("".join(parts)) in (
        shown(body),
        shown("".join(LOOK_ALIKES.get(c, c) for c in body)),
    )


def shown(body: str) -> str:
    seen = "".join(
        c for c in normalize("NFC", body) if not c.isspace() and c not in INVISIBLE_NAMES
    )
    # Removing an invisible character can make marks adjacent, and adjacent marks have a canonical
    # order.
    return normalize("NFC", seen)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("it\u2019s \u201chere\u201d \u2013 now\u2026", 'it\'s "here" - now...'),
        ("it\u2019s here", "it's here"),
        # an emoji forces UCS-2 anyway, so replacing characters would gain nothing
        ("it\u2019s \U0001f44b", "it\u2019s \U0001f44b"),
        ("caf\u00e9 \u20ac5", "caf\u00e9 \u20ac5"),
        ("\u2026" * 600, "\u2026" * 600),  # the replacement would be too long
        ("", ""),
        ("e\u0301te\u0301 a\u0300 o\u0308l", "\u00e9t\u00e9 \u00e0 \u00f6l"),  # decomposed
        ("a\tb\u2003c\u3000d", "a b c d"),
        ("don\u02bct", "don't"),
        ("\uff28\uff49\uff01\uff08\uff10\uff09", "Hi!(0)"),
        ("o\ufb03ce \ufb02oor", "office floor"),
        ("\U0001d5db\U0001d5f6", "Hi"),
        ("soft\u00adly\u200b here\ufeff\u2060\u200e", "softly here"),
        ("no\u200dthing\ufe0f joins", "nothing joins"),
        ("one\u2028two", "one\ntwo"),
        ("5 \u2044 8, 3 \u2236 1", "5 / 8, 3 : 1"),
        ("m\u00b2 of 10\u2075", "m\u00b2 of 10\u2075"),  # "m2 of 105" would have another meaning
        # one emoji that consists of two
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        (
            "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627",
            "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627",
        ),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("\u200f\u05e9\u05dc\u05d5\u05dd!", "\u200f\u05e9\u05dc\u05d5\u05dd!"),
        ("\ufeff\u05e9\u05dc\u05d5\u05dd\u00ad", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0438\u0306", "\u0439"),
    ],
)
def test_look_alikes_replace_characters_if_the_text_gets_cheaper(body: str, sent: str) -> None:
    assert narrowed(body) == sent


@pytest.mark.parametrize("character", sorted(LOOK_ALIKES.keys() | INVISIBLE_NAMES.keys()))
def test_look_alikes_and_invisible_characters_cost_no_segment(character: str) -> None:
    sent = narrowed(f"a{character}b")
    assert segments(sent).encoding is Encoding.GSM_7
    assert is_visible(sent)


@pytest.mark.parametrize(
    ("body", "visible"),
    [
        ("a", True),
        ("\u0301", True),
        ("\u0600", True),  # an Arabic mark that precedes a number
        ("\U0001f1e9\U0001f1ea", True),
        (" \n\t", False),
        ("\u200b", False),
        ("\u3164 \u2800", False),
        ("\ufe0f\u200d", False),
        ("\U000e0041\u2066", False),
        ("\x07", False),
    ],
)
def test_a_text_without_visible_characters_is_recognized(body: str, visible: bool) -> None:
    assert is_visible(body) is visible
    assert bool(split(body)) is visible


@pytest.mark.parametrize(
    ("character", "named"),
    [
        ("\u200b", "a zero-width space"),
        ("\u00ad", "a soft hyphen"),
        ("\u2067", "a direction mark"),
        ("\U000e0101", "a variation selector"),
        ("\u2003", "a blank (U+2003)"),
        ("\u030c", "a combining mark (U+030C)"),
        ("\ue000", "U+E000"),
        ("\u00ea", "\u00ea"),
    ],
)
def test_each_character_has_a_name_for_pages(character: str, named: str) -> None:
    assert described(character) == named


def test_only_irreplaceable_characters_force_ucs_2() -> None:
    assert segments("\u200bcaf\u00e9 \u2013 \u043a").forced_by == "\u043a"
