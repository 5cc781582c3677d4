"""Identity proofs: the running proof, the limits on wrong answers, and past results."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, select, update

from handoff_service.rules.identity.proof import (
    ATTEMPTS_WITHIN,
    LETTERS,
    ProofOutcome,
    Verdict,
    plain_account,
    without_marks,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import PastProof

p, s = t.proofs, t.proof_sends


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """A running or ended proof. ``turn_id``: the bot turn that last changed it. ``verdict``: the
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
    """Return the last proof of this epoch; None if there is none."""
    here = (p.c.interaction_id == interaction_id, p.c.epoch == epoch)
    return _proving(
        conn.execute(select(*_COLUMNS).where(*here).order_by(p.c.id.desc()).limit(1)).one_or_none()
    )


def by_id(conn: Connection, proof_id: int) -> Proving | None:
    """Return this proof; None for an unknown id."""
    return _proving(conn.execute(select(*_COLUMNS).where(p.c.id == proof_id)).one_or_none())


def of_send(conn: Connection, send_id: int) -> Proving | None:
    """Return the proof for which a code is sent; None if the proof has ended or a later code was
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
    """Write columns of a proof. Return the changed proof."""
    tx.conn.execute(update(p).where(p.c.id == proof.id).values(**values))
    known = {name: value for name, value in values.items() if name in Proving.__dataclass_fields__}
    return replace(proof, **known)


def wrong_answers(conn: Connection, number: str, now: datetime) -> int:
    """Count the wrong answers from this number in the last day, since its last successful proof."""
    success = (
        select(func.max(p.c.id))
        .where(p.c.number == number, p.c.outcome == ProofOutcome.VERIFIED)
        .scalar_subquery()
    )
    counted = (
        p.c.number == number,
        p.c.made_at > now - ATTEMPTS_WITHIN,
        p.c.id > func.coalesce(success, 0),
    )
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*counted)).scalar_one()


def wrong_about(conn: Connection, user_id: int, now: datetime) -> int:
    """Count the wrong answers about this user in the last day, from any number."""
    about = (p.c.user_id == user_id, p.c.made_at > now - ATTEMPTS_WITHIN)
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*about)).scalar_one()


def wrong_about_claim(conn: Connection, claimed: str, now: datetime) -> int:
    """Count the wrong answers about a claimed account in the last day, even if the account does not
    exist."""
    account = plain_account(claimed)
    spelled = (
        func.ltrim(_plain(p.c.claimed), LETTERS) if account.isdecimal() else _plain(p.c.claimed)
    )
    about = (spelled == account, p.c.made_at > now - ATTEMPTS_WITHIN)
    return conn.execute(select(func.coalesce(func.sum(p.c.wrong), 0)).where(*about)).scalar_one()


def claimed_user(conn: Connection, claimed: str) -> int | None:
    """Return the only active user with this employee number or e-mail address; case does not
    matter. If there is none, compare employee numbers without spaces and dashes. If the claim has
    only digits, then also ignore leading letters. A merged user's number finds the user into whom
    they were merged. None if nobody or more than one user matches."""
    u = t.users
    folded, plain = claimed.casefold(), without_marks(claimed)
    conditions = [
        (func.lower(u.c.external_id) == folded) | (func.lower(u.c.email) == folded),
        _plain(u.c.external_id) == plain,
        func.ltrim(_plain(u.c.external_id), LETTERS) == plain if plain.isdecimal() else false(),
    ]
    for condition in conditions if plain else ():
        who = select(func.coalesce(u.c.merged_into, u.c.id)).distinct()
        known = u.c.active | u.c.merged_into.is_not(None)
        found = conn.execute(who.where(known, condition).limit(2)).scalars().all()
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _plain(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Do in SQL what ``without_marks`` does."""
    return func.replace(func.replace(func.lower(column), "-", ""), " ", "")


# Answers, stored with the text until a bot turn checks them ---------------------------------------


def answer(conn: Connection, interaction_id: int, up_to: int) -> list[list[str]] | None:
    """Return the guesses in the newest answer up to this position; None if there is no answer. Each
    guess is hashed with every key."""
    a = t.proof_answers
    texted = (a.c.interaction_id == interaction_id, a.c.seq <= up_to)
    query = select(a.c.guesses).where(*texted).order_by(a.c.seq.desc()).limit(1)
    guesses = conn.execute(query).scalar()
    # rows from older versions have one hash for each guess
    return guesses and [[one] if isinstance(one, str) else one for one in guesses]


def forget_answers(tx: Transaction, interaction_id: int, up_to: int) -> None:
    """Delete answers that have been checked."""
    a = t.proof_answers
    tx.conn.execute(delete(a).where(a.c.interaction_id == interaction_id, a.c.seq <= up_to))


# For display --------------------------------------------------------------------------------------


def of_number(conn: Connection, number: str, limit: int = 20) -> list[PastProof]:
    """Return the results of this number's failed proofs, newest first. Successful proofs are
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
