"""Admission control: refuses requests that would wait too long, and drops requests after their
sender has stopped waiting.

Only requests from outside are refused or dropped, because their senders can repeat them. The
service's own work waits.
"""

import math
from dataclasses import dataclass, field
from time import monotonic

from handoff_service import log
from handoff_service.errors import Overloaded

REQUEST_SECONDS = 3.5  # providers wait about 15 s, and our webhooks must answer within 5 s
LONG_REQUEST_SECONDS = 60.0  # for requests that take long by nature: an import, a dry run
LONGEST_QUEUE = 0.6  # seconds of expected wait; a longer queue refuses new requests
LONGEST_WAIT = 1.0  # seconds; a request that has waited longer is refused while others wait
FORGETS = 0.8  # each new batch multiplies the weight of earlier measurements by this factor
# A smaller batch counts as a batch of this size: it takes almost as long, because of the commit.
LEAST_COUNTED = 64


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits for the database."""

    seconds: float | None = None  #: how long to wait; None: without limit
    can_be_refused: bool = False  #: whether to refuse at once when the queue is too long


OWN_WORK = Patience()
REQUEST = Patience(REQUEST_SECONDS, can_be_refused=True)
LONG_REQUEST = Patience(LONG_REQUEST_SECONDS, can_be_refused=True)


@dataclass(slots=True)
class Ticket:
    """One place in a queue."""

    since: float = field(default_factory=monotonic)
    until: float = math.inf
    can_be_refused: bool = False
    #: whether a lane is carrying out the command, so that it may already have an effect
    started: bool = False

    def is_late(self, now: float) -> bool:
        """Whether the caller has stopped waiting."""
        return now > self.until


class Admission:
    """Measures how many seconds one queue takes, and decides who may join it. ``at_once``: a queue
    of at most this many requests refuses nobody, because they are served together."""

    def __init__(
        self, at_once: int, *, workers: int = 1, least_counted: int = LEAST_COUNTED
    ) -> None:
        self._at_once, self._workers, self._least_counted = at_once, workers, least_counted
        # averages over the last batches, weighted toward the newest
        self._seconds = self._count = 0.0
        self._took_at = math.inf  # while nothing is being served
        self._refused, self._logged_at = 0, -math.inf

    def admit(self, patience: Patience, waiting: int) -> Ticket:
        """Returns a place after ``waiting`` other requests. Raises Overloaded when the wait would
        be too long."""
        now = monotonic()
        if patience.can_be_refused and waiting > self._at_once:
            stands_still = now - self._took_at > LONGEST_QUEUE
            if stands_still or self.expected(waiting) > LONGEST_QUEUE:
                self._refuse(now, waiting)
        until = math.inf if patience.seconds is None else now + patience.seconds
        return Ticket(now, until, patience.can_be_refused)

    def expected(self, waiting: int) -> float:
        """Estimated seconds until this many are served, from the last measurements."""
        return waiting * self._seconds / self._count / self._workers if self._count else 0.0

    def took(self) -> float:
        """Record that a batch leaves the queue now. Returns the time."""
        self._took_at = monotonic()
        return self._took_at

    def served(self, count: int, seconds: float) -> None:
        """Record that a batch of ``count`` requests took ``seconds``. It may be empty."""
        self._took_at = math.inf
        if not count:
            return
        self._seconds = FORGETS * self._seconds + seconds
        self._count = FORGETS * self._count + max(count, self._least_counted)

    def has_waited_too_long(self, ticket: Ticket, now: float, waiting: int) -> bool:
        """Whether to refuse a caller who has just reached the front, with ``waiting`` others still
        in the queue."""
        return (
            ticket.can_be_refused and waiting > self._at_once and now - ticket.since > LONGEST_WAIT
        )

    def _refuse(self, now: float, waiting: int) -> None:
        self._refused += 1
        if now - self._logged_at > 1:  # one log line a second, not one per request
            log.warning(
                "overloaded",
                waiting=waiting,
                refused=self._refused,
                seconds=round(self.expected(waiting), 1),
            )
            self._refused, self._logged_at = 0, now
        raise Overloaded
