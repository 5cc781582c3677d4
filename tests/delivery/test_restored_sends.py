"""A restored desk holds the sends that were queued at its backup until an admin decides. New texts
do not overtake them.
"""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import cli, settings
from handoff_service.backup.create import back_up
from handoff_service.backup.restore import restore
from handoff_service.errors import Conflict
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.consent.push_consents import start_pushing
from handoff_service.operations.conversations.send_later import ScheduleText, schedule_text
from handoff_service.operations.delivery.restored_sends import CANCELED, DecideHeld, decide_held
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.server.test_worker import Bot, Provider
from tests.support.sending_story import line, quiet_conversation
from tests.support.story import ANN, BOB, DIRECT, MIA, Story


@pytest.fixture
def provider() -> Provider:
    return Provider()


async def work(story: Story, provider: Provider, clock: MovedClock) -> list[str]:
    """Do all due work that sends. Return the texts that the provider accepted."""
    worker = Worker(WorkerDeps(store=story.store, provider=provider, bot=Bot(), clock=clock))  # type: ignore[arg-type]
    before = len(provider.sent)
    while await worker.step():
        pass
    return provider.sent[before:]


async def hold(story: Story, clock: MovedClock) -> None:
    """Hold the queued work, as after a restore of a backup that was made an hour ago."""
    clock.move(3600)

    def held(tx: Transaction, _: None) -> None:
        restore_holds.hold(tx.conn, backed_up_at=tx.now, now=tx.now)

    await story.store.write(held, None)


