"""Queue conditions: which conversations a queue takes, by requester, number, topic and language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Condition, Field, Match, Operator
from handoff_service.rules.shared.phrases import joined, phrase

USER = "user."  # followed by the name of a user's attribute, such as user.department
_WORD = Field(str, frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN}))
FIELDS: Mapping[str, Field] = {"provider_number": _WORD, "topic": _WORD, "language": _WORD}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """The facts of a conversation that queue conditions compare. ``topic`` and ``language`` are set
    when the virtual agent has found them. ``attributes``: the user's; empty for a guest."""

    provider_number: str
    topic: str | None = None
    language: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def fact(self, name: str) -> Any:
        """The value of a condition's field. None when it is unknown."""
        return (
            self.attributes.get(name.removeprefix(USER))
            if name.startswith(USER)
            else getattr(self, name)
        )


def matches(written: Sequence[Condition], match: Match, facts: QueueFacts) -> bool:
    """Whether the queue takes this conversation. An empty list matches all conversations."""
    return conditions.are_true(written, match, facts.fact)


def parse(written: Mapping[str, Any]) -> Condition:
    """Like ``conditions.parse``, with the fields of queues."""
    return conditions.parse(written, field_of)


def field_of(name: str) -> Field:
    """A field by its name. Raises ValueError for an unknown one."""
    if name in FIELDS or (name.startswith(USER) and name != USER):
        return _WORD
    others = phrase("{field} (or another attribute)", field=f"{USER}department")
    there = joined(", ", [*FIELDS, others])
    raise ValueError(
        phrase("there is no field “{name}”; the fields are {fields}", name=name, fields=there)
    )
