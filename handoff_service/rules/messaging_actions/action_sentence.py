"""A messaging action as one sentence, in parts that are stressed or not."""

from collections.abc import Callable, Iterator

from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.conditions import (
    TARGET_FIELDS,
    Condition,
    Match,
    Operator,
    is_attribute,
)
from handoff_service.rules.shared.vocabulary import Action, Unanswered

type Part = tuple[str, bool]  # words, and whether they are stressed

COMPARES = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.AT_LEAST: "is at least",
    Operator.AT_MOST: "is at most",
    Operator.IS_SET: "is set",
}
FIELDS = {
    "state": "the state",
    "owner": "the owner",
    "priority": "the priority",
    "queue": "the queue",
    "provider_number": "the company number",
}
_TARGETS = {name: kind.replace("_", " ") for name, kind in TARGET_FIELDS.items()}
_YES_OR_NO = {
    "assigned": {True: "an agent is assigned", False: "no agent is assigned"},
    "guest": {True: "the requester is a guest", False: "the requester is known"},
}
_WHO_WAITS = {
    Unanswered.REQUESTER_MESSAGE: ("When a requester has waited ", " for an agent"),
    Unanswered.AGENT_MESSAGE: ("When an agent has waited ", " for the requester"),
}


def sentence(action: MessagingAction, *, format_number: Callable[[str], str] = str) -> list[Part]:
    """``When a requester has waited 2 business hours for an agent, and the state is on hold, the
    agent is prompted.``

    ``format_number``: formats a number.
    """
    before, after = _WHO_WAITS[action.event]
    parts: list[Part] = [(before, False), (_time(action), True), (after, False)]
    limits = [
        *_limits(action, format_number),
        *([[*_conditions(action, format_number)]] if action.conditions else []),
    ]
    for n, limit in enumerate(limits):
        parts += [(", and " if n == 0 else " and ", False), *limit]
    return [*parts, (", ", False), *_does(action), (".", False)]


def _time(action: MessagingAction) -> str:
    duration = durations.describe(action.duration)
    number, _, unit = duration.partition(" ")
    return f"{number} business {unit}" if action.business_hours else duration


def _limits(action: MessagingAction, format_number: Callable[[str], str]) -> Iterator[list[Part]]:
    if action.queues:
        yield [("the queue is ", False), *_listed(action.queues)]
    if action.provider_numbers:
        yield [
            ("the company number is ", False),
            *_listed([format_number(one) for one in action.provider_numbers]),
        ]


def _listed(names: tuple[str, ...] | list[str]) -> Iterator[Part]:
    for n, name in enumerate(names):
        yield (" or " if n and n == len(names) - 1 else ", " if n else "", False)
        yield name, True


def _conditions(action: MessagingAction, format_number: Callable[[str], str]) -> Iterator[Part]:
    between = " and " if action.match is Match.ALL else " or "
    if action.match is Match.ANY and len(action.conditions) > 1:
        yield "either ", False
    for n, condition in enumerate(action.conditions):
        yield (between if n else "", False)
        yield from _condition(condition, format_number)


def _condition(condition: Condition, format_number: Callable[[str], str]) -> Iterator[Part]:
    if condition.operator is Operator.IS_SET:
        yield f"{_field(condition.field)} ", False
        yield ("is set" if condition.value else "is not set"), True
        return
    if isinstance(condition.value, bool):
        yield (
            _YES_OR_NO[condition.field][condition.value is (condition.operator is Operator.IS)],
            True,
        )
        return
    if condition.field in TARGET_FIELDS and isinstance(condition.value, int):
        yield f"the {_TARGETS[condition.field]} is ", False
        yield _due(condition.value), True
        return
    yield f"{_field(condition.field)} {COMPARES[condition.operator]} ", False
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    written = format_number if condition.field == "provider_number" else _words
    as_it_is = condition.field == "queue" or is_attribute(condition.field)
    yield from _listed([str(value) if as_it_is else written(str(value)) for value in values])


def _field(name: str) -> str:
    """``the user's contract end``."""
    if name in FIELDS:
        return FIELDS[name]
    owner, _, key = name.partition(".")
    return f"the {owner}'s {_words(key)}"


def _due(minutes: int) -> str:
    """``due in 10 minutes``, counted in opening hours; ``30 minutes late``."""
    many = f"{abs(minutes)} minute{'' if abs(minutes) == 1 else 's'}"
    return f"due in {many}" if minutes > 0 else f"{many} late" if minutes else "missed"


def _does(action: MessagingAction) -> list[Part]:
    return {
        Action.PROMPT_AGENT: [("the ", False), ("agent is prompted", True)],
        Action.PROMPT_REQUESTER: [("the ", False), ("requester is texted", True)],
        Action.REASSIGN: [("it returns ", False), ("to its queue", True)],
        Action.SET_STATE: [
            ("its state becomes ", False),
            (_words(action.state or "nothing"), True),
        ],
        Action.ALERT_SUPERVISORS: [("the ", False), ("supervisors are alerted", True)],
    }[action.action]


def _words(name: str) -> str:
    return name.replace("_", " ")
