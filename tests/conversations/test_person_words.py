"""Finding people by name. Spelling variants and the order of names do not matter."""

import pytest

from handoff_service.rules.conversations.person_words import person_query, person_words

FOUND = {
    "Cyrillic, in small letters": ("Дарья Ёлкина", "елкина дарья"),
    "Greek, its final s": ("Γιώργος Παππάς", "ΠΑΠΠΑΣ"),
    "accents": ("Zoë Núñez", "nunez zoe"),
    "decomposed accents": ("Zoe\u0308 Nunez", "Zoë"),
    "Polish l": ("Łukasz Wałęsa", "walesa lukasz"),
    "Danish o": ("Søren Ørsted", "orsted"),
    "Danish o, spelled out": ("Søren Ørsted", "oersted"),
    "sharp s": ("Jörg Weiß", "weiss"),
    "umlaut": ("Jörg Weiß", "jorg"),
    "umlaut, spelled out": ("Jörg Weiß", "Joerg"),
    "spelled out on the record": ("Joerg Weiss", "Jörg Weiß"),
    "Turkish i with and without its dot": ("İpek Işık", "ipek isik"),
    "Icelandic": ("Þórður Æsir", "thordur aesir"),
    "Vietnamese": ("Nguyễn Đức", "nguyen duc"),
    "a straight apostrophe": ("Aoife O\u2019Neill", "o'neill"),
    "a left-out apostrophe": ("Aoife O\u2019Neill", "oneill"),
    "the word after the apostrophe": ("Aoife O\u2019Neill", "neill"),
    "the apostrophe of transliterations": ("Ka\u02bbiulani", "kaiulani"),
    "Hawaiian, typed on a phone": ("Kaiulani", "Ka\u2019iulani"),
    "a hyphen": ("Anne-Marie Roux", "marie anne"),
    "a hyphen left out": ("Anne-Marie Roux", "annemarie"),
    "another hyphen": ("Anne\u2010Marie Roux", "anne-marie"),
    "family name first, with a comma": ("Anna Smith", "Smith, Anna"),
    "the beginnings of both names": ("Kofi Mensah", "men ko"),
    "fullwidth letters": ("Ｋｅｎ Ito", "ken"),
    "Chinese, the given name": ("王小明", "小明"),
    "Japanese, with a space on the record": ("佐藤 花子", "佐藤花子"),
    "Japanese, halfwidth": ("サトウ ハナコ", "ﾊﾅｺ"),
    "Korean, the given name": ("김서연", "서연"),
    "Thai, with marks": ("สมชาย ใจดี", "ใจดี"),
    "Hindi": ("प्रिया शर्मा", "शर्मा"),
    "Arabic without vowel signs": ("مُحَمَّد", "محمد"),
}
NOT_FOUND = {
    "one word too many": ("Ann Lee", "ann lee smith"),
    "another letter": ("Ann Lee", "anna"),
    "a voiced kana": ("カトウ", "ガトウ"),
}


def matches(name: str, typed: str) -> bool:
    there = person_words(name, "E1", ["+12025550101"])
    names = person_query(typed).names
    return bool(names) and all(
        any(w.startswith(s) for w in there for s in spellings) for spellings in names
    )


@pytest.mark.parametrize(("name", "typed"), FOUND.values(), ids=FOUND)
def test_a_person_is_found_by_other_spellings_of_the_name(name: str, typed: str) -> None:
    assert matches(name, typed)


@pytest.mark.parametrize(("name", "typed"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_other_words_and_other_letters_do_not_match(name: str, typed: str) -> None:
    assert not matches(name, typed)


def test_phone_and_employee_numbers_match_too() -> None:
    there = person_words("Ann Lee", "E 1001-ß", ["+447911123456"])
    assert person_query("e 1001-SS").exact in there
    for typed in (
        "07911 123456",
        "0044 7911 123456",
        "+44 7911",
        "123456",
        "447911123456",
        "०७९११ १२३४५६",
        "１２３４５６",
        "٠٧٩١١ ١٢٣٤٥٦",
    ):
        assert any(
            word.startswith(token) for word in there for token in person_query(typed).tokens
        ), typed
