"""Proofs of identity: the running one, the limits of a number, and past results."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, select, update

from handoff_service.rules.identity.identity_level import Level, Method, Proof, level
from handoff_service.rules.identity.proof import (
    LETTERS,
    SENDS,
    TRIES_WITHIN,
    Expects,
    ProofOutcome,
    Verdict,
    plain_account,
    without_marks,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Identity, PastProof

p, s = t.proofs, t.proof_sends
SENDS_WITHIN = max(within for _, within in SENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """A running or ended proof. ``turn_id``: the bot turn that last changed it; ``verdict``: the
    result of the answer in that turn."""

    id: int
    interaction_id: int
    number: str
    asked_by: int | None
    claimed: str | None
    user_id: int | None
    code_hash: str | None
    code_until: datetime | None
    wrong: int
    turn_id: int | None
    verdict: Verdict | None
    outcome: ProofOutcome | None
    why: str | None
    ended_at: datetime | None


_COLUMNS = [p.c[name] for name in Proving.__dataclass_fields__]


def newest(conn: Connection, interaction_id: int, epoch: int) -> Proving | None:
    """The last proof of this epoch. None without one."""
    here = (p.c.interaction_id == interaction_id, p.c.epoch == epoch)
    return _proving(
        conn.execute(select(*_COLUMNS).where(*here).order_by(p.c.id.desc()).limit(1)).one_or_none()
    )


def by_id(conn: Connection, proof_id: int) -> Proving | None:
    """One proof."""
    return _proving(conn.execute(select(*_COLUMNS).where(p.c.id == proof_id)).one_or_none())


def _proving(row: Any) -> Proving | None:
    if row is None:
        return None
    facts = dict(row._mapping)
    facts["verdict"] = Verdict(facts["verdict"]) if facts["verdict"] else None
    facts["outcome"] = ProofOutcome(facts["outcome"]) if facts["outcome"] else None
    return Proving(**facts)


def begin(
    tx: Transaction, interaction_id: int, epoch: int, number: str, asked_by: int | None
) -> Proving:
    """Create a proof."""
    row = {
        "interaction_id": interaction_id,
        "epoch": epoch,
        "number": number,
        "asked_by": asked_by,
        "made_at": tx.now,
    }
    made = by_id(tx.conn, tx.conn.execute(insert(p).returning(p.c.id), row).scalar_one())
    assert made is not None
    return made


def change(tx: Transaction, proof: Proving, **values: Any) -> Proving:
    """Write columns of a proof. Returns the changed proof."""
    tx.conn.execute(update(p).where(p.c.id == proof.id).values(**values))
    known = {name: value for name, value in values.items() if name in Proving.__dataclass_fields__}
    return replace(proof, **known)


def wrong_answers(conn: Connection, number: str, now: datetime) -> int:
    """Wrong answers that count against a number: in the last day, since its last success."""
    success = (
        select(func.max(p.c.id))
        .where(p.c.number == number, p.c.outcome == ProofOutcome.VERIFIED)
        .scalar_subquery()
    )
    counted = (
        p.c.number == number,
        p.c.made_at > now - TRIES_WITHIN,
        p.c.id > func.coalesce(success, 0),
    )
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*counted)).scalar_one()


def wrong_about(conn: Connection, user_id: int, now: datetime) -> int:
    """Wrong answers about a user in the last day, from any number."""
    about = (p.c.user_id == user_id, p.c.made_at > now - TRIES_WITHIN)
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*about)).scalar_one()


def wrong_about_claim(conn: Connection, claimed: str, now: datetime) -> int:
    """Like ``wrong_about``, for a claimed account, whether or not it exists."""
    account = plain_account(claimed)
    spelled = (
        func.ltrim(_plain(p.c.claimed), LETTERS) if account.isdecimal() else _plain(p.c.claimed)
    )
    about = (spelled == account, p.c.made_at > now - TRIES_WITHIN)
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*about)).scalar_one()


def sends(conn: Connection, number: str, now: datetime) -> Sequence[datetime]:
    """When this number asked for codes, as far back as the limit counts."""
    return (
        conn.execute(select(s.c.at).where(s.c.number == number, s.c.at > now - SENDS_WITHIN))
        .scalars()
        .all()
    )


def mails_to(conn: Connection, user_id: int, now: datetime) -> Sequence[datetime]:
    """When codes were requested for this user or their e-mail address, from any number, as far back
    as the limit counts."""
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
    """Record a requested code that is valid ``until`` then. Returns the id of this send."""
    tx.conn.execute(
        update(s).where(s.c.code_hash.is_not(None), s.c.code_until <= tx.now).values(code_hash=None)
    )
    row = {"proof_id": proof.id, "number": proof.number, "at": tx.now, "code_until": until}
    return tx.conn.execute(insert(s).returning(s.c.id), row).scalar_one()


def put_code(tx: Transaction, send_id: int, kept: str, until: datetime) -> None:
    """Store a send's code. Its keyed hash stays with the send even after the proof has ended."""
    tx.conn.execute(update(s).where(s.c.id == send_id).values(code_hash=kept, code_until=until))


