"""The current opt-outs, and the ledger of every consent change."""

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
    """Build a subquery for the ledger entry that forbids texts from this provider number to this
    number; null if texts are allowed. The requester's own entries outrank others."""
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
    """Build a condition: whether any entry forbids texts from this provider number to this number.
    It is cheaper than ``blocking_entry``, so lists use it."""
    here = o.c.provider_number_id.in_((EVERY_NUMBER, provider_number_id))
    return select(o.c.number).where(o.c.number == number, here).exists()


def numbers_sharing_opt_outs(conn: Connection, provider_number_id: int | None) -> set[int]:
    """Return this provider number and all others in its messaging service, because the provider has
    one opt-out list per service. For None, return EVERY_NUMBER."""
    if provider_number_id is None:
        return {EVERY_NUMBER}
    p, other = t.provider_numbers, t.provider_numbers.alias("other")
    same = select(other.c.id).join(p, p.c.messaging_service == other.c.messaging_service)
    return {provider_number_id, *conn.execute(same.where(p.c.id == provider_number_id)).scalars()}


def opted_out(conn: Connection, number: str, provider_number_id: int) -> OptedOut | None:
    """Return why this provider number may not text this number; None if it may."""
    found = conn.execute(
        select(blocking_entry(sa.literal(number), sa.literal(provider_number_id)))
    ).scalar()
    return (
        blocked_by(conn, [found])[found]
        if found is not None
        else _kept(conn, number, provider_number_id)
    )


def _kept(conn: Connection, number: str, provider_number_id: int) -> OptedOut | None:
    """Return the kept opt-out of an erased number; None if there is none, or if the service cannot
    open the key of the hashes. Only read-only connections need this. A writing transaction copies
    the opt-out back to the ledger before it checks consent (kept_opt_outs.py)."""
    secret_sealer = sealer(conn)
    try:
        key = kept_key(conn, secret_sealer) if secret_sealer else None
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
    """Return the interactions among ``interaction_ids`` in which the requester has opted out of
    the provider number."""
    i = t.interactions
    is_held = is_blocked(i.c.requester_number, i.c.provider_number_id)
    query = select(i.c.id).where(one_of(i.c.id, interaction_ids), is_held)
    return set(conn.execute(query).scalars())


def blocked_by(conn: Connection, ids: Collection[int]) -> dict[int, OptedOut]:
    """Return why each ledger entry forbids texts, by its id. Dates are in the desk's time zone."""
    if not ids:
        return {}
    zone = ZoneInfo(desk_time_zone(conn))
    return {key: _opted_out_by(entry, zone) for key, entry in by_id(conn, ids).items()}


def _opted_out_by(entry: Consent, zone: ZoneInfo) -> OptedOut:
    by = entry.agent.name if entry.agent else None
    why = consent_keywords.why_not(
        entry.source, entry.at.astimezone(zone), words=entry.words, by=by
    )
    return OptedOut(since=entry.at, source=entry.source, why=why)


def by_id(conn: Connection, ids: Collection[int]) -> dict[int, Consent]:
    """Return these ledger entries by id."""
    return {one.id: one for one in _entries(conn, [one_of(c.c.id, ids)])} if ids else {}


def of_numbers(conn: Connection, numbers: Collection[str]) -> dict[str, list[Consent]]:
    """Return the ledger entries of each number, newest first."""
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
    """Return ledger entries, newest first. ``number``: only entries of this number. ``before``: the
    last id of the previous page."""
    where = [c.c.number == number] if number else []
    return _entries(conn, where + ([c.c.id < before] if before else []), limit=limit)


def not_pushed(conn: Connection, before: datetime) -> tuple[int, str | None]:
    """Return how many changes before this time the provider has not received, and why, if known."""
    query = select(sa.func.count(), sa.func.max(c.c.told_why)).where(
        t.IS_NOT_PUSHED, c.c.at < before
    )
    count, why = conn.execute(query).one()
    return count, why


def in_force(conn: Connection) -> list[Consent]:
    """Return the entries that forbid texts now, newest first."""
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
