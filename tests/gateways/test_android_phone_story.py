"""A desk with a phone as its provider. Although the phone disconnects and restarts, no text is lost
or sent twice.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from handoff_service import clock as the_clock
from handoff_service import settings
from handoff_service.errors import BadInput
from handoff_service.gateways.android_phone.errors import ERRORS
from handoff_service.gateways.android_phone.gateway import AndroidPhone
from handoff_service.gateways.android_phone.provider import KIND
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.delivery.record_prices import schedule_price_lookup
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.shared.uploads import StoredUpload, Upload, keep_upload
from handoff_service.rules.conversations.media import AcceptedFile
from handoff_service.rules.shared.vocabulary import Direction, Status, Work
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.fake_phone import SIM_1, FakePhone, bodies
from tests.support.story import ANN, BOB, DIRECT, MIA, Story
from tests.web.webhook_server import serving

WORK = frozenset({Work.DELIVER, Work.SWEEP_GAPS, Work.ASK_PRICES})
PER_MINUTE = 10


@pytest.fixture
def operation_settings() -> OperationSettings:
    """The phone may send 10 texts a minute, so each of its two numbers may send 5."""
    return OperationSettings(
        bot_answers=False,
        send_errors=ERRORS,
        segments_per_second=PER_MINUTE / 2 / 60,
        sends_pictures=KIND.sends_pictures,
    )


@dataclass(slots=True)
class Desk:
    """A desk, its phone and the clock of both."""

    story: Story
    phone: FakePhone
    worker: Worker
    clock: MovedClock

    async def let_time_pass(self, minutes: float, *, every: int = 10) -> None:
        """Let time pass in steps of this many seconds. In each step the worker, the mobile network
        and the webhooks run.
        """
        for _ in range(round(minutes * 60 / every)):
            while await self.worker.step():
                pass
            if not self.phone.is_away:
                self.phone.carry()
                await self.phone.post_events()
            self.clock.move(every)

    async def outbound(self) -> list[tuple[str, Status]]:
        rows = await self.story.rows(t.messages)
        rows = [one for one in rows if one.direction == Direction.OUTBOUND]
        return [(one.body, Status(one.status)) for one in rows]

    async def inbound(self) -> list[str]:
        rows = await self.story.rows(t.messages)
        return [one.body for one in rows if one.direction == Direction.INBOUND]

    async def answered(self, number: str, body: str) -> int:
        """Receive a text from this number, and let Mia take the conversation."""
        self.phone.text_in(number, body, sim=2)
        assert await self.phone.post_events() == [200]
        await self.story.available(MIA)
        await self.story.offer()
        offer = (await self.story.inbox(MIA))[-1]
        await self.story.accept(offer.id, MIA)
        return offer.interaction.id

    async def check_each_text_was_sent_once(self) -> None:
        """Check that the texts that the desk shows as delivered are exactly those that requesters
        received.
        """
        written = await self.outbound()
        assert {status for _body, status in written} == {Status.DELIVERED}, written
        assert Counter(bodies(self.phone.sent)) == Counter(body for body, _status in written)


@pytest.fixture
async def desk(
    story: Story, clock: MovedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setattr(the_clock, "now", clock)
    async with FakePhone(clock=clock) as phone:
        config = settings.read(phone.environ(tmp_path))
        assert KIND.point_here is not None
        assert await KIND.point_here(config, DIRECT) is None
        provider = AndroidPhone(config)
        deps = WorkerDeps(store=story.store, provider=provider, bot=NoBot(), clock=clock)
        async with serving(story.store, KIND, config) as base:
            phone.reroute = {"https://sms.example.com": base}
            made = Desk(story, phone, Worker(deps, WORK), clock)
            await story.store.write(schedule_sweep, None)
            await story.store.write(schedule_price_lookup, None)
            await made.worker.step()
            yield made
        await provider.close()


async def test_a_requester_texts_and_gets_an_answer_that_has_receipts(desk: Desk) -> None:
    ann = await desk.answered(ANN, "my badge is stuck")
    await desk.let_time_pass(2)
    await desk.story.write(ann, "Does it have a light on?")
    await desk.worker.step()
    desk.phone.carry(parts=2)
    desk.phone.events.reverse()
    assert set(await desk.phone.post_events()) == {200}
    await desk.let_time_pass(1)
    assert await desk.inbound() == ["my badge is stuck"]
    assert bodies(desk.phone.sent)[-1] == "Does it have a light on?"
    assert {(one.to, one.asked["simNumber"]) for one in desk.phone.sent} == {(ANN, 2)}
    await desk.check_each_text_was_sent_once()
    assert set(await desk.phone.redeliver()) == {200}
    await desk.check_each_text_was_sent_once()
    assert await desk.inbound() == ["my badge is stuck"]


async def test_an_outage_of_the_phone_loses_and_repeats_no_text(desk: Desk) -> None:
    ann = await desk.answered(ANN, "my badge is stuck")
    await desk.let_time_pass(2)
    await desk.phone.go_away()
    for body in ("one", "two", "three"):
        await desk.story.write(ann, body)
    desk.phone.text_in(ANN, "are you there?", sim=2)
    await desk.let_time_pass(30, every=60)
    assert not {"one", "two", "three"} & set(bodies(desk.phone.sent))
    waiting = [status for body, status in await desk.outbound() if body in ("one", "two", "three")]
    assert waiting == [Status.QUEUED] * 3
    await desk.phone.come_back()
    await desk.let_time_pass(10)
    assert await desk.inbound() == ["my badge is stuck", "are you there?"]
    assert bodies(desk.phone.sent)[-3:] == ["one", "two", "three"]
    await desk.check_each_text_was_sent_once()


async def test_the_desk_recovers_lost_answers_and_lost_webhooks(desk: Desk) -> None:
    """The phone restarts after carrying out a request. It loses the answer and the webhooks."""
    ann = await desk.answered(ANN, "my badge is stuck")
    await desk.let_time_pass(2)
    desk.phone.loses_answers = 1
    await desk.story.write(ann, "Does it have a light on?")
    await desk.worker.step()
    assert Status.UNKNOWN in {status for _body, status in await desk.outbound()}
    desk.phone.carry()
    desk.phone.text_in(ANN, "no light", sim=2)
    desk.phone.text_in(BOB, "my badge, too", sim=1)
    await desk.phone.go_away()
    desk.phone.events.clear()
    await desk.phone.come_back()
    await desk.let_time_pass(75, every=60)
    assert sorted(await desk.inbound()) == ["my badge is stuck", "my badge, too", "no light"]
    await desk.check_each_text_was_sent_once()


async def test_failed_texts_are_retried_when_the_phone_has_a_network(desk: Desk) -> None:
    ann = await desk.answered(ANN, "my badge is stuck")
    await desk.let_time_pass(2)
    await desk.story.write(ann, "Does it have a light on?")
    await desk.worker.step()
    desk.phone.carry(fails="Send result: RESULT_ERROR_NO_SERVICE (...)")
    desk.phone.events.reverse()
    await desk.phone.post_events()
    failed = await desk.outbound()
    assert ("Does it have a light on?", Status.FAILED) in failed
    await desk.let_time_pass(5)
    assert bodies(desk.phone.sent).count("Does it have a light on?") == 1
    assert set(dict(await desk.outbound()).values()) == {Status.DELIVERED}


async def test_texts_per_minute_stay_within_the_phones_limit(desk: Desk) -> None:
    ann = await desk.answered(ANN, "my badge is stuck")
    for n in range(12):
        await desk.story.write(ann, f"step {n}")
    await desk.let_time_pass(5)
    times = sorted(one.at for one in desk.phone.texts.values())
    assert len(times) >= 12
    assert max(_within_a_minute(times, start) for start in times) <= PER_MINUTE / 2 + 1
    assert [one for one in bodies(desk.phone.sent) if one.startswith("step")] == [
        f"step {n}" for n in range(12)
    ]


async def test_a_requester_who_texts_stop_gets_only_one_confirmation(
    desk: Desk,
) -> None:
    """The phone's carrier has no opt-out list, so only the desk blocks further texts."""
    ann = await desk.answered(ANN, "my badge is stuck")
    await desk.let_time_pass(2)
    await desk.phone.go_away()
    await desk.story.write(ann, "Does it have a light on?")
    desk.phone.text_in(ANN, "STOP", sim=2)
    before = len(desk.phone.sent)
    await desk.phone.come_back()
    await desk.phone.post_events()
    await desk.let_time_pass(5)
    assert [one.number for one in await desk.story.store.read(consents.in_force)] == [ANN]
    (confirmation,) = desk.phone.sent[before:]
    assert "START" in confirmation.words


async def test_a_desk_with_a_phone_refuses_an_uploaded_picture(story: Story) -> None:
    stored = StoredUpload(file="a" * 64, size=3, taken=AcceptedFile("image/png"))
    with pytest.raises(BadInput, match="Pictures cannot be sent from this desk"):
        await story.store.write(keep_upload, Upload(agent_id=MIA, stored=stored))


def _within_a_minute(times: list[datetime], start: datetime) -> int:
    return sum(start <= one < start + timedelta(minutes=1) for one in times)


async def test_the_phone_gets_our_key_and_sending_order(desk: Desk, tmp_path: Path) -> None:
    assert desk.phone.settings["messages"]["processing_order"] == "FIFO"
    assert {one["event"] for one in desk.phone.webhooks.values()} >= {"sms:received", "sms:failed"}
    assert KIND.report is not None
    told = await KIND.report(settings.read(desk.phone.environ(tmp_path)))
    assert [(one.number, one.is_ours) for one in told.numbers] == [(SIM_1, True), (DIRECT, True)]