async def test_the_texts_of_a_backup_wait_in_the_restored_desk(
    sqlite_url: str, tmp_path: Path, provider: Provider, clock: MovedClock
) -> None:
    """The original desk has sent these texts in the meantime."""
    old = settings.read(
        {"PATCHBOARD_HOME": str(tmp_path / "old"), "PATCHBOARD_DATABASE_URL": sqlite_url}
    )
    store = Store(
        old.database_url,
        clock=clock,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    story = Story(store)
    interaction = await quiet_conversation(story)
    await story.write(interaction, "Queued when the backup was made.")
    back_up(old, tmp_path / "desk.tar", print)
    assert await work(story, provider, clock) == ["Queued when the backup was made."]
    store.close()
    new = settings.read({"PATCHBOARD_HOME": str(tmp_path / "new")})
    restore(new, tmp_path / "desk.tar", print)
    clock.move(3600)
    store = Store(
        new.database_url,
        clock=clock,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    story = Story(store)
    assert await work(story, provider, clock) == [], "the admin's decision sends the text again"
    found = await store.read(restore_holds.held_work)
    assert found is not None
    assert (found.texts, found.timers) == (1, 1)
    assert found.since == (await story.lines(interaction))[-1].created_at
    store.close()


async def test_the_doctor_and_the_command_show_held_work(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"HOME": str(tmp_path), "DATABASE_URL": sqlite_url, "BOT_URL": ""}.items():
        monkeypatch.setenv(f"PATCHBOARD_{name}", value)
    story = Story(
        Store(
            sqlite_url,
            clock=MovedClock(),
            settings=OperationSettings(send_errors=ERRORS),
            after_commit=Heard(),
        )
    )
    await story.write(await quiet_conversation(story), "held")
    await hold(story, MovedClock())
    story.store.close()

    async def run(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.main, arguments)
        return code, "".join(capsys.readouterr())

    says = (
        "The desk was restored on 2026-11-23 14:00 UTC and holds 1 text, the oldest of "
        "2026-11-23 14:00 UTC."
    )
    assert says in (await run("doctor"))[1]
    assert (await run("held"))[1].startswith(says)
    assert await run("held", "cancel") == (0, "Canceled the held work. Texts: 1.\n")
    assert await run("held", "release") == (
        1,
        "patchboard: Nothing is held. Either this desk was not restored, or somebody has already "
        "released or canceled what was held.\n",
    )
    assert await run("held", "show") == (0, "Nothing is held.\n")
    assert says not in (await run("doctor"))[1]


async def test_released_texts_are_sent_in_order_before_later_texts(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    await story.write(interaction, "one")
    await hold(story, clock)
    await story.write(interaction, "two, behind it")
    other = await story.with_agent(MIA, number=BOB)
    assert "You are" not in await work(story, provider, clock)
    await story.write(other, "another line")
    assert await work(story, provider, clock) == ["another line"]
    found = await story.store.read(restore_holds.held_work)
    assert found is not None
    assert found.texts == 2
    assert await story.store.write(decide_held, DecideHeld(send=True, agent_id=MIA)) == 1
    assert await work(story, provider, clock) == ["one", "two, behind it"]
    assert await story.store.read(restore_holds.held_work) is None
    (row,) = await story.rows(t.restores)
    assert (row.outcome, row.agent_id, row.ended_at) == ("released", MIA, clock())
    with pytest.raises(Conflict, match="somebody has already released or canceled"):
        await story.store.write(decide_held, DecideHeld(send=False))


async def test_canceled_texts_show_the_reason_and_later_texts_are_sent(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    first, under_way = [await story.write(interaction, body) for body in ("one", "may have left")]
    sending = (
        sa.update(t.messages).where(t.messages.c.id == under_way).values(status=Status.SENDING)
    )
    await story.store.write(lambda tx, _: tx.conn.execute(sending), None)
    await hold(story, clock)
    await story.write(interaction, "new")
    await story.store.write(decide_held, DecideHeld(send=False, agent_id=MIA))
    assert await work(story, provider, clock) == ["new"]
    canceled = await line(story, first)
    assert (canceled.status, canceled.reason) == (Status.CANCELED, CANCELED)
    assert (await line(story, under_way)).status == Status.UNKNOWN, (
        "the outcome waits for an agent's decision"
    )


async def test_a_newer_text_does_not_release_an_earlier_text_on_hold(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    await story.write(interaction, "held")
    await hold(story, clock)
    await story.text("are you there?", to=DIRECT)
    await story.write(interaction, "an answer")
    assert await work(story, provider, clock) == []


async def test_timers_fire_on_time_after_the_release_unless_they_were_already_due(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    await story.text("hello?", to=DIRECT)  # "Remind the agent" is due in 30 minutes
    await hold(story, clock)
    await work(story, provider, clock)
    assert await _prompts(story, interaction) == 0
    await story.store.write(decide_held, DecideHeld(send=False))
    await work(story, provider, clock)
    assert await _prompts(story, interaction) == 0, (
        "the timer became due between backup and decision"
    )
    await story.write(interaction, "hi")
    await story.text("and?", to=DIRECT)
    await hold(story, clock)
    await story.store.write(decide_held, DecideHeld(send=True))
    await work(story, provider, clock)
    assert await _prompts(story, interaction) == 1


@pytest.mark.parametrize("send", [False, True])
async def test_scheduled_texts_leave_on_time_unless_the_admin_cancels_the_due_ones(
    send: bool, story: Story, provider: Provider, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    for body, hours in (("due before", 0.5), ("due later", 3)):
        command = ScheduleText(
            interaction_id=interaction,
            agent_id=MIA,
            body=body,
            send_at=clock() + timedelta(hours=hours),
        )
        await story.store.write(schedule_text, command)
    await work(story, provider, clock)
    await hold(story, clock)
    assert await work(story, provider, clock) == []
    await story.store.write(decide_held, DecideHeld(send=send))
    assert await work(story, provider, clock) == (["due before"] if send else [])
    clock.move(2 * 3600)
    assert await work(story, provider, clock) == ["due later"]


async def _prompts(story: Story, interaction: int) -> int:
    return len([one for one in await story.lines(interaction) if one.event == Event.PROMPT])


async def test_the_gap_sweep_and_consent_pushes_also_wait(story: Story, clock: MovedClock) -> None:
    for begin in (schedule_sweep, start_pushing):
        await story.store.write(begin, None)
    await hold(story, clock)
    for begin in (schedule_sweep, start_pushing):  # Each start of the service does the same.
        await story.store.write(begin, None)
    of_both = t.due_work.c.kind.in_([Work.SWEEP_GAPS, Work.PUSH_CONSENTS])
    assert {row.due_at for row in await story.rows(t.due_work, of_both)} == {due_work.HELD}
    await story.store.write(decide_held, DecideHeld(send=True))
    assert all(row.due_at < due_work.HELD for row in await story.rows(t.due_work, of_both))


async def test_requesters_who_waited_at_the_backup_get_no_second_waiting_text(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    # The text "everyone is busy" is not sent yet.
    received = await story.text("anybody?", to=DIRECT)
    await hold(story, clock)
    assert await work(story, provider, clock) == []
    assert received.interaction_id is not None
    waits = [one for one in await story.lines(received.interaction_id) if one.status]
    assert [one.status for one in waits] == [Status.RECEIVED, Status.QUEUED]
    await story.store.write(decide_held, DecideHeld(send=True))
    assert len(await work(story, provider, clock)) == 1


async def test_the_answer_to_a_new_text_does_not_overtake_texts_on_hold(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    received = await story.text("before the backup", number=ANN)
    await hold(story, clock)
    assert await work(story, provider, clock) == []
    await story.text("after the restore", number=ANN)
    clock.move(5)
    sent = await work(story, provider, clock)
    assert sent == ["You said: before the backup\nafter the restore"]
    assert received.interaction_id is not None


async def test_calls_of_the_case_webhook_are_put_on_hold_and_canceled(
    story: Story, clock: MovedClock
) -> None:
    work = {
        "kind": Work.CALL_WEBHOOK,
        "key": "7",
        "line": "case:1",
        "due_at": clock(),
        "attempts": 0,
    }
    await story.store.write(lambda tx, _: tx.conn.execute(sa.insert(t.due_work).values(work)), None)
    await hold(story, clock)
    found = await story.store.read(restore_holds.held_work)
    assert found is not None
    assert dataclasses.replace(found, timers=0).calls == 1
    await story.store.write(decide_held, DecideHeld(send=False))
    assert await story.rows(t.due_work, t.due_work.c.kind == Work.CALL_WEBHOOK) == []
