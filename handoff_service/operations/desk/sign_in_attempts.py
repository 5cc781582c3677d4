"""Counts wrong attempts to sign in, so that nobody can guess fast or lock a colleague out.

Each attempt counts under several keys, each with its own limits
(``web/shared/password_attempts.py`` chooses them). The same limits hold for passwords, one-time
codes and requests for links.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

ATTEMPTS, ATTEMPTS_WITHIN = 5, timedelta(minutes=1)  # for one account from one address
# from one address for all accounts within a minute; not fewer, because several people in one office
# may mistype
ATTEMPTS_OF_ADDRESS = 30
# from one address within an hour, so that an attacker there cannot try all accounts of a desk
# within minutes
ATTEMPTS_OF_ADDRESS_HOURLY = 50
ATTEMPTS_OF_ACCOUNT, ATTEMPTS_OF_ACCOUNT_WITHIN = 20, timedelta(minutes=10)
# One-time codes have only six digits. With these limits, even months of guessing find no code.
CODES_OF_ACCOUNT_HOURLY, CODES_OF_ACCOUNT_DAILY = 10, 30
f, known = t.sign_in_failures, t.known_addresses
HOUR = timedelta(hours=1)
LONGEST = timedelta(days=1)  # the longest period of any limit
AN_ADDRESS_STAYS_KNOWN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Limit:
    """The most wrong attempts under this key within a time. The key is a hash. ``warns``: the agent
    gets a mail about the last one."""

    key: str
    most: int
    within: timedelta
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """An attempt to sign in. ``key``: the key of the account and the address together. A right
    attempt deletes the wrong attempts with this key."""

    key: str
    limits: Sequence[Limit]


@dataclass(frozen=True, slots=True)
class Counted:
    """``left``: remaining attempts. Below 0: this attempt is refused and was not counted. ``wait``:
    seconds until an attempt may be accepted. ``warns``: if this attempt is wrong, it is the last
    one of a limit that warns."""

    left: int
    ids: tuple[int, ...] = ()
    wait: int = 0
    warns: bool = False


@dataclass(frozen=True, slots=True)
class RightAttempt:
    """A right attempt: its key and the ids under which it was counted."""

    key: str
    counted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class KnowAddress:
    """The agent has signed in from the address. ``key``: the hash of both."""

    key: str
    agent_id: int


def count_attempt(tx: Transaction, command: SignInAttempt) -> Counted:
    """Count an attempt as wrong before it is checked, so concurrent attempts cannot slip
    through."""
    # After the clock steps back, attempts with a time in the future would count for too long.
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
    """Delete the count of an attempt that was not checked after all."""
    tx.conn.execute(delete(f).where(one_of(f.c.id, counted.ids)))


def forget_wrong_attempts(tx: Transaction, command: RightAttempt) -> None:
    """After a right attempt, forget the wrong attempts before it. For the address and the account,
    only this attempt is forgotten: knowing one password must not allow unlimited attempts at
    others."""
    tx.conn.execute(delete(f).where(or_(f.c.key == command.key, one_of(f.c.id, command.counted))))


def is_known_address(conn: Connection, key: str, now: datetime) -> bool:
    """Whether the agent has signed in from the address in the last 90 days."""
    since = now - AN_ADDRESS_STAYS_KNOWN
    found = select(known.c.key).where(known.c.key == key, known.c.last_at > since)
    return conn.execute(found).first() is not None


def know_address(tx: Transaction, command: KnowAddress) -> None:
    """Store the address, and delete those that were not used for 90 days."""
    old = known.c.last_at <= tx.now - AN_ADDRESS_STAYS_KNOWN
    tx.conn.execute(delete(known).where(or_(old, known.c.key == command.key)))
    values = {"key": command.key, "agent_id": command.agent_id, "last_at": tx.now}
    tx.conn.execute(insert(known).values(values))
