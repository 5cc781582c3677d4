"""Finds everybody who reported an outage, and previews a text to them.

A requester counts as a reporter if, during the outage, the virtual agent told them about it, a
problem case about it was opened for them, or they texted about it.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.lib import phone_regions
from handoff_service.rules.cases import outages as rules
from handoff_service.rules.cases.cases import number as case_number
from handoff_service.rules.delivery.quiet_hours import earliest_send_time
from handoff_service.rules.delivery.sms_text import narrowed, segments
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import Translations, version_for
from handoff_service.rules.shared.vocabulary import Author, CaseKind, Direction, Status
from handoff_service.store.cases import outages
from handoff_service.store.consent import consents
from handoff_service.store.conversations import requester_zones
from handoff_service.store.conversations.newest_on_lines import newest_on_lines
from handoff_service.store.delivery.segment_prices import segment_prices
from handoff_service.store.desk import desk
from handoff_service.store.desk.provider_numbers import answerable
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import (
    Named,
    Outage,
    OutageDryRun,
    OutageReporter,
    OutageTextState,
    OutageTextVersion,
    Reachable,
)
from handoff_service.store.virtual_agent.spoken_language import spoken_languages

i, m, c, x, r = t.interactions, t.messages, t.cases, t.outage_texts, t.outage_recipients
TOLD_BY_BOT = phrase("was told about it by the virtual agent")
LONGEST_QUOTE = 60  # characters that the dry run quotes from a text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    number: str
    provider_number_id: int
    why: str
    case_id: int | None = None


def dry_run(
    conn: Connection,
    outage_id: int,
    body: str,
    translations: Translations | None = None,
    *,
    at: datetime | None = None,
) -> OutageDryRun:
    """Preview this text to everybody who reported the outage. Sends nothing.

    ``body``: the English text, which also goes to speakers of languages without a translation.
    ``at``: the transaction's time, for calls inside a transaction. Raises NotFound for an unknown
    outage.
    """
    now = at or read_at(conn)
    outage = outages.get(conn, outage_id, now)
    reports = list(_reports(conn, outage, now))
    by_number: dict[str, _Report] = {}
    for report in reports:
        known = by_number.get(report.number)
        if known is None or (report.case_id and not known.case_id):
            by_number[report.number] = report
    people = _people(conn, outage, list(by_number.values()), now)
    texted = [one for one in people if one.reachable in (Reachable.NOW, Reachable.LATER)]
    versions = _versions(body, translations or {}, texted)
    total = sum(one.texted * one.segments for one in versions)
    return OutageDryRun(
        body=body,
        versions=versions,
        people=people,
        duplicates=len(reports) - len(by_number),
        texted=len(texted),
        later=sum(one.reachable is Reachable.LATER for one in people),
        segments=total,
        costs={currency: round(price * total) for currency, price in segment_prices(conn).items()},
    )


def _versions(
    body: str, translations: Translations, texted: Collection[OutageReporter]
) -> list[OutageTextVersion]:
    texts = {Language.ENGLISH: body, **translations}
    count = Counter(version_for(translations, one.language) for one in texted)
    return [
        OutageTextVersion(
            language=language,
            body=texts[language],
            texted=count[language],
            segments=_segment_count(texts[language]),
        )
        for language in Language
        if language in texts
    ]


def _segment_count(body: str) -> int:
    """Return the number of segments; 0 for an empty text."""
    return segments(narrowed(body)).count if body.strip() else 0


def _reports(conn: Connection, outage: Outage, now: datetime) -> Iterable[_Report]:
    """Return the first case and the first other report of each line."""
    until = outage.until or now
    found: dict[tuple[str, int, bool], _Report] = {}

    def add(report: _Report) -> None:
        found.setdefault((report.number, report.provider_number_id, bool(report.case_id)), report)

    for row in _cases(conn, outage.since, until):
        if rules.about([outage], row.description):
            why = phrase("case {number}", number=case_number(row.id))
            add(
                _Report(
                    number=row.requester_number,
                    provider_number_id=row.provider_number_id,
                    why=why,
                    case_id=row.id,
                )
            )
    for row in _texts(conn, outage.since, until):
        line = (row.requester_number, row.provider_number_id)
        if row.direction == Direction.OUTBOUND:
            if outage.text in row.body:
                add(_Report(number=line[0], provider_number_id=line[1], why=TOLD_BY_BOT))
        elif rules.reports(outage, row.body):
            quote = row.body[:LONGEST_QUOTE].strip()
            why = phrase(
                "texted “{quote}{value}”", quote=quote, value="…" * (len(row.body) > LONGEST_QUOTE)
            )
            add(_Report(number=line[0], provider_number_id=line[1], why=why))
    return found.values()


def _texts(conn: Connection, since: datetime, until: datetime) -> Iterable[sa.Row[Any]]:
    already_texted = select(m.c.id).where(m.c.created_at < since).order_by(m.c.id.desc()).limit(1)
    query = (
        select(i.c.requester_number, i.c.provider_number_id, m.c.body, m.c.direction)
        .join(i, i.c.id == m.c.interaction_id)
        .where(
            m.c.id > (conn.execute(already_texted).scalar() or 0),
            m.c.created_at >= since,
            m.c.created_at <= until,
            (m.c.direction == Direction.INBOUND)
            | ((m.c.direction == Direction.OUTBOUND) & (m.c.author == Author.VIRTUAL_AGENT)),
        )
        .order_by(m.c.id)
    )
    return conn.execute(query)


def _cases(conn: Connection, since: datetime, until: datetime) -> Iterable[sa.Row[Any]]:
    """Read the problem cases, each with the line of the conversation that opened it, or else of the
    user's last conversation."""
    last = (
        select(sa.func.max(i.c.id)).where(i.c.user_id == c.c.user_id).correlate(c).scalar_subquery()
    )
    query = (
        select(c.c.id, c.c.description, i.c.requester_number, i.c.provider_number_id)
        .join(i, i.c.id == sa.func.coalesce(c.c.interaction_id, last))
        .where(c.c.kind == CaseKind.PROBLEM, c.c.created_at >= since, c.c.created_at <= until)
        .order_by(c.c.id)
    )
    return conn.execute(query)


