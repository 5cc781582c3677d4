"""How far a message has come, and what a provider's report may change.

Reports may come early, twice and out of order, so a status has a rank and never goes down.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.vocabulary import Status

RANK: Mapping[Status, int] = {
    Status.QUEUED: 0,
    Status.UNKNOWN: 1,
    Status.SENDING: 2,
    Status.SENT: 3,
    Status.UNDELIVERED: 4,
    Status.FAILED: 4,
    Status.DELIVERED: 5,
}

DID_NOT_ARRIVE = frozenset({Status.UNDELIVERED, Status.FAILED})


def advanced(current: Status, reported: Status) -> Status | None:
    """The status to store when ``reported`` comes in, or None when it would be a step back or no step."""
    if current not in RANK or RANK[reported] <= RANK[current]:
        return None
    return reported
