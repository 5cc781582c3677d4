"""The rules for the values of each type of attribute, and for conditions on them."""

import pytest

from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    AttributePlace,
    AttributeType,
    errors,
    read_value,
)
from handoff_service.rules.messaging_actions.attribute_conditions import fitting
from handoff_service.rules.shared.conditions import Facts, Match, matches, parse
from handoff_service.rules.shared.vocabulary import Owner, State

TEXT, NUMBER, DATE, CHOICE, YES_NO = AttributeType
USER, CONVERSATION = AttributeOwner


def definition(type_: AttributeType, **more: object) -> AttributeFields:
    given = {"key": "plan", "name": "Plan", "owner": CONVERSATION, "type": type_} | more
    if type_ is CHOICE:
        given = {"choices": ("Gold", "Silver")} | given
    return AttributeFields(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "typed", "stored"),
    [
        (TEXT, " Sales ", "Sales"),
        (NUMBER, "12.50", "12.5"),
        (NUMBER, "-0", "0"),
        (NUMBER, "007", "7"),
        (NUMBER, "1000", "1000"),
        (DATE, "2028-02-29", "2028-02-29"),
        (CHOICE, "gold", "Gold"),
        (YES_NO, "Yes", "yes"),
        (YES_NO, "false", "no"),
    ],
)
def test_each_value_has_one_stored_form(type_: AttributeType, typed: str, stored: str) -> None:
    assert read_value(definition(type_), typed) == stored


@pytest.mark.parametrize(
    ("type_", "typed", "said"),
    [
        (TEXT, " ", "must be one line of 1 to 200 characters"),
        (TEXT, "a\nb", "must be one line of 1 to 200 characters"),
        (TEXT, "x" * 201, "must be one line of 1 to 200 characters"),
        (NUMBER, "1,5", "must be a number, such as 12 or 12.5"),
        (NUMBER, "1e5", "must be a number, such as 12 or 12.5"),
        (NUMBER, "٣", "must be a number, such as 12 or 12.5"),
        (DATE, "2026-02-29", "must be a date, such as 2026-01-31"),
        (DATE, "31.1.2026", "must be a date, such as 2026-01-31"),
        (CHOICE, "Bronze", "must be one of Gold, Silver"),
        (YES_NO, "maybe", "must be yes or no"),
    ],
)
def test_a_value_that_does_not_fit_gets_a_helpful_error(
    type_: AttributeType, typed: str, said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        read_value(definition(type_), typed)


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        (definition(TEXT), []),
        (definition(CHOICE), []),
        (definition(TEXT, key="_x"), ["key"]),
        (definition(TEXT, key='a"b'), ["key"]),
        (definition(TEXT, key="x" * 61), ["key"]),
        (definition(TEXT, key="Order Number"), ["key"]),
        (definition(CHOICE, choices=()), ["choices"]),
        (definition(CHOICE, choices=("Gold", "gold")), ["choices"]),
        (definition(NUMBER, choices=("1",)), ["choices"]),
        (definition(TEXT, owner=USER, required_to_close=True), ["required_to_close"]),
        (definition(TEXT, shown=AttributePlace.NOWHERE, required_to_close=True), ["shown"]),
    ],
)
def test_a_wrong_definition_gets_an_error(one: AttributeFields, wrong: list[str]) -> None:
    assert list(errors(one)) == wrong


@pytest.mark.parametrize(
    ("stored", "condition", "holds"),
    [
        ("12.5", {"at_least": "9"}, True),
        ("12.5", {"at_most": "9"}, False),
        ("2026-02-01", {"at_least": "2026-01-31"}, True),
        ("2026-02-01", {"at_most": "2026-01-31"}, False),
        ("Sales", {"at_least": "1"}, False),
        ("Gold", {"is": "Gold"}, True),
        ("Gold", {"is_not": "Gold"}, False),
        ("Gold", {"in": ["Gold", "Silver"]}, True),
        (None, {"is": "Gold"}, False),
        (None, {"is_not": "Gold"}, True),
        (None, {"at_least": "1"}, False),
        (None, {"is_set": True}, False),
        (None, {"is_set": False}, True),
        ("Gold", {"is_set": True}, True),
    ],
)
def test_conditions_compare_attributes(
    stored: str | None, condition: dict[str, object], holds: bool
) -> None:
    facts = Facts(
        state=State.NEW,
        owner=Owner.QUEUE,
        priority=3,
        queue=None,
        provider_number="+18885550100",
        assigned=False,
        guest=False,
        attributes={} if stored is None else {"conversation.plan": stored},
    )
    one = parse({"field": "conversation.plan", **condition})
    assert matches([one], Match.ALL, facts) is holds


@pytest.mark.parametrize(
    ("one", "condition", "said"),
    [
        (definition(NUMBER), {"at_least": "12.50"}, "12.5"),
        (definition(CHOICE), {"in": ["gold"]}, ["Gold"]),
        (definition(NUMBER), {"is": "x"}, "“Plan” must be a number, such as 12 or 12.5"),
        (definition(TEXT), {"at_least": "1"}, "“Plan” cannot be compared with “at least”"),
        (definition(TEXT, key="other"), {"is": "x"}, "there is no conversation attribute “plan”"),
    ],
)
def test_the_values_of_conditions_must_fit_the_type(
    one: AttributeFields, condition: dict[str, object], said: object
) -> None:
    parsed = parse({"field": "conversation.plan", **condition})
    try:
        found: object = fitting(parsed, {one.field: one}).value
    except ValueError as error:
        found = str(error)
    assert found == said


def test_a_users_attribute_without_a_definition_is_a_text() -> None:
    condition = parse({"field": "user.department", "is": "Sales"})
    assert fitting(condition, {}) == condition
