"""The canonical form of phone numbers in countries that have two ways to write them.

Carriers and older address books still use the old form, and both forms reach the same phone.
Patchboard uses the form of the country's current plan, which providers accept. Sources: the
national numbering plans in ITU Operational Bulletins,
https://www.itu.int/oth/T0202.aspx?parent=T0202, and libphonenumber's metadata.

A country needs no row when libphonenumber reads both forms as one. Examples: a trunk zero after the
calling code (+44 0 7700...) and Argentina's 15. Italy needs no row either, because the zero of its
landlines is part of the number (+39 06...).
"""

import re

FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Mexico, since 3 August 2019: no 1 before mobile numbers (+52 1 55 1234 5678). Area codes do
    # not begin with 0 or 1.
    (re.compile(r"\+521([2-9]\d{9})"), r"+52\1"),
    # Argentina: 9 before mobile numbers in calls from abroad. Area codes: 11, 2xx, 3xx. The pattern
    # cannot tell landlines apart, so they get the 9, too.
    (re.compile(r"\+54((?:11|[23]\d)\d{8})"), r"+549\1"),
    # Brazil, since 2016: a ninth digit, 9, before mobile numbers that used to start with 6 to 9.
    # Landlines start with 2 to 5.
    (re.compile(r"\+55([1-9]{2})([6-9]\d{7})"), r"+55\g<1>9\2"),
    # Benin, since 30 November 2024: 01 before every number.
    (re.compile(r"\+229([2-9]\d{7})"), r"+22901\1"),
)


def one_form(number: str) -> str:
    """The canonical form of an E.164 number. Short codes are returned unchanged."""
    for old, new in FORMS:
        found = old.fullmatch(number)
        if found is not None:
            return found.expand(new)
    return number
