"""Reads phone numbers that people type on pages, in API requests, in desk files and in searches."""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.shared.phrases import phrase

LONGEST = 60  # characters
WRONG = {
    ValidationResult.TOO_SHORT: phrase("is too short for a phone number"),
    ValidationResult.TOO_LONG: phrase("is too long for a phone number"),
    ValidationResult.INVALID_LENGTH: phrase("has too few or too many digits for its country"),
    ValidationResult.INVALID_COUNTRY_CODE: phrase("has a country code that does not exist"),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: phrase(
        "is too short for a phone number: write the area code too"
    ),
}
_SHAPE = re.compile(r"(?:tel:)?[+(\d][\d\s()./+\-\u2010-\u2015]*", re.IGNORECASE)
# An extension after the phone number: ext. 5, x5, ;ext=5, #5, ",5", Durchw. 5, poste 5, доб. 5.
_EXTENSION = re.compile(
    r"(?<=\d)[\s()/]*(?:;?[^\W\d_]{1,12}\.?|#|[,;]+)[\s.:=]*#?\s*\d{1,15}\W*$", re.IGNORECASE
)
# National prefixes that libphonenumber no longer reads. Mexico used these until 3 August 2019.
_TRUNKS = {"MX": ("044", "045", "01")}
_INVISIBLE = frozenset({"Cf", "Cc"})  # invisible characters, which a copied contact may contain


class NotANumber(ValueError):
    """The input is not a phone number that can get texts. The message follows the field's name."""


def read(typed: str, country: str | None) -> str:
    """The number in E.164, in Patchboard's canonical form
    (``rules/conversations/number_forms.py``).

    ``country`` (ISO 3166): the country of national numbers. None: the number must be international.
    Raises NotANumber with the reason.
    """
    return one_form(as_written(typed, country))


def as_written(typed: str, country: str | None) -> str:
    """The number in E.164, but not in Patchboard's canonical form. Company numbers need this form,
    because they must match the provider's list."""
    number = _parsed(typed, country)
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    length = phonenumbers.is_possible_number_with_reason(parsed_form(written))
    if length is not ValidationResult.IS_POSSIBLE:
        raise NotANumber(f"{written} {WRONG.get(length, phrase('is not a valid phone number'))}")
    return written


def parsed_form(written: str) -> PhoneNumber:
    """Parse an E.164 number with libphonenumber, which knows only the current form of a country's
    numbers."""
    return phonenumbers.parse(one_form(written))


def searched(typed: str, country: str | None) -> str | None:
    """The number that somebody searches for. None: the text is not a whole phone number. Raises
    NotANumber for a number with an extension."""
    plain = _plain(typed)
    if has_extension(plain):
        raise NotANumber(_extension(plain))
    if not _SHAPE.fullmatch(plain):
        return None
    try:
        return read(plain, country)
    except NotANumber:
        return None


def looks_like_one(typed: str) -> bool:
    """Whether the input looks like a phone number rather than a name."""
    plain = _plain(typed)
    return has_extension(plain) or (
        _SHAPE.fullmatch(plain) is not None and sum(c.isdecimal() for c in plain) > 2
    )


def has_extension(plain: str) -> bool:
    """Whether a whole number (at least seven digits) has an extension."""
    found = _EXTENSION.search(plain)
    before = plain[: found.start()] if found else ""
    return _SHAPE.fullmatch(before) is not None and sum(c.isdecimal() for c in before) > 6


def _parsed(typed: str, country: str | None) -> PhoneNumber:
    plain = _plain(typed)
    if has_extension(plain):
        raise NotANumber(_extension(plain))
    read_as = [
        number
        for each in _spellings(plain, country)
        if (number := _read(each, country)) is not None
    ]
    if not read_as or len(plain) > LONGEST:
        example = (
            phrase("such as +12025550101")
            if country
            else phrase("with its country, such as +12025550101")
        )
        raise NotANumber(
            phrase(
                "must be a phone number, {example}; “{value}” is not one",
                example=example,
                value=typed[:40],
            )
        )
    if read_as[0].extension:
        raise NotANumber(_extension(plain))
    return next((one for one in read_as if phonenumbers.is_possible_number(one)), read_as[0])


def _spellings(plain: str, country: str | None) -> list[str]:
    """Possible readings of the number, most likely first. The international prefix is 00 in most
    countries, and 011 in North America."""
    abroad = ["+" + plain[len(begins) :] for begins in ("00", "011") if plain.startswith(begins)]
    within = [
        plain[len(begins) :]
        for begins in _TRUNKS.get(country or "", ())
        if plain.startswith(begins)
    ]
    return [plain, *abroad, *within]


def _read(plain: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(plain, country)
    except NumberParseException:
        return None


def _extension(plain: str) -> str:
    return phrase(
        "“{value}” has an extension, which texts cannot reach; write the number without it",
        value=plain[:40],
    )


def _plain(typed: str) -> str:
    """Replace fullwidth and similar digits with ASCII digits, and remove invisible characters."""
    composed = unicodedata.normalize("NFKC", typed).strip()
    return "".join(c for c in composed if unicodedata.category(c) not in _INVISIBLE)
