"""Opt-outs of erased numbers. A keyed hash replaces the number. When somebody uses the number
again, its opt-outs apply again."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from handoff_service.errors import CannotOpen
from handoff_service.lib.sealing import Sealer
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, Source
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

k, o, c, s = t.kept_opt_outs, t.opt_outs, t.consents, t.own_secrets
NAME = "erased_numbers"  # the key's name in the table of the desk's own secrets
CAME_BACK = "This number was erased and had opted out before."


def number_hash(key: str, number: str) -> str:
    """Return the keyed hash of a number."""
    return hmac.new(key.encode(), f"number:{number}".encode(), hashlib.sha256).hexdigest()


def own_key(tx: Transaction) -> str:
    """Return the desk's key for these hashes. The first erasure creates it. It does not change when
    the secret key is rotated. Raises CannotOpen."""
    kept = kept_key(tx.conn, tx.settings.sealer)
    if kept is not None:
        return kept
    made = secrets.token_hex(32)
    sealed = tx.settings.sealer.seal(s.c.secret, made)
    tx.conn.execute(insert(s).values(name=NAME, secret=sealed))
    return made


def kept_key(conn: Connection, sealer: Sealer) -> str | None:
    """Return the desk's key; None before the first erasure. Raises CannotOpen."""
    sealed = conn.execute(select(s.c.secret).where(s.c.name == NAME)).scalar()
    return None if sealed is None else sealer.open(s.c.secret, sealed)


def keep(tx: Transaction, number: str) -> int:
    """Store a number's opt-outs under its hash. Returns the number of opt-outs."""
    hashed = number_hash(own_key(tx), number)
    current = select(o.c.provider_number_id, c.c.source, c.c.at).join(c, c.c.id == o.c.consent_id)
    rows = [
        {
            "number_hash": hashed,
            "provider_number_id": row.provider_number_id,
            "source": row.source,
            "at": row.at,
        }
        for row in tx.conn.execute(current.where(o.c.number == number))
    ]
    if rows:
        tx.conn.execute(upsert(tx.conn, k).on_conflict_do_nothing(), rows)
    return len(rows)


def apply_again(tx: Transaction, numbers: Collection[str]) -> None:
    """Copy the kept opt-outs of these numbers back to the ledger. The transaction must have locked
    the numbers' profiles, if they have any."""
    if not numbers or tx.conn.execute(select(k.c.number_hash).limit(1)).first() is None:
        return
    try:
        key = own_key(tx)
    except CannotOpen:  # accept the texts anyway; the checklist reports the missing key
        return
    hashes = {number_hash(key, number): number for number in numbers}
    for row in tx.conn.execute(select(k).where(one_of(k.c.number_hash, hashes))).all():
        _write(tx, hashes[row.number_hash], row)
    tx.conn.execute(delete(k).where(one_of(k.c.number_hash, hashes)))


def _write(tx: Transaction, number: str, kept: Any) -> None:
    place, source = kept.provider_number_id, Source(kept.source)
    entry = insert(c).values(
        number=number,
        provider_number_id=None if place == EVERY_NUMBER else place,
        opted_out=True,
        source=source,
        words="STOP" if source is Source.KEYWORD else None,
        note=CAME_BACK,
        at=kept.at,
    )
    made = tx.conn.execute(entry.returning(c.c.id)).scalar_one()
    row = {"number": number, "provider_number_id": place, "consent_id": made}
    tx.conn.execute(upsert(tx.conn, o).values(row).on_conflict_do_nothing())
