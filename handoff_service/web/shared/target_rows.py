"""The targets of a queue as fields of its form: one row for each priority, one field for each kind
of target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff_service.errors import BadInput
from handoff_service.operations.routing.queue_fields import TargetEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.routing.targets import PRIORITIES, QueueTargets, minutes_of
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import TargetKind

#: heading of each column
COLUMNS = {
    TargetKind.FIRST_RESPONSE: phrase("First response"),
    TargetKind.NEXT_RESPONSE: phrase("Next response"),
    TargetKind.RESOLUTION: phrase("Resolution"),
}


@dataclass(frozen=True, slots=True)
class TargetRow:
    """The fields for one priority. ``cells``: each field's name, and its column's heading."""

    priority: int
    meaning: str
    cells: tuple[tuple[str, str], ...]


def name_of(priority: int, kind: TargetKind, before: str = "") -> str:
    """The name of a field. ``before``: the prefix of the names in a form with several queues."""
    return f"{before}target_{priority}_{kind}"


ROWS = tuple(
    TargetRow(
        priority,
        meaning,
        tuple((name_of(priority, kind), called) for kind, called in COLUMNS.items()),
    )
    for priority, meaning in PRIORITIES.items()
)
NEW = {name: "" for row in ROWS for name, _ in row.cells}


def shown(targets: tuple[QueueTargets, ...], before: str = "") -> dict[str, str]:
    """The form's values for stored targets."""
    return {
        name_of(priority, kind, before): str(minutes_of(targets, priority, kind) or "")
        for priority in PRIORITIES
        for kind in TargetKind
    }


def read(given: Mapping[str, str], before: str = "") -> list[TargetEntry]:
    """The targets that were typed. Raises BadInput, which names each wrong field."""
    found, errors = [], dict[str, str]()
    for priority in PRIORITIES:
        typed = {kind: given[name_of(priority, kind, before)] or None for kind in TargetKind}
        if not any(typed.values()):
            continue
        values: dict[str, Any] = {"priority": priority} | {str(k): v for k, v in typed.items()}
        try:
            found.append(read_as(TargetEntry, values))
        except BadInput as wrong:
            errors |= {
                name_of(priority, TargetKind(key), before): what
                for key, what in wrong.errors.items()
            }
    if errors:
        raise BadInput(errors=errors)
    return found
