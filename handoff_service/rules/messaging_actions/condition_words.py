"""Conditions of messaging actions in words."""

from collections.abc import Callable, Sequence

from handoff_service.rules.shared.conditions import (
    COMPARED,
    CONVERSATION,
    TARGET_FIELDS,
    USER,
    Condition,
    Match,
    Operator,
    is_attribute,
)
from handoff_service.rules.shared.phrases import (
    all_of,
    any_of,
    count_phrase,
    filled,
    joined,
    phrase,
)
from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.rules.shared.vocabulary_words import WORDS

type Style = Callable[[str], str]  #: formats a part of the sentence, such as a number

FIELDS = {
    "state": phrase("the state"),
    "owner": phrase("the owner"),
    "priority": phrase("the priority"),
    "queue": phrase("the queue"),
    "provider_number": phrase("the company number"),
}
_TARGETS = {
    TargetKind.FIRST_RESPONSE: phrase("the first response is {due}"),
    TargetKind.NEXT_RESPONSE: phrase("the next response is {due}"),
    TargetKind.RESOLUTION: phrase("the resolution is {due}"),
}
_YES_OR_NO = {
    "assigned": {True: phrase("an agent is assigned"), False: phrase("no agent is assigned")},
    "guest": {True: phrase("the requester is a guest"), False: phrase("the requester is known")},
}


def describe(
    conditions: Sequence[Condition],
    match: Match,
    *,
    number: Style = str,
    stress: Style = str,
) -> str:
    """Describe conditions: ``the state is On hold and the priority is at most 2``. ``number``
    formats company numbers; ``stress`` formats the values.
    """
    parts = [_condition(one, number, stress) for one in conditions]
    if match is Match.ALL or len(parts) < 2:
        return all_of(parts)
    return phrase("either {conditions}", conditions=any_of(parts))


def _condition(one: Condition, number: Style, stress: Style) -> str:
    if one.operator is Operator.IS_SET:
        is_set = phrase("is set") if one.value else phrase("is not set")
        return joined(" ", (_field(one.field), stress(is_set)))
    if isinstance(one.value, bool):
        return stress(_YES_OR_NO[one.field][one.value is (one.operator is Operator.IS)])
    if one.field in TARGET_FIELDS and isinstance(one.value, int):
        return filled(_TARGETS[TARGET_FIELDS[one.field]], due=stress(_due(one.value)))
    values = one.value if isinstance(one.value, list) else [one.value]
    shown = number if one.field == "provider_number" else str
    if one.field in ("state", "owner"):
        shown = WORDS.__getitem__
    value = any_of([stress(shown(str(value))) for value in values])
    return filled(COMPARED[one.operator], field=_field(one.field), value=value)


def _field(name: str) -> str:
    """Describe a field: ``the user's contract end``."""
    if name.startswith(USER):
        return phrase("the user's {attribute}", attribute=_key(name.removeprefix(USER)))
    if is_attribute(name):
        key = _key(name.removeprefix(CONVERSATION))
        return phrase("the conversation's {attribute}", attribute=key)
    return FIELDS[name]


def _key(key: str) -> str:
    return key.replace("_", " ")


def _due(minutes: int) -> str:
    """Describe a target: ``due in 10 minutes``, counted in opening hours; ``30 minutes late``."""
    if minutes > 0:
        return count_phrase("due in {count} minute", "due in {count} minutes", minutes)
    if minutes < 0:
        return count_phrase("{count} minute late", "{count} minutes late", -minutes)
    return phrase("missed")
