"""Filters by an attribute, written in one form that URLs, views and the API share.

- ``order=12``: the value;
- ``order=10..20``, ``order=10..`` and ``order=..20``: at least, at most; for numbers and dates;
- ``site~north``: a part of the text, in upper or lower case.

``order=..`` and ``site~`` select all records that have a value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.desk.attributes import (
    FEW_VALUES,
    ORDERED,
    AttributeFields,
    AttributeType,
    in_words,
    read_value,
)
from handoff_service.rules.shared.conditions import JUDGES, Operator
from handoff_service.rules.shared.phrases import joined, phrase

WRITTEN = re.compile(r"([^=~]+)([=~])(.*)")
NOT_A_FILTER = phrase(
    "must be KEY=VALUE, such as order_number=12, or KEY~PART for a part of a text, such as "
    "site~north"
)
TO = ".."
LONGEST = 300


class FilterKind(StrEnum):
    IS = "is"
    BETWEEN = "between"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFilter:
    """A filter by one attribute. ``low`` and ``high``: the ends of a range, both included; empty:
    no limit."""

    key: str
    kind: FilterKind
    value: str = ""  #: the value, or the part of the text
    low: str = ""
    high: str = ""
    #: the attribute's type; text if the attribute has been deleted
    type: AttributeType = AttributeType.TEXT

    @property
    def open(self) -> str:
        """The written filter that selects all records that have a value."""
        return f"{self.key}~" if self.kind is FilterKind.CONTAINS else f"{self.key}={TO}"

    @property
    def written(self) -> str:
        match self.kind:
            case FilterKind.IS:
                return f"{self.key}={self.value}"
            case FilterKind.BETWEEN:
                return f"{self.key}={self.low}{TO}{self.high}"
            case FilterKind.CONTAINS:
                return f"{self.key}~{self.value}"

    def matches(self, value: str | None) -> bool:
        """Whether the filter selects a record with this stored value. None: the record has none."""
        if value is None:
            return False
        match self.kind:
            case FilterKind.IS:
                return value == self.value
            case FilterKind.BETWEEN:
                at_least, at_most = JUDGES[Operator.AT_LEAST], JUDGES[Operator.AT_MOST]
                above = not self.low or at_least(value, self.low)
                return above and (not self.high or at_most(value, self.high))
            case FilterKind.CONTAINS:
                return self.value.casefold() in value.casefold()


def parse(typed: str, defined: Mapping[str, AttributeFields]) -> AttributeFilter:
    """Parse a filter, and bring its values into the stored form. ``defined``: key -> definition.
    The ValueError says what is wrong with the filter."""
    found = WRITTEN.fullmatch(typed)
    if found is None:
        raise ValueError(NOT_A_FILTER)
    key, sign, value = found.groups()
    if (one := defined.get(key)) is None:
        raise ValueError(phrase("there is no attribute “{key}”", key=key))
    if sign == "~":
        return _contains(one, value.strip())
    if one.type in ORDERED and TO in value:
        return _between(one, *(part.strip() for part in value.split(TO, 1)))
    return AttributeFilter(key=key, kind=FilterKind.IS, value=_read(one, value), type=one.type)


def stored(written: str, defined: Mapping[str, AttributeFields]) -> AttributeFilter:
    """Parse a filter that was valid when it was stored. If it no longer is, because its attribute
    has been deleted or has a new type, a filter with ``=`` selects the value as it is written, and
    a filter with ``~`` selects nothing."""
    try:
        return parse(written, defined)
    except ValueError:
        key, _, value = written.partition("=")
        return AttributeFilter(key=key, kind=FilterKind.IS, value=value)


def narrowed(written: str, value: str) -> str:
    """Add the value that somebody typed to a filter from ``choices``: a number, a date, a range of
    them, or a part of a text. Filters that already have a value stay unchanged."""
    if not value:
        return written
    if written.endswith(f"={TO}"):
        return f"{written.removesuffix(TO)}{value}"
    return f"{written}{value}" if written.endswith("~") else written


def choices(defined: Mapping[str, AttributeFields]) -> dict[str, str]:
    """Written filter -> its name in lists. An attribute of the type choice or yes/no has a filter
    for each value. Every other attribute has one filter, for which people type the value."""
    found: dict[str, str] = {}
    for one in defined.values():
        if one.type in FEW_VALUES:
            for value in one.choices or ("yes", "no"):
                found[f"{one.key}={value}"] = joined(": ", (one.name, in_words(one, value)))
        else:
            found[f"{one.key}={TO}" if one.type in ORDERED else f"{one.key}~"] = one.name
    return found


def _contains(one: AttributeFields, part: str) -> AttributeFilter:
    if one.type is not AttributeType.TEXT:
        raise ValueError(
            phrase("“{name}” is not a text; write = and a value instead of ~", name=one.name)
        )
    return AttributeFilter(key=one.key, kind=FilterKind.CONTAINS, value=part)


def _between(one: AttributeFields, typed_low: str, typed_high: str) -> AttributeFilter:
    low, high = (_read(one, typed) if typed else "" for typed in (typed_low, typed_high))
    if low and high and not JUDGES[Operator.AT_MOST](low, high):
        raise ValueError(
            phrase(
                "“{name}” must not have a lowest value above the highest: {low}, {high}",
                name=one.name,
                low=low,
                high=high,
            )
        )
    return AttributeFilter(key=one.key, kind=FilterKind.BETWEEN, low=low, high=high, type=one.type)


def _read(one: AttributeFields, typed: str) -> str:
    try:
        return read_value(one, typed)
    except ValueError as error:
        raise ValueError(joined(" ", (f"“{one.name}”", str(error)))) from error
