"""Send gates, which block, cancel or delay messages in the outbox. They check the country, quiet
hours, texts that the requester has sent since, a restore, and the rate.

``begin_send.py`` applies them to the messages that it is about to send. The limits on automatic
replies are in ``limit_replies.py``.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exists, select, update

from handoff_service.lib import phone_regions
from handoff_service.rules.delivery.quiet_hours import earliest_send_time
from handoff_service.rules.shared.vocabulary import Author, Direction, Event, Status
from handoff_service.store.conversations import requester_zones
from handoff_service.store.delivery import restore_holds
from handoff_service.store.desk import desk
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

# A provider number may send texts this much earlier than its rate allows. The provider queues them.
BURST = timedelta(seconds=10)
MOST_SEGMENTS = 25  # the most segments in one text: 1,600 characters in UCS-2

type Row = sa.Row[*tuple[Any, ...]]


def blocked_country(tx: Transaction, rows: Mapping[int, Row]) -> set[int]:
    """The ids of messages to countries that the desk does not text."""
    texted = desk.countries(tx.conn) if rows else []
    if not texted:
        return set()
    return {
        i for i, row in rows.items() if not phone_regions.may_be_in(row.requester_number, texted)
    }


# a later message on the same line as the message being checked, and its interaction
_later, _its = t.messages.alias("later"), t.interactions.alias("its")


def written_since(tx: Transaction, rows: Sequence[Row]) -> set[int]:
    """The ids of messages after which the requester has written on the line. Quiet hours do not
    delay these messages, and ``begin_send.py`` cancels most prompts and satisfaction questions
    among them."""
    return _followed(tx, rows, _later.c.direction == Direction.INBOUND)


def only_thanked(tx: Transaction, rows: Sequence[Row]) -> set[int]:
    """The ids of messages in closed conversations after which the requester has written only in the
    same conversation, if at all. Texts in a closed conversation start nothing: thanks, for
    example."""
    others = _followed(
        tx, rows, (_later.c.direction == Direction.INBOUND) & (_its.c.id != t.interactions.c.id)
    )
    closed = select(t.interactions.c.id).where(
        one_of(t.interactions.c.id, {row.interaction_id for row in rows}),
        t.interactions.c.closed_at.is_not(None),
    )
    ended = set(tx.conn.execute(closed).scalars()) if rows else set()
    return {row.id for row in rows if row.interaction_id in ended} - others


def _followed(tx: Transaction, rows: Sequence[Row], by: sa.ColumnElement[bool]) -> set[int]:
    """The ids of messages after which the same line has a message that matches ``by``, in any
    interaction."""
    if not rows:
        return set()
    m, i, its = t.messages, t.interactions, _its
    query = (
        select(m.c.id)
        .join(i, i.c.id == m.c.interaction_id)
        .where(
            one_of(m.c.id, [row.id for row in rows]),
            exists().where(
                its.c.requester_number == i.c.requester_number,
                its.c.provider_number_id == i.c.provider_number_id,
                _later.c.interaction_id == its.c.id,
                _later.c.id > m.c.id,
                by,
            ),
        )
    )
    return set(tx.conn.execute(query).scalars())


def held_by_restore(tx: Transaction, rows: Sequence[Row]) -> dict[int, datetime]:
    """Automatic texts on a restored desk that nobody has released yet -> ``due_work.HELD``.

    They are held because the original desk may have sent the same texts. Texts to requesters who
    have texted the restored desk are not held."""
    automatic = [r for r in rows if r.author != Author.AGENT and r.event != Event.CONSENT]
    restored = restore_holds.restored_at(tx.conn) if automatic else None
    if restored is None:
        return {}
    i, its, m = t.interactions, t.interactions.alias("its"), t.messages
    has_texted = (
        select(i.c.id)
        .where(one_of(i.c.id, {r.interaction_id for r in automatic}))
        .where(
            exists().where(
                its.c.requester_number == i.c.requester_number,
                its.c.provider_number_id == i.c.provider_number_id,
                m.c.interaction_id == its.c.id,
                m.c.direction == Direction.INBOUND,
                m.c.created_at >= restored,
            )
        )
    )
    answered = set(tx.conn.execute(has_texted).scalars())
    return {r.id: due_work.HELD for r in automatic if r.interaction_id not in answered}


def in_quiet_hours(tx: Transaction, rows: Sequence[Row]) -> dict[int, datetime]:
    """Each message that would be sent in the recipient's quiet hours -> the end of those hours.
    The caller leaves out replies, which quiet hours do not delay."""
    quiet = desk.quiet_hours(tx.conn) if rows else None
    if quiet is None:
        return {}
    zones = requester_zones.of_interactions(
        tx.conn, {row.interaction_id: row.requester_number for row in rows}
    )
    waits = {}
    for row in rows:
        if (
            at := earliest_send_time(quiet, tx.now, zones[row.interaction_id], row.created_at)
        ) is not None:
            waits[row.id] = at
    return waits


def over_rate(tx: Transaction, rows: Sequence[Row]) -> dict[int, datetime]:
    """Messages that exceed the rate of their provider number or of the provider -> when to retry.

    A number may send texts earlier than its rate allows, by at most ``BURST``. Messages from people
    and from the virtual agent are sent first. So are system messages that were queued before them
    on the same line, to keep the order.
    """
    p = t.provider_numbers
    numbers = select(*p.c["id", "segments_per_second", "paced_to"]).where(
        one_of(p.c.id, {r.provider_number_id for r in rows})
    )
    later: dict[int, datetime] = {}
    # key_share, so that new conversations can refer to the row while it is locked
    numbers = numbers.order_by(p.c.id).with_for_update(key_share=True)
    found = tx.conn.execute(numbers).all() if rows else []
    ahead = {number.id for number in found if number.paced_to and number.paced_to > tx.now}
    prompts = [r for r in rows if _is_prompt(r) and r.provider_number_id in ahead]
    hurried = _followed(
        tx, prompts, (_later.c.status == Status.QUEUED) & (_later.c.author != Author.SYSTEM)
    )
    for number in found:
        rate = min(number.segments_per_second, tx.settings.segments_per_second or math.inf)
        # a larger value means that the clock has stepped back
        furthest = tx.now + BURST + timedelta(seconds=MOST_SEGMENTS / rate)
        paced_to = was = min(max(number.paced_to or tx.now, tx.now), furthest)
        of_number = (r for r in rows if r.provider_number_id == number.id)
        for row in sorted(of_number, key=lambda r: (_is_prompt(r) and r.id not in hurried, r.id)):
            if paced_to - tx.now > BURST:
                later[row.id] = paced_to - BURST
            else:
                was = paced_to + timedelta(seconds=(row.segments or 1) / rate)
            paced_to += timedelta(seconds=(row.segments or 1) / rate)
        tx.conn.execute(update(p).where(p.c.id == number.id).values(paced_to=was))
    return later


def _is_prompt(row: Row) -> bool:
    return row.author == Author.SYSTEM and row.event != Event.CONSENT
