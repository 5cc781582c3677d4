"""The desk pushes consents to the provider by number and by messaging service. The tests use
Twilio's official client and the fake Twilio.
"""

from pathlib import Path

import pytest

from handoff_service.errors import Conflict
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.operations.consent.change_consent import ConsentRequest, change_consent
from handoff_service.operations.consent.push_consents import (
    ConsentPush,
    begin_push,
    finish_push,
    start_pushing,
)
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    change_provider_number,
)
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.sms_provider import Accepted, Refused
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.provider_answers import NO_CONSENT_API
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.consent import consents
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Consent
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.fake_twilio import FakeTwilio
from tests.support.sending_story import begin, claim, finish
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, Story

SERVICE = "MG" + "0123456789abcdef" * 2


@pytest.fixture
async def worker(story: Story, at_twilio: TwilioProvider, clock: MovedClock) -> Worker:
    """Return a worker that only pushes consents to Twilio."""
    deps = WorkerDeps(store=story.store, provider=at_twilio, bot=NoBot(), clock=clock)
    await story.store.write(start_pushing, None)
    return Worker(deps, frozenset({Work.PUSH_CONSENTS}))


async def in_one_service(story: Story) -> None:
    """Put both company numbers into the pool of one messaging service."""
    for one in await story.store.read(list_provider_numbers):
        await story.store.write(
            change_provider_number,
            ChangeProviderNumber(id=one.id, values={"messaging_service": SERVICE}),
        )


def recorded_by_agent(
    number: str = ANN, *, opted_out: bool = True, of: str | None = None
) -> ConsentRequest:
    note = "By phone"
    return ConsentRequest(
        number=number,
        opted_out=opted_out,
        source=Source.AGENT,
        agent_id=MIA,
        note=note,
        provider_number=of,
    )


async def newest(story: Story, number: str = ANN) -> Consent:
    return (await story.store.read(consents.ledger, number))[0]


# Pushes -----------------------------------------------------------------------------------------


async def push(worker: Worker, clock: MovedClock) -> None:
    """Let two minutes pass, and let the worker push once."""
    clock.move(120)
    assert await worker.step() == 1


async def waiting_pushes(story: Story) -> int:
    return await story.count(t.consents, t.consents.c.told_at.is_(None))


