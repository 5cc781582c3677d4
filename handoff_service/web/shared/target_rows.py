"""The targets of a queue as form fields, with a row for each priority and a column for each kind of
target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff_service.errors import BadInput
from handoff_service.operations.routing.queue_fields import TargetEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.routing.targets import PRIORITIES, QueueTargets, minutes_of
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import TargetKind

#: the columns' headings
COLUMNS = {
    TargetKind.FIRST_RESPONSE: phrase("First response"),
    TargetKind.NEXT_RESPONSE: phrase("Next response"),
    TargetKind.RESOLUTION: phrase("Resolution"),
}


@dataclass(frozen=True, slots=True)
class TargetRow:
    """The fields for one priority. ``cells``: the name and the column heading of each field."""

    priority: int
    meaning: str
    cells: tuple[tuple[str, str], ...]


def name_of(priority: int, kind: TargetKind, before: str = "") -> str:
    """Return the name of a field. ``before``: the queue's prefix in a form for several queues."""
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
    """Return the values of the form fields for stored targets."""
    return {
        name_of(priority, kind, before): str(minutes_of(targets, priority, kind) or "")
        for priority in PRIORITIES
        for kind in TargetKind
    }


def read(given: Mapping[str, str], before: str = "") -> list[TargetEntry]:
    """Read the targets from the form fields. Raises BadInput, which names each wrong field."""
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
