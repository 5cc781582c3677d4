"""Store the facts of conversations for reports before retention or an erasure empties them."""

from collections.abc import Sequence

from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.store.reports import facts


async def write_final_facts(job: Job, ids: Sequence[int]) -> None:
    """Store the last facts of these conversations. Already emptied ones keep theirs."""
    rows = await job.deps.store.read(facts.final_rows, ids)
    await in_steps(job, "facts", rows, facts.write_rows, list)
