"""Erase a person. One piece of due work runs one step at a time, and it can be interrupted between
steps. It deletes files and calls other servers outside any transaction.

The order of the steps matters. Early steps empty rows that still name the person, so an interrupted
erasure finds the remaining rows again. The person's record is deleted after that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any

from handoff_service import log
from handoff_service.errors import MediaAway
from handoff_service.operations.conversations.merge_index import merge_index
from handoff_service.operations.privacy import erase_steps as steps
from handoff_service.operations.privacy import provider_copies
from handoff_service.operations.privacy.empty_conversations import cancel_work, empty
from handoff_service.operations.privacy.erase_steps import KeepWords, NextStep, Replace
from handoff_service.operations.privacy.final_facts import write_final_facts
from handoff_service.operations.privacy.forget_person import forget_person
from handoff_service.operations.privacy.provider_copies import FinishCopy, RefuseCopies
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.ports.bot import BotFailed
from handoff_service.ports.not_offered import NotOffered
from handoff_service.rules.privacy import erasures as rules
from handoff_service.rules.privacy.erasures import ErasureStep
from handoff_service.rules.privacy.kinds import until_night
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import claiming
from handoff_service.store.privacy import erasure_reads as reads
from handoff_service.store.privacy import mentions
from handoff_service.store.privacy.empty_rows import files_of
from handoff_service.store.privacy.erase_plan import PERSONAL_TABLES
from handoff_service.store.privacy.erasure_reads import Running

CONVERSATIONS_AT_ONCE = 20  # the conversations that are emptied together
SENDERS_AT_ONCE = 200  # the most conversations in one request to the bot
COPIES_AT_ONCE = 100  # the most texts that one run of the step asks the provider to erase


class _NotYet(Exception):
    """The step cannot be finished now. ``after``: the wait before the next attempt."""

    def __init__(self, after: timedelta) -> None:
        self.after = after


async def when_due(job: Job) -> None:
    erasure = await job.deps.store.read(reads.running, int(job.key))
    if erasure is None:
        return await job.write(claiming.drop, job.claimed)
    try:
        left = await _STEPS[erasure.step](job, erasure)
    except _NotYet as pause:
        return await job.write(steps.try_again, NextStep(erasure=erasure, after=pause.after))
    await job.write(steps.next_step, NextStep(erasure=erasure, left=left))
    log.info("erasure_step_done", erasure=erasure.id, step=erasure.step, left=len(left))


async def _close(job: Job, erasure: Running) -> list[str]:
    words = await job.deps.store.read(mentions.own_words, erasure.words, erasure.user_id)
    await job.write(steps.keep_words, KeepWords(erasure_id=erasure.id, words=words))
    for one in await job.deps.store.read(reads.open_conversations, erasure):
        await job.write(steps.close_conversation, one)
    return [rules.BACKUPS.format(when=_day(erasure))]


async def _examples(job: Job, erasure: Running) -> list[str]:
    """Remove the person's training examples from their files. This step runs while the labels still
    exist, because they identify the examples."""
    left = []
    for one in await job.deps.store.read(reads.taught_examples, erasure):
        why = await job.deps.examples.forget(one.intent, one.example, is_test=one.is_test)
        if why is not None:
            left.append(rules.EXAMPLE_STAYS.format(why=why))
    if erasure.planned.get("trainer_items") or erasure.planned.get("examples"):
        left.append(rules.MODELS.format(when=_day(erasure)))
    return left


async def _rows(job: Job, erasure: Running) -> list[str]:
    """Empty all conversations in batches. Their rows keep the requester's number, because the next
    steps need it.
    """
    left = await job.deps.store.read(reads.ticket_copies, erasure)
    ids = await job.deps.store.read(reads.ids, erasure)
    # the last batch has no conversations; it empties the cases that belong only to the user
    for some in [*batched(ids, CONVERSATIONS_AT_ONCE, strict=False), ()]:
        await write_final_facts(job, some)
        await cancel_work(job, erasure, some)
        if await _remove_files(job, erasure, some) and job.deps.media.leaves not in left:
            left.append(job.deps.media.leaves)
        await empty(job, erasure, some)
    return left


async def _remove_files(job: Job, erasure: Running, ids: Sequence[int]) -> bool:
    """Remove the media files of these conversations. The rows still name them, so another attempt
    finds the remaining files. Returns whether the media store may keep old copies of removed files.
    """
    files = await job.deps.store.read(files_of, ids)
    try:
        for file in files:
            await asyncio.to_thread(job.deps.media.remove, file)
    except MediaAway as error:
        log.warning("files_not_erased", erasure=erasure.id, why=error.why)
        raise _NotYet(rules.wait(job.attempts)) from error
    return bool(files and job.deps.media.leaves)


async def _bot(job: Job, erasure: Running) -> list[str]:
    ids = await job.deps.store.read(reads.ids, erasure)
    try:
        for some in batched(ids, SENDERS_AT_ONCE, strict=False):
            await job.deps.bot.forget([str(one) for one in some])
    except NotOffered:
        return [rules.BOT_CANNOT.format(senders=", ".join(map(str, ids)))]
    except BotFailed as failure:
        if job.attempts < rules.ATTEMPTS:
            raise _NotYet(rules.wait(job.attempts)) from failure
        return [rules.BOT_FAILED.format(why=failure)]
    return []


async def _mentions(job: Job, erasure: Running) -> list[str]:
    """Replace the person's name and numbers in rows about other people."""
    for found in await job.deps.store.read(mentions.find, erasure.words):

        def command(keys: Sequence[Any], table: str = found.table) -> Replace:
            some = mentions.MentioningRows(table, keys)
            return Replace(erasure_id=erasure.id, found=some, words=erasure.words)

        await in_steps(job, f"mentions:{found.table}", found.keys, steps.replace_some, command)
    await merge_index(job.deps)
    return []


