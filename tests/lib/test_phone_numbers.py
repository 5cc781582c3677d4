"""Reads phone numbers as people type them."""

import pytest

from handoff_service.lib.phone_numbers import NotANumber, as_written, read, searched

READ = {
    "E.164": ("+447911123456", "US", "+447911123456"),
    "national, with the desk's country": ("07911 123456", "GB", "+447911123456"),
    "00 from a country that dials 011": ("0044 7911 123456", "US", "+447911123456"),
    "00 from a country that dials 00": ("0049 1512 3456789", "GB", "+4915123456789"),
    "011": ("011 49 1512 3456789", "US", "+4915123456789"),
    "011 is not a prefix if it begins an area code": ("0114 496 0999", "GB", "+441144960999"),
    "a zero in brackets": ("+44 (0) 7911 123456", "US", "+447911123456"),
    "a zero after the calling code": ("+4907911123456", "US", "+497911123456"),
    "brackets and dashes": ("(312) 555-0142", "US", "+13125550142"),
    "dots": ("312.555.0142", "US", "+13125550142"),
    "dashes that are not hyphens": ("312\u2013555\u20110142", "US", "+13125550142"),
    "direction marks of a copied contact": ("\u202a+1 312-555-0142\u202c", "GB", "+13125550142"),
    "fullwidth digits": ("\uff10\uff19\uff10-1234-5678", "JP", "+819012345678"),
    "Arabic digits": ("\u0660\u0665\u0660 123 4567", "SA", "+966501234567"),
    "a link": ("tel:+1-312-555-0142", "GB", "+13125550142"),
    "Mexico's 1": ("+52 1 33 1234 5678", "US", "+523312345678"),
    "Mexico's 044": ("044 33 1234 5678", "MX", "+523312345678"),
    "Argentina's 15": ("0351 15 456-7890", "AR", "+5493514567890"),
    "Italy's zero": ("02 3601 2345", "IT", "+390236012345"),
}
EXTENSIONS = (
    "(312) 555-0142 ext 17", "312-555-0142 ext. 17", "312-555-0142x17", "+1 312 555 0142;ext=17",
    "312-555-0142 #17",
    "312-555-0142, 17", "312-555-0142,,17#", "312-555-0142 extension 17", "312-555-0142 / x17",
    "3125550142p17",
    "312-555-0142 poste 17", "312-555-0142 Durchw. 17", "312-555-0142 \u0434\u043e\u0431. 17",
    "312-555-0142 (ext 17)",
    "312-555-0142 \uff58\uff11\uff17",
)  # fmt: skip
WRONG = {
    "words": ("call me", "US", "must be a phone number, such as"),
    "nothing": ("", "US", "must be a phone number, such as"),
    "too short": ("+44 20 79", "US", "is too short"),
    "too long": ("+1 312 555 0142 99", "US", "is too long"),
    "no area code": ("555-0142", "US", "write the area code too"),
    "no country": ("07911 123456", None, "with its country"),
    "an unassigned calling code": ("+999 1234 5678", "US", "must be a phone number"),
}


@pytest.mark.parametrize(("typed", "country", "right"), READ.values(), ids=READ)
def test_a_typed_number_is_read(typed: str, country: str, right: str) -> None:
    assert read(typed, country) == right
    assert read(right, None) == right


@pytest.mark.parametrize("typed", EXTENSIONS)
def test_an_extension_is_refused_and_never_dropped(typed: str) -> None:
    for reader in (read, as_written, searched):
        with pytest.raises(NotANumber, match="has an extension, which texts cannot reach"):
            reader(typed, "US")


@pytest.mark.parametrize(("typed", "country", "why"), WRONG.values(), ids=WRONG)
def test_an_invalid_number_is_refused_with_the_reason(
    typed: str, country: str | None, why: str
) -> None:
    with pytest.raises(NotANumber, match=why):
        read(typed, country)


def test_a_company_number_stays_as_the_provider_lists_it() -> None:
    assert as_written("+52 1 33 1234 5678", "US") == "+5213312345678"


@pytest.mark.parametrize("typed", ["Ann Lee", "Room 12 5", "0142", "CS000123", "iPhone 15"])
def test_another_search_is_not_taken_for_a_number(typed: str) -> None:
    assert searched(typed, "US") is None
