"""Block automatic replies to unknown numbers that exceed the desk's limits
(``rules/delivery/reply_limits.py``).

Allowed replies are counted in ``unknown_replies``, one row per message, for a day. The desk's row
is locked meanwhile, so two processes cannot both send the last allowed one.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from handoff_service.operations.delivery.send_gates import Row
from handoff_service.rules.delivery.reply_limits import (
    DAY,
    HOUR,
    Limit,
    Replied,
    ReplyLimits,
    range_of,
    reached_limit,
)
from handoff_service.rules.shared.vocabulary import Author, Event
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

m, r = t.messages, t.unknown_replies


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A blocked reply. ``first``: it is the first block of this limit (and range) in an hour, so it
    raises an alarm."""

    limit: Limit
    begins_with: str
    first: bool


def over_limits(tx: Transaction, rows: Mapping[int, Row]) -> dict[int, HeldBack]:
    """Return the automatic replies to unknown numbers that exceed a limit, and count the other
    ones.

    Agents' messages are always sent, and so is a text about an outage, because a person has seen
    who gets it. A message that was counted before a retry is sent too. A blocked confirmation does
    not affect the opt-out itself.
    """
    unknown = {
        i: row
        for i, row in rows.items()
        if row.user_id is None
        and row.event != Event.OUTAGE_OVER
        and (Author.AGENT not in (row.author, row.owner) or row.event == Event.CONSENT)
    }
    limits = desk.reply_limits(tx.conn) if unknown else ReplyLimits(in_range=0, hourly=0, daily=0)
    if not (limits.in_range or limits.hourly or limits.daily):
        return {}
    tx.conn.execute(select(t.desk.c.id).with_for_update()).all()
    counted = set(
        tx.conn.execute(select(r.c.message_id).where(one_of(r.c.message_id, unknown))).scalars()
    )
    new = {i: row for i, row in sorted(unknown.items()) if i not in counted}
    return _decide(tx, limits, new) if new else {}


def _decide(tx: Transaction, limits: ReplyLimits, new: Mapping[int, Row]) -> dict[int, HeldBack]:
    within_hour, within_day = _since(tx, HOUR), _since(tx, DAY)
    to_numbers = _to_numbers(tx, {range_of(row.requester_number) for row in new.values()})
    held: dict[int, HeldBack] = {}
    sent = []
    for message_id, row in new.items():
        begins_with = range_of(row.requester_number)
        to = to_numbers.setdefault(begins_with, Counter())
        # the virtual agent may answer a person often; the desk's own texts are few
        own = to[row.requester_number] if row.author == Author.VIRTUAL_AGENT else 0
        before = Replied(
            to_range=to.total() - own,
            within_hour=within_hour,
            within_day=within_day,
        )
        if (limit := reached_limit(limits, before)) is not None:
            first = not any(_same_alarm(one, limit, begins_with) for one in held.values())
            first = first and not _is_held_back(tx, limit, begins_with)
            held[message_id] = HeldBack(limit=limit, begins_with=begins_with, first=first)
            continue
        to[row.requester_number] += 1
        within_hour, within_day = within_hour + 1, within_day + 1
        sent.append(
            {
                "message_id": message_id,
                "begins_with": begins_with,
                "number": row.requester_number,
                "at": tx.now,
            }
        )
    if sent:
        tx.conn.execute(delete(r).where(r.c.at <= tx.now - DAY))
        tx.conn.execute(insert(r), sent)
    return held


def _since(tx: Transaction, within: timedelta) -> int:
    return tx.conn.execute(select(func.count()).where(r.c.at > tx.now - within)).scalar_one()


def _to_numbers(tx: Transaction, ranges: Collection[str]) -> dict[str, Counter[str]]:
    """Range -> number -> replies of the last hour."""
    query = (
        select(r.c.begins_with, r.c.number, func.count())
        .where(one_of(r.c.begins_with, ranges), r.c.at > tx.now - HOUR)
        .group_by(r.c.begins_with, r.c.number)
    )
    found: dict[str, Counter[str]] = {}
    for begins_with, number, count in tx.conn.execute(query):
        found.setdefault(begins_with, Counter())[number] = count
    return found


def _same_alarm(one: HeldBack, limit: Limit, begins_with: str) -> bool:
    return one.limit is limit and (limit is not Limit.RANGE or one.begins_with == begins_with)


def _is_held_back(tx: Transaction, limit: Limit, begins_with: str) -> bool:
    """Whether a reply was blocked for this limit and range in the last hour."""
    i = t.interactions
    query = (
        select(m.c.id)
        .join(i, i.c.id == m.c.interaction_id)
        .where(t.IN_FULL_RANGE, m.c.reason == limit, m.c.created_at > tx.now - HOUR)
    )
    if limit is Limit.RANGE:
        query = query.where(i.c.requester_number.startswith(begins_with, autoescape=True))
    return tx.conn.execute(query.limit(1)).first() is not None
