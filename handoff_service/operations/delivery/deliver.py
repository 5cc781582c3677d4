"""Send the outbox: mark a message, call the provider (outside any transaction), and record the
result.

- A message is ``sending`` from the commit before the provider call to the commit after it.
- No provider call can be repeated safely. A message that is still ``sending`` after a crash or
  timeout is therefore looked up at the provider before it is sent again.
- ``rules/delivery/send_errors.py`` says what an error does, and the provider's table says which
  error a code is. A message that waits for its retry has the status failed.
- The transaction that marks the message checks consent under a lock that blocks consent changes.
  Consent is checked again right before the provider call.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import exists, select, update

from handoff_service import log
from handoff_service.operations.consent.change_consent import refused_for_consent
from handoff_service.operations.delivery import send_gates
from handoff_service.operations.delivery.limit_replies import HeldBack, over_limits
from handoff_service.operations.delivery.record_receipt import apply_early_receipts, send_later
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.messages import notify
from handoff_service.ports import (
    Accepted,
    Later,
    LookedUp,
    Outgoing,
    Refused,
    SendResult,
    Unsure,
    Withheld,
)
from handoff_service.rules.conversations import media_links
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.delivery.reply_limits import Limit
from handoff_service.rules.delivery.send_errors import (
    COUNTRY_OFF,
    OPTED_OUT,
    RANGE_FULL,
    SendErrors,
)
from handoff_service.rules.shared.vocabulary import (
    NOT_REPLIES,
    Author,
    Event,
    Status,
    Work,
)
from handoff_service.store.consent import consents
from handoff_service.store.delivery import sends_under_way
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.lanes import SetBased, Transaction
from handoff_service.store.engine.one_of import one_of

# not sooner: the provider's list lags, and a callback usually settles the outcome first
LOOK_UP_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BeginSend:
    """Claimed work of kind ``deliver``."""

    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class FinishSend:
    message_id: int
    attempts: int
    result: SendResult


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
_LOCKED = (
    select(*t.messages.c["id", "interaction_id", "status", "provider_sid", "event", "retries"])
    .where(one_of(t.messages.c.id, "ids"))
    .order_by(t.messages.c.id)
    .with_for_update()
)


def _begin(tx: Transaction, commands: Sequence[BeginSend]) -> list[Outgoing | HeldBack | None]:
    """Mark each message as sending.

    - None: the message is not sent now; its work is delayed or removed.
    - HeldBack: an automatic reply that exceeds a limit. It is not sent, and its status is failed.

    Cancels messages to numbers that have opted out, except the opt-out confirmation, and prompts
    that the requester has answered. Delays messages that may have been sent before a crash until
    the provider's list is reliable, and messages over their number's rate.
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
        if waiting[i].author == Author.SYSTEM and waiting[i].event == Event.PROACTIVE
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


def _finish(tx: Transaction, commands: Sequence[FinishSend]) -> list[bool]:
    """Record the result of each send. A receipt that arrived first is kept.

    Returns True for sends that the provider did not accept. They wait for their retry, together
    with the messages queued after them.
    """
    by_id = {c.message_id: c for c in commands}
    rows = tx.conn.execute(_LOCKED, {"ids": list(by_id)}).all()
    taken, errors = _taken(tx, commands), tx.settings.send_errors
    changes, done, later, opted_out = [], [], [], []
    for row in rows:
        if row.provider_sid is not None or row.status not in (Status.SENDING, Status.UNKNOWN):
            # a callback or a person was faster than the provider's answer and has ended this work
            continue
        fate = _fate(by_id[row.id], taken, row.retries, errors)
        is_opt_out = errors.is_opt_out(fate.code)
        if is_opt_out and row.event == Event.CONSENT:
            # the provider has already sent its own confirmation
            fate = _Fate(Status.CANCELED, None, None, None)
        elif is_opt_out and not isinstance(by_id[row.id].result, Withheld):
            opted_out.append(row.id)
        taken.add(fate.sid)
        changes.append(
            {
                "id": row.id,
                "status": fate.status,
                "provider_sid": fate.sid,
                "error_code": fate.code,
                "retries": row.retries + fate.counts,
                "changed_at": tx.now,
            }
        )
        if fate.again is None:
            done.append(row.id)
        elif fate.counts:
            done.append(row.id)
            later.append((row.id, tx.now + fate.again))
        else:
            due_work.release(tx, Work.DELIVER, row.id, tx.now + fate.again)
    update_rows(tx.conn, t.messages, changes)
    due_work.cancel(tx, Work.DELIVER, done)
    send_later(tx, later)
    refused_for_consent(tx, opted_out)
    apply_early_receipts(
        tx, [change["provider_sid"] for change in changes if change["provider_sid"]]
    )
    notify(tx, {r.interaction_id for r in rows})
    waiting = {change["id"] for change in changes if change["status"] == Status.QUEUED}
    return [c.message_id in waiting and isinstance(c.result, Later | Refused) for c in commands]


