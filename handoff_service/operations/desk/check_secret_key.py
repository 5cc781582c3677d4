"""Notice, when the service starts, that the database was written with another secret key."""

from handoff_service.store.engine import secret_keys
from handoff_service.store.engine.lanes import Transaction


def check_secret_key(tx: Transaction, fingerprint: str) -> bool:
    """Remember the first key. Returns whether this is another one."""
    secret_keys.remember(tx.conn, fingerprint)
    return secret_keys.differs(tx.conn, fingerprint)
