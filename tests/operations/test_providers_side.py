"""What the provider knows besides the texts: who may be texted, what texts cost, the service that a number is in.

With Twilio's official client against the fake.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service import settings
from handoff_service.gateways.twilio import NO_CONSENTS, TwilioProvider
from handoff_service.operations import tell_consents
from handoff_service.operations.change_consent import Ask, change_consent
from handoff_service.operations.change_provider_number import Change, change_provider_number
from handoff_service.operations.note_prices import want_prices
from handoff_service.operations.ports import Accepted, Refused
from handoff_service.operations.record_receipt import Receipt, record_receipt
from handoff_service.rules.consent import Source
from handoff_service.rules.money import in_currency, spoken
from handoff_service.rules.vocabulary import Status, Work
from handoff_service.store import consents, people
from handoff_service.store import tables as t
from handoff_service.store.figures import figures
from handoff_service.store.views import Consent, Price
from handoff_service.worker import Hands, Worker
from tests.conftest import MovedClock
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.operations.sending_story import begin, claim, finish, line
from tests.story import ANN, BOB, DIRECT, MAIN, MIA, STRANGER, Story

SERVICE = "MG" + "0123456789abcdef" * 2


@pytest.fixture
async def twilio(clock: MovedClock) -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(clock=clock) as fake:
        fake.hold_callbacks()  # nobody listens at the public address
        yield fake


@pytest.fixture
async def worker(story: Story, twilio: FakeTwilio, clock: MovedClock, tmp_path: Path) -> AsyncIterator[Worker]:
    """A worker that talks to Twilio, and sends nothing."""
    environ = {
        "PATCHBOARD_HOME": str(tmp_path),
        "PATCHBOARD_PUBLIC_URL": "https://sms.example.com",
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PATCHBOARD_TWILIO_API_URL": twilio.url,
    }
    provider = TwilioProvider(settings.read(environ))
    hands = Hands(store=story.store, provider=provider, bot=None, clock=clock)  # type: ignore[arg-type]
    yield Worker(hands, frozenset({Work.TELL_CONSENTS, Work.ASK_PRICES}))
    await provider.close()


async def in_one_service(story: Story) -> None:
    """Both of the company's numbers are in the pool of one messaging service."""
    for one in await story.store.read(people.provider_numbers):
        await story.store.write(change_provider_number, Change(id=one.id, values={"messaging_service": SERVICE}))


def recorded(number: str = ANN, *, opted_out: bool = True, of: str | None = None) -> Ask:
    note = "By phone"
    return Ask(number=number, opted_out=opted_out, source=Source.AGENT, agent_id=MIA, note=note, provider_number=of)


async def newest(story: Story, number: str = ANN) -> Consent:
    return (await story.store.read(consents.ledger, number))[0]


# Consent ---------------------------------------------------------------------------------------------------------


