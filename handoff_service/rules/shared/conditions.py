"""Conditions: a list of (field, operator, value) of which all or any must be true.

This module has the conditions on interactions, which messaging actions use. ``queue_conditions``
has the fields of queues.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from handoff_service.rules.shared.phrases import Phrase, filled, phrase
from handoff_service.rules.shared.vocabulary import Owner, State, TargetKind

type Value = str | int | bool | list[str] | list[int]


class Operator(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_SET = "is_set"


class Match(StrEnum):
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of an interaction that conditions compare. ``queue``: the queue's name.
    ``assigned``: the interaction has an agent. ``guest``: its user is unknown.

    ``first_response_left`` and the like: the minutes that are left until this target is due; below
    0: it was missed; None: it is not running.
    """

    state: State
    owner: Owner
    priority: int
    queue: str | None
    provider_number: str
    assigned: bool
    guest: bool
    #: attributes of the user and of the interaction, such as ``user.department`` and
    #: ``conversation.order_number``
    attributes: Mapping[str, str] = field(default_factory=dict)
    first_response_left: float | None = None
    next_response_left: float | None = None
    resolution_left: float | None = None

    def fact(self, name: str) -> Any:
        """The value of a condition's field. None when it is unknown."""
        return self.attributes.get(name) if is_attribute(name) else getattr(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition. ``value`` is a list for ``in`` and ``not_in``, a boolean for ``is_set``, else
    a word, a number or a boolean."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Field:
    """The values with which a field can be compared: one of ``words``, or any value of the type
    ``kind``."""

    kind: type
    operators: frozenset[Operator]
    words: tuple[str, ...] = ()


USER, CONVERSATION = "user.", "conversation."  # prefix of an attribute's field, before its key
_EQUAL = frozenset({Operator.IS, Operator.IS_NOT})
_WORD = _EQUAL | {Operator.IN, Operator.NOT_IN}
#: Values of attributes are texts. “At least” and “at most” compare numbers and dates.
ATTRIBUTE = Field(str, frozenset(Operator))
#: Timers with conditions on these fields wait for the target (messaging_actions/target_timers.py).
TARGET_FIELDS: Mapping[str, TargetKind] = {f"{kind}_left": kind for kind in TargetKind}
FIELDS: Mapping[str, Field] = {
    "state": Field(str, _WORD, tuple(State)),
    "owner": Field(str, _WORD, tuple(Owner)),
    "priority": Field(int, frozenset(Operator) - {Operator.IS_SET}),
    "queue": Field(str, _WORD),
    "provider_number": Field(str, _WORD),
    "assigned": Field(bool, _EQUAL),
    "guest": Field(bool, _EQUAL),
    **dict.fromkeys(TARGET_FIELDS, Field(int, frozenset({Operator.AT_MOST}))),
}


def matches(conditions: Sequence[Condition], match: Match, facts: Facts) -> bool:
    """Whether all (or any) conditions are true. An empty list is true."""
    return are_true(conditions, match, facts.fact)


def are_true(conditions: Sequence[Condition], match: Match, fact: Callable[[str], Any]) -> bool:
    """Whether the conditions are true. ``fact`` gives the value of a field."""
    judged = [JUDGES[c.operator](fact(c.field), c.value) for c in conditions]
    return not judged or (all(judged) if match is Match.ALL else any(judged))


def is_attribute(name: str) -> bool:
    """Whether a field is an attribute, such as ``user.department``."""
    return any(name.startswith(one) and name != one for one in (USER, CONVERSATION))


def field_of(name: str) -> Field | None:
    """A field of messaging actions by its name. None for an unknown one."""
    return ATTRIBUTE if is_attribute(name) else FIELDS.get(name)


def _is_at_least(one: Any, other: Any) -> bool:
    """Compare texts as numbers or as dates. False for other texts, because they have no order."""
    if one is None or other is None:
        return False
    if not isinstance(one, str):
        return bool(one >= other)
    try:
        return Decimal(one) >= Decimal(other)
    except InvalidOperation:
        pass
    try:
        return date.fromisoformat(one) >= date.fromisoformat(other)
    except ValueError:
        return False


#: A field with its value, as a part of a sentence.
COMPARED: Mapping[Operator, Phrase] = {
    Operator.IS: phrase("{field} is {value}"),
    Operator.IS_NOT: phrase("{field} is not {value}"),
    Operator.IN: phrase("{field} is one of {value}"),
    Operator.NOT_IN: phrase("{field} is none of {value}"),
    Operator.AT_LEAST: phrase("{field} is at least {value}"),
    Operator.AT_MOST: phrase("{field} is at most {value}"),
}
_OF_KIND = {
    str: phrase("“{value}” is not a text"),
    int: phrase("“{value}” is not a whole number"),
    bool: phrase("“{value}” is not true or false"),
}
_ALL_FIELDS = ", ".join([*FIELDS, f"{USER}key", f"{CONVERSATION}key (of an attribute)"])
JUDGES: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.IS: lambda fact, value: fact == value,
    Operator.IS_NOT: lambda fact, value: fact != value,
    Operator.IN: lambda fact, value: fact in value,
    Operator.NOT_IN: lambda fact, value: fact not in value,
    Operator.AT_LEAST: _is_at_least,
    Operator.AT_MOST: lambda fact, value: _is_at_least(value, fact),
    Operator.IS_SET: lambda fact, value: (fact is not None) is value,
}


