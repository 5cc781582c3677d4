"""Measures the time of each report page over a year with very many conversations. SQL inserts the
facts of the conversations, and the product's own code packs them. The last two days stay unpacked,
as the background job leaves them. The benchmark also measures the service's processor time, because
other programs on the machine affect it less.
"""

import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import requests
import sqlalchemy as sa

from handoff_service.rules.reports.reports import REPORTS
from handoff_service.store.engine.database import engine
from handoff_service.store.reports import pack_days
from tests.bench import size
from tests.bench.desks import Desk, Desks, signed_in
from tests.bench.result import Result, spread

STORED = size(1_000_000, 100_000, "STORED")
TIMES = size(9, 3, "READS")
MOST_MS = 300.0
DAYS = 365
OMAR = {"email": "omar@example.com", "password": "omar-demo"}


def measure(desks: Desks) -> Iterator[Result]:
    desk = desks.desk(demo=True)
    began = time.perf_counter()
    seed(desk.database, STORED)
    packed = time.perf_counter()
    pack(desk.database)
    print(
        f"-> {desks.kind}: {STORED} facts in {packed - began:.0f} s, packed in "
        f"{time.perf_counter() - packed:.0f} s",
        file=sys.stderr,
    )
    with signed_in(desk.service, OMAR) as session:
        yield from measure_pages(desk, session)


def measure_pages(desk: Desk, session: requests.Session) -> Iterator[Result]:
    """Measure each page of a desk with stored facts."""
    for address in addresses():
        before = desk.processor_seconds()
        took = spread(list(_times(session, desk.url + address)))
        processor = (desk.processor_seconds() - before) * 1000 / (TIMES + 1)
        yield Result(
            what=f"`{_short(address)}`, a year of {STORED:,} conversations",
            database=desk.kind,
            value=took.middle,
            unit="ms",
            low=took.low,
            high=took.high,
            budget=MOST_MS,
        )
        yield Result(
            what=f"`{_short(address)}`, processor time of the service",
            database=desk.kind,
            value=processor,
            unit="ms",
            low=processor,
            high=processor,
        )


def _short(address: str) -> str:
    """Return the address without its dates, which differ each day."""
    return re.sub(r"(from|to)=[\d-]+&?", "", address).rstrip("?&")


def _times(session: requests.Session, url: str) -> Iterator[float]:
    """Yield for each request the milliseconds until the whole page has arrived."""
    for turn in range(TIMES + 1):
        asked = time.perf_counter()
        session.get(url, timeout=60).raise_for_status()
        if turn:  # the first request is a warm-up
            yield (time.perf_counter() - asked) * 1000


def addresses() -> Iterator[str]:
    """Yield the addresses to measure: every report over the year, one report with filters, one for
    each other grouping, and one list.
    """
    today = datetime.now(UTC).date()
    year = f"from={today - timedelta(days=DAYS - 1)}&to={today}"
    here = "/workspace/supervisor/reports"
    for name, one in REPORTS.items():
        for group in one.groups[:2]:
            yield f"{here}/{name}?by={group}&{year}"
    yield f"{here}/responses?{year}&queue=2&language=es&topic=report_problem"
    yield f"{here}/conversations?figure=first_response_p90&{year}"
    yield f"/api/v1/reports/cost?{year}"


def seed(url: str, count: int) -> None:
    """Insert the facts of this many conversations, equally many on each day of the last year."""
    opened = engine(url, size=1, writes=True, foreign_keys=False)
    first = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
    sqlite = opened.dialect.name == "sqlite"
    with opened.begin() as conn:
        if not sqlite:
            conn.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for n in range(DAYS):
            a, b = count * n // DAYS + 1, count * (n + 1) // DAYS
            _seed_day(conn, first + timedelta(days=n), a, b)
        if not sqlite:
            conn.execute(
                sa.text("SELECT setval(pg_get_serial_sequence('interactions', 'id'), :n)"),
                {"n": count},
            )
    with opened.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("ANALYZE"))
    opened.dispose()


def pack(url: str) -> None:
    opened = engine(url, size=1, writes=True)
    until = datetime.now(UTC) - timedelta(days=2)
    with opened.connect() as opened_at:
        conn = opened_at.execution_options(now=until)
        while True:
            with conn.begin():
                day = pack_days.next_to_pack(conn)
                if day is None:
                    break
                tx = _Writes(conn)
                pack_days.write_columns(tx, day.rows)  # type: ignore[arg-type]
                pack_days.end_packing(tx, day)  # type: ignore[arg-type]
    # a desk packs a day each day, and PostgreSQL's autovacuum does this meanwhile
    if opened.dialect.name != "sqlite":
        with opened.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(sa.text("VACUUM ANALYZE"))
    opened.dispose()


class _Writes:
    """The part of a transaction's interface that packing needs."""

    def __init__(self, conn: sa.Connection) -> None:
        self.conn = conn