async def test_the_provider_gets_consents_by_number(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await story.store.write(change_consent, recorded_by_agent())
    await story.store.write(change_consent, recorded_by_agent(BOB, of=DIRECT))
    await push(worker, clock)
    assert twilio.consents == {
        (ANN, MAIN): "opt-out",
        (ANN, DIRECT): "opt-out",
        (BOB, DIRECT): "opt-out",
    }
    first = twilio.consent_items[0]
    assert (first["source"], first["date_of_consent"], len(first["correlation_id"])) == (
        "offline",
        "2026-11-23T14:00:00Z",
        32,
    )
    assert len({item["correlation_id"] for item in twilio.consent_items}) == 3
    told = await newest(story)
    assert (told.told_at, told.told_why) == (clock(), None)
    await story.store.write(change_consent, recorded_by_agent(opted_out=False))
    await push(worker, clock)
    assert twilio.consents == {
        (ANN, MAIN): "opt-in",
        (ANN, DIRECT): "opt-in",
        (BOB, DIRECT): "opt-out",
    }


async def test_a_push_waits_a_minute_so_that_an_undone_change_needs_one_push(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    clock.move(100)
    for body in ("STOP", "START", "STOP"):
        await story.text(body)
    clock.move(20)
    assert await worker.step() == 1
    assert twilio.consent_items == []
    await push(worker, clock)
    assert [item["status"] for item in twilio.consent_items] == ["opt-out", "opt-out"]
    assert await waiting_pushes(story) == 0


async def test_start_undoes_a_stop_for_all_numbers(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await story.text("STOP")
    await push(worker, clock)
    assert twilio.consents == {(ANN, MAIN): "opt-out", (ANN, DIRECT): "opt-out"}
    assert {item["source"] for item in twilio.consent_items} == {"opt-out-message"}
    await story.text("START", to=DIRECT)
    await push(worker, clock)
    assert twilio.consents == {(ANN, MAIN): "opt-in", (ANN, DIRECT): "opt-in"}
    assert twilio.consent_items[-1]["source"] == "opt-in-message"


async def test_only_changed_senders_are_pushed(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    """If the desk pushed an old opt-in again, it would undo a STOP that only the provider has so
    far.
    """
    for body in ("STOP", "START"):
        await story.text(body)
        await push(worker, clock)
    twilio.consent_items.clear()
    await story.store.write(change_consent, recorded_by_agent(of=DIRECT))
    await push(worker, clock)
    assert [(item["sender_id"], item["status"]) for item in twilio.consent_items] == [
        (DIRECT, "opt-out")
    ]


async def test_a_messaging_service_counts_as_one_sender(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await in_one_service(story)
    await story.text("STOP")
    await push(worker, clock)
    assert twilio.consents == {(ANN, SERVICE): "opt-out"}


async def test_many_consents_are_split_into_several_requests(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    for n in range(30):
        await story.store.write(change_consent, recorded_by_agent(f"+1303555{n:04d}"))
    await push(worker, clock)
    assert len(twilio.consents) == 24, "there are two senders, and a request takes 25 consents"
    assert await worker.step() == 0, "the requests keep to Twilio's rate"
    for count in (48, 60):
        clock.move(1)
        assert await worker.step() == 1
        assert len(twilio.consents) == count


async def test_provider_opt_outs_and_names_are_not_pushed(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    await let_provider_refuse(story)
    await story.text("STOP", number="12345")
    await push(worker, clock)
    assert {item["contact_id"] for item in twilio.consent_items} == set()
    assert await waiting_pushes(story) == 0


async def test_the_ledger_shows_why_the_provider_refused_a_consent(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    twilio.consent_faults[ANN] = "INVALID_CONTACT"
    for number in (ANN, BOB):
        await story.store.write(change_consent, recorded_by_agent(number))
    await push(worker, clock)
    assert (await newest(story)).told_why == "INVALID_CONTACT (30646)"
    assert (await newest(story, BOB)).told_why is None
    assert await waiting_pushes(story) == 0


async def test_a_consent_that_must_be_retried_delays_no_other(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    twilio.consent_faults[ANN] = "INTERNAL_SERVER_ERROR"
    for number in (ANN, BOB):
        await story.store.write(change_consent, recorded_by_agent(number))
    await push(worker, clock)
    assert (await newest(story)).told_why == "INTERNAL_SERVER_ERROR (30646)"
    assert [(await newest(story, number)).told_at is None for number in (ANN, BOB)] == [True, False]
    clock.move(1)
    assert await worker.step() == 1
    assert await worker.step() == 0, "the worker does not retry it at once"
    twilio.consent_faults.clear()
    await push(worker, clock)
    assert await waiting_pushes(story) == 0


async def test_a_refused_request_is_split(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    twilio.consent_refused.add(ANN)
    for number in (ANN, BOB):
        await story.store.write(change_consent, recorded_by_agent(number))
    await push(worker, clock)
    assert (await newest(story)).told_why == "refused (20001)"
    assert (await newest(story, BOB)).told_why is None
    assert {number for number, _ in twilio.consents} == {BOB}
    assert await waiting_pushes(story) == 0


async def test_a_new_sender_gets_the_current_opt_outs(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    for body in ("STOP", "START"):
        await story.text(body, number=BOB)
    await story.text("STOP")
    await push(worker, clock)
    twilio.consents.clear()
    twilio.consent_items.clear()
    await in_one_service(story)
    await push(worker, clock)
    assert twilio.consents == {(ANN, SERVICE): "opt-out"}
    await in_one_service(story)
    assert await waiting_pushes(story) == 0, "no consent changed"


async def test_each_sender_gets_its_own_state(
    story: Story, twilio: FakeTwilio, worker: Worker, clock: MovedClock
) -> None:
    for number in (MAIN, DIRECT):
        await story.store.write(change_consent, recorded_by_agent(of=number))
    await story.text("START")  # This opts in to MAIN. The state for DIRECT does not change.
    await story.store.write(change_consent, recorded_by_agent(opted_out=False, of=DIRECT))
    await push(worker, clock)
    assert {
        (item["sender_id"], item["status"], item["source"]) for item in twilio.consent_items
    } == {
        (MAIN, "opt-in", "opt-in-message"),
        (DIRECT, "opt-in", "offline"),
    }


@pytest.mark.parametrize(
    ("status", "why", "again"),
    [
        (503, "The provider could not be asked: TwilioRestException", 60),
        (429, "The provider could not be asked: TwilioRestException", 60),
        (401, "The provider could not be asked: TwilioRestException", 60),
        (403, NO_CONSENT_API, 6 * 3600),
    ],
)
async def test_a_push_waits_during_an_outage_of_the_provider(
    story: Story,
    twilio: FakeTwilio,
    worker: Worker,
    clock: MovedClock,
    status: int,
    why: str,
    again: int,
) -> None:
    twilio.consent_status = status
    await story.store.write(change_consent, recorded_by_agent())
    await push(worker, clock)
    entry = await newest(story)
    assert (entry.told_at, entry.told_why) == (None, why)
    clock.move(again - 1)
    assert await worker.step() == 0
    assert await story.store.read(consents.not_pushed, clock()) == (1, why)
    twilio.consent_status = 201
    clock.move(1)
    assert await worker.step() == 1
    assert (await newest(story)).told_why is None
    assert await story.store.read(consents.not_pushed, clock()) == (0, None)


async def test_a_change_during_a_push_is_also_pushed(story: Story, clock: MovedClock) -> None:
    await story.store.write(change_consent, recorded_by_agent())
    clock.move(120)
    batch = await story.store.write(begin_push, None)
    await story.store.write(change_consent, recorded_by_agent(opted_out=False))
    await story.store.write(finish_push, ConsentPush(batch, {}))
    assert await waiting_pushes(story) == 1


async def test_requesters_own_texts_outrank_recorded_entries(
    story: Story,
) -> None:
    """An agent can undo another agent's entry, but not a later text by the requester."""
    await story.store.write(change_consent, recorded_by_agent())
    await story.text("STOP")
    await story.text("STOP")
    assert [entry.source for entry in await story.store.read(consents.ledger, ANN)] == [
        Source.KEYWORD,
        Source.AGENT,
    ]
    with pytest.raises(Conflict, match="Only they can"):
        await story.store.write(change_consent, recorded_by_agent(opted_out=False))
    held = await story.store.read(consents.opted_out, ANN, 1)
    assert held is not None
    assert held.source is Source.KEYWORD, "agents see the same state"
    await story.text("START")
    assert await story.store.read(consents.in_force) == []


async def test_recorded_entries_never_replace_requesters_own_texts(story: Story) -> None:
    """Otherwise the agent who recorded the entry could undo the requester's own opt-out."""
    await let_provider_refuse(story)
    await in_one_service(story)
    await story.store.write(change_consent, recorded_by_agent(of=MAIN))
    with pytest.raises(Conflict, match="Only they can"):
        await story.store.write(change_consent, recorded_by_agent(opted_out=False, of=MAIN))


async def test_a_stop_and_a_start_in_one_batch_are_both_recorded(story: Story) -> None:
    await story.store.write(change_consent, recorded_by_agent(of=MAIN))

    def both(tx: Transaction, _: None) -> None:
        said = (("SMone", MAIN, "STOP"), ("SMtwo", DIRECT, "START"))
        receive_sms.run(
            tx, [Text(sid=s, requester_number=ANN, provider_number=to, body=b) for s, to, b in said]
        )

    await story.store.write(both, None)
    assert [entry.opted_out for entry in await story.store.read(consents.ledger, ANN)] == [
        False,
        True,
        True,
    ]


# Messaging services -------------------------------------------------------------------------------


async def let_provider_refuse(story: Story, number: str = ANN) -> None:
    """Let the provider refuse a text from DIRECT to this number because of an opt-out."""
    interaction = await story.with_agent(MIA, number=number)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMbefore{one.key}"))
    message = await story.write(interaction, "Are you there?")
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Refused(code=21610))


async def test_a_text_names_the_messaging_service_and_keeps_its_number(
    story: Story, twilio: FakeTwilio, tmp_path: Path
) -> None:
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


async def test_a_providers_refusal_covers_the_whole_messaging_service(story: Story) -> None:
    await in_one_service(story)
    await let_provider_refuse(story)
    for one in await story.store.read(list_provider_numbers):
        assert await story.store.read(consents.opted_out, ANN, one.id) is not None
    assert len(await story.store.read(consents.ledger, ANN)) == 1
    with pytest.raises(Conflict, match="Only they can"):
        await story.store.write(change_consent, recorded_by_agent(opted_out=False, of=MAIN))
    await story.text("START", to=MAIN)
    for one in await story.store.read(list_provider_numbers):
        assert await story.store.read(consents.opted_out, ANN, one.id) is None


async def test_without_a_messaging_service_an_opt_out_applies_to_one_number(story: Story) -> None:
    await let_provider_refuse(story)
    held = [
        await story.store.read(consents.opted_out, ANN, one.id)
        for one in await story.store.read(list_provider_numbers)
    ]
    assert [one is not None for one in held] == [False, True]
