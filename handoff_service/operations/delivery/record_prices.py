"""Fetch the prices and outcomes of texts from the provider's list.

A provider does not know the price when it accepts a text, and no receipt contains it. The list also
makes up for lost receipts, because a status in the list is recorded like a receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import select

from handoff_service import log
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.shared.job import Job
from handoff_service.ports.sms_provider import Reported
from handoff_service.rules.shared.vocabulary import Direction, Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

EVERY = timedelta(minutes=10)
# The age of a text at which the service first asks. A provider knows the price a moment after
# sending, or much later.
AFTER = timedelta(minutes=1)
GIVEN_UP = timedelta(hours=24)  # the age of a text after which the service no longer asks
KEY = "prices"
_WITHOUT_PRICE = frozenset({Status.QUEUED, Status.CANCELED})
_NOT_FINAL = frozenset({Status.SENDING, Status.SENT})

i, m, p = t.interactions, t.messages, t.provider_numbers


@dataclass(frozen=True, slots=True)
class WantedPrice:
    """A provider number's texts without a price or a final status, and when the oldest of them was
    created."""

    sids: frozenset[str]
    since: datetime


def schedule_price_lookup(tx: Transaction, _command: None = None) -> None:
    """Start the recurring price look-up."""
    due_work.schedule(
        tx, [due_work.Due(kind=Work.ASK_PRICES, key=KEY, line=KEY, due_at=tx.now + AFTER)]
    )


def ask_again(tx: Transaction, _command: None = None) -> None:
    due_work.release(tx, Work.ASK_PRICES, KEY, tx.now + EVERY)


def wanted_prices(conn: sa.Connection, now: datetime) -> dict[str, WantedPrice]:
    """Provider number -> its texts to ask about. The query skips all ids up to the newest text that
    is older than ``GIVEN_UP``, because ids grow with time."""
    begins = now - GIVEN_UP
    older = (
        conn.execute(
            select(m.c.id).where(m.c.created_at < begins).order_by(m.c.id.desc()).limit(1)
        ).scalar()
        or 0
    )
    query = (
        select(p.c.number, m.c.provider_sid, m.c.created_at)
        .join(i, i.c.id == m.c.interaction_id)
        .join(p, p.c.id == i.c.provider_number_id)
        .where(
            m.c.id > older,
            m.c.created_at.between(begins, now - AFTER),
            m.c.provider_sid.is_not(None),
            sa.or_(
                m.c.price.is_(None) & m.c.status.not_in(_WITHOUT_PRICE),
                (m.c.direction == Direction.OUTBOUND) & m.c.status.in_(_NOT_FINAL),
            ),
        )
        .order_by(p.c.id)
    )
    found: dict[str, dict[str, datetime]] = {}
    for row in conn.execute(query):
        found.setdefault(row.number, {})[row.provider_sid] = row.created_at
    return {
        number: WantedPrice(frozenset(sids), min(sids.values())) for number, sids in found.items()
    }


def record_prices(tx: Transaction, found: Sequence[Reported]) -> None:
    """Record the provider's reports. A stored price never changes, and a status never moves
    backward."""
    by_sid = {one.sid: one for one in found}
    if not by_sid:
        return
    query = select(*m.c["id", "provider_sid", "price", "direction"]).where(
        one_of(m.c.provider_sid, list(by_sid))
    )
    # a concurrent retry gets another provider id, so these reports cannot reach it
    rows = tx.conn.execute(query.order_by(m.c.id).with_for_update()).all()
    prices = []
    receipts = []
    for row in rows:
        report = by_sid[row.provider_sid]
        if row.price is None and report.price is not None:
            prices.append({"id": row.id, "price": report.price, "currency": report.currency})
        if row.direction == Direction.OUTBOUND and report.status is not None:
            receipts.append(
                Receipt(sid=report.sid, status=report.status, error_code=report.error_code)
            )
    update_rows(tx.conn, m, prices)
    if receipts:
        record_receipt.run(tx, receipts)


async def when_due(job: Job) -> None:
    for number, wanted in (await job.deps.store.read(wanted_prices, job.deps.clock())).items():
        try:
            found = await job.deps.provider.reports(number, wanted.sids, wanted.since)
        except OSError as error:
            log.warning("prices_not_known", why=str(error))
            break
        await job.write(record_prices, found)
        log.debug("prices_recorded", count=len(found), of=len(wanted.sids))
    await job.write(ask_again, None)