def _seed_day(conn: sa.Connection, day: date, first: int, last: int) -> None:
    sqlite = conn.dialect.name == "sqlite"
    at = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
    moment = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds") if sqlite else at
    given = {"first": first, "last": last, "at": moment, "day": day.isoformat()}
    numbers = (
        "(WITH RECURSIVE c (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM c WHERE n < :last) "
        "SELECT n FROM c)"
        if sqlite
        else "generate_series(CAST(:first AS bigint), :last) AS c (n)"
    )
    for statement in (_INTERACTION, _FACTS):
        conn.execute(sa.text(statement.format(numbers=numbers)), given)
    conn.execute(
        sa.text("INSERT INTO report_days (day, version, changed_at) VALUES (:day, 1, :at)"), given
    )


_INTERACTION = """
INSERT INTO interactions (id, requester_number, provider_number_id, profile_id, state, priority,
  owner, epoch, assigned_to, queue_id, last_seq, opened_at, closed_at, last_message_at)
SELECT n, '+1312' || (5550000 + n), 1, 1, 'closed_complete', 3, 'none', 2, 1, 1, 1, :at, :at, :at
FROM {numbers}
"""
# A multiple of a prime spreads values evenly, in the same way on both databases.
_FACTS = """
INSERT INTO conversation_facts (
  interaction_id, day, look_again_at, queue_id, provider_number_id, agent_id, labels, language,
  topic, began, bot_result, handoff_reason, is_closed, is_abandoned, was_queued,
  is_abandoned_waiting, was_reopened, came_back, is_durable, first_response,
  first_response_business, waiting, handling, resolution, resolution_business, next_responses,
  next_responses_business, texts_in, texts_out, delivered, failed_codes, segments, cost,
  currency, not_understood, promises_kept, promises_missed, answered_by, accepted_by,
  declined_by, expired_by, priority, first_response_target, resolution_target,
  next_responses_met, next_responses_missed, was_asked, grade, solved_by
)
SELECT n, :day, NULL, 1 + n % 3, 1 + n % 2, CASE WHEN n % 3 = 0 THEN NULL ELSE 1 + n % 40 END,
  CASE WHEN n % 4 = 0 THEN '1 2' WHEN n % 4 = 1 THEN '3' ELSE '' END,
  CASE WHEN n % 5 = 0 THEN 'es' ELSE 'en' END,
  CASE WHEN n % 7 = 0 THEN NULL WHEN n % 7 < 3 THEN 'report_problem' ELSE 'topic_' || (n % 7) END,
  CASE WHEN n % 10 < 7 THEN 'virtual_agent' WHEN n % 10 < 9 THEN 'live_agent' ELSE 'desk' END,
  CASE WHEN n % 10 < 3 THEN 'solved' WHEN n % 10 < 6 THEN 'handed_over'
    WHEN n % 10 < 7 THEN 'abandoned' END,
  CASE WHEN n % 10 IN (3, 4, 5) THEN 'Reason ' || (n % 12) END,
  1, n * 7919 % 100 / 96, CASE WHEN n % 3 = 0 THEN 0 ELSE 1 END, n * 7907 % 100 / 97, 0,
  n * 7901 % 100 / 90, 1 - n * 7901 % 100 / 90,
  CASE WHEN n % 3 = 0 THEN NULL ELSE n * 7919 % 4000 END,
  CASE WHEN n % 3 = 0 THEN NULL ELSE n * 7919 % 2000 END,
  CASE WHEN n % 3 = 0 THEN NULL ELSE n * 7907 % 3000 END,
  CASE WHEN n % 3 = 0 THEN NULL ELSE n * 7901 % 90000 END,
  n * 7883 % 200000, n * 7883 % 100000,
  CASE WHEN n % 3 = 0 THEN '' ELSE (n * 31 % 900) || ' ' || (n * 37 % 900) END,
  CASE WHEN n % 3 = 0 THEN '' ELSE (n * 31 % 400) || ' ' || (n * 37 % 400) END,
  1 + n % 5, 2 + n % 4, 2, CASE WHEN n % 50 = 0 THEN '30003' ELSE '' END,
  2 + n % 7, 8000 * (2 + n % 7), 'USD', n % 3, CASE WHEN n % 20 = 0 THEN 1 ELSE 0 END,
  CASE WHEN n % 90 = 0 THEN 1 ELSE 0 END,
  CASE WHEN n % 3 = 0 THEN '' ELSE (1 + n % 40) || ' ' || (1 + n % 40) END,
  CASE WHEN n % 3 = 0 THEN '' ELSE '' || (1 + n % 40) END,
  CASE WHEN n % 11 = 0 THEN '' || (1 + n % 40) ELSE '' END,
  CASE WHEN n % 17 = 0 THEN '' || (1 + n % 40) ELSE '' END,
  1 + n * 7 % 5, CASE WHEN n % 3 = 0 THEN NULL WHEN n * 7919 % 100 < 80 THEN 1 ELSE 0 END,
  CASE WHEN n * 7907 % 100 < 90 THEN 1 ELSE 0 END,
  CASE WHEN n % 3 = 0 THEN 0 ELSE n % 4 END, n * 31 % 100 / 95,
  CASE WHEN n % 2 = 0 THEN 1 ELSE 0 END, CASE WHEN n % 10 IN (0, 4) THEN 1 + n * 7907 % 5 END,
  CASE WHEN n % 2 = 0 THEN CASE WHEN n % 3 = 0 THEN 'virtual_agent' ELSE 'agent' END END
FROM {numbers}
"""
