"""The fingerprint of the secret key that a database was written with, for detecting another key."""

from sqlalchemy import Connection, insert, select

from handoff_service.store.engine import tables as t

DIFFERS = (
    "PATCHBOARD_SECRET_KEY is not the key that this database was written with, so users' facts, "
    "codes and sign-ins do not match. Put the old key back (the variable, or the file secret_key "
    "in PATCHBOARD_HOME). If it is lost, import the users' facts again."
)


def remember(conn: Connection, fingerprint: str) -> None:
    """Store the fingerprint of the first key used with this database."""
    if conn.execute(select(t.secret_keys.c.id)).first() is None:
        conn.execute(insert(t.secret_keys).values(id=1, fingerprint=fingerprint))


def differs(conn: Connection, fingerprint: str) -> bool:
    """Whether the database was written with another key."""
    kept = conn.execute(select(t.secret_keys.c.fingerprint)).scalar()
    return kept is not None and kept != fingerprint
