"""Conditions as form rows with a field, an operator and values. The forms of messaging actions and
queues use such rows with different fields."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sanic import Request

from handoff_service.rules.messaging_actions.action_sentence import OPERATOR_LABELS
from handoff_service.rules.shared.conditions import Condition, Field, Operator
from handoff_service.rules.shared.phrases import phrase

MOST_CONDITIONS = 20
SEVERAL = (Operator.IN, Operator.NOT_IN)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,5}")
TAB = "\t"  # separates the parts of a row in a hidden field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields that conditions can compare."""

    #: field -> its label
    labels: Mapping[str, str]
    #: field -> the values to choose from, with their labels
    offers: Mapping[str, Mapping[str, str]]
    #: finds a field by its name
    find: Callable[[str], Field]
    #: parses a condition; raises ValueError with the sentence to show
    parse: Callable[[Mapping[str, Any]], Condition]
    #: whether the admin may also type a value for this field
    free: Callable[[str], bool] = lambda _field: False

    def operators(self, field: str) -> dict[str, str]:
        """Return the operators of a field, with their labels."""
        return {
            str(one): OPERATOR_LABELS[one] for one in Operator if one in self.find(field).operators
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A condition as typed in the form."""

    field: str
    #: the field that ``values`` belong to, which differs if the admin has just changed ``field``
    was: str
    operator: str
    values: tuple[str, ...]

    def fitting(self, fields: Fields) -> Self:
        """Replace an operator and values that are not valid for the row's field."""
        field = self.field if self.field in fields.labels else next(iter(fields.labels))
        operators = fields.operators(field)
        operator = self.operator if self.operator in operators else next(iter(operators))
        values = self.values if self.was == field else ()
        if operator == Operator.IS_SET:
            values = values[:1] if values[:1] in (("true",), ("false",)) else ("true",)
        elif operator not in SEVERAL:
            first = () if fields.free(field) else tuple(fields.offers[field])
            values = values[:1] or first[:1]
        return type(self)(field, field, operator, values)

    def condition(self, fields: Fields) -> Condition:
        """Return the condition. Raises ValueError with the sentence to show."""
        if self.field not in fields.labels:
            raise ValueError(phrase("Choose a field."))
        if self.field != self.was:
            raise ValueError(phrase("Choose a value to compare with."))
        if not any(self.values):
            free = fields.free(self.field)
            raise ValueError(
                phrase("Enter a value to compare with.") if free else phrase("Choose at least one.")
            )
        kind = bool if self.operator == Operator.IS_SET else fields.find(self.field).kind
        read = [_typed(value, kind) for value in self.values if value]
        value = read if self.operator in SEVERAL else read[0]
        return fields.parse({"field": self.field, "operator": self.operator, "value": value})

    def flat(self) -> str:
        """Write the row as one line of a hidden field."""
        return TAB.join((self.field, self.was, self.operator, *self.values))


def from_flat(text: str) -> tuple[Row, ...]:
    """Read rows that ``flat`` wrote."""
    lines = [line.split(TAB) for line in text.split("\n") if line]
    return tuple(Row(p[0], p[1], p[2], tuple(p[3:])) for p in lines)


def from_condition(condition: Condition) -> Row:
    """Return the row for a stored condition."""
    value = condition.value
    values = tuple(_written(one) for one in (value if isinstance(value, list) else [value]))
    return Row(condition.field, condition.field, condition.operator, values)


def from_request(request: Request) -> tuple[Row, ...]:
    """Read the rows that the browser sent. Each line of a value is a separate value."""
    given: Any = request.form or {}
    return tuple(
        Row(
            given.get(f"field-{n}"),
            given.get(f"was-{n}") or "",
            given.get(f"operator-{n}") or "",
            tuple(
                line.strip().replace(TAB, " ")
                for value in given.getlist(f"value-{n}", [])
                for line in value.splitlines()
                if line.strip()
            ),
        )
        for n in range(MOST_CONDITIONS)
        if given.get(f"field-{n}")
    )


def changed(request: Request, rows: tuple[Row, ...], new: Row) -> tuple[Row, ...]:
    """Return the rows after the button Add or Remove, if one of them was pressed. ``new``: the row
    to add."""
    given: Any = request.form or {}
    made, taken = list(rows), str(given.get("remove") or "")
    if taken.isdigit() and int(taken[:3]) < len(made):
        del made[int(taken[:3])]
    if given.get("add") and len(made) < MOST_CONDITIONS:
        made.append(new)
    return tuple(made)


def read(rows: tuple[Row, ...], fields: Fields, errors: dict[str, str]) -> tuple[Condition, ...]:
    """Convert the rows to conditions. Add the error of each wrong row to ``errors``."""
    found = []
    for n, row in enumerate(rows):
        try:
            found.append(row.condition(fields))
        except ValueError as error:
            errors[f"condition-{n}"] = str(error)
    return tuple(found)


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(value: str, kind: type) -> Any:
    if kind is int:
        return int(value) if _WHOLE_NUMBER.fullmatch(value) else value
    return value == "true" if kind is bool and value in ("true", "false") else value
