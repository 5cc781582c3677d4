"""Check that an admin can still sign in with a password while passwords are off for a role."""

from sqlalchemy import select

from handoff_service.errors import Conflict
from handoff_service.rules.desk.sign_in_policy import NO_ADMIN_COULD_SIGN_IN
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.sign_in_policy import admin_can_sign_in, policy
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

FIELD = "password_off_roles"
NO_PROVIDER = phrase(
    "Set up an identity provider first, so that agents can sign in without a password."
)


def check_admin_sign_in(tx: Transaction) -> None:
    """Raise Conflict when no admin could sign in if all identity providers failed."""
    if not admin_can_sign_in(tx.conn):
        raise Conflict.at(FIELD, NO_ADMIN_COULD_SIGN_IN)


def check_sign_in(tx: Transaction) -> None:
    """Raise Conflict when passwords are off for a role, and there is no active identity provider or
    no admin who can sign in without one."""
    check_admin_sign_in(tx)
    if policy(tx.conn).password_off:
        _check_provider(tx)


def _check_provider(tx: Transaction) -> None:
    p = t.identity_providers
    if tx.conn.execute(select(p.c.id).where(p.c.active).limit(1)).first() is None:
        raise Conflict.at(FIELD, NO_PROVIDER)