def of_send(conn: Connection, send_id: int) -> Proving | None:
    """The proof that a code is sent for. None when it has ended, or when a later code was
    requested."""
    later = s.alias("later")
    newest_one = (
        ~select(later.c.id).where(later.c.proof_id == s.c.proof_id, later.c.id > s.c.id).exists()
    )
    query = (
        select(*_COLUMNS)
        .join(s, s.c.proof_id == p.c.id)
        .where(s.c.id == send_id, p.c.ended_at.is_(None))
    )
    return _proving(conn.execute(query.where(newest_one)).one_or_none())


def claimed_user(conn: Connection, claimed: str) -> int | None:
    """The one active user with this employee number or e-mail address, ignoring case. Otherwise the
    one whose number matches without spaces and dashes; for digits only, also without leading
    letters."""
    u = t.users
    folded, plain = claimed.casefold(), without_marks(claimed)
    ways = [
        (func.lower(u.c.external_id) == folded) | (func.lower(u.c.email) == folded),
        _plain(u.c.external_id) == plain,
        func.ltrim(_plain(u.c.external_id), LETTERS) == plain if plain.isdecimal() else false(),
    ]
    for fits in ways if plain else ():
        found = conn.execute(select(u.c.id).where(u.c.active, fits).limit(2)).scalars().all()
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _plain(column: ColumnElement[Any]) -> ColumnElement[str]:
    """SQL version of ``without_marks``."""
    return func.replace(func.replace(func.lower(column), "-", ""), " ", "")


# Answers, between the text that has one and the turn that judges it -------------------------------


def answer(conn: Connection, interaction_id: int, up_to: int) -> list[str] | None:
    """The guesses of the newest answer up to this position. None without one."""
    a = t.proof_answers
    texted = (a.c.interaction_id == interaction_id, a.c.seq <= up_to)
    return conn.execute(
        select(a.c.guesses).where(*texted).order_by(a.c.seq.desc()).limit(1)
    ).scalar()


def forget_answers(tx: Transaction, interaction_id: int, up_to: int) -> None:
    """Delete answers that have been judged."""
    a = t.proof_answers
    tx.conn.execute(delete(a).where(a.c.interaction_id == interaction_id, a.c.seq <= up_to))


# Unexpired codes, used or not ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCode:
    """``waited_for``: it can still prove something. ``used``: this code, or another of the same
    proof, has verified somebody. ``hash`` None: no code was made, for example because there was
    nobody to mail."""

    interaction_id: int
    hash: str | None
    waited_for: bool
    used: bool


def live_codes(
    conn: Connection, numbers: Collection[str], now: datetime
) -> dict[str, list[LiveCode]]:
    """The unexpired codes of all sends that these numbers requested, by number."""
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


# For display --------------------------------------------------------------------------------------


def of_number(conn: Connection, number: str, limit: int = 20) -> list[PastProof]:
    """Results of this number's unsuccessful proofs, newest first. Successful ones are
    associations."""
    failed = (p.c.number == number, p.c.outcome == ProofOutcome.FAILED)
    rows = conn.execute(
        select(p, t.agents.c.name.label("by"))
        .outerjoin(t.agents, t.agents.c.id == p.c.asked_by)
        .where(*failed)
        .order_by(p.c.id.desc())
        .limit(limit)
    )
    return [
        PastProof(
            id=r.id,
            interaction_id=r.interaction_id,
            claimed=r.claimed,
            why=r.why or "",
            asked_by=r.by,
            ended_at=r.ended_at,
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnsRequester:
    """The requester of a bot turn."""

    user_id: int | None
    name: str | None
    identity: Identity


def requester_of(conn: Connection, turn_id: int) -> TurnsRequester:
    """A turn's requester and current identity level."""
    b, i, a, u = t.bot_turns, t.interactions, t.associations, t.users
    one = conn.execute(
        select(i.c.user_id, i.c.profile_id, u.c.name)
        .join(b, b.c.interaction_id == i.c.id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .where(b.c.id == turn_id)
    ).one()
    stands = (a.c.profile_id == one.profile_id, a.c.undone_at.is_(None))
    r = conn.execute(select(a).where(*stands).order_by(a.c.id.desc()).limit(1)).one_or_none()
    proof = Proof(user_id=r.user_id, expires_at=r.expires_at) if r is not None else None
    found = level(one.user_id, proof, read_at(conn))
    known = Identity(level=found)
    if r is not None and found is Level.VERIFIED:
        known = Identity(
            level=found, method=Method(r.method), verified_at=r.made_at, expires_at=r.expires_at
        )
    return TurnsRequester(user_id=one.user_id, name=one.name, identity=known)
