"""The gap sweep stores each lost text once, in order and with a mark. The tests use Twilio's
official client and the fake Twilio.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Event, Owner, Work
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Message
from handoff_service.web.shared.shown_messages import shown
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.support.fake_twilio import FakeTwilio
from tests.support.story import ANN, BOB, DIRECT, MAIN, Story

UNREACHABLE = "http://127.0.0.1:9/webhooks/twilio/sms"  # an address at which no webhook arrives


@pytest.fixture
async def sweeper(
    story: Story, twilio: FakeTwilio, at_twilio: TwilioProvider, clock: MovedClock
) -> Worker:
    """Return a worker that only sweeps, after the desk's first sweep."""
    deps = WorkerDeps(store=story.store, provider=at_twilio, bot=NoBot(), clock=clock)
    made = Worker(deps, frozenset({Work.SWEEP_GAPS}))
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "before there was a desk")
    clock.move(1)
    await story.store.write(schedule_sweep, None)
    assert await made.step() == 1
    clock.move(3600)
    return made


async def inbound(story: Story) -> list[Message]:
    ids = [row.id for row in await story.rows(t.interactions)]
    lines = [line for one in ids for line in await story.lines(one)]
    return [line for line in lines if line.direction == "inbound"]


async def test_lost_texts_are_stored_once_in_order_and_marked(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    arrived = (await story.text("this one arrived", sid="SM" + "a" * 32)).interaction_id
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "this one arrived", sid="SM" + "a" * 32)
    for body, number, to in (("one", ANN, MAIN), ("two", BOB, DIRECT), ("three", ANN, MAIN)):
        clock.move(1)
        await twilio.send_inbound(UNREACHABLE, number, to, body)
    assert await sweeper.step() == 1
    assert await sweeper.step() == 0, "the next sweep is due in an hour"
    ann = [line for line in await inbound(story) if line.interaction_id == arrived]
    assert [(line.body, line.event, line.reason) for line in ann] == [
        ("this one arrived", None, None),
        ("one", Event.RECOVERED, "sent 23 November at 10:00"),
        ("three", Event.RECOVERED, "sent 23 November at 10:00"),
    ]
    clock.move(3600)
    assert await sweeper.step() == 1
    assert sorted(line.body for line in await inbound(story)) == [
        "one",
        "this one arrived",
        "three",
        "two",
    ]


async def test_the_sweep_also_finds_texts_from_named_senders(
    story: Story, twilio: FakeTwilio, sweeper: Worker
) -> None:
    await twilio.send_inbound(UNREACHABLE, "DHL Paket", MAIN, "Your parcel is here")
    assert await sweeper.step() == 1
    assert [line.body for line in await inbound(story)] == ["Your parcel is here"]


async def test_many_lost_texts_are_stored_in_few_transactions_and_in_order(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock, heard: Heard
) -> None:
    for n in range(150):
        await twilio.send_inbound(UNREACHABLE, (ANN, BOB)[n % 2], MAIN, f"text {n}")
        clock.move(1)
    heard.calls = 0
    assert await sweeper.step() == 1
    assert 0 < heard.calls < 20, "one transaction for each text would be 150"
    lines = await inbound(story)
    for number in (0, 1):
        mine = [line.body for line in lines if int(line.body.removeprefix("text ")) % 2 == number]
        assert mine == [f"text {n}" for n in range(number, 150, 2)]


async def test_a_recovered_text_has_the_time_at_which_it_was_sent(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    interaction = (await story.text("first")).interaction_id or 0
    clock.move(60)
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "lost")
    sent = clock()
    clock.move(60)
    await story.text("last")
    await sweeper.step()
    lines = await story.lines(interaction)
    assert [(line.body, line.sent_at) for line in lines] == [
        ("first", None),
        ("last", None),
        ("lost", sent),
    ]
    assert lines[-1].created_at == clock(), "the time at which it was stored"
    seen = shown(lines, ZoneInfo("UTC"))
    assert [one.message.body for one in seen] == ["first", "lost", "last"]
    assert [one.first for one in seen] == [True, False, False], (
        "the page shows one group for one author and one day"
    )


async def test_the_webhook_of_a_recovered_text_arrives_late(
    story: Story, twilio: FakeTwilio, sweeper: Worker
) -> None:
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "hello", sid="SMlate")
    await sweeper.step()
    assert (await story.text("hello", sid="SMlate")).outcome == "repeat"
    assert len(await inbound(story)) == 1


async def test_the_sweep_reads_a_lagging_list_again(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    twilio.list_lag = timedelta(minutes=10)
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "hello")
    await sweeper.step()
    assert await inbound(story) == []
    clock.move(3600)
    await sweeper.step()
    assert [line.body for line in await inbound(story)] == ["hello"]


async def test_the_sweep_recovers_pictures_and_obeys_a_recovered_stop(
    story: Story, twilio: FakeTwilio, sweeper: Worker
) -> None:
    picture = twilio.keep_media(b"\x89PNG")
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "look", [picture])
    await twilio.send_inbound(UNREACHABLE, BOB, MAIN, "STOP")
    await sweeper.step()
    (row,) = await story.rows(t.media)
    assert (row.url, row.content_type) == picture
    assert [entry.number for entry in await story.store.read(consents.in_force)] == [BOB]


async def test_texts_of_the_same_second_keep_their_order(
    story: Story, twilio: FakeTwilio, sweeper: Worker
) -> None:
    for body in ("0", "1", "2", "3", "STOP"):
        await twilio.send_inbound(UNREACHABLE, ANN, MAIN, body)
    await sweeper.step()
    assert [line.body for line in await inbound(story)] == ["0", "1", "2", "3", "STOP"]


async def test_a_recovered_start_does_not_undo_a_later_stop(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    await story.text("STOP")
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "START")
    clock.move(20)
    await story.text("STOP")
    await sweeper.step()
    assert [entry.number for entry in await story.store.read(consents.in_force)] == [ANN]
    assert "START" in [line.body for line in await inbound(story)], "the START is stored as a text"


async def test_a_recovered_stop_does_not_undo_a_later_start(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "STOP")
    clock.move(20)
    await story.text("stop")
    await story.text("start")
    await sweeper.step()
    assert await story.store.read(consents.in_force) == []


async def test_a_sweep_that_cannot_reach_twilio_is_repeated(
    story: Story, twilio: FakeTwilio, sweeper: Worker, clock: MovedClock
) -> None:
    await twilio.send_inbound(UNREACHABLE, ANN, MAIN, "hello")
    token, twilio.auth_token = twilio.auth_token, "another"
    assert await sweeper.step() == 1
    twilio.auth_token = token
    assert await inbound(story) == []
    clock.move(60)
    assert await sweeper.step() == 1
    assert [line.body for line in await inbound(story)] == ["hello"]
    ann = await story.rows(t.interactions)
    assert ann[0].owner == Owner.VIRTUAL_AGENT
