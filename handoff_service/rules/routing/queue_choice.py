"""The choice of a queue for a conversation: the first one, in the admin's order, whose conditions
match; else the company number's queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.rules.routing import queue_conditions
from handoff_service.rules.routing.queue_conditions import USER, QueueFacts
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Condition, Match, Operator

OPERATOR_WORDS = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDecision:
    """One queue that was considered. ``why``: a sentence."""

    queue_id: int
    name: str
    chosen: bool
    why: str


def choose(queues: Mapping[int, QueueFields], default: int, facts: QueueFacts) -> int:
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
    why = "No queue's conditions match, so the company number's queue takes it."
    return [
        *considered,
        QueueDecision(queue_id=default, name=queues[default].name, chosen=True, why=why),
    ]


def _takes(queue: QueueFields, facts: QueueFacts) -> bool:
    """A queue without conditions gets only the conversations of its company numbers."""
    return bool(queue.conditions) and queue_conditions.matches(queue.conditions, queue.match, facts)


def _why(queue: QueueFields, facts: QueueFacts, *, taken: bool) -> str:
    true = [c for c in queue.conditions if conditions.hold_for([c], Match.ALL, facts.fact)]
    false = [c for c in queue.conditions if c not in true]
    if taken:
        return f"Its conditions match: {_in_words(true)}."
    return f"These conditions do not match: {_in_words(false)}. {_facts(false, facts)}"


def _in_words(some: Sequence[Condition]) -> str:
    return "; ".join(
        f"{_name(one.field)} {OPERATOR_WORDS[one.operator]} "
        f"{', '.join(map(str, one.value)) if isinstance(one.value, list) else one.value}"
        for one in some
    )


def _name(field: str) -> str:
    return field.removeprefix(USER).replace("_", " ")


def _facts(some: Sequence[Condition], facts: QueueFacts) -> str:
    """The value that the conversation has, for the explanation."""
    names = dict.fromkeys(one.field for one in some)
    return " ".join(f"The {_name(name)} is {facts.fact(name) or 'not known'}." for name in names)
