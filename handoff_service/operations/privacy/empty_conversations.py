"""Empty the conversations of a person to erase: cancel their work, then empty or delete their
rows."""

from collections.abc import Sequence

from handoff_service.operations.conversations.merge_index import merge_index
from handoff_service.operations.privacy import erase_steps as steps
from handoff_service.operations.privacy.erase_steps import EraseRows
from handoff_service.operations.privacy.provider_copies import ListCopies, list_copies
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.store.engine import tables as t
from handoff_service.store.privacy import person_searches as searches
from handoff_service.store.privacy.empty_rows import (
    READ_AT_ONCE,
    mark_emptied,
    not_marked,
    rows_left,
)
from handoff_service.store.privacy.erase_plan import PARTS, Part
from handoff_service.store.privacy.erasure_reads import Running
from handoff_service.store.training import clusters
from handoff_service.store.training.clusters import NewLeader


async def cancel_work(job: Job, erasure: Running, ids: Sequence[int]) -> None:
    """Cancel the waiting work of these conversations, such as queued texts and reminders. Store the
    list of texts that the provider must erase."""
    read = job.deps.store.read
    texts = await read(searches.queued_texts, ids)
    await in_steps(job, "cancel_texts", texts, steps.cancel_texts, list)
    work = await read(searches.waiting_work, ids)
    await in_steps(job, "cancel_work", work, steps.cancel_work, list)
    copies = await read(searches.copies, erasure.id, ids)
    await in_steps(
        job,
        "copies",
        copies,
        list_copies,
        lambda sids: ListCopies(erasure_id=erasure.id, sids=sids),
    )


async def empty(job: Job, erasure: Running, ids: Sequence[int]) -> None:
    """Empty or delete all rows of these conversations."""
    read = job.deps.store.read
    while found := await read(rows_left, PARTS, ids, user_id=erasure.user_id):
        await in_steps(job, "mark_emptied", await read(not_marked, ids), mark_emptied, list)
        for part, keys in found:

            def command(some: Sequence[int], part: Part = part) -> EraseRows:
                return EraseRows(erasure_id=erasure.id, part=part, keys=some)

            if part.table is t.trainer_items:
                await _replace_leaders(job, keys)
            await in_steps(job, part.table.name, keys, steps.erase_rows, command)
            if len(keys) == READ_AT_ONCE:  # this part has more rows, which come before later parts
                break
        await merge_index(job.deps)


async def _replace_leaders(job: Job, items: Sequence[int]) -> None:
    """Give clusters of trainer items new leaders before these items are deleted."""
    for change in await job.deps.store.read(clusters.new_leaders, items):

        def command(some: Sequence[int], leader: int = change.leader) -> NewLeader:
            return NewLeader(some, leader)

        await in_steps(job, "clusters", change.ids, steps.follow_leader, command)
