"""Phone numbers as people type them, read with the desk's country."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from handoff_service.errors import BadInput

WRONG = {
    ValidationResult.TOO_SHORT: "is too short for a phone number",
    ValidationResult.TOO_LONG: "is too long for a phone number",
    ValidationResult.INVALID_COUNTRY_CODE: "has a country code that does not exist",
}
TEXTS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
NO_TEXTS = {
    PhoneNumberType.FIXED_LINE: "is a landline, which cannot get texts",
    PhoneNumberType.TOLL_FREE: "is a toll-free number, which cannot get texts",
    PhoneNumberType.PREMIUM_RATE: "is a premium-rate number",
    PhoneNumberType.SHARED_COST: "is a shared-cost number, which cannot get texts",
    PhoneNumberType.VOIP: "is an internet telephone's number, which cannot get texts",
    PhoneNumberType.PERSONAL_NUMBER: "is a number that only forwards calls",
    PhoneNumberType.PAGER: "is a pager's number",
    PhoneNumberType.UAN: "is a company's number, which cannot get texts",
    PhoneNumberType.VOICEMAIL: "is a voice mailbox",
}


def e164(text: str, country: str, field: str = "to") -> str:
    """The number in E.164. ``country`` (ISO 3166) reads national input. BadInput says why it is no mobile number."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        said = f"must be a phone number, such as +12025550101; {text[:40]!r} is none"
        raise BadInput(errors={field: said}) from error
    read_as = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible in WRONG or not phonenumbers.is_valid_number(number):
        raise BadInput(errors={field: f"{read_as} {WRONG.get(possible, 'is not a number that anybody can have')}"})
    kind = phonenumbers.number_type(number)
    if kind not in TEXTS:
        raise BadInput(errors={field: f"{read_as} {NO_TEXTS.get(kind, 'is no mobile number')}"})
    return read_as
