"""Retention: each night, remove content that is older than its limit, a few rows at a time.

It is one piece of due work for the whole desk. Each transaction touches at most ``AT_ONCE`` rows,
so that texts and requests get in between. An admin can stop a run; the next night begins where it
stopped.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from sqlalchemy import select, update

from handoff_service import log
from handoff_service.errors import Conflict, MediaAway
from handoff_service.operations.desk.audit_chain import (
    RemoveEntries,
    check_chain,
    remove_entries,
)
from handoff_service.operations.shared.job import Job
from handoff_service.ports import BotFailed, NotOffered
from handoff_service.rules.privacy.kinds import KeptKind, next_night
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import retention
from handoff_service.store.privacy.empty_rows import empty, files_of, parts_of
from handoff_service.store.privacy.retention import CONVERSATIONS_AT_ONCE, RetentionState
from handoff_service.store.reports import facts

MEDIA_AWAY = timedelta(minutes=10)
NOT_RUNNING = phrase("Retention is not running, so there is nothing to stop.")
r = t.retention


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainSome:
    """Conversations from which content of this kind is removed."""

    kind: KeptKind
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Content of this kind is removed up to this time."""

    kind: KeptKind
    done_to: datetime
    ended: bool = False


def schedule_retention(tx: Transaction, _command: None = None) -> None:
    """Plan the next run, unless one is planned or under way."""
    w = t.due_work.c
    if tx.conn.execute(select(w.id).where(w.kind == Work.RETAIN).limit(1)).first() is None:
        at = next_night(tx.now, desk_time_zone(tx.conn))
        due_work.schedule(tx, [_work(at)])


def _work(at: datetime) -> due_work.Due:
    line = due_work.DESK_LINE
    return due_work.Due(kind=Work.RETAIN, key=line, line=line, due_at=at)


def run_now(tx: Transaction, _command: None = None) -> None:
    """Start a run at once. Conflict while one is under way."""
    if tx.conn.execute(select(r.c.kind).where(r.c.state == RetentionState.RUNNING)).first():
        raise Conflict(phrase("Retention is already running. Wait until it ends, or stop it."))
    due_work.schedule(tx, [_work(tx.now)])


def stop_run(tx: Transaction, _command: None = None) -> None:
    """Stop the current run. Content that it has already removed does not come back. Conflict if
    no run is under way."""
    running = update(r).where(r.c.state == RetentionState.RUNNING)
    stopped = running.values(state=RetentionState.STOPPED, ended_at=tx.now)
    if not tx.conn.execute(stopped).rowcount:
        raise Conflict(NOT_RUNNING)


def begin_kind(tx: Transaction, kind: KeptKind) -> None:
    fresh = {"state": RetentionState.RUNNING, "removed": 0, "began_at": tx.now, "ended_at": None}
    put = upsert(tx.conn, r).values(kind=kind, **fresh)
    tx.conn.execute(put.on_conflict_do_update(index_elements=["kind"], set_=fresh))


def retain_some(tx: Transaction, command: RetainSome) -> int:
    """Empty some rows of these conversations. Returns how many; 0 when nothing is left, or when
    the run was stopped."""
    if not _is_running(tx, command.kind):
        return 0
    kinds: Collection[KeptKind] = retention.emptied_with(command.kind)
    done = empty(tx, parts_of(kinds), command.ids).total()
    _count(tx, command.kind, done)
    return done


def unname(tx: Transaction, command: RetainSome) -> None:
    """Take the requester from emptied conversations."""
    if _is_running(tx, command.kind):
        retention.unname(tx, command.ids)
        _count(tx, command.kind, len(command.ids))


def retain_items(tx: Transaction, cutoff: datetime) -> int:
    """Delete some trainer items that were made before this time. Returns how many."""
    if not _is_running(tx, KeptKind.TRAINER_ITEMS):
        return 0
    done = retention.delete_items(tx, cutoff)
    _count(tx, KeptKind.TRAINER_ITEMS, done)
    return done


