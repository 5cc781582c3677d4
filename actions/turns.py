"""The turns of a conversation, read from the events that Rasa sends along."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAKE_CASES = frozenset({"action_open_case", "action_open_request", "action_add_to_case"})


@dataclass(slots=True)
class PastTurn:
    """One text of the requester and the actions that ran after it."""

    text: str
    intent: str | None
    entities: list[dict[str, Any]]
    did: list[str] = field(default_factory=list)

    def entity(self, kind: str) -> str | None:
        """The first value that was found of this kind."""
        return next((str(one["value"]) for one in self.entities if one["entity"] == kind), None)


def turns(events: Iterable[dict[str, Any]]) -> list[PastTurn]:
    """All turns, oldest first. The last one is the turn that runs now."""
    found: list[PastTurn] = []
    for event in events:
        if event.get("event") == "user":
            parsed = event.get("parse_data") or {}
            intent = (parsed.get("intent") or {}).get("name")
            found.append(
                PastTurn(str(event.get("text") or ""), intent, parsed.get("entities") or [])
            )
        elif found and event.get("event") == "action":
            found[-1].did.append(str(event.get("name")))
    return found


def previous(events: Iterable[dict[str, Any]]) -> PastTurn | None:
    """The turn before the one that runs now. None in the first turn."""
    all_turns = turns(events)
    return all_turns[-2] if len(all_turns) > 1 else None


def turns_since_case(events: Iterable[dict[str, Any]]) -> int | None:
    """How many turns ago a case or request was made or added to. None when that never happened."""
    before = reversed(turns(events)[:-1])
    return next((n for n, turn in enumerate(before, 1) if MAKE_CASES.intersection(turn.did)), None)
