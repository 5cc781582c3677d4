"""Second facts of users, for the knowledge proof: kept only as hashes of what was said, in plain spelling.

What goes into the argon2 hash is the fact's keyed hash: a guess that is texted is kept as that alone, and can still be
compared. Whoever loses the secret key has to import the facts anew.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, select

from handoff_service.operations.sign_in import hash_password, password_matches
from handoff_service.rules.proof import fact_hash
from handoff_service.store import tables as t
from handoff_service.store.database import upsert
from handoff_service.store.lanes import Transaction

f = t.user_facts
MOST_ASKED = 3  # facts that one question names


def hashed(facts: Mapping[str, str | None], key: str) -> dict[str, str | None]:
    """Each fact as it is stored. Takes tens of milliseconds each: not for a transaction. None: to be taken away.

    ``key``: the secret key.
    """
    return {name: None if value is None else hash_password(fact_hash(key, value)) for name, value in facts.items()}


def matches(stored: Iterable[str | None], guesses: Sequence[str]) -> bool:
    """Whether one of the guesses (each by ``fact_hash``) is one of the stored facts. Tens of milliseconds for each
    pair, and as long when a fact is not there (None)."""
    return sum(password_matches(fact, guess) for fact in stored for guess in guesses) > 0


def names(conn: Connection) -> list[str]:
    """The facts that most users have, by name: what everybody is asked for, whoever they say to be."""
    count = func.count().desc()
    return list(conn.execute(select(f.c.name).group_by(f.c.name).order_by(count, f.c.name).limit(MOST_ASKED)).scalars())


def of_user(conn: Connection, user_id: int | None, names: Sequence[str]) -> list[str | None]:
    """The stored hash of each named fact; None where the user has none."""
    there = {r.name: r.hash for r in conn.execute(select(f.c.name, f.c.hash).where(f.c.user_id == user_id))}
    return [there.get(name) for name in names]


def put_facts(tx: Transaction, user_id: int, facts: Mapping[str, str | None]) -> None:
    """Make the named facts these hashes; those with None are taken away, those not named stay."""
    gone = [name for name, value in facts.items() if value is None]
    if gone:
        tx.conn.execute(delete(f).where(f.c.user_id == user_id, f.c.name.in_(gone)))
    rows = [{"user_id": user_id, "name": name, "hash": value} for name, value in facts.items() if value is not None]
    if rows:
        put = upsert(tx.conn, f)
        tx.conn.execute(
            put.on_conflict_do_update(index_elements=["user_id", "name"], set_={"hash": put.excluded.hash}), rows
        )


def changed_facts(tx: Transaction, user_id: int, facts: Mapping[str, str]) -> dict[str, str | None]:
    """Those that are not stored like this yet, hashed. A hash has its own salt: the same fact is not written again."""
    there = {r.name: r.hash for r in tx.conn.execute(select(f.c.name, f.c.hash).where(f.c.user_id == user_id))}
    key = tx.terms.link_key
    new = {n: value for n, value in facts.items() if not password_matches(there.get(n), fact_hash(key, value))}
    return hashed(new, key)