def retain_audit(tx: Transaction, to: datetime) -> int:
    """Remove the entries of the audit log before this time. Returns how many."""
    if not _is_running(tx, KeptKind.AUDIT):
        return 0
    done = remove_entries(tx, RemoveEntries(before=to))
    _count(tx, KeptKind.AUDIT, done)
    return done


def record_progress(tx: Transaction, progress: Progress) -> bool:
    """Returns whether the run continues."""
    if not _is_running(tx, progress.kind):
        return False
    values: dict[str, object] = {"done_to": progress.done_to}
    if progress.ended:
        values |= {"state": RetentionState.DONE, "ended_at": tx.now}
    tx.conn.execute(update(r).where(r.c.kind == progress.kind).values(**values))
    return True


def plan_next(tx: Transaction, _command: None = None) -> None:
    at = next_night(tx.now, desk_time_zone(tx.conn))
    due_work.release(tx, Work.RETAIN, due_work.DESK_LINE, at, attempts=0)


def _is_running(tx: Transaction, kind: KeptKind) -> bool:
    state = tx.conn.execute(select(r.c.state).where(r.c.kind == kind)).scalar()
    return state == RetentionState.RUNNING


def _count(tx: Transaction, kind: KeptKind, done: int) -> None:
    if done:
        tx.conn.execute(update(r).where(r.c.kind == kind).values(removed=r.c.removed + done))


def wait_for_media(tx: Transaction, _command: None = None) -> None:
    """Continue the run when the media store may be back."""
    due_work.release(tx, Work.RETAIN, due_work.DESK_LINE, tx.now + MEDIA_AWAY)


async def when_due(job: Job) -> None:
    try:
        await _run(job)
    except MediaAway as error:
        log.warning("retention_waits", why=error.why)
        await job.write(wait_for_media, None)


async def _run(job: Job) -> None:
    cutoffs = await job.deps.store.read(retention.cutoffs, job.deps.clock())
    for kind, before in cutoffs.items():
        await job.write(begin_kind, kind)
        if kind is KeptKind.AUDIT:
            await _retain_audit(job, before)
        elif kind is KeptKind.TRAINER_ITEMS:
            while await job.write(retain_items, before):
                await asyncio.sleep(0)
        else:
            await _retain(job, kind, before)
        ended = Progress(kind=kind, done_to=before, ended=True)
        if not await job.write(record_progress, ended):
            log.info("retention_stopped", kind=kind)
            break
        log.info("retention_done", kind=kind)
    await job.write(plan_next, None)


async def _retain(job: Job, kind: KeptKind, before: datetime) -> None:
    store = job.deps.store
    while True:
        batch = await store.read(retention.next_batch, kind, before)
        if not batch.ids:
            return
        await job.write(facts.write_final, await store.read(facts.final_rows, batch.ids))
        if KeptKind.MEDIA in retention.emptied_with(kind):
            for file in await store.read(files_of, batch.ids):
                await asyncio.to_thread(job.deps.media.remove, file)
        if KeptKind.TEXTS in retention.emptied_with(kind):
            await _forget_at_bot(job, batch.ids)
        for ids in batched(batch.ids, CONVERSATIONS_AT_ONCE, strict=False):
            some = RetainSome(kind=kind, ids=list(ids))
            while await job.write(retain_some, some):
                pass
            if kind is KeptKind.CONVERSATIONS:
                await job.write(unname, some)
        if not await job.write(record_progress, Progress(kind=kind, done_to=batch.to)):
            return


async def _retain_audit(job: Job, before: datetime) -> None:
    """Remove old entries of the audit log, unless somebody has tampered with it."""
    if (await check_chain(job.deps.store)).faults:
        log.warning("audit_not_pruned")
        return
    while (to := await job.deps.store.read(retention.next_audit_slice, before)) is not None:
        if not await job.write(retain_audit, to):
            return


async def _forget_at_bot(job: Job, ids: Sequence[int]) -> None:
    """Delete the bot's memory of these conversations. A failure must not stop retention. Only an
    erasure asks the bot again."""
    try:
        await job.deps.bot.forget([str(one) for one in ids])
    except (BotFailed, NotOffered) as error:
        log.warning("bot_memory_kept", conversations=len(ids), why=str(error))
