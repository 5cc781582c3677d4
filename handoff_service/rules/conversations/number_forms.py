"""One person's number in one form, where a country writes a mobile number in two.

Carriers and older address books still use the old form, and both reach the same phone. Patchboard keeps the form of
the country's plan today, which providers take. Sources: the national numbering plans in ITU Operational Bulletins,
https://www.itu.int/oth/T0202.aspx?parent=T0202, and libphonenumber's metadata.

No row is needed where libphonenumber reads both forms as one: a trunk zero behind the calling code (+44 0 7700...),
Argentina's 15, Italy's zero, which belongs to the number (+39 06...; mobile numbers have none).
"""

import re

FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Mexico, since 3 August 2019: no 1 before mobile numbers (+52 1 55 1234 5678). Area codes do not begin with 0 or 1.
    (re.compile(r"\+521([2-9]\d{9})"), r"+52\1"),
    # Argentina: 9 before mobile numbers when they are called from abroad. Area codes: 11, 2xx, 3xx.
    (re.compile(r"\+54((?:11|[23]\d)\d{8})"), r"+549\1"),
    # Brazil, since 2016: a ninth digit, 9, before mobile numbers, which began with 6 to 9. Landlines begin with 2 to 5.
    (re.compile(r"\+55([1-9]{2})([6-9]\d{7})"), r"+55\g<1>9\2"),
    # Benin, since 30 November 2024: 01 before every number.
    (re.compile(r"\+229([2-9]\d{7})"), r"+22901\1"),
)


def one_form(number: str) -> str:
    """The form that Patchboard keeps of a number in E.164; a short code stays as it is."""
    for old, new in FORMS:
        found = old.fullmatch(number)
        if found is not None:
            return found.expand(new)
    return number
