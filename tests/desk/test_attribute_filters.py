"""Filters by attributes: their format, the records that they select, and refused filters."""

import re

import pytest

from handoff_service.rules.desk.attribute_filters import choices, parse, stored
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner, AttributeType

DEFINED = {
    key: AttributeFields(
        key=key,
        name=key.title(),
        owner=AttributeOwner.CONVERSATION,
        type=kind,
        choices=("Gold", "Silver") if kind is AttributeType.CHOICE else (),
    )
    for key, kind in {
        "order": AttributeType.NUMBER,
        "due": AttributeType.DATE,
        "site": AttributeType.TEXT,
        "plan": AttributeType.CHOICE,
        "urgent": AttributeType.YES_NO,
    }.items()
}
CASES = [
    ("order=12.0", "order=12", {"12": True, "12.5": False}),
    ("order=9..10", "order=9..10", {"9": True, "9.5": True, "10": True, "100": False, "8": False}),
    ("order=-2..", "order=-2..", {"-1": True, "-3": False, "1000": True}),
    ("order=..10", "order=..10", {"9": True, "11": False}),
    ("order=..", "order=..", {"9": True}),
    ("due=2026-01-01..2026-01-31", None, {"2026-01-31": True, "2026-02-01": False}),
    ("due=..2026-01-31", None, {"2025-12-31": True, "2026-02-01": False}),
    ("due=2026-01-31", None, {"2026-01-31": True, "2026-01-30": False}),
    ("site~NORTH", None, {"The north wing": True, "South": False}),
    ("site~", None, {"South": True}),
    ("site=a..b", None, {"a..b": True, "a": False}),
    ("plan=gold", "plan=Gold", {"Gold": True, "Silver": False}),
    ("urgent=TRUE", "urgent=yes", {"yes": True, "no": False}),
]


@pytest.mark.parametrize(("typed", "written", "values"), CASES)
def test_a_filter_selects_its_records(
    typed: str, written: str | None, values: dict[str, bool]
) -> None:
    one = parse(typed, DEFINED)
    assert one.written == (written or typed)
    assert {value: one.matches(value) for value in values} == values
    assert not one.matches(None)
    assert stored(one.written, DEFINED) == one


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("order", "must be KEY=VALUE, such as order_number=12"),
        ("size=1", "there is no attribute “size”"),
        ("order=x", "“Order” must be a number, such as 12 or 12.5"),
        ("order=1..x", "“Order” must be a number, such as 12 or 12.5"),
        ("order=2..1", "“Order” must not have a lowest value above the highest: 2, 1"),
        ("due=2026-02-30..", "“Due” must be a date, such as 2026-01-31"),
        ("due=2026-02-01..2026-01-01", "“Due” must not have a lowest value above the highest"),
        ("plan=Bronze", "“Plan” must be one of Gold, Silver"),
        ("urgent~y", "“Urgent” is not a text; write = and a value instead of ~"),
    ],
)
def test_wrong_filters_name_the_attribute(typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse(typed, DEFINED)


def test_a_filter_by_a_deleted_attribute_compares_the_text() -> None:
    one = stored("order=10..20", {})
    assert [one.matches(value) for value in ("10..20", "15")] == [True, False]


def test_the_list_offers_each_value_of_choices_and_each_other_attribute() -> None:
    assert choices(DEFINED) == {
        "order=..": "Order",
        "due=..": "Due",
        "site~": "Site",
        "plan=Gold": "Plan: Gold",
        "plan=Silver": "Plan: Silver",
        "urgent=yes": "Urgent: Yes",
        "urgent=no": "Urgent: No",
    }
