"""Identity facts of users, for the proof by knowledge. Only hashes of the facts are stored.

The argon2 hash is computed from the fact's keyed hash, because a texted guess is stored as a keyed
hash and must be comparable with it. If the secret key is lost, an admin must import the facts
again. Each fact also has a fingerprint, which is a keyed hash bound to the user. An import compares
fingerprints, which takes microseconds, to find out which facts have changed.
"""

import functools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, select

from handoff_service.lib.sealing import key_id
from handoff_service.rules.identity.proof import fact_fingerprint, fact_hash
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

f = t.user_facts
#: The guesses in a text. Each guess is hashed with every accepted key, the current key first.
type Answer = list[list[str]]
MOST_ASKED = 3  # the most facts that one question names

# This hash is much weaker than the hash of passwords. A fact has few digits, so only the secret key
# protects it, and an attacker with the key would test guesses against the faster fingerprint. A
# desk file can have thousands of facts, so each hash must take only milliseconds.
_hasher = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact to store: its argon2 hash, and the keyed hash from which its fingerprint is
    computed."""

    hash: str
    keyed: str


def hashed(facts: Mapping[str, str | None], key: str) -> dict[str, Fact | None]:
    """Name -> the fact to store, or None to delete it. Call this outside a transaction, because
    each fact takes some milliseconds.

    ``key``: the secret key.
    """
    return {
        name: None if value is None else hashed_fact(key, value) for name, value in facts.items()
    }


def hashed_fact(key: str, value: str) -> Fact:
    """The fact to store."""
    keyed = fact_hash(key, value)
    return Fact(_hasher.hash(keyed), keyed)


def matches(stored: Iterable[str | None], guesses: Sequence[str]) -> bool:
    """Whether any guess (a result of ``fact_hash``) matches any of the stored facts. Each pair
    takes some milliseconds. A missing fact (None) takes the same time."""
    return sum(is_fact(fact, guess) for fact in stored for guess in guesses) > 0


def moved(names: Sequence[str], stored: Sequence[str | None], answer: Answer) -> dict[str, Fact]:
    """Name -> fact, for the facts that match a guess under an old secret key. They are hashed again
    with the current key. Takes up to as long as ``matches``."""
    return {
        name: Fact(_hasher.hash(guess[0]), guess[0])
        for name, fact in zip(names, stored, strict=True)
        for guess in answer
        if any(is_fact(fact, keyed) for keyed in guess[1:])
    }


def is_fact(stored: str | None, guess: str) -> bool:
    """Whether a guess (a result of ``fact_hash``) matches the fact with this argon2 hash."""
    try:
        return _hasher.verify(stored or _no_fact(), guess) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _no_fact() -> str:
    return _hasher.hash(secrets.token_hex())


def names(conn: Connection) -> list[str]:
    """The names of the facts that most users have, at most ``MOST_ASKED``. Every requester is asked
    for these facts, regardless of the account that they claim."""
    count = func.count().desc()
    return list(
        conn.execute(
            select(f.c.name).group_by(f.c.name).order_by(count, f.c.name).limit(MOST_ASKED)
        ).scalars()
    )


def of_user(conn: Connection, user_id: int | None, names: Sequence[str]) -> list[str | None]:
    """The stored hash of each named fact. None for a fact that the user does not have."""
    there = {
        r.name: r.hash
        for r in conn.execute(select(f.c.name, f.c.hash).where(f.c.user_id == user_id))
    }
    return [there.get(name) for name in names]


def put_facts(tx: Transaction, user_id: int, facts: Mapping[str, Fact | None]) -> None:
    """Store these facts. None deletes a fact. Other facts stay."""
    gone = [name for name, fact in facts.items() if fact is None]
    if gone:
        tx.conn.execute(delete(f).where(f.c.user_id == user_id, f.c.name.in_(gone)))
    write_facts(tx, {user_id: {name: fact for name, fact in facts.items() if fact is not None}})


def write_facts(tx: Transaction, facts: Mapping[int, Mapping[str, Fact]]) -> None:
    """Write the facts of many users with one statement. ``facts``: user id -> name -> fact."""
    key = tx.settings.link_key
    rows = [
        {
            "user_id": user_id,
            "name": name,
            "hash": fact.hash,
            "fingerprint": fact_fingerprint(key, user_id, name, fact.keyed),
            "key_id": key_id(key),
        }
        for user_id, theirs in facts.items()
        for name, fact in theirs.items()
    ]
    bulk.upsert_rows(
        tx.conn, f, rows, key=("user_id", "name"), change=("hash", "fingerprint", "key_id")
    )
