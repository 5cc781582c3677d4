"""Chooses the queue for a conversation: the first queue in the admin's order with matching
conditions, or else the company number's queue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handoff_service.rules.routing import queue_conditions
from handoff_service.rules.routing.queue_conditions import USER, QueueFacts
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Condition, Match, Operator
from handoff_service.rules.shared.phrases import Phrase, joined, phrase

COMPARISONS: Mapping[Operator, Callable[[str, str], Phrase]] = {
    Operator.IS: lambda field, value: phrase("{field} is {value}", field=field, value=value),
    Operator.IS_NOT: lambda field, value: phrase(
        "{field} is not {value}", field=field, value=value
    ),
    Operator.IN: lambda field, value: phrase(
        "{field} is one of {values}", field=field, values=value
    ),
    Operator.NOT_IN: lambda field, value: phrase(
        "{field} is none of {values}", field=field, values=value
    ),
}
FIELD_NAMES: Mapping[str, Phrase] = {
    "provider_number": phrase("company number"),
    "topic": phrase("topic"),
    "language": phrase("language"),
}


class HasConditions(Protocol):
    """A queue, or only its conditions."""

    @property
    def conditions(self) -> Sequence[Condition]: ...
    @property
    def match(self) -> Match: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDecision:
    """One queue that was considered. ``why``: a sentence."""

    queue_id: int
    name: str
    chosen: bool
    why: str


def choose(queues: Mapping[int, HasConditions], default: int, facts: QueueFacts) -> int:
    """The queue's id. ``queues``: in the admin's order; ``default``: the id of the company number's
    queue."""
    fits = (key for key, queue in queues.items() if _takes(queue, facts))
    return next(fits, default)


def explain(
    queues: Mapping[int, QueueFields], default: int, facts: QueueFacts
) -> Sequence[QueueDecision]:
    """The queues in the order in which they are considered, up to the chosen one."""
    considered = []
    for key, queue in queues.items():
        if not queue.conditions:
            continue
        taken = _takes(queue, facts)
        considered.append(
            QueueDecision(
                queue_id=key, name=queue.name, chosen=taken, why=_why(queue, facts, taken=taken)
            )
        )
        if taken:
            return considered
    why = phrase("No queue's conditions match, so the company number's queue takes it.")
    return [
        *considered,
        QueueDecision(queue_id=default, name=queues[default].name, chosen=True, why=why),
    ]


def _takes(queue: HasConditions, facts: QueueFacts) -> bool:
    """Whether the queue's conditions match. A queue without conditions gets only conversations of
    its company numbers."""
    return bool(queue.conditions) and queue_conditions.matches(queue.conditions, queue.match, facts)


def _why(queue: QueueFields, facts: QueueFacts, *, taken: bool) -> str:
    true = [c for c in queue.conditions if conditions.are_true([c], Match.ALL, facts.fact)]
    false = [c for c in queue.conditions if c not in true]
    if taken:
        return phrase("Its conditions match: {conditions}.", conditions=_in_words(true))
    return phrase(
        "These conditions do not match: {conditions}. In this conversation: {facts}.",
        conditions=_in_words(false),
        facts=_facts(false, facts),
    )


def _in_words(some: Sequence[Condition]) -> str:
    return joined(
        "; ",
        (COMPARISONS[one.operator](_name(one.field), _value(one.value)) for one in some),
    )


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(field: str) -> str:
    return FIELD_NAMES.get(field) or field.removeprefix(USER).replace("_", " ")


def _facts(some: Sequence[Condition], facts: QueueFacts) -> str:
    """The conversation's values of the compared fields, in words."""
    names = dict.fromkeys(one.field for one in some)
    return joined(
        "; ",
        (
            phrase("{field} is {value}", field=_name(name), value=value)
            if (value := facts.fact(name))
            else phrase("{field} is not known", field=_name(name))
            for name in names
        ),
    )
