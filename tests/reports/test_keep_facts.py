"""The background job that keeps facts for reports reads each line twice, and finishes on a busy
desk.
"""

import pytest

from handoff_service.operations.reports import keep_facts
from handoff_service.operations.reports.keep_facts import EVERY, schedule_facts
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.reports import facts
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.reports.keeping import keep
from tests.server.test_worker import Bot, Provider
from tests.support.story import MAIN, Story

REQUESTERS = [f"+1202555{n:04}" for n in range(1000, 1050)]


async def test_the_job_finishes_while_all_lines_are_new(
    story: Story, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "CONVERSATIONS_AT_ONCE", 2)
    monkeypatch.setattr(keep_facts, "PAUSE", 0)  # the job pauses longer on a slow machine
    for number in REQUESTERS:
        await story.text("hello", number=number, to=MAIN)
    await story.store.write(schedule_facts, None)
    kind = frozenset({Work.KEEP_FACTS})
    worker = Worker(
        WorkerDeps(store=story.store, provider=Provider(), bot=Bot(), clock=clock), kind
    )
    for _ in range(len(REQUESTERS)):
        await worker.step()
        clock.move(1)
    assert await story.count(t.conversation_facts) == len(REQUESTERS)
    [work] = await story.rows(t.due_work, t.due_work.c.kind == Work.KEEP_FACTS)
    assert work.due_at > clock(), "the job waits for new lines"
    assert work.due_at <= clock() + EVERY


async def test_the_job_reads_each_line_twice(story: Story, clock: MovedClock) -> None:
    await story.text("hello", to=MAIN)
    assert len((await story.store.read(facts.next_batch)).rows) == 1, (
        "the job reads new lines at once"
    )
    await keep(story.store)
    clock.move(60)
    assert (await story.store.read(facts.next_batch)).rows == []
    clock.move(facts.READ_AGAIN.total_seconds())
    assert len((await story.store.read(facts.next_batch)).rows) == 1, "the receipts have arrived"
    await keep(story.store)
    assert (await story.store.read(facts.next_batch)).rows == []
    [progress] = await story.rows(t.report_progress)
    assert progress.done_to == progress.read_to
