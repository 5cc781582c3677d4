"""On start, detect that the database was written with another secret key."""

from handoff_service.store.engine import secret_keys
from handoff_service.store.engine.transaction import Transaction


def check_secret_key(tx: Transaction, fingerprint: str) -> bool:
    """Store the first key's fingerprint. Returns whether this one is different."""
    secret_keys.remember(tx.conn, fingerprint)
    return secret_keys.differs(tx.conn, fingerprint)
