"""Start using the configured secret keys, rotate them, and store the desk's own secrets."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.environment.key_files import key_fingerprint
from handoff_service.errors import CannotOpen
from handoff_service.lib.sealing import id_of
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.operations.training.keep_items import key_requesters_again
from handoff_service.rules.desk.audit import AuditAction, Subject
from handoff_service.store.engine import sealed, secret_keys
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

o, f = t.own_secrets, t.user_facts


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """``made``: a new secret, for a desk that has no secret of this name."""

    name: str
    made: str


def use_secret_keys(tx: Transaction, _command: None) -> bool:
    """Record the current key, and seal secrets that are stored in plain text. If the database was
    last used with a key that is not set now, this changes nothing and returns True.
    """
    current, *old = map(key_fingerprint, tx.settings.keys)
    if secret_keys.differs(tx.conn, current, old):
        return True
    written_with = secret_keys.fingerprint(tx.conn) or current
    unnamed = update(f).where(f.c.key_id.is_(None))
    tx.conn.execute(unnamed.values(key_id=id_of(written_with)))
    secret_keys.remember(tx.conn, current, old)
    sealed.seal_plain(tx.conn, tx.settings.sealer)
    return False


def give_up_old_key(tx: Transaction, _command: None) -> None:
    """Use the current key from now on, because the earlier key of this database is lost. Secrets
    that the lost key sealed stay unreadable until somebody enters them again."""
    written_with = secret_keys.fingerprint(tx.conn)
    if written_with is not None:
        unnamed = update(f).where(f.c.key_id.is_(None))
        tx.conn.execute(unnamed.values(key_id=id_of(written_with)))
        secret_keys.remember(tx.conn, key_fingerprint(tx.settings.link_key), [written_with])


def rotate_keys(tx: Transaction, _command: None) -> int:
    """Use the current key to seal again all secrets that an old key sealed, and to hash the
    requesters of trainer items again. Returns how many secrets were sealed."""
    if tx.settings.old_keys:
        key_requesters_again(tx)
    count = sealed.seal_again(tx.conn, tx.settings.sealer)
    entry = AuditEntry(
        action=AuditAction.KEYS_ROTATED, subject=Subject.SECRET_KEY, details={"secrets": count}
    )
    audit(tx, entry)
    return count


def kept_secret(tx: Transaction, name: str) -> str | None:
    """The desk's own secret of this name, or None. Raises CannotOpen when the key that sealed it is
    not set."""
    kept = tx.conn.execute(select(o.c.secret).where(o.c.name == name)).scalar()
    return None if kept is None else tx.settings.sealer.open(o.c.secret, kept)


def own_secret(tx: Transaction, command: OwnSecret) -> str:
    """The desk's own secret of this name, which stays the same when the secret key is rotated. If
    there is none, store ``made``. If the stored secret cannot be opened, return ``made`` without
    storing it."""
    try:
        kept = kept_secret(tx, command.name)
    except CannotOpen:
        return command.made
    if kept is not None:
        return kept
    sealed_one = tx.settings.sealer.seal(o.c.secret, command.made)
    tx.conn.execute(insert(o).values(name=command.name, secret=sealed_one))
    return command.made