async def test_the_provider_is_told_who_may_be_texted_by_which_number(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await story.store.write(change_consent, recorded())
    await story.store.write(change_consent, recorded(BOB, of=DIRECT))
    assert await worker.step() == 1
    assert twilio.consents == {(ANN, MAIN): "opt-out", (ANN, DIRECT): "opt-out", (BOB, DIRECT): "opt-out"}
    first = twilio.consent_items[0]
    assert (first["source"], first["date_of_consent"], len(first["correlation_id"])) == (
        "offline",
        "2026-11-23T14:00:00Z",
        32,
    )
    assert len({item["correlation_id"] for item in twilio.consent_items}) == 3
    told = await newest(story)
    assert (told.told_at, told.told_why) == (clock(), None)
    await story.store.write(change_consent, recorded(opted_out=False))
    assert await worker.step() == 1
    assert twilio.consents == {(ANN, MAIN): "opt-in", (ANN, DIRECT): "opt-in", (BOB, DIRECT): "opt-out"}
    assert await worker.step() == 0, "until there is something new, or an hour is over"


async def test_start_gives_back_what_stop_took_for_all_numbers(
    story: Story, twilio: FakeTwilio, worker: Worker
) -> None:
    await story.text("STOP")
    await worker.step()
    assert twilio.consents == {(ANN, MAIN): "opt-out", (ANN, DIRECT): "opt-out"}
    assert {item["source"] for item in twilio.consent_items} == {"opt-out-message"}
    await story.text("START", to=DIRECT)
    await worker.step()
    assert twilio.consents == {(ANN, MAIN): "opt-in", (ANN, DIRECT): "opt-in"}
    assert twilio.consent_items[-1]["source"] == "opt-in-message"


async def test_several_changes_before_it_is_told_are_told_as_they_stand(
    story: Story, twilio: FakeTwilio, worker: Worker
) -> None:
    for body in ("STOP", "START", "STOP"):
        await story.text(body)
    await worker.step()
    assert [item["status"] for item in twilio.consent_items] == ["opt-out", "opt-out"]
    assert await story.count(t.consents, t.consents.c.told_at.is_(None)) == 0


async def test_a_messaging_service_is_one_sender(story: Story, twilio: FakeTwilio, worker: Worker) -> None:
    await in_one_service(story)
    await story.text("STOP")
    await worker.step()
    assert twilio.consents == {(ANN, SERVICE): "opt-out"}


async def test_more_than_go_into_one_request_are_told_one_after_the_other(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    for n in range(30):
        await story.store.write(change_consent, recorded(f"+1303555{n:04d}"))
    assert await worker.step() == 1
    assert len(twilio.consents) == 50
    assert await worker.step() == 0, "not faster than Twilio takes them"
    clock.move(1)
    assert await worker.step() == 1
    assert len(twilio.consents) == 60


async def test_what_the_provider_says_itself_is_not_told_back(story: Story, twilio: FakeTwilio, worker: Worker) -> None:
    await refused(story)
    await worker.step()
    assert twilio.consent_items == []
    assert (await newest(story)).told_at is not None


async def test_what_it_does_not_take_is_told_in_the_ledger(story: Story, twilio: FakeTwilio, worker: Worker) -> None:
    twilio.consent_faults[ANN] = "invalid contact"
    for number in (ANN, BOB):
        await story.store.write(change_consent, recorded(number))
    await worker.step()
    assert (await newest(story)).told_why == "invalid contact (30460)"
    assert (await newest(story, BOB)).told_why is None
    assert await story.count(t.consents, t.consents.c.told_at.is_(None)) == 0


@pytest.mark.parametrize(
    ("status", "why", "again"),
    [
        (503, "Twilio could not be asked: TwilioRestException", 60),
        (429, "Twilio could not be asked: TwilioRestException", 60),
        (403, NO_CONSENTS, 6 * 3600),
    ],
)
async def test_it_waits_when_the_provider_cannot_be_told(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock, status: int, why: str, again: int
) -> None:
    twilio.consent_status = status
    await story.store.write(change_consent, recorded())
    await worker.step()
    entry = await newest(story)
    assert (entry.told_at, entry.told_why) == (None, why)
    clock.move(again - 1)
    assert await worker.step() == 0
    assert await story.store.read(consents.untold, clock()) == (1, why)
    twilio.consent_status = 201
    clock.move(1)
    assert await worker.step() == 1
    assert (await newest(story)).told_why is None
    assert await story.store.read(consents.untold, clock()) == (0, None)


async def test_a_change_while_the_provider_is_being_told_is_told_too(
    story: Story, twilio: FakeTwilio, worker: Worker
) -> None:
    await story.store.write(change_consent, recorded())
    batch = await story.store.write(tell_consents.begin_telling, None)
    await story.store.write(change_consent, recorded(opted_out=False))
    await story.store.write(tell_consents.finish_telling, tell_consents.Told(batch.entries, {}))
    assert await story.count(t.consents, t.consents.c.told_at.is_(None)) == 1


# Messaging services ------------------------------------------------------------------------------------------------


async def refused(story: Story, number: str = ANN) -> None:
    """The provider refuses a text to this number from DIRECT: opted out."""
    interaction = await story.with_agent(MIA, number=number)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMbefore{one.key}"))
    message = await story.write(interaction, "Are you there?")
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Refused(code=21610))


async def test_a_text_names_the_service_and_keeps_its_number(story: Story, twilio: FakeTwilio, tmp_path: Path) -> None:
    await in_one_service(story)
    interaction = await story.with_agent(MIA)
    for one in await claim(story):
        outgoing = await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMbefore{one.key}"))
    await story.write(interaction, "Hello")
    (one,) = await claim(story)
    outgoing = await begin(story, int(one.key))
    assert outgoing is not None
    assert (outgoing.sender, outgoing.messaging_service) == (DIRECT, SERVICE)


async def test_what_the_provider_refuses_holds_for_the_whole_service(story: Story) -> None:
    await in_one_service(story)
    await refused(story)
    for one in await story.store.read(people.provider_numbers):
        assert await story.store.read(consents.opted_out, ANN, one.id) is not None
    assert len(await story.store.read(consents.ledger, ANN)) == 1
    await story.text("START", to=MAIN)
    for one in await story.store.read(people.provider_numbers):
        assert await story.store.read(consents.opted_out, ANN, one.id) is None


async def test_without_a_service_it_holds_for_one_number(story: Story) -> None:
    await refused(story)
    held = [
        await story.store.read(consents.opted_out, ANN, one.id)
        for one in await story.store.read(people.provider_numbers)
    ]
    assert [one is not None for one in held] == [False, True]


# Prices ------------------------------------------------------------------------------------------------------------


async def test_what_texts_cost_is_asked_for_and_shown(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    twilio.segment_price = "-0.00830"
    interaction = await story.with_agent(MIA)
    ids = [int(one.key) for one in await claim(story)]
    ids.append(await story.write(interaction, "x" * 200))
    for n, message in enumerate(ids):
        outgoing = await begin(story, message)
        assert outgoing is not None
        result = await worker._hands.provider.send(outgoing)
        await finish(story, message, result)
        assert isinstance(result, Accepted), n
        await story.store.write(record_receipt, Receipt(sid=result.sid, status=Status.DELIVERED))
    for sent in twilio.sent:
        sent.date_sent = clock()
    await story.store.write(want_prices, None)
    clock.move(60)
    assert await worker.step() >= 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD")
    found = await story.store.read(figures)
    assert found.whole.costs == {"USD": 16_600 + 8_300 * (len(ids) - 1)}
    clock.move(600)
    twilio.segment_price = "-9"
    assert await worker.step() >= 1
    assert (await line(story, ids[-1])).price == Price(amount="0.0166", currency="USD"), "a price stays"


async def test_a_price_that_is_not_known_yet_is_asked_for_again_for_six_hours(
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
