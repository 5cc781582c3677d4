"""Block automatic replies to unknown numbers that exceed the desk's limits
(``rules/delivery/reply_limits.py``).

The table ``unknown_replies`` has one row for each allowed reply of the last day. The desk's row is
locked while a reply is counted, so two processes cannot both send the last allowed reply.

A reply over a limit is blocked without the lock, because an attack causes many such replies. This
is safe: other processes can only add replies, so a reached limit stays reached. Only the first
blocked reply needs the lock, because it raises an alarm.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

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
    """A blocked reply. ``begins_with``: the first digits of its range of numbers. ``first``: it is
    the first reply that this limit blocks in an hour (in this range), so it raises an alarm."""

    limit: Limit
    begins_with: str
    first: bool


def over_limits(tx: Transaction, rows: Mapping[int, Row]) -> dict[int, HeldBack]:
    """Return the automatic replies to unknown numbers that exceed a limit, and count the others.

    The limits do not apply to agents' messages, nor to a text about an outage, because a person has
    seen who gets it. In a conversation that an agent owns, they apply only to the opt-out
    confirmation and the reply to HELP. A retry is not counted again. An opt-out stays valid if its
    confirmation is blocked.
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
    counted = set(
        tx.conn.execute(select(r.c.message_id).where(one_of(r.c.message_id, unknown))).scalars()
    )
    new = {i: row for i, row in sorted(unknown.items()) if i not in counted}
    if not new:
        return {}
    # the first blocked reply needs the lock, so that two processes do not both raise the alarm
    surely = {i: one for i, one in _full(tx, limits, new).items() if not one.first}
    rest = {i: row for i, row in new.items() if i not in surely}
    if rest:
        tx.conn.execute(select(t.desk.c.id).with_for_update()).all()
    return surely | (_decide(tx, limits, rest) if rest else {})


class _Counts:
    """Counts the replies of the last hour and day, and checks replies against the limits."""

    def __init__(self, tx: Transaction, limits: ReplyLimits, new: Collection[Row]) -> None:
        self._tx, self._limits = tx, limits
        self._hour, self._day = _since(tx)
        self._to = _to_numbers(tx, {range_of(row.requester_number) for row in new})
        self._alarms: dict[tuple[Limit, str], bool] = {}

    def over(self, row: Row) -> HeldBack | None:
        """The limit that blocks this reply. None: the reply is allowed."""
        to = self._of_range(row)
        # before a reply of the virtual agent, earlier replies to the same number do not count,
        # because one conversation can have many
        own = to[row.requester_number] if row.author == Author.VIRTUAL_AGENT else 0
        before = Replied(to_range=to.total() - own, within_hour=self._hour, within_day=self._day)
        limit = reached_limit(self._limits, before)
        if limit is None:
            return None
        begins_with = range_of(row.requester_number)
        return HeldBack(limit=limit, begins_with=begins_with, first=self._first(limit, begins_with))

    def add(self, row: Row) -> None:
        """Count an allowed reply."""
        self._of_range(row)[row.requester_number] += 1
        self._hour, self._day = self._hour + 1, self._day + 1

    def _of_range(self, row: Row) -> Counter[str]:
        return self._to.setdefault(range_of(row.requester_number), Counter())

    def _first(self, limit: Limit, begins_with: str) -> bool:
        """Whether this is the first reply in an hour that this limit blocks (in this range)."""
        alarm = (limit, begins_with if limit is Limit.RANGE else "")
        known = self._alarms.get(alarm)
        self._alarms[alarm] = True
        return known is None and not _is_held_back(self._tx, limit, begins_with)


def _full(tx: Transaction, limits: ReplyLimits, new: Mapping[int, Row]) -> dict[int, HeldBack]:
    """The replies that exceed a limit even when the other new replies are not counted."""
    counts = _Counts(tx, limits, new.values())
    over = {i: counts.over(row) for i, row in new.items()}
    return {i: one for i, one in over.items() if one is not None}


def _decide(tx: Transaction, limits: ReplyLimits, new: Mapping[int, Row]) -> dict[int, HeldBack]:
    counts = _Counts(tx, limits, new.values())
    held: dict[int, HeldBack] = {}
    sent = []
    for message_id, row in new.items():
        if (over := counts.over(row)) is not None:
            held[message_id] = over
            continue
        counts.add(row)
        sent.append(
            {
                "message_id": message_id,
                "begins_with": range_of(row.requester_number),
                "number": row.requester_number,
                "at": tx.now,
            }
        )
    if sent:
        tx.conn.execute(delete(r).where(r.c.at <= tx.now - DAY))
        tx.conn.execute(insert(r), sent)
    return held


def _since(tx: Transaction) -> tuple[int, int]:
    """The numbers of replies in the last hour and in the last day."""
    hour = func.count().filter(r.c.at > tx.now - HOUR)
    query = select(hour, func.count()).where(r.c.at > tx.now - DAY)
    found = tx.conn.execute(query).one()
    return found[0], found[1]


def _to_numbers(tx: Transaction, ranges: Collection[str]) -> dict[str, Counter[str]]:
    """Range -> number -> how many replies it got in the last hour."""
    query = (
        select(r.c.begins_with, r.c.number, func.count())
        .where(one_of(r.c.begins_with, ranges), r.c.at > tx.now - HOUR)
        .group_by(r.c.begins_with, r.c.number)
    )
    found: dict[str, Counter[str]] = {}
    for begins_with, number, count in tx.conn.execute(query):
        found.setdefault(begins_with, Counter())[number] = count
    return found


def _is_held_back(tx: Transaction, limit: Limit, begins_with: str) -> bool:
    """Whether this limit has blocked a reply (in this range) in the last hour."""
    i = t.interactions
    query = (
        select(m.c.id)
        .join(i, i.c.id == m.c.interaction_id)
        .where(t.IN_FULL_RANGE, m.c.reason == limit, m.c.created_at > tx.now - HOUR)
    )
    if limit is Limit.RANGE:
        query = query.where(i.c.requester_number.startswith(begins_with, autoescape=True))
    return tx.conn.execute(query.limit(1)).first() is not None
