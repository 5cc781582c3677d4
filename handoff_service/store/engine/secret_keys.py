"""The fingerprint of the secret key with which a database was written. It shows whether the service
now has another key."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, select, update

from handoff_service.store.engine import tables as t

DIFFERS = (
    "PATCHBOARD_SECRET_KEY is not the key that this database was written with, so users' facts, "
    "codes and stored secrets do not match. Put the old key back (the variable, or the file "
    "secret_key in PATCHBOARD_HOME), or set it as PATCHBOARD_SECRET_KEY_OLD. If it is lost, import "
    "the users' facts again, and enter the secrets of webhooks and sign-in again."
)


def fingerprint(conn: Connection) -> str | None:
    """Return the fingerprint of the database's key; None before there is one."""
    return conn.execute(select(t.secret_keys.c.fingerprint)).scalar()


def remember(conn: Connection, fingerprint: str, old: Collection[str] = ()) -> None:
    """Store the fingerprint of the current key, if it is the first one or replaces a key in
    ``old``."""
    s = t.secret_keys
    if conn.execute(select(s.c.id)).first() is None:
        conn.execute(insert(s).values(id=1, fingerprint=fingerprint))
    conn.execute(update(s).where(s.c.fingerprint.in_(old)).values(fingerprint=fingerprint))


def differs(conn: Connection, current: str, old: Collection[str] = ()) -> bool:
    """Return whether the database was written with a key that is neither the current one nor in
    ``old``."""
    return fingerprint(conn) not in (None, current, *old)