@dataclass(frozen=True, slots=True)
class _Fate:
    """A message's new status, provider id and error code, and when to retry (None: never).
    ``counts``: the retry counts toward the error's limit, and the messages queued after it do not
    wait for it."""

    status: Status
    sid: str | None
    code: int | None
    again: timedelta | None
    counts: bool = False


def _fate(
    command: FinishSend, taken: Collection[str | None], retries: int, errors: SendErrors
) -> _Fate:
    match command.result:
        case Accepted(sid=sid, status=status):
            return _Fate(status, sid, None, None)
        case Refused(code=code) if not errors.explain(code).holds_line:
            again = errors.again_after(code, retries)
            return _Fate(Status.FAILED, None, code, again, counts=again is not None)
        case Later(code=code) | Refused(code=code):
            return _Fate(
                Status.QUEUED, None, code, _growing(timedelta(seconds=1), command.attempts)
            )
        case Unsure():
            wait = max(LOOK_UP_AFTER, _growing(LOOK_UP_AFTER, command.attempts - 1))
            return _Fate(Status.UNKNOWN, None, None, wait)
        case Withheld():
            return _Fate(Status.CANCELED, None, OPTED_OUT, None)
        case LookedUp(found=found):
            free = [
                one
                for one in found
                if one.sid not in taken and not (retries and one.status in DID_NOT_ARRIVE)
            ]
            if not free:
                return _Fate(Status.QUEUED, None, None, timedelta(0))
            if len(free) == 1:
                return _Fate(free[0].status, free[0].sid, None, None)
            # two identical messages: a callback or a person decides
            return _Fate(Status.UNKNOWN, None, None, LONGEST_WAIT)


def _growing(first: timedelta, doublings: int) -> timedelta:
    wait = min(first * 2 ** min(doublings, 10), LONGEST_WAIT)
    return wait * random.uniform(0.5, 1)  # noqa: S311  # not all at once


def _taken(tx: Transaction, commands: Sequence[FinishSend]) -> set[str | None]:
    """The looked-up ids that already belong to another message. Two messages never share an
    id."""
    found = [one.sid for c in commands if isinstance(c.result, LookedUp) for one in c.result.found]
    if not found:
        return set()
    query = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, found))
    return set(tx.conn.execute(query).scalars())


begin_sends: SetBased[BeginSend, Outgoing | HeldBack | None] = SetBased(_begin)
finish_sends: SetBased[FinishSend, bool] = SetBased(_finish)


async def when_due(job: Job) -> None:
    message_id = int(job.key)
    outgoing = await job.write(begin_sends, BeginSend(message_id, job.attempts))
    if isinstance(outgoing, HeldBack):
        job.deps.metrics.held_back.labels(outgoing.limit.name.lower()).inc()
        if outgoing.first:
            log.warning(
                "replies_held_back",
                limit=outgoing.limit.name.lower(),
                begins_with=outgoing.begins_with,
            )
    if not isinstance(outgoing, Outgoing):
        return
    result = await _look_up(job, outgoing) if outgoing.uncertain else await _send(job, outgoing)
    waits = await job.write(finish_sends, FinishSend(message_id, job.attempts, result))
    job.deps.metrics.sends.labels(type(result).__name__.lower()).inc()
    if waits and isinstance(result, Later | Refused):
        why = result.why if isinstance(result, Later) else None
        log.warning(
            "text_not_taken",
            message=message_id,
            attempts=job.attempts,
            code=result.code,
            why=why,
        )
    log.debug("text_sent", message=message_id, result=type(result).__name__.lower())


async def _send(job: Job, outgoing: Outgoing) -> SendResult:
    """Check consent once more, as late as possible, because the requester may have opted out
    since the message was marked."""
    if await job.deps.store.read(sends_under_way.is_withheld, outgoing.message_id):
        return Withheld()
    return await job.deps.provider.send(outgoing)


async def _look_up(job: Job, outgoing: Outgoing) -> SendResult:
    """What the provider knows about a send with an unknown outcome."""
    try:
        return LookedUp(tuple(await job.deps.provider.find(outgoing)))
    except OSError as error:
        return Unsure(why=str(error))
