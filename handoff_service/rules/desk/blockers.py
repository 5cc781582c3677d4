"""The reasons why a record cannot be deleted."""

from dataclasses import dataclass

from handoff_service.rules.desk.record_changes import Noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A reason why a record cannot be deleted. ``sentence``: the reason and what to do. ``noun``,
    ``id`` and ``name``: the record that prevents the deletion, if an admin can open it."""

    sentence: str
    noun: Noun | None = None
    id: int = 0
    name: str = ""
