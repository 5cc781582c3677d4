"""Numbers that somebody means to text: whether a text can get there."""

import phonenumbers
from phonenumbers import PhoneNumberType

from handoff_service import phone_numbers
from handoff_service.errors import BadInput

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
        read_as = phone_numbers.read(text, country)
    except phone_numbers.NotANumber as error:
        raise BadInput(errors={field: str(error)}) from error
    number = phonenumbers.parse(read_as)
    if not phonenumbers.is_valid_number(number):
        raise BadInput(errors={field: f"{read_as} is not a number that anybody can have"})
    kind = phonenumbers.number_type(number)
    if kind not in TEXTS:
        raise BadInput(errors={field: f"{read_as} {NO_TEXTS.get(kind, 'is no mobile number')}"})
    return read_as
