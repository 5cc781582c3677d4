"""Values of fields in words, for histories and comparisons: as a form types them, or as a desk file
has them."""

from collections.abc import Mapping
from typing import Any

OPERATORS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "at_least": "is at least",
    "at_most": "is at most",
    "is_set": "is set:",
}


def describe(value: Any, options: Mapping[str, Any]) -> str:
    """``options``: the labels of a field's choices, some of them with an explanation."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return ", ".join(describe(one, options) for one in value) or "empty"
    if value is None or value == "":
        return str(options.get("", "empty"))
    lines = [_label(line, options) for line in str(value).split("\n") if line]
    return ", ".join(lines)


def _label(line: str, options: Mapping[str, Any]) -> str:
    """One line of a typed value; its columns are separated by tabs."""
    columns = line.split("\t")
    if len(columns) == 2:  # a group, and the seconds until it joins
        return columns[1] if columns[0] == "0" else f"{columns[1]} after {columns[0]} s"
    if len(columns) > 2:  # a condition: its field twice, the operator and the values
        field, _, operator, *values = columns
        return f"{field} {OPERATORS.get(operator, operator)} {', '.join(values)}"
    label = options.get(line, line.replace("\t", " "))
    return str(label[0] if isinstance(label, tuple) else label)


def _mapping(value: Mapping[str, Any]) -> str:
    if "operator" in value:
        operator = OPERATORS.get(value["operator"], value["operator"])
        return f"{value['field']} {operator} {describe(value['value'], {})}"
    if "after_seconds" in value:
        return f"{value['name']} after {value['after_seconds']} s"
    if "mandatory" in value:
        return f"{value['name']} (preferred)"
    return ", ".join(f"{name} = {describe(one, {})}" for name, one in value.items()) or "empty"
