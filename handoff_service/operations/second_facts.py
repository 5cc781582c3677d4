"""Second facts of users, for the knowledge proof: kept only as hashes of what was said, in plain spelling."""

from collections.abc import Mapping

from sqlalchemy import delete, select

from handoff_service.operations.sign_in import hash_password, password_matches
from handoff_service.store import tables as t
from handoff_service.store.database import upsert
from handoff_service.store.lanes import Transaction

f = t.user_facts


def hashed(facts: Mapping[str, str | None]) -> dict[str, str | None]:
    """Each fact as it is stored. Takes tens of milliseconds each: not for a transaction. None: to be taken away."""
    return {name: None if value is None else hash_password(plain(value)) for name, value in facts.items()}


def plain(value: str) -> str:
    """Spelling that does not matter: upper case, and how many spaces."""
    return " ".join(value.casefold().split())


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
    new = {name: value for name, value in facts.items() if not password_matches(there.get(name), plain(value))}
    return hashed(new)
