"""Records that prevent deleting another record."""

from dataclasses import dataclass

from handoff_service.rules.desk.record_changes import Noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason. ``says``: a whole sentence with what to do. ``noun``, ``id`` and ``name``: the
    record that is in the way, if it is one that an admin can open."""

    says: str
    noun: Noun | None = None
    id: int = 0
    name: str = ""
