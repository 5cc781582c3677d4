"""The desk requests prices and outcomes that the provider reports later. The tests use Twilio's own
client.
"""

import pytest

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.operations.delivery.record_prices import record_prices, schedule_price_lookup
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.sms_provider import Accepted, Reported
from handoff_service.rules.delivery.money import in_currency
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.delivery.usage_report import usage_report
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Price
from handoff_service.web.shared.local_formats import costs
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.fake_twilio import FakeTwilio
from tests.support.sending_story import begin, claim, finish, line, quiet_conversation
from tests.support.story import MAIN, MIA, STRANGER, Story


@pytest.fixture
async def worker(story: Story, at_twilio: TwilioProvider, clock: MovedClock) -> Worker:
    """Return a worker that only requests prices from Twilio."""
    deps = WorkerDeps(store=story.store, provider=at_twilio, bot=NoBot(), clock=clock)
    return Worker(deps, frozenset({Work.ASK_PRICES}))


async def test_prices_of_texts_are_requested_and_shown(
    story: Story, twilio: FakeTwilio, at_twilio: TwilioProvider, worker: Worker, clock: MovedClock
) -> None:
    twilio.segment_price = "-0.00830"
    interaction = await story.with_agent(MIA)
    ids = [int(one.key) for one in await claim(story)]
    ids.append(await story.write(interaction, "x" * 200))
    for n, message in enumerate(ids):
        outgoing = await begin(story, message)
        assert outgoing is not None
        result = await at_twilio.send(outgoing)
        await finish(story, message, result)
        assert isinstance(result, Accepted), n
        await story.store.write(record_receipt, Receipt(sid=result.sid, status=Status.DELIVERED))
    for sent in twilio.sent:
        sent.date_sent = clock()
    await story.store.write(schedule_price_lookup, None)
    clock.move(60)
    assert await worker.step() == 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD")
    found = await story.store.read(usage_report)
    assert found.whole.costs == {"USD": 16_600 + 8_300 * (len(ids) - 1)}
    clock.move(600)
    twilio.segment_price = "-9"
    assert await worker.step() == 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD"), (
        "a known price does not change"
    )


async def test_each_attempt_has_its_price(story: Story, clock: MovedClock) -> None:
    interaction = await story.with_agent(MIA)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMbefore{one.key}"))
    message = await story.write(interaction, "hello")
    for n in range(2):
        (one,) = await claim(story)
        await begin(story, int(one.key))
        await finish(story, message, Accepted(sid=f"SMtry{n}"))
        await story.store.write(
            record_prices, [Reported(sid=f"SMtry{n}", price=8_300, currency="USD")]
        )
        undelivered = Receipt(
            sid=f"SMtry{n}",
            status=Status.UNDELIVERED,
            error_code=30003,
            message_id=message,
            retries=n,
        )
        await story.store.write(record_receipt, undelivered)
        clock.move(1800)
    assert (await line(story, message)).price == Price(amount="0.0166", currency="USD")
    assert (await story.store.read(usage_report)).whole.costs == {"USD": 16_600}


async def test_an_unknown_price_is_requested_again_after_ten_minutes(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await story.text("hello", number=STRANGER, sid="SM" + "b" * 32)
    await twilio.send_inbound("http://127.0.0.1:9/", STRANGER, MAIN, "hello", sid="SM" + "b" * 32)
    await story.store.write(schedule_price_lookup, None)
    clock.move(60)
    await worker.step()
    assert await story.count(t.messages, t.messages.c.price.is_not(None)) == 0
    twilio.messages["SM" + "b" * 32].price = "-0.0075"
    clock.move(600)
    await worker.step()
    assert await story.count(t.messages, t.messages.c.price == 7_500) == 1


async def send_accepted_text(
    story: Story, at_twilio: TwilioProvider, interaction: int, body: str
) -> tuple[int, str]:
    """Send a text that Twilio accepts. Return our id and Twilio's id."""
    message = await story.write(interaction, body)
    for one in await claim(story):
        outgoing = await begin(story, int(one.key))
        assert outgoing is not None
        result = await at_twilio.send(outgoing)
        await finish(story, int(one.key), result)
    assert isinstance(result, Accepted)
    return message, result.sid


@pytest.mark.parametrize("priced", [False, True])
async def test_the_providers_list_replaces_a_lost_receipt(
    story: Story,
    twilio: FakeTwilio,
    at_twilio: TwilioProvider,
    worker: Worker,
    clock: MovedClock,
    *,
    priced: bool,
) -> None:
    interaction = await quiet_conversation(story)
    twilio.segment_price = "-0.00830" if priced else None
    arrived, lost, undelivered, already_delivered = [
        await send_accepted_text(story, at_twilio, interaction, body)
        for body in ("arrived", "lost", "undelivered", "already_delivered")
    ]
    await story.store.write(schedule_price_lookup, None)
    clock.move(60)
    await worker.step()
    assert [(await line(story, one)).status for one, _ in (arrived, lost, undelivered)] == [
        Status.SENDING
    ] * 3
    for (_, sid), status, code in (
        (arrived, "delivered", None), (lost, "failed", 30007), (undelivered, "undelivered", 30003),
        (already_delivered, "sent", None),
    ):  # fmt: skip
        twilio.messages[sid].status, twilio.messages[sid].error_code = status, code
    twilio.messages[arrived[1]].date_sent = clock()  # A message that was never sent has no date.
    await story.store.write(
        record_receipt, Receipt(sid=already_delivered[1], status=Status.DELIVERED)
    )
    clock.move(600)
    await worker.step()
    seen = [await line(story, one) for one, _ in (arrived, lost, undelivered, already_delivered)]
    assert [(one.status, one.error and one.error.code) for one in seen] == [
        (Status.DELIVERED, None),
        (Status.FAILED, 30007),
        (Status.UNDELIVERED, 30003),
        (Status.DELIVERED, None),  # A status never moves backward.
    ]
    assert seen[2].error is not None
    assert seen[2].error.advice.startswith("It is sent again within 30 minutes.")
    assert await story.count(t.unmatched_receipts) == 0


async def test_outcomes_are_not_requested_after_a_day(
    story: Story, twilio: FakeTwilio, at_twilio: TwilioProvider, worker: Worker, clock: MovedClock
) -> None:
    interaction = await quiet_conversation(story)
    message, sid = await send_accepted_text(story, at_twilio, interaction, "hello")
    clock.move(24 * 3600 + 1)
    twilio.messages[sid].status = "delivered"
    await story.store.write(schedule_price_lookup, None)
    clock.move(60)
    await worker.step()
    assert (await line(story, message)).status is Status.SENDING


def test_amounts_of_money_have_their_usual_format() -> None:
    assert [in_currency(n) for n in (8_300, 0, 12_500_000, 1)] == [
        "0.0083",
        "0.00",
        "12.50",
        "0.000001",
    ]
    assert costs({"USD": 1_234_567_890, "EUR": 5_000}) == "0.01 EUR, 1,234.57 USD"
    assert costs({}) == ""
