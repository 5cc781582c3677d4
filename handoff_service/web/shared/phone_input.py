"""Parses the phone number that an agent wants to text, and warns about numbers that may not
receive texts."""

import phonenumbers
from phonenumbers import PhoneNumberType
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.lib import phone_numbers
from handoff_service.rules.delivery.sms_text import is_e164, is_short_code
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.conversations.interactions import had_conversation

TEXTS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
# Number types for which libphonenumber only guesses:
# https://github.com/google/libphonenumber/blob/master/FAQ.md
WARNINGS = {
    PhoneNumberType.FIXED_LINE: phrase("looks like a landline, which may not get texts"),
    PhoneNumberType.TOLL_FREE: phrase("looks like a toll-free number, which may not get texts"),
    PhoneNumberType.PREMIUM_RATE: phrase(
        "looks like a premium-rate number, which may not get texts"
    ),
    PhoneNumberType.SHARED_COST: phrase("looks like a shared-cost number, which may not get texts"),
    PhoneNumberType.VOIP: phrase("looks like a VoIP number, which may not get texts"),
    PhoneNumberType.PERSONAL_NUMBER: phrase("looks like a number that only forwards calls"),
    PhoneNumberType.PAGER: phrase("looks like a pager's number, which may not get texts"),
    PhoneNumberType.UAN: phrase("looks like a company's number, which may not get texts"),
    PhoneNumberType.VOICEMAIL: phrase("looks like a voice mailbox, which may not get texts"),
}
UNKNOWN = phrase("is in no known number range and may not get texts")


def e164(text: str, country: str, field: str = "to") -> str:
    """Return the number in E.164. ``country``: the ISO 3166 code for reading a national number.
    Raises BadInput, which explains why the text is not a phone number."""
    try:
        return phone_numbers.read(text, country)
    except phone_numbers.NotANumber as error:
        raise BadInput(errors={field: str(error)}) from error


def recipient(conn: Connection, text: str, country: str, field: str = "to") -> str:
    """Return the number to text: in E.164, or unchanged if it is a short code that has texted this
    desk. Raises BadInput."""
    digits = text.strip()
    if is_short_code(digits) and had_conversation(conn, digits):
        return digits
    return e164(text, country, field)


def warning(conn: Connection, number: str) -> str | None:
    """Return a sentence that explains why a text to this number may not arrive. None for numbers
    that can be mobile, for short codes and for numbers that had a conversation with the desk."""
    if not is_e164(number):
        return None
    read = phonenumbers.parse(number)
    kind = phonenumbers.number_type(read)
    if kind in TEXTS or had_conversation(conn, number):
        return None
    return phrase("{number} {looks}.", number=number, looks=WARNINGS.get(kind, UNKNOWN))
