"""Cases: their display numbers, and the states in which they are open."""

import re

from handoff_service.rules.shared.vocabulary import CaseState

UNSETTLED = frozenset({CaseState.OPEN, CaseState.IN_PROGRESS})
HIGH, NORMAL = 2, 3  # priorities run from 1 (first) to 5, like an interaction's
BLOCKED = "blocked"  # the impact of a problem on a requester who cannot work
_NUMBER = re.compile(r"(?:cs|case)?[\s#:.-]*0*(\d{1,15})", re.IGNORECASE)


def number(case_id: int) -> str:
    """Return a case's display number: CS0000012."""
    return f"CS{case_id:07d}"


def priority_of(impact: str | None) -> int:
    """Return the priority of a problem with this impact. None: the impact is unknown."""
    return HIGH if impact == BLOCKED else NORMAL


def case_id(text: str) -> int | None:
    """The case id in CS0000012, cs12, case 12, #12 or 12. None when the text is not a case
    number."""
    found = _NUMBER.fullmatch(text.strip(" .,!?"))
    return int(found[1]) if found else None
