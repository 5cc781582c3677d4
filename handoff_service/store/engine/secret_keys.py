"""The fingerprint of the secret key that a database was written with. With it, the service notices
another key."""

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
    """The fingerprint of the key that the database was last written with."""
    return conn.execute(select(t.secret_keys.c.fingerprint)).scalar()


def remember(conn: Connection, fingerprint: str, old: Collection[str] = ()) -> None:
    """Store the fingerprint of the key that is used with this database, if it is the first one or
    replaces a key in ``old``."""
    s = t.secret_keys
    if conn.execute(select(s.c.id)).first() is None:
        conn.execute(insert(s).values(id=1, fingerprint=fingerprint))
    conn.execute(update(s).where(s.c.fingerprint.in_(old)).values(fingerprint=fingerprint))


def differs(conn: Connection, current: str, old: Collection[str] = ()) -> bool:
    """Whether the database was written with another key than the current one and the old ones."""
    return fingerprint(conn) not in (None, current, *old)
