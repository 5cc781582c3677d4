"""Two forms of one person's number become the same number."""

import pytest

from handoff_service.rules.conversations.number_forms import one_form

FORMS = {
    "Mexico, with the 1 that was used before 2019": ("+5218112345678", "+528112345678"),
    "Mexico, the current form": ("+528112345678", "+528112345678"),
    "Argentina, without the 9": ("+543514567890", "+5493514567890"),
    "Argentina, with the 9": ("+5493514567890", "+5493514567890"),
    "Argentina, an area code of four digits": ("+542964123456", "+5492964123456"),
    "Argentina, a free number": ("+548001234567", "+548001234567"),
    "Brazil, without the ninth digit": ("+552191234567", "+5521991234567"),
    "Brazil, eight digits of a mobile number": ("+552181234567", "+5521981234567"),
    "Brazil, the current form": ("+5521981234567", "+5521981234567"),
    "Brazil, a landline": ("+552133334444", "+552133334444"),
    "Benin, before 2024": ("+22961234567", "+2290161234567"),
    "Italy, a landline keeps its zero": ("+390236012345", "+390236012345"),
    "Italy, a mobile number has no zero": ("+393331234567", "+393331234567"),
    "a short code": ("12345", "12345"),
}


@pytest.mark.parametrize(("number", "right"), FORMS.values(), ids=FORMS)
def test_each_form_of_a_number_becomes_the_same_number(number: str, right: str) -> None:
    assert one_form(number) == right
    assert one_form(right) == right, "the stored form does not change"