def parse(
    written: Mapping[str, Any], fields: Callable[[str], Field | None] = field_of
) -> Condition:
    """Parse ``{field, operator, value}`` or the short form ``{field, is = value}``. The ValueError
    names the error.

    ``fields`` finds a field by name and may raise its own ValueError.
    """
    rest = dict(written)
    name = rest.pop("field", None)
    field = fields(name) if isinstance(name, str) else None
    if field is None:
        raise ValueError(
            phrase(
                "there is no field “{name}”; the fields are {fields}", name=name, fields=_ALL_FIELDS
            )
        )
    if rest.keys() == {"operator", "value"}:
        operator, value = rest["operator"], rest["value"]
    elif len(rest) == 1:
        operator, value = rest.popitem()
    else:
        raise ValueError(
            phrase("needs field, operator and value, or a field with an operator such as “is”")
        )
    if operator not in field.operators:
        raise ValueError(
            phrase(
                "{field} cannot be compared with “{operator}”; use {operators}",
                field=name,
                operator=operator,
                operators=_listed(field.operators),
            )
        )
    return Condition(
        field=str(name), operator=Operator(operator), value=_value(field, Operator(operator), value)
    )


def written(condition: Condition) -> dict[str, Any]:
    """The stored form of a condition."""
    return {"field": condition.field, "operator": str(condition.operator), "value": condition.value}


def stored(rows: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions in rows that ``written`` made."""
    return tuple(
        Condition(field=r["field"], operator=Operator(r["operator"]), value=r["value"])
        for r in rows
    )


def _value(field: Field, operator: Operator, value: Any) -> Value:
    several = operator in (Operator.IN, Operator.NOT_IN)
    values = value if several else [value]
    if operator is Operator.IS_SET:
        field = Field(bool, field.operators)
    if not isinstance(values, list) or not values:
        raise ValueError(phrase("{operator} needs a list of values", operator=operator))
    for one in values:
        if type(one) is not field.kind:
            raise ValueError(filled(_OF_KIND[field.kind], value=one))
        if field.words and one not in field.words:
            raise ValueError(
                phrase(
                    "“{value}” is not one of {choices}", value=one, choices=", ".join(field.words)
                )
            )
    return list(values) if several else value


def _listed(operators: frozenset[Operator]) -> str:
    return ", ".join(o for o in Operator if o in operators)
