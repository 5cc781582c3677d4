"""Send what is in the outbox: mark it, ask the provider (outside any transaction), write down what became of it.

A message is ``sending`` from the commit before the provider is asked to the commit after. Whoever finds it so again
(after a crash or a timeout) looks it up at the provider before sending it again, for no provider call can be repeated
safely. ``_fate`` is the place for retries by error code.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, select, update

from handoff_service.operations.ports import Accepted, Later, LookedUp, Outgoing, Refused, SendResult, Unsure
from handoff_service.operations.record_receipt import apply_early_receipts
from handoff_service.operations.say import tell
from handoff_service.rules import media_links
from handoff_service.rules.delivery import PUT_OFF
from handoff_service.rules.vocabulary import Status, Work
from handoff_service.store import due
from handoff_service.store import tables as t
from handoff_service.store.bulk import update_rows
from handoff_service.store.lanes import SetBased, Transaction
from handoff_service.store.several import one_of

LOOK_UP_AFTER = timedelta(seconds=30)  # a callback usually settles an unsure send before this
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BeginSend:
    """Work of kind ``deliver`` that this process has claimed."""

    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class FinishSend:
    message_id: int
    attempts: int
    result: SendResult


_OUTGOING = (
    select(
        *t.messages.c["id", "status", "body", "created_at"],
        t.interactions.c.requester_number,
        t.provider_numbers.c.number.label("sender"),
        exists().where(t.media.c.message_id == t.messages.c.id).label("with_media"),
    )
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == t.interactions.c.provider_number_id)
    .where(one_of(t.messages.c.id, "ids"))
)
_LOCKED = (
    select(*t.messages.c["id", "interaction_id", "status", "provider_sid"])
    .where(one_of(t.messages.c.id, "ids"))
    .order_by(t.messages.c.id)
    .with_for_update()
)


def _begin(tx: Transaction, commands: Sequence[BeginSend]) -> list[Outgoing | None]:
    """Mark each message as sending. None for one that needs no sending any more; its work is taken away."""
    attempts = {c.message_id: c.attempts for c in commands}
    found = {r.id: r for r in tx.conn.execute(_OUTGOING, {"ids": list(attempts)})}
    links = _links(tx, [i for i, r in found.items() if r.with_media])
    open_ = {i for i, r in found.items() if r.status in (Status.QUEUED, Status.SENDING, Status.UNKNOWN)}
    queued = [i for i in open_ if found[i].status == Status.QUEUED]
    if queued:
        tx.conn.execute(update(t.messages).where(one_of(t.messages.c.id, queued)).values(status=Status.SENDING))
    due.disarm(tx, Work.DELIVER, attempts.keys() - open_)
    return [
        Outgoing(
            message_id=c.message_id,
            to=found[c.message_id].requester_number,
            sender=found[c.message_id].sender,
            body=found[c.message_id].body,
            created_at=found[c.message_id].created_at,
            attempts=c.attempts,
            uncertain=found[c.message_id].status != Status.QUEUED,
            media_urls=links.get(c.message_id, ()),
        )
        if c.message_id in open_
        else None
        for c in commands
    ]


def _links(tx: Transaction, with_media: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """message id -> links to its pictures, made anew for this try."""
    if not with_media:
        return {}
    d = t.media
    query = select(d.c.message_id, d.c.id).where(one_of(d.c.message_id, with_media)).order_by(d.c.position)
    found: dict[int, tuple[str, ...]] = {}
    for r in tx.conn.execute(query):
        made = media_links.link(tx.terms.public_url, tx.terms.link_key, r.id, tx.now)
        found[r.message_id] = (*found.get(r.message_id, ()), made)
    return found


def _finish(tx: Transaction, commands: Sequence[FinishSend]) -> list[None]:
    """Write down what became of each send. A receipt that came first is not overwritten."""
    by_id = {c.message_id: c for c in commands}
    rows = tx.conn.execute(_LOCKED, {"ids": list(by_id)}).all()
    taken = _taken(tx, commands)
    changes, done = [], []
    for row in rows:
        fate = _Fate(row.status, row.provider_sid, None, None)  # a callback was quicker than the provider's answer
        if row.provider_sid is None:
            fate = _fate(by_id[row.id], taken)
        taken.add(fate.sid)
        changes.append({"id": row.id, "status": fate.status, "provider_sid": fate.sid, "error_code": fate.code})
        if fate.again is None:
            done.append(row.id)
        else:
            due.release(tx, Work.DELIVER, row.id, tx.now + fate.again)
    update_rows(tx.conn, t.messages, changes)
    due.disarm(tx, Work.DELIVER, done)
    apply_early_receipts(tx, [change["provider_sid"] for change in changes if change["provider_sid"]])
    tell(tx, {r.interaction_id for r in rows})
    return [None] * len(commands)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a message: its status, the provider's id and error code, and when to try again (None: never)."""

    status: Status
    sid: str | None
    code: int | None
    again: timedelta | None


def _fate(command: FinishSend, taken: Collection[str | None]) -> _Fate:
    """The place for retries by error code."""
    match command.result:
        case Accepted(sid=sid, status=status):
            return _Fate(status, sid, None, None)
        case Refused(code=code) if code not in PUT_OFF:
            return _Fate(Status.FAILED, None, code, None)
        case Later() | Refused():
            wait = timedelta(seconds=2 ** min(command.attempts, 10))
            return _Fate(Status.QUEUED, None, None, min(wait, LONGEST_WAIT))
        case Unsure():
            return _Fate(Status.UNKNOWN, None, None, LOOK_UP_AFTER)
        case LookedUp(found=found):
            free = [one for one in found if one.sid not in taken]
            if not free:
                return _Fate(Status.QUEUED, None, None, timedelta(0))
            if len(free) == 1:
                return _Fate(free[0].status, free[0].sid, None, None)
            return _Fate(Status.UNKNOWN, None, None, LONGEST_WAIT)  # two alike: a callback or a person decides


def _taken(tx: Transaction, commands: Sequence[FinishSend]) -> set[str | None]:
    """Of the ids that were looked up, those that belong to another message already: each is used once."""
    found = [one.sid for c in commands if isinstance(c.result, LookedUp) for one in c.result.found]
    if not found:
        return set()
    query = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, found))
    return set(tx.conn.execute(query).scalars())


begin_sends: SetBased[BeginSend, Outgoing | None] = SetBased(_begin)
finish_sends: SetBased[FinishSend, None] = SetBased(_finish)
