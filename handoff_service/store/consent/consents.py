"""Consent: who may not be texted just now, and the ledger of every change."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, REQUESTERS_OWN, Source
from handoff_service.store.desk import people
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Consent, Named, OptedOut

c, o = t.consents, t.opt_outs


def stands(number: sa.ColumnElement[str], provider_number_id: sa.ColumnElement[int]) -> sa.ScalarSelect[int | None]:
    """The ledger's entry that keeps this number from being texted by that provider number; null when nothing does. What
    requesters said themselves comes before what was recorded of them."""
    return (
        select(o.c.consent_id)
        .join(c, c.c.id == o.c.consent_id)
        .where(o.c.number == number, o.c.provider_number_id.in_((EVERY_NUMBER, provider_number_id)))
        .order_by(c.c.source.not_in(REQUESTERS_OWN), o.c.consent_id)
        .limit(1)
        .scalar_subquery()
    )


def with_its_service(conn: Connection, provider_number_id: int | None) -> set[int]:
    """This number of the company's with those in the same messaging service, since the provider keeps one list for all
    of them; EVERY_NUMBER for None."""
    if provider_number_id is None:
        return {EVERY_NUMBER}
    p, other = t.provider_numbers, t.provider_numbers.alias("other")
    same = select(other.c.id).join(p, p.c.messaging_service == other.c.messaging_service)
    return {provider_number_id, *conn.execute(same.where(p.c.id == provider_number_id)).scalars()}


def opted_out(conn: Connection, number: str, provider_number_id: int) -> OptedOut | None:
    """Why this number may not be texted by that provider number; None when it may."""
    found = conn.execute(select(stands(sa.literal(number), sa.literal(provider_number_id)))).scalar()
    return held_by(conn, [found])[found] if found is not None else None


def held_by(conn: Connection, ids: Collection[int]) -> dict[int, OptedOut]:
    """The same in words, by the ids of the ledger's entries that stand. Days are those of the desk's own zone."""
    if not ids:
        return {}
    zone = ZoneInfo(people.desk_time_zone(conn))
    return {key: _held(entry, zone) for key, entry in by_id(conn, ids).items()}


def _held(entry: Consent, zone: ZoneInfo) -> OptedOut:
    by = entry.agent.name if entry.agent else None
    why = consent_keywords.why_not(entry.source, entry.at.astimezone(zone), words=entry.words, by=by)
    return OptedOut(since=entry.at, source=entry.source, why=why)


def by_id(conn: Connection, ids: Collection[int]) -> dict[int, Consent]:
    """These entries of the ledger."""
    return {one.id: one for one in _entries(conn, [one_of(c.c.id, ids)])} if ids else {}


def of_numbers(conn: Connection, numbers: Collection[str]) -> dict[str, list[Consent]]:
    """What the ledger says of each of these numbers, newest first."""
    found: dict[str, list[Consent]] = {number: [] for number in numbers}
    for entry in _entries(conn, [one_of(c.c.number, numbers)]) if numbers else ():
        found[entry.number].append(entry)
    return found


def ledger(
    conn: Connection, number: str | None = None, *, before: int | None = None, limit: int | None = None
) -> list[Consent]:
    """Every change, newest first; of one number if it is given, and older than this entry."""
    where = [c.c.number == number] if number else []
    return _entries(conn, where + ([c.c.id < before] if before else []), limit=limit)


def untold(conn: Connection, before: datetime) -> tuple[int, str | None]:
    """How many changes before then the provider was not told, and why not, if it is known."""
    query = select(sa.func.count(), sa.func.max(c.c.told_why)).where(t.IS_UNTOLD, c.c.at < before)
    count, why = conn.execute(query).one()
    return count, why


def in_force(conn: Connection) -> list[Consent]:
    """The entries that keep somebody from being texted now, newest first."""
    return _entries(conn, [c.c.id.in_(select(o.c.consent_id))])


def _entries(conn: Connection, where: list[sa.ColumnElement[bool]], *, limit: int | None = None) -> list[Consent]:
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
