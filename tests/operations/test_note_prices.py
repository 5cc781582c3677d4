"""What texts cost, as the provider says it later: with Twilio's official client against the fake."""

import pytest

from handoff_service.gateways.no_bot import NoBot
from handoff_service.gateways.twilio import TwilioProvider
from handoff_service.operations.note_prices import note_prices, want_prices
from handoff_service.operations.ports import Accepted, Priced
from handoff_service.operations.record_receipt import Receipt, record_receipt
from handoff_service.rules.money import in_currency, spoken
from handoff_service.rules.vocabulary import Status, Work
from handoff_service.store import tables as t
from handoff_service.store.figures import figures
from handoff_service.store.views import Price
from handoff_service.worker import Hands, Worker
from tests.conftest import MovedClock
from tests.fake_twilio import FakeTwilio
from tests.operations.sending_story import begin, claim, finish, line
from tests.story import MAIN, MIA, STRANGER, Story


@pytest.fixture
async def worker(story: Story, at_twilio: TwilioProvider, clock: MovedClock) -> Worker:
    """A worker that asks Twilio for prices, and does nothing else."""
    hands = Hands(store=story.store, provider=at_twilio, bot=NoBot(), clock=clock)
    return Worker(hands, frozenset({Work.ASK_PRICES}))


async def test_what_texts_cost_is_asked_for_and_shown(
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
    await story.store.write(want_prices, None)
    clock.move(60)
    assert await worker.step() == 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD")
    found = await story.store.read(figures)
    assert found.whole.costs == {"USD": 16_600 + 8_300 * (len(ids) - 1)}
    clock.move(600)
    twilio.segment_price = "-9"
    assert await worker.step() == 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD"), "a price stays"


async def test_each_try_is_paid_for(story: Story, clock: MovedClock) -> None:
    interaction = await story.with_agent(MIA)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMbefore{one.key}"))
    message = await story.write(interaction, "hello")
    for n in range(2):
        (one,) = await claim(story)
        await begin(story, int(one.key))
        await finish(story, message, Accepted(sid=f"SMtry{n}"))
        await story.store.write(note_prices, [Priced(sid=f"SMtry{n}", price=8_300, currency="USD")])
        off = Receipt(sid=f"SMtry{n}", status=Status.UNDELIVERED, error_code=30003, message_id=message, retries=n)
        await story.store.write(record_receipt, off)
        clock.move(1800)
    assert (await line(story, message)).price == Price(amount="0.0166", currency="USD")
    assert (await story.store.read(figures)).whole.costs == {"USD": 16_600}


async def test_a_price_that_is_not_known_yet_is_asked_for_again_for_a_day(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await story.text("hello", number=STRANGER, sid="SM" + "b" * 32)
    await twilio.send_inbound("http://127.0.0.1:9/", STRANGER, MAIN, "hello", sid="SM" + "b" * 32)
    await story.store.write(want_prices, None)
    clock.move(60)
    await worker.step()
    assert await story.count(t.messages, t.messages.c.price.is_not(None)) == 0
    twilio.messages["SM" + "b" * 32].price = "-0.0075"
    clock.move(600)
    await worker.step()
    assert await story.count(t.messages, t.messages.c.price == 7_500) == 1


def test_money_in_words() -> None:
    assert [in_currency(n) for n in (8_300, 0, 12_500_000, 1)] == ["0.0083", "0.00", "12.50", "0.000001"]
    assert spoken({"USD": 1_234_567_890, "EUR": 5_000}) == "0.01 EUR, 1,234.57 USD"
    assert spoken({}) == ""
