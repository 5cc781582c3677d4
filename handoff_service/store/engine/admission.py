"""Admission control: refuses requests that would wait too long, and drops requests after their
sender has timed out.

This affects only requests from outside, because their senders can retry. The service's own work
always waits.
"""

import math
from dataclasses import dataclass, field
from time import monotonic

from handoff_service import log
from handoff_service.errors import Overloaded

REQUEST_SECONDS = 3.5  # providers wait about 15 s, and our webhooks must answer within 5 s
LONG_REQUEST_SECONDS = 60.0  # for requests that take long, such as an import or a dry run
# If a new request in a long queue would probably wait for more than these seconds, it is refused.
MAX_EXPECTED_WAIT = 0.6
MAX_WAIT = 1.0  # seconds; a request that has waited longer is refused if the queue is still long
DECAY = 0.8  # each batch multiplies the weight of earlier measurements by this factor
# A smaller batch counts as a batch of this size, because its commit takes almost as long.
MIN_BATCH = 64


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits for the database."""

    seconds: float | None = None  #: how long to wait; None: forever
    can_be_refused: bool = False  #: whether to refuse the caller if the queue is too long


OWN_WORK = Patience()
REQUEST = Patience(REQUEST_SECONDS, can_be_refused=True)
LONG_REQUEST = Patience(LONG_REQUEST_SECONDS, can_be_refused=True)


@dataclass(slots=True)
class Ticket:
    """A caller's place in a queue."""

    since: float = field(default_factory=monotonic)
    until: float = math.inf
    can_be_refused: bool = False
    #: whether a lane has started the command, which may then already have an effect
    started: bool = False

    def is_late(self, now: float) -> bool:
        """Return whether the caller has timed out."""
        return now > self.until


class Admission:
    """Measures how fast one queue moves, and decides which requests may join it.

    ``never_refused``: a queue of up to this many requests refuses nobody. ``workers``: how many
    threads serve the queue. ``least_counted``: a smaller batch counts as a batch of this size.
    """

    def __init__(
        self, never_refused: int, *, workers: int = 1, least_counted: int = MIN_BATCH
    ) -> None:
        self._never_refused, self._workers = never_refused, workers
        self._least_counted = least_counted
        # sums over the last batches, in which newer ones have more weight
        self._seconds = self._count = 0.0
        self._took_at = math.inf  # inf while no batch is being served
        self._refused, self._logged_at = 0, -math.inf

    def admit(self, patience: Patience, waiting: int) -> Ticket:
        """Return a place behind ``waiting`` other requests. Raises Overloaded if the wait would be
        too long."""
        now = monotonic()
        if patience.can_be_refused and waiting > self._never_refused:
            is_stuck = now - self._took_at > MAX_EXPECTED_WAIT
            if is_stuck or self.expected(waiting) > MAX_EXPECTED_WAIT:
                self._refuse(now, waiting)
        until = math.inf if patience.seconds is None else now + patience.seconds
        return Ticket(now, until, patience.can_be_refused)

    def expected(self, waiting: int) -> float:
        """Estimate the seconds until this many requests are served, from the last measurements."""
        return waiting * self._seconds / self._count / self._workers if self._count else 0.0

    def took(self) -> float:
        """Record that a batch leaves the queue now. Return the time."""
        self._took_at = monotonic()
        return self._took_at

    def served(self, count: int, seconds: float) -> None:
        """Record that a batch of ``count`` requests took ``seconds``. It may be empty."""
        self._took_at = math.inf
        if not count:
            return
        self._seconds = DECAY * self._seconds + seconds
        self._count = DECAY * self._count + max(count, self._least_counted)

    def has_waited_too_long(self, ticket: Ticket, now: float, waiting: int) -> bool:
        """Return whether to refuse a caller who has just reached the front while ``waiting`` others
        are still in the queue."""
        is_long = waiting > self._never_refused
        return ticket.can_be_refused and is_long and now - ticket.since > MAX_WAIT

    def _refuse(self, now: float, waiting: int) -> None:
        self._refused += 1
        if now - self._logged_at > 1:  # at most one log line per second
            log.warning(
                "overloaded",
                waiting=waiting,
                refused=self._refused,
                seconds=round(self.expected(waiting), 1),
            )
            self._refused, self._logged_at = 0, now
        raise Overloaded
