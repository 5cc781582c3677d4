"""Conditions that say which conversations a queue is for: who texts, where to, about what, in which language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Condition, Field, Match, Operator

USER = "user."  # what follows it is the name of a user's attribute, such as user.department
_WORD = Field(str, frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN}))
FIELDS: Mapping[str, Field] = {"provider_number": _WORD, "topic": _WORD, "language": _WORD}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """A conversation as queues see it. ``topic`` and ``language`` are what the virtual agent found out, if it did;
    ``attributes`` are the user's, none for a guest."""

    provider_number: str
    topic: str | None = None
    language: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def fact(self, name: str) -> Any:
        """What a condition's field is about; None when it is not known."""
        return self.attributes.get(name.removeprefix(USER)) if name.startswith(USER) else getattr(self, name)


def matches(written: Sequence[Condition], match: Match, facts: QueueFacts) -> bool:
    """Whether the queue is for this conversation. An empty list holds."""
    return conditions.hold_for(written, match, facts.fact)


def parse(written: Mapping[str, Any]) -> Condition:
    """As ``conditions.parse`` does, with the fields of queues."""
    return conditions.parse(written, _field)


def _field(name: str) -> Field:
    if name in FIELDS or (name.startswith(USER) and name != USER):
        return _WORD
    there = ", ".join([*FIELDS, f"{USER}department (or another attribute)"])
    raise ValueError(f"there is no field {name!r}; there are {there}")
