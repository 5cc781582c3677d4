"""What operations use: a transaction, settings, and hints to publish after the commit."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.lib.sealing import Sealer, sealer_of
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.rules.shared.outside_addresses import Allowed
from handoff_service.rules.shared.vocabulary import Work

#: The longest burst of texts, in burst windows. After it, the virtual agent answers even if the
#: requester has not paused.
LONGEST_BURST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSettings:
    """The settings that operations need."""

    bot_answers: bool = True
    burst_window: timedelta = timedelta(seconds=1.5)  # a pause of this length ends a burst of texts
    lease: timedelta = timedelta(seconds=60)
    public_url: str = ""
    # the current secret key: signs media links for the provider, is the key for hashes of codes
    # and facts, and seals secrets
    link_key: str = ""
    old_keys: tuple[str, ...] = ()  # earlier keys that still open values, but seal no new ones
    mails: bool = True  # whether the service can send e-mail
    # the provider's error codes and our own
    send_errors: SendErrors = field(default_factory=SendErrors)
    # the provider's limit for each provider number; None: only the number's own rate applies
    segments_per_second: float | None = None
    sends_pictures: bool = True  # whether the provider can send pictures
    outside: Allowed = field(default_factory=Allowed)  # private hosts that webhooks may call

    @property
    def keys(self) -> tuple[str, ...]:
        """All accepted secret keys, beginning with the current one."""
        return (self.link_key, *self.old_keys)

    @property
    def sealer(self) -> Sealer:
        """The object that seals secrets for the database and opens them."""
        return sealer_of(self.keys)

    def burst_ends(self, now: datetime) -> tuple[datetime, datetime]:
        """Return when a burst of texts that starts now ends: the time if no other text arrives, and
        the latest possible time.
        """
        return now + self.burst_window, now + LONGEST_BURST * self.burst_window


@dataclass(frozen=True, slots=True)
class Hint:
    """An event about a changed list or conversation. A hint contains only ids, because the database
    has the facts. Its ``channel`` selects the listeners. ``by``: the agent who caused a change that
    is not stored."""

    channel: str
    interaction_id: int | None = None
    by: int | None = None


DESK = "desk"  # the channel of the supervisors' page
# Published when hints may have been lost. Listeners then reload everything that they show.
EVERYTHING = Hint("everything")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program that gave a command, with the network address."""

    agent_id: int | None
    address: str = ""


@dataclass(slots=True)
class Transaction:
    """A transaction, as operations see it.

    After the commit, the lane passes ``hints`` and ``work_at`` (kind of work -> time when it is
    due) to the store's ``after_commit``.
    """

    conn: sa.Connection
    now: datetime
    settings: OperationSettings
    #: the agent who gave the command; None: nobody has signed in, or there are several commands
    by: int | None = None
    #: the command's network address; empty: unknown, or there are several commands
    address: str = ""
    hints: list[Hint] = field(default_factory=list)
    work_at: dict[Work, datetime] = field(default_factory=dict)
    _desk_hinted: bool = False
    _at_end: "dict[AtEnd[Any], set[Any]]" = field(default_factory=dict)
    _once: dict[Callable[[sa.Connection], Any], Any] = field(default_factory=dict)

    def hint(self, channel: str, interaction_id: int | None = None) -> None:
        self.hints.append(Hint(channel, interaction_id))

    def desk_changed(self) -> None:
        """Add a hint for the supervisors' pages, at most once per transaction."""
        if not self._desk_hinted:
            self._desk_hinted = True
            self.hint(DESK)

    def work_is_due(self, kind: Work, at: datetime) -> None:
        self.work_at[kind] = min(at, self.work_at.get(kind, at))

    def commit_without_flush(self) -> None:
        """Let PostgreSQL answer this transaction's COMMIT before it has flushed it to the disk.
        On a busy disk, the flush takes longer than the lane may be held.

        A crash of the database can undo the commit, together with all later ones that were not
        flushed, until 0.6 seconds have passed or another commit has been flushed. Only work that
        the service then does again may call this. It has no effect on SQLite. Source:
        https://www.postgresql.org/docs/15/wal-async-commit.html
        """
        if self.conn.dialect.name == "postgresql":
            self.conn.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def once[R](self, read: Callable[[sa.Connection], R]) -> R:
        """Return the result of a query that runs at most once in a transaction."""
        if read not in self._once:
            self._once[read] = read(self.conn)
        answer: R = self._once[read]
        return answer

    def at_end[K](self, do: "AtEnd[K]", ids: Collection[K]) -> None:
        """Register ``do`` to run once before the commit, with all ids that were registered with it.
        It then sees the writes of all commands."""
        if ids:
            self._at_end.setdefault(do, set()).update(ids)

    def finish(self) -> None:
        """Run the functions that ``at_end`` has registered."""
        while self._at_end:  # a function may register another one
            do = next(iter(self._at_end))
            do(self, self._at_end.pop(do))


type AtEnd[K] = Callable[[Transaction, Collection[K]], None]


@dataclass(frozen=True, slots=True)
class SetBased[C, R]:
    """An operation that runs many commands at once. It returns one answer for each, in order."""

    run: Callable[[Transaction, Sequence[C]], Sequence[R]]
