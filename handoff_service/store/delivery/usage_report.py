"""The usage report: the texts of the last days, by day and by provider number, and the causes of
failed texts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.delivery.send_errors import SendError
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Direction, Status
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at, send_errors

DAYS = 30
i, m, p = t.interactions, t.messages, t.provider_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCounts:
    """The texts of a day or a provider number. ``sent``: texts that the provider accepted, and
    ``failed`` ones. ``segments``: the segments of the sent texts. ``costs``: the known total price
    in millionths, by currency."""

    received: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    canceled: int = 0
    segments: int = 0
    costs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A cause of failed texts. ``code``: the provider's error code. ``count``: the number of
    texts."""

    code: int | None
    meaning: SendError
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """The usage report. ``days``: every day in the desk's time zone, oldest first. ``numbers``: the
    label, the number and the counts of each provider number with texts. ``whole``: the totals."""

    since: date
    days: list[tuple[date, TextCounts]]
    numbers: list[tuple[str, str, TextCounts]]
    failures: list[Failure]
    whole: TextCounts


@dataclass(slots=True)
class _Sum:
    """Running totals: texts by the field of ``TextCounts``, and costs by currency."""

    texts: Counter[str] = field(default_factory=Counter)
    costs: Counter[str] = field(default_factory=Counter)

    def add(self, row: sa.Row[*tuple[object, ...]]) -> None:
        self.texts.update(_counted(row))
        if row.currency is not None:
            self.costs[row.currency] += int(row.price)

    def count(self) -> TextCounts:
        return TextCounts(**self.texts, costs=dict(self.costs))


def usage_report(conn: Connection, days: int = DAYS) -> UsageReport:
    """Return the report for the last days, including today."""
    zone = ZoneInfo(desk_time_zone(conn))
    today = read_at(conn).astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time(), zone)
    rows = _rows(conn, since)
    by_day = {first + timedelta(days=n): _Sum() for n in range(days)}
    by_number: dict[int, _Sum] = {}
    codes: Counter[int | None] = Counter()
    whole = _Sum()
    for row in rows:
        begins = datetime.fromisoformat(f"{row.slot}0+00:00")
        for each in (
            by_day[begins.astimezone(zone).date()],
            by_number.setdefault(row.number_id, _Sum()),
            whole,
        ):
            each.add(row)
        if row.status in DID_NOT_ARRIVE:
            codes[row.error_code] += row.texts
    errors = send_errors(conn)
    names = {r.id: (r.label, r.number) for r in conn.execute(select(*p.c["id", "label", "number"]))}
    return UsageReport(
        since=first,
        days=[(day, found.count()) for day, found in by_day.items()],
        numbers=[(*names[key], found.count()) for key, found in sorted(by_number.items())],
        failures=[
            Failure(
                code=code,
                meaning=errors.explain(code) if code is not None else NO_CODE,
                count=count,
            )
            for code, count in sorted(codes.items(), key=lambda one: (-one[1], one[0] or 0))
        ],
        whole=whole.count(),
    )


NO_CODE = SendError(phrase("The provider gave no reason."), phrase("Send it again, or call."))
_PRICE = sa.func.coalesce(m.c.price, 0) + sa.func.coalesce(m.c.price_before, 0)


def _rows(conn: Connection, since: datetime) -> list[sa.Row[*tuple[object, ...]]]:
    """Count texts in ten-minute slots of UTC, because midnight in every time zone is the start of a
    slot. Ids grow over time, so a lower limit on the id skips older rows."""
    older = (
        conn.execute(
            select(m.c.id).where(m.c.created_at < since).order_by(m.c.id.desc()).limit(1)
        ).scalar()
        or 0
    )
    if conn.dialect.name == "sqlite":
        moment = sa.cast(m.c.created_at, sa.Text)
    else:
        moment = sa.cast(sa.func.timezone("UTC", m.c.created_at), sa.Text)
    slot = sa.func.substr(moment, 1, 15).label("slot")
    number = i.c.provider_number_id.label("number_id")
    accepted = m.c.provider_sid.is_not(None).label("accepted")
    columns = (slot, number, accepted, *m.c["direction", "status", "error_code", "currency"])
    sums = (sa.func.sum(m.c.segments).label("segments"), sa.func.sum(_PRICE).label("price"))
    query = (
        select(*columns, sa.func.count().label("texts"), *sums)
        .join(i, i.c.id == m.c.interaction_id)
        .where(m.c.id > older, m.c.created_at >= since, m.c.direction.is_not(None))
        .group_by(*columns)
    )
    return list(conn.execute(query).all())


def _counted(row: sa.Row[*tuple[object, ...]]) -> Counter[str]:
    texts, status = row.texts, row.status
    if row.direction == Direction.INBOUND:
        return Counter(received=texts)
    if status == Status.CANCELED:
        return Counter(canceled=texts)
    if status in (Status.QUEUED, Status.SENDING, Status.UNKNOWN) and not row.accepted:
        return Counter()
    count = {"sent": texts, "segments": row.segments or 0}
    if status == Status.DELIVERED:
        count["delivered"] = texts
    elif status in DID_NOT_ARRIVE:
        count["failed"] = texts
    return Counter(count)
