"""Message status: how a provider's report changes it.

Reports may arrive early, twice and out of order. Each status therefore has a rank, and only a
report with a higher rank changes a message.
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


def next_status(current: Status, reported: Status) -> Status | None:
    """The status to store after this report. None when the report changes nothing, because its rank
    is not higher or because the current status has no rank."""
    if current not in RANK or RANK[reported] <= RANK[current]:
        return None
    return reported
