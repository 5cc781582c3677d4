"""Counts the stored values that each secret key protects."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from handoff_service.lib.sealing import id_of
from handoff_service.store.engine import sealed, secret_keys
from handoff_service.store.engine import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """How many values a key protects. ``secrets``: sealed values. ``facts``: users' identity
    facts."""

    secrets: int
    facts: int


def key_uses(conn: Connection) -> dict[str, KeyUse]:
    """Return the uses of each key by its id (see ``lib/sealing.py``). Keys without a use are left
    out."""
    f = t.user_facts
    current_key = id_of(secret_keys.fingerprint(conn) or "")
    key = func.coalesce(f.c.key_id, current_key)
    facts = {row[0]: row[1] for row in conn.execute(select(key, func.count()).group_by(key))}
    secrets = sealed.keys_in_use(conn)
    return {
        one: KeyUse(secrets=secrets[one], facts=facts.get(one, 0))
        for one in sorted(secrets.keys() | facts.keys())
    }
