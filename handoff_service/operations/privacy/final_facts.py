"""Store the facts that reports need before retention or an erasure empties the conversations."""

from collections.abc import Sequence

from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.store.reports import facts


async def write_final_facts(job: Job, ids: Sequence[int]) -> None:
    """Store the final facts of these conversations. Emptied conversations keep their stored
    facts."""
    rows = await job.deps.store.read(facts.final_rows, ids)
    await in_steps(job, "facts", rows, facts.write_rows, list)
