"""The secrets of webhooks, as they are stored."""

from sqlalchemy import Column

from handoff_service.store.engine.transaction import Transaction


def seal_secret(_tx: Transaction, _column: Column[str], secret: str) -> str:
    """The form in which a secret is stored."""
    return secret


def open_secret(_tx: Transaction, _column: Column[str], stored: str) -> str:
    """The secret that signs calls."""
    return stored
