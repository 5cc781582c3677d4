"""Consent: the current opt-outs, and the ledger of every change."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import CannotOpen
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, REQUESTERS_OWN, Source
from handoff_service.store.consent.kept_opt_outs import CAME_BACK, kept_key, number_hash
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import sealer
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Consent, Named, OptedOut

c, o = t.consents, t.opt_outs


def blocking_entry(
    number: sa.ColumnElement[str], provider_number_id: sa.ColumnElement[int]
) -> sa.ScalarSelect[int | None]:
    """The ledger entry that forbids texts from that provider number to this number; null when texts
    are allowed. The requester's own entries outrank entries that others recorded."""
    return (
        select(o.c.consent_id)
        .join(c, c.c.id == o.c.consent_id)
        .where(o.c.number == number, o.c.provider_number_id.in_((EVERY_NUMBER, provider_number_id)))
        .order_by(c.c.source.not_in(REQUESTERS_OWN), o.c.consent_id)
        .limit(1)
        .scalar_subquery()
    )


def is_blocked(
    number: sa.ColumnElement[str], provider_number_id: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    """Whether any entry forbids texts from that provider number to this number. Cheaper than
    ``blocking_entry``, for lists."""
    here = o.c.provider_number_id.in_((EVERY_NUMBER, provider_number_id))
    return select(o.c.number).where(o.c.number == number, here).exists()


def with_its_service(conn: Connection, provider_number_id: int | None) -> set[int]:
    """This company number and all others in the same messaging service, because the provider keeps
    one opt-out list per service. EVERY_NUMBER for None."""
    if provider_number_id is None:
        return {EVERY_NUMBER}
    p, other = t.provider_numbers, t.provider_numbers.alias("other")
    same = select(other.c.id).join(p, p.c.messaging_service == other.c.messaging_service)
    return {provider_number_id, *conn.execute(same.where(p.c.id == provider_number_id)).scalars()}


def opted_out(conn: Connection, number: str, provider_number_id: int) -> OptedOut | None:
    """Why that provider number may not text this number. None when it may."""
    found = conn.execute(
        select(blocking_entry(sa.literal(number), sa.literal(provider_number_id)))
    ).scalar()
    return (
        blocked_by(conn, [found])[found]
        if found is not None
        else _kept(conn, number, provider_number_id)
    )


def _kept(conn: Connection, number: str, provider_number_id: int) -> OptedOut | None:
    """The kept opt-out of an erased number, for connections that only read. A writing transaction
    has already put it into the ledger again before it checks consent (kept_opt_outs.py)."""
    opens = sealer(conn)
    try:
        key = kept_key(conn, opens) if opens else None
    except CannotOpen:
        return None
    if key is None:
        return None
    here = {EVERY_NUMBER, provider_number_id}
    k = t.kept_opt_outs
    query = select(k.c.at, k.c.source).where(
        k.c.number_hash == number_hash(key, number), k.c.provider_number_id.in_(here)
    )
    row = conn.execute(query.limit(1)).first()
    return None if row is None else OptedOut(since=row.at, source=Source(row.source), why=CAME_BACK)


def opted_out_of(conn: Connection, interaction_ids: Collection[int]) -> set[int]:
    """The interactions among ``ids`` in which the requester has opted out of the company number."""
    i = t.interactions
    held = is_blocked(i.c.requester_number, i.c.provider_number_id)
    query = select(i.c.id).where(one_of(i.c.id, interaction_ids), held)
    return set(conn.execute(query).scalars())


def blocked_by(conn: Connection, ids: Collection[int]) -> dict[int, OptedOut]:
    """Ledger entry id -> why it forbids texts, in words. Dates are in the desk's time zone."""
    if not ids:
        return {}
    zone = ZoneInfo(desk_time_zone(conn))
    return {key: _held(entry, zone) for key, entry in by_id(conn, ids).items()}


def _held(entry: Consent, zone: ZoneInfo) -> OptedOut:
    by = entry.agent.name if entry.agent else None
    why = consent_keywords.why_not(
        entry.source, entry.at.astimezone(zone), words=entry.words, by=by
    )
    return OptedOut(since=entry.at, source=entry.source, why=why)


def by_id(conn: Connection, ids: Collection[int]) -> dict[int, Consent]:
    """These ledger entries by id."""
    return {one.id: one for one in _entries(conn, [one_of(c.c.id, ids)])} if ids else {}


def of_numbers(conn: Connection, numbers: Collection[str]) -> dict[str, list[Consent]]:
    """The ledger entries of each of these numbers, newest first."""
    found: dict[str, list[Consent]] = {number: [] for number in numbers}
    for entry in _entries(conn, [one_of(c.c.number, numbers)]) if numbers else ():
        found[entry.number].append(entry)
    return found


def ledger(
    conn: Connection,
    number: str | None = None,
    *,
    before: int | None = None,
    limit: int | None = None,
) -> list[Consent]:
    """Ledger entries, newest first, optionally of one number or older than ``before``."""
    where = [c.c.number == number] if number else []
    return _entries(conn, where + ([c.c.id < before] if before else []), limit=limit)


def not_pushed(conn: Connection, before: datetime) -> tuple[int, str | None]:
    """How many changes before this time were not pushed to the provider, and why, if known."""
    query = select(sa.func.count(), sa.func.max(c.c.told_why)).where(
        t.IS_NOT_PUSHED, c.c.at < before
    )
    count, why = conn.execute(query).one()
    return count, why


def in_force(conn: Connection) -> list[Consent]:
    """The entries that forbid texts now, newest first."""
    return _entries(conn, [c.c.id.in_(select(o.c.consent_id))])


def _entries(
    conn: Connection, where: list[sa.ColumnElement[bool]], *, limit: int | None = None
) -> list[Consent]:
    query = (
        select(
            c,
            t.provider_numbers.c.number.label("provider_number"),
            t.agents.c.name.label("agent_name"),
            sa.exists().where(o.c.consent_id == c.c.id).label("in_force"),
        )
        .outerjoin(t.provider_numbers, t.provider_numbers.c.id == c.c.provider_number_id)
        .outerjoin(t.agents, t.agents.c.id == c.c.agent_id)
        .where(*where)
        .order_by(c.c.id.desc())
        .limit(limit)
    )
    return [
        Consent(
            id=r.id,
            number=r.number,
            provider_number=r.provider_number,
            opted_out=r.opted_out,
            in_force=r.in_force,
            source=Source(r.source),
            words=r.words,
            agent=Named(id=r.agent_id, name=r.agent_name) if r.agent_id else None,
            note=r.note,
            at=r.at,
            told_at=r.told_at,
            told_why=r.told_why,
        )
        for r in conn.execute(query)
    ]
