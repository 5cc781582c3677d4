"""Retention removes content that is older than its limit, a few rows at a time. Reports keep their
numbers.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.errors import Conflict
from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.desk.audit_chain import check_chain
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.privacy.retain import run_now, schedule_retention, stop_run
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.privacy.kinds import KeptKind, next_night, until_night
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.rules.training import order
from handoff_service.store.delivery.usage_report import usage_report
from handoff_service.store.engine import tables as t
from handoff_service.store.privacy import retention_status
from handoff_service.store.privacy.retention_status import RetainedKind
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.reports.keeping import keep
from tests.support.privacy import BotWithMemory, GoodProvider
from tests.support.s3_server import S3Server
from tests.support.story import ANN, BOB, DIRECT, STRANGER, Story

DAY = 86_400


@pytest.fixture
def worker(story: Story, clock: MovedClock, tmp_path: Path) -> Worker:
    deps = WorkerDeps(
        store=story.store,
        provider=GoodProvider(),
        bot=BotWithMemory(),
        clock=clock,
        media=MediaFolder(tmp_path / "media"),
    )
    return Worker(deps, frozenset({Work.RETAIN}))


async def conversation(story: Story, number: str = ANN) -> int:
    interaction_id = await story.with_agent(number=number)
    await story.write(interaction_id, "Bring the badge, please.")
    await story.close(interaction_id)
    while await story.store.write(index_texts, None):
        pass
    return interaction_id


async def set_days(story: Story, **days: int) -> None:
    values: dict[str, Any] = {f"keep_{kind}_days": count for kind, count in days.items()}
    await story.store.write(change_desk, values)


async def run(story: Story, worker: Worker) -> None:
    await story.store.write(run_now, None)
    assert await worker.step() == 1


async def closed_too(story: Story, interaction_id: int, count: int) -> None:
    """Add conversations that were closed at the same moment as this one."""
    (row,) = await story.rows(t.interactions, t.interactions.c.id == interaction_id)
    rows = [dict(row._mapping) | {"id": 1000 + n} for n in range(count)]
    await story.store.write(lambda tx, _: tx.conn.execute(sa.insert(t.interactions), rows), None)


async def not_understood(story: Story, number: str) -> None:
    """Receive a text that the virtual agent does not understand, so that it waits for a trainer."""
    question = await story.begin(
        (await story.text("you are a star", number=number)).interaction_id or 0
    )
    assert question is not None
    how = HowUnderstood(model="m1", ranking=(("thanks", 0.4), ("bye", 0.3)))
    understood = Understood(intent="nlu_fallback", confidence=0.4)
    await story.finish(question, "Pardon?", understood=understood, how=how)


async def status_of(story: Story, kind: KeptKind, clock: MovedClock) -> RetainedKind:
    found = await story.store.read(retention_status.status, clock(), counted=True)
    return next(one for one in found.kinds if one.kind is kind)


async def test_retention_is_off_by_default(story: Story, worker: Worker, clock: MovedClock) -> None:
    interaction_id = await conversation(story)
    clock.move(4000 * DAY)
    assert (await status_of(story, KeptKind.TEXTS, clock)).days is None
    await run(story, worker)
    assert (await story.lines(interaction_id))[0].body != ""
    assert not await story.count(t.retention)


async def test_texts_are_removed_after_their_limit_and_counted_on_the_list_before(
    story: Story, worker: Worker, clock: MovedClock
) -> None:
    old = await conversation(story)
    clock.move(20 * DAY)
    new = await conversation(story, BOB)
    await set_days(story, texts=10)
    would = (await status_of(story, KeptKind.TEXTS, clock)).would_remove
    await run(story, worker)
    found = await status_of(story, KeptKind.TEXTS, clock)
    assert (found.state, found.removed, found.would_remove) == ("done", would, 0)
    assert would
    lines = await story.lines(old)
    assert {line.body for line in lines} == {""}
    assert lines[0].emptied_at == clock()
    assert "my badge is stuck" in [line.body for line in await story.lines(new)]
    row = (await story.rows(t.interactions, t.interactions.c.id == old))[0]
    assert (row.requester_number, row.short_description) == (ANN, None)


async def test_files_in_an_s3_store_are_removed_after_an_outage_of_the_store(
    story: Story, worker: Worker, clock: MovedClock, s3: S3Server
) -> None:
    bucket = s3.bucket()
    store, away = S3Media(bucket), S3Media(replace(bucket, url="http://127.0.0.1:1"))
    await set_days(story, media=10)
    await conversation(story)
    picture = Attachment("https://api.example/Media/ME1", "image/png")
    text = Text(sid="MM1", requester_number=BOB, provider_number=DIRECT, body="", media=(picture,))
    received = await story.store.write(receive_sms, text)
    file = {"file": store.keep(b"a picture", clock()), "status": "stored", "size": 9}
    await story.store.write(lambda tx, _: tx.conn.execute(sa.update(t.media).values(file)), None)
    await story.close(received.interaction_id or 0)
    clock.move(11 * DAY)
    await run(story, Worker(replace(worker._deps, media=away), worker.kinds))
    assert list(store.names()) == [file["file"]]
    assert (await story.rows(t.media))[0].file == file["file"]
    clock.move(601)
    assert await Worker(replace(worker._deps, media=store), worker.kinds).step() == 1
    assert list(store.names()) == []
    assert (await status_of(story, KeptKind.MEDIA, clock)).would_remove == 0


async def test_old_conversations_lose_their_requester(
    story: Story, worker: Worker, clock: MovedClock
) -> None:
    interaction_id = await conversation(story)
    clock.move(20 * DAY)
    await set_days(story, conversations=10)
    await run(story, worker)
    row = (await story.rows(t.interactions, t.interactions.c.id == interaction_id))[0]
    assert (row.requester_number, row.user_id) == (f"deleted-{interaction_id}", None)
    assert {line.body for line in await story.lines(interaction_id)} == {""}
    again = await story.text("hello", number=ANN, to=DIRECT)
    assert again.interaction_id != interaction_id


async def test_reports_keep_their_numbers(story: Story, worker: Worker, clock: MovedClock) -> None:
    interaction_id = await conversation(story)
    f = t.conversation_facts
    await keep(story.store)
    clock.move(20 * DAY)
    await keep(story.store)
    (before,) = await story.rows(f, f.c.interaction_id == interaction_id)
    texts = await story.store.read(usage_report)
    await set_days(story, conversations=10, texts=5, notes=5, media=5, work_logs=5)
    await run(story, worker)
    await keep(story.store)
    (after,) = await story.rows(f, f.c.interaction_id == interaction_id)
    assert after == before
    assert await story.store.read(usage_report) == texts


async def test_the_audit_log_loses_old_entries_and_its_chain_stays_valid(
    story: Story, worker: Worker, clock: MovedClock
) -> None:
    for _ in range(450):
        await story.store.write(audit, AuditEntry(action=AuditAction.VIEWED))
        clock.move(1)
    clock.move(20 * DAY)
    await set_days(story, audit=10)
    await run(story, worker)
    found = await status_of(story, KeptKind.AUDIT, clock)
    assert (found.state, found.would_remove) == ("done", 0)
    assert found.removed
    assert found.removed >= 450
    assert (await check_chain(story.store)).faults == []
    says = t.audit_log.c.action == AuditAction.ENTRIES_REMOVED
    (entry,) = await story.rows(t.audit_log, says)
    assert entry.details["entries"] == found.removed, "one entry for all steps"


async def test_when_the_first_item_of_a_cluster_is_removed_a_later_one_leads_it(
    story: Story, worker: Worker, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "is_drawn", lambda *_: False)
    for number in (ANN, BOB):
        await not_understood(story, number)
    clock.move(20 * DAY)
    for number in (STRANGER, "+12025550199"):
        await not_understood(story, number)
    first, _, third, fourth = await story.rows(t.trainer_items)
    assert (third.cluster, fourth.cluster) == (first.id, first.id)
    await set_days(story, trainer_items=10)
    await run(story, worker)
    assert [(row.id, row.cluster) for row in await story.rows(t.trainer_items)] == [
        (third.id, third.id),
        (fourth.id, third.id),
    ]
    assert (await status_of(story, KeptKind.TRAINER_ITEMS, clock)).removed == 2


async def test_an_admin_can_stop_a_run(story: Story, worker: Worker, clock: MovedClock) -> None:
    with pytest.raises(Conflict, match="not running"):
        await story.store.write(stop_run, None)
    await story.store.write(
        lambda tx, _: tx.conn.execute(
            sa.insert(t.retention).values(kind="texts", state="running", began_at=tx.now)
        ),
        None,
    )
    with pytest.raises(Conflict, match="already running"):
        await story.store.write(run_now, None)
    await story.store.write(stop_run, None)
    assert (await status_of(story, KeptKind.TEXTS, clock)).state == "stopped"


async def test_the_next_run_is_at_night_and_scheduled_once(story: Story, clock: MovedClock) -> None:
    for _ in range(2):
        await story.store.write(schedule_retention, None)
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.RETAIN)
    assert work.due_at == datetime(2026, 11, 24, 7, 30, tzinfo=UTC)  # 02:30 in New York


@pytest.mark.parametrize(
    ("now", "zone", "night"),
    [
        ("2026-11-23T14:00", "UTC", "2026-11-24T02:30"),
        ("2026-11-23T02:00", "UTC", "2026-11-23T02:30"),
        ("2026-11-23T02:30", "UTC", "2026-11-24T02:30"),
        # in New York, clocks skip 02:30 on this day
        ("2026-03-08T05:00", "America/New_York", "2026-03-08T07:30"),
    ],
)
def test_the_next_nightly_run_is_computed_in_the_desks_time_zone(
    now: str, zone: str, night: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = next_night(at, zone)
    assert found == datetime.fromisoformat(night).replace(tzinfo=UTC)
    assert until_night(found, zone).total_seconds() == 0
