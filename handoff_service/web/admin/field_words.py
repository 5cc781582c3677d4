"""Describes the values of fields, for histories and comparisons. The values are in the format of
the forms or of a desk file."""

from collections.abc import Mapping
from typing import Any

from handoff_service.rules.shared.conditions import COMPARED, Operator
from handoff_service.rules.shared.phrases import filled, joined, phrase

IS_SET = phrase("{field} is set: {value}")
EMPTY = phrase("empty")


def describe(value: Any, options: Mapping[str, Any]) -> str:
    """Describe a value. ``options``: value -> its label, or a tuple of its label and an
    explanation."""
    if isinstance(value, bool):
        return phrase("on") if value else phrase("off")
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return joined(", ", [describe(one, options) for one in value] or [EMPTY])
    if value is None or value == "":
        return str(options.get("", EMPTY))
    lines = [_label(line, options) for line in str(value).split("\n") if line]
    return joined(", ", lines)


def _label(line: str, options: Mapping[str, Any]) -> str:
    """Describe one line of a form's value. Tabs separate its columns."""
    columns = line.split("\t")
    if len(columns) == 2:  # a group, and the seconds until it joins
        return columns[1] if columns[0] == "0" else _joins(columns[1], columns[0])
    if len(columns) > 2:  # a condition: its field twice, the operator and the values
        field, _, operator, *values = columns
        return _compared(field, operator, ", ".join(values))
    label = options.get(line, line.replace("\t", " "))
    return str(label[0] if isinstance(label, tuple) else label)


def _mapping(value: Mapping[str, Any]) -> str:
    if "operator" in value:
        return _compared(value["field"], value["operator"], describe(value["value"], {}))
    if "after_seconds" in value:
        return _joins(value["name"], value["after_seconds"])
    if "mandatory" in value:
        return phrase("{skill} (preferred)", skill=value["name"])
    pairs = [joined(" = ", (name, describe(one, {}))) for name, one in value.items()]
    return joined(", ", pairs or [EMPTY])


def _joins(group: str, seconds: object) -> str:
    """Describe a group that a queue asks only after some seconds."""
    return phrase("{group} after {seconds} s", group=group, seconds=seconds)


def _compared(field: str, operator: str, value: str) -> str:
    if operator == Operator.IS_SET:
        return filled(IS_SET, field=field, value=value)
    return filled(COMPARED[Operator(operator)], field=field, value=value)
