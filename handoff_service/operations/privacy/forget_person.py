"""The part of an erasure that runs after the person's conversations are emptied. It removes the
other rows about the person, and the person's record last. A later step of the erasure replaces the
person's name in rows about other people. If this part is interrupted, it runs again from the start.
Finished steps of it then find no rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from handoff_service.operations.desk.audit_chain import chain_waiting
from handoff_service.operations.privacy import erase_steps as steps
from handoff_service.operations.privacy.erase_steps import (
    AuditEntries,
    DeletedUsers,
    OfConversations,
    OfNumber,
    OfNumbers,
)
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.operations.training.practice_runs import keep_figures
from handoff_service.store.privacy import erasure_reads as reads
from handoff_service.store.privacy import people, person_rows
from handoff_service.store.privacy import person_searches as searches
from handoff_service.store.privacy.erasure_reads import Running
from handoff_service.store.privacy.number_rows import NumberRows, number_rows
from handoff_service.store.privacy.person_searches import UserRows
from handoff_service.store.training.practice_runs import bare_scores


async def forget_person(job: Job, erasure: Running) -> None:
    """Remove the remaining rows about the person, and the person's record last."""
    await _erase_audit(job, erasure)
    await _anonymize_conversations(job, erasure)
    for number in erasure.numbers:
        await _forget_number(job, erasure, number)
    # remove the texts of all practice runs, because the person may have written some of them
    scores = await job.deps.store.read(bare_scores, job.deps.clock() + timedelta(seconds=1))
    await in_steps(job, "practice_runs", scores, keep_figures, list)
    await _forget_deleted_users(job, erasure)
    if erasure.user_id is not None:
        await _forget_user(job, erasure, erasure.user_id)


async def _erase_audit(job: Job, erasure: Running) -> None:
    """Remove the entries of the audit log that name the person. First add all waiting entries to
    the chain."""
    await chain_waiting(job.deps.store)
    entries = await job.deps.store.read(reads.audit_entries, erasure)

    def command(ids: Sequence[int]) -> AuditEntries:
        announces = entries if ids[0] == entries[0] else ()
        return AuditEntries(erasure_id=erasure.id, ids=ids, announces=announces)

    await in_steps(job, "erase_audit", entries, steps.erase_audit, command)


async def _anonymize_conversations(job: Job, erasure: Running) -> None:
    """Remove the numbers and the user from the emptied conversations. First replace the numbers in
    rows that only these conversations lead to."""
    ids = await job.deps.store.read(reads.ids, erasure)
    for rows in await job.deps.store.read(number_rows, ids):

        def of_numbers(keys: Sequence[int], table: str = rows.table) -> OfNumbers:
            return OfNumbers(erasure_id=erasure.id, rows=NumberRows(table, keys))

        kind = f"erase {rows.table}.number"
        await in_steps(job, kind, rows.keys, steps.replace_numbers, of_numbers)

    def command(ids: Sequence[int]) -> OfConversations:
        return OfConversations(erasure=erasure, ids=ids)

    await in_steps(job, "erase_names", ids, steps.anonymize_conversations, command)


async def _forget_number(job: Job, erasure: Running, number: str) -> None:
    read = job.deps.store.read
    work = await read(searches.work_on_line, number)
    await in_steps(job, "drop_work", work, person_rows.drop_work, list)
    replies = await read(searches.unknown_replies, number)
    await in_steps(job, "unknown_replies", replies, person_rows.drop_unknown_replies, list)
    profiles = await read(searches.profiles, number)
    command = OfNumber(erasure_id=erasure.id, number=number, profiles=profiles)
    await job.write(steps.forget_consent, command)
    await job.write(steps.forget_number, command)


async def _forget_deleted_users(job: Job, erasure: Running) -> None:
    """Empty the records of users who were deleted earlier and match the person's words."""

    def command(ids: Sequence[int]) -> DeletedUsers:
        return DeletedUsers(erasure_id=erasure.id, ids=ids)

    deleted = await job.deps.store.read(searches.deleted_users, erasure.words)
    await in_steps(job, "deleted_users", deleted, steps.forget_deleted_users, command)


async def _forget_user(job: Job, erasure: Running, user_id: int) -> None:
    """Remove the user from the rows that refer to the record, then delete the record."""
    read = job.deps.store.read
    ids = await read(people.with_merged, user_id)
    for rows in await read(searches.user_rows, ids):

        def command(keys: Sequence[int], rows: UserRows = rows) -> UserRows:
            return replace(rows, keys=keys)

        await in_steps(job, "user_rows", rows.keys, person_rows.leave_user, command)
    changes = await read(searches.user_changes, ids)
    await in_steps(job, "record_changes", changes, person_rows.forget_changes, list)
    await job.write(steps.forget_user, erasure)
