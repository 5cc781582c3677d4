"""Rate limits for sign-in, so that nobody can guess passwords fast or lock a colleague out.

Each attempt counts under several keys, and each key has its own limits.
``web/shared/password_attempts.py`` chooses them for passwords, one-time codes and requests for
links.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

ATTEMPTS, ATTEMPTS_WITHIN = 5, timedelta(minutes=1)  # for one account from one network address
# For all accounts from one network address within a minute. The limit is not lower, because several
# people in one office may mistype.
ATTEMPTS_OF_ADDRESS = 30
# For all accounts from one network address within an hour, so that an attacker cannot try all
# accounts of a desk within minutes.
ATTEMPTS_OF_ADDRESS_HOURLY = 50
ATTEMPTS_OF_ACCOUNT, ATTEMPTS_OF_ACCOUNT_WITHIN = 20, timedelta(minutes=10)
# A one-time code has only six digits. With these limits, months of guessing hardly find one.
CODES_OF_ACCOUNT_HOURLY, CODES_OF_ACCOUNT_DAILY = 10, 30
f, known = t.sign_in_failures, t.known_addresses
HOUR = timedelta(hours=1)
LONGEST = timedelta(days=1)  # the longest period of any limit
AN_ADDRESS_STAYS_KNOWN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` wrong attempts under this key in the time ``within``. The key is a hash.
    ``warns``: the agent gets a mail when the last of these attempts is wrong."""

    key: str
    most: int
    within: timedelta
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """An attempt to sign in. ``key``: the key of the account together with the network address. A
    right attempt deletes the wrong attempts under this key."""

    key: str
    limits: Sequence[Limit]


@dataclass(frozen=True, slots=True)
class Counted:
    """``left``: remaining attempts; below 0: this attempt is refused and was not counted. ``ids``:
    the rows that count it. ``wait``: seconds until another attempt may be accepted. ``warns``: this
    is the last attempt of a limit that warns, so the agent gets a mail if it is wrong."""

    left: int
    ids: tuple[int, ...] = ()
    wait: int = 0
    warns: bool = False


@dataclass(frozen=True, slots=True)
class RightAttempt:
    """A right attempt: its key and the ids of the rows that count it."""

    key: str
    counted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class KnowAddress:
    """The agent has signed in from a network address. ``key``: a hash of both."""

    key: str
    agent_id: int


def count_attempt(tx: Transaction, command: SignInAttempt) -> Counted:
    """Count an attempt as wrong before it is checked, so that concurrent attempts cannot exceed a
    limit."""
    # after the clock steps back, attempts with a time in the future would count for too long
    ahead = f.c.failed_at > tx.now + timedelta(minutes=1)
    tx.conn.execute(delete(f).where(or_(f.c.failed_at <= tx.now - LONGEST, ahead)))
    room = [(limit.most - _count(tx, limit) - 1, limit) for limit in command.limits]
    left, tightest = min(
        room, key=lambda one: (one[0] >= 0, one[0], -one[1].within.total_seconds())
    )
    if left < 0:
        return Counted(left, wait=int(tightest.within.total_seconds()))
    added = insert(f).returning(f.c.id)
    keys = dict.fromkeys(limit.key for limit in command.limits)
    ids = [tx.conn.execute(added, {"key": key, "failed_at": tx.now}).scalar_one() for key in keys]
    warns = any(limit.warns and left == 0 for left, limit in room)
    return Counted(min(left for left, _ in room), tuple(ids), warns=warns)


def _count(tx: Transaction, limit: Limit) -> int:
    since = tx.now - limit.within
    wrong = select(func.count()).select_from(f).where(f.c.key == limit.key, f.c.failed_at > since)
    return tx.conn.execute(wrong).scalar_one()


def forget_attempt(tx: Transaction, counted: Counted) -> None:
    """Do not count an attempt that was not checked in the end."""
    tx.conn.execute(delete(f).where(one_of(f.c.id, counted.ids)))


def forget_wrong_attempts(tx: Transaction, command: RightAttempt) -> None:
    """After a right attempt, delete the earlier wrong attempts for this account from this network
    address. Under other keys, delete only the attempt itself, because one known password must not
    allow unlimited attempts for other accounts."""
    tx.conn.execute(delete(f).where(or_(f.c.key == command.key, one_of(f.c.id, command.counted))))


def is_known_address(conn: Connection, key: str, now: datetime) -> bool:
    """Whether the agent has signed in from this network address in the last 90 days."""
    since = now - AN_ADDRESS_STAYS_KNOWN
    found = select(known.c.key).where(known.c.key == key, known.c.last_at > since)
    return conn.execute(found).first() is not None


def know_address(tx: Transaction, command: KnowAddress) -> None:
    """Store the network address, and delete addresses that were not used for 90 days."""
    old = known.c.last_at <= tx.now - AN_ADDRESS_STAYS_KNOWN
    tx.conn.execute(delete(known).where(or_(old, known.c.key == command.key)))
    values = {"key": command.key, "agent_id": command.agent_id, "last_at": tx.now}
    tx.conn.execute(insert(known).values(values))