def _people(
    conn: Connection, outage: Outage, reports: Collection[_Report], now: datetime
) -> list[OutageReporter]:
    newest = newest_on_lines(conn, [(one.number, one.provider_number_id) for one in reports])
    ids = [row.id for row in newest.values()]
    opted_out = consents.opted_out_of(conn, ids)
    answerable_numbers = answerable(conn, [one.number for one in reports])
    countries, quiet = desk.countries(conn), desk.quiet_hours(conn)
    zones = requester_zones.of_interactions(
        conn, {row.id: row.requester_number for row in newest.values()}
    )
    spoken = spoken_languages(conn, ids)
    already_texted = _texted_before(conn, outage.id)
    people = []
    for one in reports:
        row = newest[(one.number, one.provider_number_id)]
        later_at = earliest_send_time(quiet, now, zones[row.id]) if quiet else None
        reachable = Reachable.LATER if later_at else Reachable.NOW
        if one.number not in answerable_numbers:
            reachable = Reachable.UNANSWERABLE
        elif row.id in opted_out:
            reachable = Reachable.OPTED_OUT
        elif countries and not phone_regions.may_be_in(one.number, countries):
            reachable = Reachable.BLOCKED_COUNTRY
        elif one.number in already_texted:
            reachable = Reachable.TEXTED_BEFORE
        people.append(
            OutageReporter(
                interaction_id=row.id,
                requester_number=one.number,
                user=Named(id=row.user_id, name=row.name) if row.user_id else None,
                case=Named(id=one.case_id, name=case_number(one.case_id)) if one.case_id else None,
                why=one.why,
                language=spoken[row.id],
                reachable=reachable,
                later_at=later_at if reachable is Reachable.LATER else None,
            )
        )
    return people


def _texted_before(conn: Connection, outage_id: int) -> set[str]:
    """Return the numbers to which an earlier text about this outage was or will be sent."""
    query = (
        select(i.c.requester_number)
        .join(r, r.c.interaction_id == i.c.id)
        .join(x, x.c.id == r.c.outage_text_id)
        .outerjoin(m, m.c.id == r.c.message_id)
        .where(x.c.outage_id == outage_id, r.c.skipped.is_(None))
        .where(
            sa.case(
                (r.c.message_id.is_(None), x.c.state == OutageTextState.SENDING),
                else_=m.c.status != Status.CANCELED,
            )
        )
    )
    return set(conn.execute(query).scalars())
