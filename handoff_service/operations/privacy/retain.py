"""Retention: each night, remove content that is older than its limit, a few rows at a time.

The whole desk has one piece of due work for this. A run first searches for the rows, without
blocking writes. Each transaction then changes few enough rows to block other writes for less than
20 ms, so texts and requests are handled between these transactions. An admin can stop a run, and
the next night continues where it stopped.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

from sqlalchemy import select, update

from handoff_service import log
from handoff_service.errors import Conflict, MediaAway
from handoff_service.operations.conversations.merge_index import merge_index
from handoff_service.operations.desk.audit_chain import RemoveSome, check_chain
from handoff_service.operations.privacy import retain_steps as steps
from handoff_service.operations.privacy.final_facts import write_final_facts
from handoff_service.operations.privacy.retain_steps import Anonymize, Progress, RemoveRows
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.ports.bot import BotFailed
from handoff_service.ports.not_offered import NotOffered
from handoff_service.rules.privacy.kinds import KeptKind, next_night
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk import audit_chain
from handoff_service.store.desk.audit_chain import ChainedEntry
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import retention
from handoff_service.store.privacy.empty_rows import (
    files_of,
    mark_emptied,
    not_marked,
    parts_of,
    rows_left,
)
from handoff_service.store.privacy.erase_plan import Part
from handoff_service.store.privacy.number_rows import NumberRows, number_rows
from handoff_service.store.privacy.retention import CONVERSATIONS_AT_ONCE, RetentionState
from handoff_service.store.training import clusters
from handoff_service.store.training.clusters import NewLeader

MEDIA_AWAY = timedelta(minutes=10)
NOT_RUNNING = phrase("Retention is not running, so there is nothing to stop.")
r = t.retention


def schedule_retention(tx: Transaction, _command: None = None) -> None:
    """Schedule the next run, unless a run is scheduled or under way."""
    w = t.due_work.c
    if tx.conn.execute(select(w.id).where(w.kind == Work.RETAIN).limit(1)).first() is None:
        at = next_night(tx.now, desk_time_zone(tx.conn))
        due_work.schedule(tx, [_work(at)])


def _work(at: datetime) -> due_work.Due:
    line = due_work.DESK_LINE
    return due_work.Due(kind=Work.RETAIN, key=line, line=line, due_at=at)


def run_now(tx: Transaction, _command: None = None) -> None:
    """Schedule a run for now. Raises Conflict while a run is under way."""
    if tx.conn.execute(select(r.c.kind).where(r.c.state == RetentionState.RUNNING)).first():
        raise Conflict(phrase("Retention is already running. Wait until it ends, or stop it."))
    due_work.schedule(tx, [_work(tx.now)])


def stop_run(tx: Transaction, _command: None = None) -> None:
    """Stop the current run. Content that it has already removed stays removed. Raises Conflict when
    no run is under way."""
    running = update(r).where(r.c.state == RetentionState.RUNNING)
    stopped = running.values(state=RetentionState.STOPPED, ended_at=tx.now)
    if not tx.conn.execute(stopped).rowcount:
        raise Conflict(NOT_RUNNING)


def plan_next(tx: Transaction, _command: None = None) -> None:
    at = next_night(tx.now, desk_time_zone(tx.conn))
    due_work.release(tx, Work.RETAIN, due_work.DESK_LINE, at, attempts=0)


def wait_for_media(tx: Transaction, _command: None = None) -> None:
    """Schedule the rest of the run for a time when the media store may be available again."""
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
        await job.write(steps.begin_kind, kind)
        if kind is KeptKind.AUDIT:
            await _retain_audit(job, before)
        elif kind is KeptKind.TRAINER_ITEMS:
            await _retain_items(job, before)
        else:
            await _retain(job, kind, before)
        ended = Progress(kind=kind, done_to=before, ended=True)
        if not await job.write(steps.record_progress, ended):
            log.info("retention_stopped", kind=kind)
            break
        log.info("retention_done", kind=kind)
    await job.write(plan_next, None)


async def _retain(job: Job, kind: KeptKind, before: datetime) -> None:
    while True:
        batch = await job.deps.store.read(retention.next_batch, kind, before)
        if not batch.ids:
            return
        for ids in batched(batch.ids, CONVERSATIONS_AT_ONCE, strict=False):
            if not await _retain_some(job, kind, list(ids)):
                return
        if not await job.write(steps.record_progress, Progress(kind=kind, done_to=batch.to)):
            return


async def _retain_some(job: Job, kind: KeptKind, ids: Sequence[int]) -> bool:
    """Empty these conversations. Returns False if an admin has stopped the run."""
    store, kinds = job.deps.store, retention.emptied_with(kind)
    await write_final_facts(job, ids)
    if KeptKind.MEDIA in kinds:
        for file in await store.read(files_of, ids):
            await asyncio.to_thread(job.deps.media.remove, file)
    if KeptKind.TEXTS in kinds:
        await _forget_at_bot(job, ids)
    while found := await store.read(rows_left, parts_of(kinds), ids):
        await in_steps(job, "mark_emptied", await store.read(not_marked, ids), mark_emptied, list)
        for part, keys in found:

            def command(some: Sequence[int], part: Part = part) -> RemoveRows:
                return RemoveRows(kind=kind, part=part, keys=some)

            if not await in_steps(job, part.table.name, keys, steps.remove_rows, command):
                return False
        await merge_index(job.deps)
    return kind is not KeptKind.CONVERSATIONS or await _unname_some(job, ids)


async def _unname_some(job: Job, ids: Sequence[int]) -> bool:
    """Remove the requester from the rows that only these conversations lead to, and then from the
    conversations. Returns False if an admin has stopped the run."""
    for rows in await job.deps.store.read(number_rows, ids):
        numbers = partial(NumberRows, rows.table)
        kind = f"{rows.table}.number"
        if not await in_steps(job, kind, rows.keys, steps.replace_numbers, numbers):
            return False
    nobody = await job.deps.store.read(retention.nobody)
    if nobody is None:
        nobody = await job.write(retention.make_nobody, None)

    def command(some: Sequence[int]) -> Anonymize:
        return Anonymize(ids=some, nobody=nobody)

    ties = await job.deps.store.read(retention.ties, ids, nobody)
    if not await in_steps(job, "ties", ties, steps.anonymize_associations, command):
        return False
    return await in_steps(job, "conversation_names", ids, steps.anonymize_conversations, command)


async def _retain_items(job: Job, before: datetime) -> None:
    store = job.deps.store
    while ids := await store.read(retention.old_items, before):
        for change in await store.read(clusters.new_leaders, ids):

            def command(some: Sequence[int], leader: int = change.leader) -> NewLeader:
                return NewLeader(some, leader)

            if not await in_steps(job, "clusters", change.ids, steps.follow_leader, command):
                return
        if not await in_steps(job, "trainer_items", ids, steps.remove_items, list):
            return


async def _retain_audit(job: Job, before: datetime) -> None:
    """Remove old entries of the audit log, unless somebody has tampered with it."""
    store = job.deps.store
    if (await check_chain(store)).faults:
        log.warning("audit_not_pruned")
        return
    done_to, to_place = 0, await store.read(audit_chain.removable_to, before)
    while found := await store.read(audit_chain.oldest_to, done_to, to_place):
        done_to = found[-1].place
        if not await in_steps(
            job, "audit_log", found, steps.remove_audit_entries, partial(_removes, before, found)
        ):
            return


def _removes(
    before: datetime, found: Sequence[ChainedEntry], some: Sequence[ChainedEntry]
) -> RemoveSome:
    return RemoveSome(
        before=before,
        ids=[one.id for one in some],
        to_place=found[-1].place,
        announces=len(found) if some[0] == found[0] else 0,
    )


async def _forget_at_bot(job: Job, ids: Sequence[int]) -> None:
    """Delete the bot's memory of these conversations. A failure does not stop retention and is not
    retried. (An erasure does retry it.)"""
    try:
        await job.deps.bot.forget([str(one) for one in ids])
    except (BotFailed, NotOffered) as error:
        log.warning("bot_memory_kept", conversations=len(ids), why=str(error))
