"""The filters of a report, with their names in URLs and in the API."""

import re
from dataclasses import dataclass, fields

from handoff_service.rules.shared.phrases import phrase

#: Filters with numbers as their values: IDs, codes of delivery errors, and priorities.
IDS = ("queue", "number", "agent", "group", "label", "error", "priority")
WORDS = ("topic", "language", "reason", "solver", "attribute")
NAMES = (*IDS, *WORDS)
NONE = "none"  # the value of a filter in WORDS that selects conversations without such a value
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The chosen filters. None: all conversations. -1 and ``none``: only conversations without a
    value. ``group``: only conversations with a last agent who is in this group today.
    """

    queue: int | None = None
    number: int | None = None
    agent: int | None = None
    group: int | None = None
    label: int | None = None
    error: int | None = None
    priority: int | None = None
    topic: str | None = None
    language: str | None = None
    reason: str | None = None
    solver: str | None = None
    #: an attribute with choices, or with yes and no: ``urgent=yes``
    attribute: str | None = None

    def chosen(self) -> dict[str, int | str]:
        """The filters that are set."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}


def read(given: dict[str, str]) -> Filters:
    """Parse the filters of a URL. Empty values are left out. Raises ValueError with a sentence for
    people."""
    found: dict[str, int | str] = {}
    for name, text in given.items():
        if not text or name not in NAMES:
            continue
        if name in WORDS:
            found[name] = text[:200]
        elif _WHOLE_NUMBER.fullmatch(text):
            found[name] = int(text)
        else:
            raise ValueError(_WRONG[name])
    return Filters(**found)  # type: ignore[arg-type]


_WRONG = {
    "queue": phrase("The filter “queue” must be the ID of a queue."),
    "number": phrase("The filter “number” must be the ID of a company number."),
    "agent": phrase("The filter “agent” must be the ID of an agent."),
    "group": phrase("The filter “group” must be the ID of a group."),
    "label": phrase("The filter “label” must be the ID of a label."),
    "error": phrase("The filter “error” must be the code of a delivery error."),
    "priority": phrase("The filter “priority” must be a number from 1 to 5."),
}
