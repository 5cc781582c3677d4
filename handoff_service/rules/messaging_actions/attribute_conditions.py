"""Conditions on attributes: the fields that the desk has, and values that fit their types."""

from collections.abc import Mapping
from dataclasses import replace

from handoff_service.rules.desk.attributes import (
    ORDERED,
    AttributeFields,
    AttributeOwner,
    AttributeType,
    read_value,
)
from handoff_service.rules.shared.conditions import (
    ATTRIBUTE,
    CONVERSATION,
    Condition,
    Field,
    Operator,
    is_attribute,
)
from handoff_service.rules.shared.phrases import joined, phrase

_ORDER = frozenset({Operator.AT_LEAST, Operator.AT_MOST})


def field_for(one: AttributeFields) -> Field:
    """Return the field with which conditions compare this attribute."""
    words = ("yes", "no") if one.type is AttributeType.YES_NO else one.choices
    operators = ATTRIBUTE.operators - (frozenset() if one.type in ORDERED else _ORDER)
    return Field(str, operators, words)


def fitting(condition: Condition, defined: Mapping[str, AttributeFields]) -> Condition:
    """Return the condition with its values in the stored form. ``defined``: field, such as
    ``user.department`` -> the definition. The ValueError names the error. A user's attribute
    without a definition is a text. Conversations have only defined attributes.
    """
    if not is_attribute(condition.field):
        return condition
    one = defined.get(condition.field)
    if one is None and condition.field.startswith(CONVERSATION):
        key = condition.field.removeprefix(CONVERSATION)
        raise ValueError(phrase("there is no conversation attribute “{key}”", key=key))
    one = one or plain(condition.field)
    if condition.operator not in field_for(one).operators:
        word = condition.operator.replace("_", " ")
        raise ValueError(
            phrase("“{name}” cannot be compared with “{word}”", name=one.name, word=word)
        )
    if condition.operator is Operator.IS_SET:
        return condition
    value = condition.value
    values = value if isinstance(value, list) else [value]
    try:
        read = [read_value(one, str(each)) for each in values]
    except ValueError as error:
        raise ValueError(joined(" ", (f"“{one.name}”", str(error)))) from error
    return replace(condition, value=read if isinstance(value, list) else read[0])


def plain(field: str) -> AttributeFields:
    """A user's attribute that has no definition."""
    _, _, key = field.partition(".")
    return AttributeFields(key=key, name=key, owner=AttributeOwner.USER)