async def _person(job: Job, erasure: Running) -> list[str]:
    await forget_person(job, erasure)
    return []


async def _index(job: Job, erasure: Running) -> list[str]:
    """Rewrite SQLite's search index, because it still contains removed words."""
    await merge_index(job.deps, all=True)
    return []


async def _file(job: Job, erasure: Running) -> list[str]:
    """Rewrite SQLite's file, because it still contains deleted bytes. For PostgreSQL, remove dead
    rows."""
    store, now = job.deps.store, job.deps.clock()
    if store.is_sqlite and await asyncio.to_thread(store.size) > rules.COMPACT_AT_ONCE:
        pause = until_night(now, await store.read(desk_time_zone))
        if pause:
            raise _NotYet(pause)
    compacted = await store.compact(PERSONAL_TABLES)
    log.info(
        "database_compacted",
        milliseconds=round(compacted.seconds * 1000),
        megabytes=round(compacted.size / 1e6),
        complete=compacted.complete,
    )
    if not store.is_sqlite:
        return [rules.POSTGRES]
    if not compacted.complete:
        if job.attempts < rules.ATTEMPTS:
            raise _NotYet(rules.wait(job.attempts))
        return [rules.FILE_BUSY]
    return []


async def _copies(job: Job, erasure: Running) -> list[str]:
    """Ask the provider to erase its copies of texts. A copy that the provider cannot erase yet is
    retried for at most ``COPIES_FOR``."""
    late = job.deps.clock() - erasure.requested_at > rules.COPIES_FOR
    try:
        for sid in await job.deps.store.read(reads.waiting_copies, erasure.id, COPIES_AT_ONCE):
            objection = await job.deps.provider.erase(sid)
            if objection is None or late or not objection.again:
                why = objection.why if objection else None
                finish = FinishCopy(erasure=erasure, sid=sid, why=why)
                await job.write(provider_copies.finish_copy, finish)
            else:
                raise _NotYet(rules.wait(job.attempts))
    except NotOffered as why:
        await _refuse_copies(job, erasure, str(why))
    except OSError as error:
        if not late:
            log.warning("copies_not_erased", erasure=erasure.id, why=str(error))
            raise _NotYet(rules.wait(job.attempts)) from error
        await _refuse_copies(job, erasure, str(error))
    if await job.deps.store.read(reads.waiting_copies, erasure.id, 1):
        raise _NotYet(timedelta())
    erased = await job.deps.store.read(reads.erased_copies, erasure.id)
    await in_steps(job, "copies", erased, provider_copies.drop_copies, list)
    return await job.deps.store.read(reads.refused_copies, erasure.id)


async def _refuse_copies(job: Job, erasure: Running, why: str) -> None:
    """Give up all copies that are not erased yet. ``why``: the reason for the receipt."""

    def command(sids: Sequence[str]) -> RefuseCopies:
        return RefuseCopies(erasure_id=erasure.id, sids=sids, why=why)

    sids = await job.deps.store.read(reads.waiting_copies, erasure.id)
    await in_steps(job, "copies", sids, provider_copies.refuse_copies, command)


def _day(erasure: Running) -> str:
    return f"{erasure.requested_at:%Y-%m-%d %H:%M} UTC"


_STEPS: Mapping[ErasureStep, Callable[[Job, Running], Awaitable[list[str]]]] = {
    ErasureStep.CLOSE: _close,
    ErasureStep.EXAMPLES: _examples,
    ErasureStep.ROWS: _rows,
    ErasureStep.BOT: _bot,
    ErasureStep.PERSON: _person,
    ErasureStep.MENTIONS: _mentions,
    ErasureStep.INDEX: _index,
    ErasureStep.FILE: _file,
    ErasureStep.COPIES: _copies,
}
