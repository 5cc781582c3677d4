"""One-time codes for identity proofs: when they were requested, and which are still valid."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from handoff_service.rules.identity.proof import SENDS, Expects, ProofOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity.proofs import Proving

p, s = t.proofs, t.proof_sends
SENDS_WITHIN = max(within for _, within in SENDS)


def sends(conn: Connection, number: str, now: datetime) -> Sequence[datetime]:
    """Return when this number requested codes, within the time that the limits cover."""
    return (
        conn.execute(select(s.c.at).where(s.c.number == number, s.c.at > now - SENDS_WITHIN))
        .scalars()
        .all()
    )


def mails_to(conn: Connection, user_id: int, now: datetime) -> Sequence[datetime]:
    """Return when any number requested codes for this user, or for another user with the same
    e-mail address, within the time that the limits cover."""
    u, same = t.users, t.users.alias("same")
    address = select(func.lower(u.c.email)).where(u.c.id == user_id).scalar_subquery()
    sharing = select(same.c.id).where(
        (same.c.id == user_id) | (func.lower(same.c.email) == address)
    )
    asked = (
        select(s.c.at)
        .join(p, p.c.id == s.c.proof_id)
        .where(p.c.user_id.in_(sharing), s.c.at > now - SENDS_WITHIN)
    )
    return conn.execute(asked).scalars().all()


def put_send(tx: Transaction, proof: Proving, until: datetime) -> int:
    """Record a requested code that is valid until ``until``. Return the id of the record. Delete
    the hashes of expired codes."""
    tx.conn.execute(
        update(s).where(s.c.code_hash.is_not(None), s.c.code_until <= tx.now).values(code_hash=None)
    )
    row = {"proof_id": proof.id, "number": proof.number, "at": tx.now, "code_until": until}
    return tx.conn.execute(insert(s).returning(s.c.id), row).scalar_one()


def put_code(tx: Transaction, send_id: int, kept: str, until: datetime) -> None:
    """Store the keyed hash of the code. It is kept until the code expires, even if the proof ends
    earlier."""
    tx.conn.execute(update(s).where(s.c.id == send_id).values(code_hash=kept, code_until=until))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCode:
    """A code that has not expired. ``waited_for``: whether a running proof still accepts it.
    ``used``: whether the proof has ended with a verified user. ``hash``: None if no code was
    created, for example because there was no e-mail address."""

    interaction_id: int
    hash: str | None
    waited_for: bool
    used: bool


def live_codes(
    conn: Connection, numbers: Collection[str], now: datetime
) -> dict[str, list[LiveCode]]:
    """Return the unexpired codes that these numbers requested, by number."""
    i = t.interactions
    rows = conn.execute(
        select(*s.c["number", "code_hash"], *p.c["interaction_id", "outcome"], i.c.expects)
        .select_from(s)
        .join(p, p.c.id == s.c.proof_id)
        .join(i, i.c.id == p.c.interaction_id)
        .where(one_of(s.c.number, numbers), s.c.at > now - SENDS_WITHIN, s.c.code_until > now)
    )
    found: dict[str, list[LiveCode]] = {}
    for r in rows:
        used = r.outcome == ProofOutcome.VERIFIED
        waited_for = not used and r.expects in (Expects.CODE, Expects.CHOICE)
        code = LiveCode(
            interaction_id=r.interaction_id, hash=r.code_hash, waited_for=waited_for, used=used
        )
        found.setdefault(r.number, []).append(code)
    return found
