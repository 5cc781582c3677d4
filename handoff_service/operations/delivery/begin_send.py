"""Mark messages of the outbox as sending, or hold, cancel or refuse them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import exists, select, update

from handoff_service.operations.delivery import send_gates
from handoff_service.operations.delivery.finish_send import LOOK_UP_AFTER
from handoff_service.operations.delivery.limit_replies import HeldBack, over_limits
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.ports import Outgoing
from handoff_service.rules.conversations import media_links
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.delivery.reply_limits import Limit
from handoff_service.rules.delivery.send_errors import COUNTRY_OFF, OPTED_OUT, RANGE_FULL
from handoff_service.rules.shared.vocabulary import NOT_REPLIES, Author, Event, Status, Work
from handoff_service.store.consent import consents
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction


@dataclass(frozen=True, slots=True)
class BeginSend:
    """Claimed work of kind ``deliver``."""

    message_id: int
    attempts: int


_OUTGOING = (
    select(
        *t.messages.c[
            "id",
            "status",
            "body",
            "author",
            "event",
            "created_at",
            "interaction_id",
            "retries",
            "segments",
        ],
        *t.interactions.c[
            "requester_number", "provider_number_id", "user_id", "owner", "opened_at"
        ],
        consents.stands(
            t.interactions.c.requester_number, t.interactions.c.provider_number_id
        ).label("opted_out"),
        t.provider_numbers.c.messaging_service,
        t.provider_numbers.c.number.label("sender"),
        exists().where(t.media.c.message_id == t.messages.c.id).label("with_media"),
    )
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == t.interactions.c.provider_number_id)
    .where(one_of(t.messages.c.id, "ids"))
)
# a consent change either waits for these locks, or is visible to the next statement
_SHARED_LOCKS = (
    select(t.messaging_profiles.c.id)
    .where(
        t.messaging_profiles.c.active,
        t.messaging_profiles.c.number.in_(
            select(t.interactions.c.requester_number)
            .join(t.messages, t.messages.c.interaction_id == t.interactions.c.id)
            .where(one_of(t.messages.c.id, "ids"))
        ),
    )
    .order_by(t.messaging_profiles.c.id)
    .with_for_update(read=True)
)


def _begin(tx: Transaction, commands: Sequence[BeginSend]) -> list[Outgoing | HeldBack | None]:
    """Mark each message as sending.

    - None: the message is not sent now; its work is delayed or removed.
    - HeldBack: an automatic reply that exceeds a limit. It is not sent, and its status is failed.

    Cancels messages to numbers that have opted out, except the opt-out confirmation, and prompts
    and questions of how it went that the requester has answered. Delays messages that may have been
    sent before a crash until the provider's list is reliable, and messages over their number's
    rate.
    """
    attempts = {c.message_id: c.attempts for c in commands}
    ids = {"ids": list(attempts)}
    tx.conn.execute(_SHARED_LOCKS, ids).all()
    found = {r.id: r for r in tx.conn.execute(_OUTGOING, ids)}
    waiting = {i: r for i, r in found.items() if _waits(r)}
    unsure = {i for i, r in found.items() if r.status == Status.UNKNOWN}
    crashed = {i for i, r in found.items() if r.status == Status.SENDING}
    canceled = {
        i for i, r in waiting.items() if r.opted_out is not None and r.event != Event.CONSENT
    }
    _put(tx, canceled, status=Status.CANCELED, error_code=OPTED_OUT)
    _put(tx, crashed, status=Status.UNKNOWN)
    proactive = [r for i, r in waiting.items() if r.event in NOT_REPLIES and i not in canceled]
    written_since = send_gates.written_since(tx, proactive)
    answered_prompts = {
        i
        for i in written_since
        if waiting[i].author == Author.SYSTEM
        and waiting[i].event in (Event.PROACTIVE, Event.SATISFACTION)
    }
    _put(tx, answered_prompts, status=Status.CANCELED, error_code=None)
    canceled |= answered_prompts
    held = send_gates.in_quiet_hours(tx, [r for r in proactive if r.id not in written_since])
    held |= send_gates.held_by_restore(tx, [r for i, r in waiting.items() if i not in canceled])
    blocked = send_gates.blocked_country(
        tx, {i: r for i, r in waiting.items() if i not in canceled}
    )
    _put(tx, blocked, status=Status.FAILED, error_code=COUNTRY_OFF)
    over_limit = over_limits(tx, {i: r for i, r in waiting.items() if i not in canceled | blocked})
    for limit in Limit:
        these = {i for i, one in over_limit.items() if one.limit is limit}
        _put(tx, these, status=Status.FAILED, error_code=RANGE_FULL, reason=limit)
    not_now = canceled | held.keys() | blocked | over_limit.keys()
    later = dict.fromkeys(crashed, tx.now + LOOK_UP_AFTER) | held
    later |= send_gates.over_rate(tx, [r for i, r in waiting.items() if i not in not_now])
    # neither a crash nor our own rate limit is the provider's failure
    for message_id, at in later.items():
        failed = 0 if message_id in crashed else attempts[message_id] - 1
        due_work.release(tx, Work.DELIVER, message_id, at, attempts=failed)
    sends = waiting.keys() - not_now - later.keys()
    _add_up(tx, [i for i in sends if found[i].retries])
    # set by an earlier try
    _put(tx, sends, status=Status.SENDING, provider_sid=None, error_code=None)
    notify(tx, {found[i].interaction_id for i in canceled | blocked | over_limit.keys()})
    due_work.cancel(tx, Work.DELIVER, attempts.keys() - sends - unsure - later.keys())
    links = _links(tx, [i for i in sends | unsure if found[i].with_media])
    return [
        Outgoing(
            message_id=c.message_id,
            to=found[c.message_id].requester_number,
            sender=found[c.message_id].sender,
            body=found[c.message_id].body,
            created_at=found[c.message_id].created_at,
            attempts=c.attempts,
            uncertain=c.message_id in unsure,
            media_urls=links.get(c.message_id, ()),
            retries=found[c.message_id].retries,
            messaging_service=found[c.message_id].messaging_service,
        )
        if c.message_id in sends | unsure
        else over_limit.get(c.message_id)
        for c in commands
    ]


def _put(tx: Transaction, messages: Collection[int], **values: object) -> None:
    if messages:
        tx.conn.execute(
            update(t.messages)
            .where(one_of(t.messages.c.id, messages))
            .values(values | {"changed_at": tx.now})
        )


def _add_up(tx: Transaction, again: Sequence[int]) -> None:
    """Add up prices: each try costs money, so a retry keeps the price of the try before it."""
    m = t.messages.c
    if again:
        paid = sa.func.coalesce(m.price_before, 0) + m.price
        these = update(t.messages).where(one_of(m.id, again), m.price.is_not(None))
        tx.conn.execute(these.values(price_before=paid, price=None))


def _waits(row: send_gates.Row) -> bool:
    """Whether the message certainly did not leave, or failed and has a retry due."""
    return row.status == Status.QUEUED or (row.retries > 0 and row.status in DID_NOT_ARRIVE)


def _links(tx: Transaction, with_media: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """message id -> fresh links to its pictures for this try."""
    if not with_media:
        return {}
    d = t.media
    query = (
        select(d.c.message_id, d.c.id)
        .where(one_of(d.c.message_id, with_media))
        .order_by(d.c.position)
    )
    found: dict[int, tuple[str, ...]] = {}
    for r in tx.conn.execute(query):
        made = media_links.link(tx.settings.public_url, tx.settings.link_key, r.id, tx.now)
        found[r.message_id] = (*found.get(r.message_id, ()), made)
    return found


begin_sends: SetBased[BeginSend, Outgoing | HeldBack | None] = SetBased(_begin)
