"""Attributes that an admin defines for users or conversations, and the values of each type.

A value is stored as text in one form, so that equal values are equal texts: ``12.5``,
``2026-01-31``, ``yes``. A user's attribute without a definition is plain text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handoff_service.rules.shared.dates_in_texts import full_date
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.local_dates import date_phrase
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.translations import in_language, translatable


class AttributeOwner(StrEnum):
    """The kind of record that has the attribute."""

    USER = "user"
    CONVERSATION = "conversation"


class AttributeType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class AttributePlace(StrEnum):
    """The place where agents see an attribute.

    - PANEL: in the panel beside the conversation;
    - HEADER: in the panel, and in the row under the conversation's header.
    """

    PANEL = "panel"
    HEADER = "header"
    NOWHERE = "nowhere"


MOST_CHOICES = 50
LONGEST_VALUE = 200
#: Types with an order of their values, so that conditions can use “at least” and “at most”.
ORDERED = (AttributeType.NUMBER, AttributeType.DATE)
#: Types with few values, so that lists and reports can offer each value.
FEW_VALUES = (AttributeType.CHOICE, AttributeType.YES_NO)
#: Letters, digits, dots, hyphens and underscores.
KEY = re.compile(r"[^\W_](?:[\w.-]{0,58}\w)?")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: the words for a stored yes or no
YES_NO_WORDS: Mapping[str, str] = {"yes": phrase("Yes"), "no": phrase("No")}
#: the words for a stored yes or no in texts to requesters
_YES_NO_IN_TEXTS: Mapping[str, str] = {"yes": translatable("yes"), "no": translatable("no")}
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFields:
    """A definition. ``key`` and ``owner`` never change, because values and conditions use them."""

    key: str
    name: str
    owner: AttributeOwner
    type: AttributeType = AttributeType.TEXT
    #: the values to choose from, for the type ``choice``
    choices: tuple[str, ...] = ()
    #: whether agents must set it before they close a conversation
    required_to_close: bool = False
    shown: AttributePlace = AttributePlace.PANEL

    @property
    def field(self) -> str:
        """The field of conditions, such as ``user.department``."""
        return f"{self.owner}.{self.key}"


def errors(one: AttributeFields) -> dict[str, str]:
    """The errors of a definition: field -> what the field must be."""
    found: dict[str, str] = {}
    if not KEY.fullmatch(one.key):
        found["key"] = phrase(
            "must begin and end with a letter or digit and have at most 60 letters, digits, "
            "dots, hyphens and underscores, without spaces, such as order_number"
        )
    if one.type is AttributeType.CHOICE and not one.choices:
        found["choices"] = phrase("must have at least one choice")
    if one.type is not AttributeType.CHOICE and one.choices:
        found["choices"] = phrase("must be empty unless the type is choice")
    if len({choice.casefold() for choice in one.choices}) < len(one.choices):
        found["choices"] = phrase("must have each choice only once")
    if one.required_to_close and one.owner is AttributeOwner.USER:
        found["required_to_close"] = phrase("is only for attributes of conversations")
    if one.required_to_close and one.shown is AttributePlace.NOWHERE:
        found["shown"] = phrase(
            "must be panel or header for an attribute that is required to close"
        )
    return found


def read_value(one: AttributeFields, typed: str) -> str:
    """The value in the form that is stored. The ValueError states the correct form."""
    value = typed.strip()
    if not value or len(value) > LONGEST_VALUE or _CONTROLS.search(value):
        raise ValueError(phrase("must be one line of 1 to {most} characters", most=LONGEST_VALUE))
    match one.type:
        case AttributeType.NUMBER:
            return _number(value)
        case AttributeType.DATE:
            return _date(value)
        case AttributeType.YES_NO:
            if value.lower() not in _YES_NO:
                raise ValueError(phrase("must be yes or no"))
            return _YES_NO[value.lower()]
        case AttributeType.CHOICE:
            return _choice(value, one.choices)
    return value


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError(phrase("must be a number, such as 12 or 12.5"))
    number = Decimal(value)
    whole = number == number.to_integral_value()
    return str(int(number)) if whole else f"{number.normalize():f}"


def _date(value: str) -> str:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError(phrase("must be a date, such as 2026-01-31"))


def _choice(value: str, choices: Sequence[str]) -> str:
    found = next((one for one in choices if one.casefold() == value.casefold()), None)
    if found is None:
        raise ValueError(phrase("must be one of {choices}", choices=", ".join(choices)))
    return found


def in_words(one: AttributeFields | None, value: str, form: str = "day_year") -> str:
    """A stored value for people: ``Yes``, ``30 Nov 2026``. ``one``: its definition; None for an
    attribute without one. ``form``: how a date is written (``local_dates.py``).
    """
    if one is not None and one.type is AttributeType.YES_NO:
        return YES_NO_WORDS.get(value, value)
    if one is not None and one.type is AttributeType.DATE and _DATE.fullmatch(value):
        return date_phrase(date.fromisoformat(value), form)
    return value


def in_text(one: AttributeFields | None, value: str, language: Language = Language.ENGLISH) -> str:
    """A stored value for a text to the requester: ``yes``, ``30 November 2026``."""
    if one is not None and one.type is AttributeType.YES_NO and value in _YES_NO_IN_TEXTS:
        return in_language(_YES_NO_IN_TEXTS[value], language)
    if one is not None and one.type is AttributeType.DATE and _DATE.fullmatch(value):
        return full_date(date.fromisoformat(value), language)
    return value


def example(one: AttributeFields) -> str:
    """A typical value in a text, for previews."""
    match one.type:
        case AttributeType.NUMBER:
            return "12"
        case AttributeType.DATE:
            return in_text(one, "2026-01-31")
        case AttributeType.YES_NO:
            return in_text(one, "yes")
        case AttributeType.CHOICE:
            return one.choices[0]
    return one.name


def read_values(
    definitions: Mapping[str, AttributeFields], typed: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The values in the form that is stored, and a sentence for each value that does not fit.
    ``definitions``: key -> definition. Values without a definition do not change."""
    values: dict[str, str] = {}
    wrong: list[str] = []
    for key, value in typed.items():
        if (one := definitions.get(key)) is None:
            values[key] = value
            continue
        try:
            values[key] = read_value(one, value)
        except ValueError as error:
            wrong.append(joined(" ", (f"“{one.name}”", str(error))))
    return values, wrong
