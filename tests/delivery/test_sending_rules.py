"""The rules of sending: error codes, the rate, quiet hours, countries, and decisions by agents."""

import pytest

from handoff_service.errors import Conflict, NotFound
from handoff_service.lib import phone_regions
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.delivery.resolve_unknown_send import (
    ResolveSend,
    resolve_unknown_send,
)
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.shared import messages
from handoff_service.ports.sms_provider import Accepted, LookedUp, Refused, SentBefore, Unsure
from handoff_service.rules.shared.vocabulary import Author, Event, Status
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import supervision
from tests.conftest import MovedClock
from tests.support.sending_story import begin, claim, finish, line, quiet_conversation
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, SHARED, Story


@pytest.fixture
async def ann(story: Story) -> int:
    """A conversation between Ann and Mia. The outbox is empty."""
    return await quiet_conversation(story)


async def sent_in_order(story: Story) -> list[int]:
    """Send all due texts, which the provider accepts. Return their order."""
    sent = []
    while claimed := await claim(story):
        for one in claimed:
            if await begin(story, int(one.key)) is not None:
                await finish(story, int(one.key), Accepted(sid=f"SMorder{one.key}"))
                sent.append(int(one.key))
    return sent


# Error codes --------------------------------------------------------------------------------------


async def sent_once(story: Story, interaction: int, body: str = "Are you there?") -> int:
    message = await story.write(interaction, body)
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Accepted(sid=f"SMfirst{message}"))
    return message


def undelivered(message: int, code: int, *, sid: str | None = None, retries: int = 0) -> Receipt:
    sid = sid or f"SMfirst{message}"
    return Receipt(
        sid=sid, status=Status.UNDELIVERED, error_code=code, message_id=message, retries=retries
    )


async def test_a_text_to_a_phone_that_is_off_is_retried_and_blocks_no_other_text(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await sent_once(story, ann)
    for _ in range(2):  # Callbacks come twice.
        await story.store.write(record_receipt, undelivered(message, 30003))
    seen = await line(story, message)
    assert (seen.status, seen.error and seen.error.code) == (Status.UNDELIVERED, 30003)
    assert seen.error is not None
    assert seen.error.advice.startswith("It is sent again within 30 minutes.")
    await sent_once(story, ann, "You can text me at any time.")
    for wait, retries in ((30, 1), (120, 2), (360, 3)):
        assert await claim(story) == []
        clock.move(wait * 60)
        (one,) = await claim(story)
        outgoing = await begin(story, int(one.key))
        assert outgoing is not None
        assert (outgoing.message_id, outgoing.retries, outgoing.uncertain) == (
            message,
            retries,
            False,
        )
        await finish(story, message, Accepted(sid=f"SMagain{retries}"))
        # This is another late receipt of the first attempt.
        await story.store.write(record_receipt, undelivered(message, 30003))
        assert (await line(story, message)).status is Status.SENDING
        receipt = undelivered(message, 30003, sid=f"SMagain{retries}", retries=retries)
        await story.store.write(record_receipt, receipt)
    assert (await line(story, message)).status is Status.UNDELIVERED
    clock.move(86_400)
    assert await claim(story) == []


async def test_a_late_delivery_receipt_cancels_the_retry(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await sent_once(story, ann)
    await story.store.write(record_receipt, undelivered(message, 30008))
    await story.store.write(
        record_receipt, Receipt(sid=f"SMfirst{message}", status=Status.DELIVERED)
    )
    clock.move(3600)
    assert await claim(story) == []
    assert (await line(story, message)).status is Status.DELIVERED


async def test_a_receipt_of_the_next_attempt_can_come_before_its_answer(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await sent_once(story, ann)
    await story.store.write(record_receipt, undelivered(message, 30008))
    clock.move(300)
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await story.store.write(record_receipt, undelivered(message, 30008, sid="SMagain", retries=1))
    await finish(story, message, Accepted(sid="SMagain"))
    seen = await line(story, message)
    assert (seen.status, seen.provider_sid, seen.error and seen.error.code) == (
        Status.UNDELIVERED,
        "SMagain",
        30008,
    )
    assert await claim(story) == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, Status.FAILED) for code in (21211, 21408, 30006, 30007, 30034, 99999)),
        # The agent decides to send it again anyway.
        *((code, Status.FAILED) for code in (30001, 30017, 63017, 63018)),
        *((code, Status.QUEUED) for code in (10001, 20003, 20005, 20429, 21611)),
    ],
)
async def test_each_refusal_has_its_effect(
    story: Story, ann: int, code: int, status: Status
) -> None:
    message = await story.write(ann, "hello")
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Refused(code=code))
    assert (await line(story, message)).status is status


async def test_supervisors_see_unaccepted_texts_until_the_provider_accepts_them(
    story: Story, ann: int, clock: MovedClock
) -> None:
    bob = await story.with_agent(MIA, number=BOB)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMline{one.key}"))
    since = clock()
    first, second = await story.write(ann, "one"), await story.write(ann, "two")
    clock.move(60)
    other = await story.write(bob, "hi Bob")
    await claim(story)
    for message in (first, other):
        await begin(story, message)
        await finish(story, message, Refused(code=20003))
    (told,) = (await story.store.read(supervision.now, OMAR)).not_taken
    assert (told.code, told.meaning) == (20003, "The provider does not recognize our account.")
    assert (told.since, told.texts) == (since, 3), "later texts of the same conversation also wait"
    clock.move(300)
    await claim(story)
    for message in (first, other):
        await begin(story, message)
    await finish(story, first, Accepted(sid="SMfirst"))
    await finish(story, other, Refused(code=21611))
    (told,) = (await story.store.read(supervision.now, OMAR)).not_taken
    assert (told.code, told.texts) == (21611, 1)
    clock.move(300)
    for message in (other, second):
        assert message in [int(one.key) for one in await claim(story)] or message == second
        await begin(story, message)
        await finish(story, message, Accepted(sid=f"SMlast{message}"))
    assert (await story.store.read(supervision.now, OMAR)).not_taken == []
    assert (await line(story, first)).error is None


async def test_a_text_that_waits_for_its_next_attempt_shows_the_reason(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await sent_once(story, ann)
    await story.store.write(record_receipt, undelivered(message, 30008))
    clock.move(300)
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Refused(code=20003))
    seen = await line(story, message)
    assert (seen.status, seen.error and seen.error.code) == (Status.QUEUED, 20003)


@pytest.mark.parametrize("code", [63017, 63018, 20429, 21611])
async def test_rate_limited_texts_are_retried_and_marked(
    story: Story, ann: int, clock: MovedClock, code: int
) -> None:
    message = await sent_once(story, ann)
    await story.store.write(record_receipt, undelivered(message, code))
    seen = await line(story, message)
    assert seen.error is not None
    assert seen.error.advice.startswith("It is sent again within 2 minutes. ")
    for minutes, retries in ((2, 1), (10, 2), (30, 3)):
        clock.move(minutes * 60)
        (one,) = await claim(story)
        assert await begin(story, int(one.key)) is not None
        await finish(story, message, Accepted(sid=f"SMagain{retries}"))
        await story.store.write(
            record_receipt, undelivered(message, code, sid=f"SMagain{retries}", retries=retries)
        )
    seen = await line(story, message)
    assert seen.error is not None
    assert "by itself" not in seen.error.advice, "the text has finally failed"


async def test_a_failed_earlier_attempt_is_not_mistaken_for_the_next_one(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await sent_once(story, ann)
    await story.store.write(record_receipt, undelivered(message, 30008))
    clock.move(300)
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, message, Unsure(why="no answer"))
    clock.move(60)
    (one,) = await claim(story)
    outgoing = await begin(story, int(one.key))
    assert outgoing is not None
    assert outgoing.uncertain
    before = SentBefore(sid=f"SMfirst{message}", status=Status.UNDELIVERED)
    await finish(story, message, LookedUp((before,)))
    assert (await line(story, message)).status is Status.QUEUED


async def test_an_agents_long_text_is_sent_in_parts_and_in_order(story: Story, ann: int) -> None:
    sentences = [f"This is sentence number {n}, and it’s one of many." for n in range(80)]
    first = await story.write(ann, " ".join(sentences))
    sent = await sent_in_order(story)
    parts = [(await line(story, one)).body for one in sent]
    assert (sent[0], len(parts)) == (first, 3)
    assert all(len(part) <= 1600 and part.endswith("many.") for part in parts)
    assert " ".join(parts) == " ".join(sentences).replace("’", "'")


# The rate, quiet hours ----------------------------------------------------------------------------


async def set_rate_limit(story: Story, segments: int) -> None:
    def change(tx: Transaction, _: None) -> None:
        tx.conn.execute(t.provider_numbers.update().values(segments_per_second=segments))

    await story.store.write(change, None)


async def test_a_clock_that_steps_back_delays_a_text_no_longer_than_the_rate_limit(
    story: Story, ann: int, clock: MovedClock
) -> None:
    """The clock was up to an hour ahead when earlier texts were sent. Those texts use up at most
    one burst and one text of the rate.
    """
    await set_rate_limit(story, 2)
    for _ in range(2):
        await story.write(ann, "x" * 1500)
        for one in await claim(story):
            await begin(story, int(one.key))
            await finish(story, int(one.key), Accepted(sid=f"SMback{one.key}"))
    clock.move(-3600)
    written = await story.write(ann, "Hello?")
    (one,) = await claim(story)
    assert int(one.key) == written
    if await begin(story, written) is None:
        clock.move(13)
        (one,) = await claim(story)
        assert await begin(story, written) is not None


async def test_texts_over_the_rate_limit_wait_and_agents_texts_come_before_prompts(
    story: Story, ann: int, clock: MovedClock
) -> None:
    await set_rate_limit(story, 2)
    bob = await story.with_agent(MIA, number=BOB)
    await sent_in_order(story)
    clock.move(60)
    # 10 segments each, which use up the whole burst of ten seconds
    burst = [await story.write(ann, "x" * 1500) for _ in range(2)]

    def prompt(tx: Transaction, _: None) -> int:
        return messages.send_text(
            tx, interactions.lock(tx.conn, bob), "Are you there?", Author.SYSTEM
        )

    sent = []
    for _ in range(2):
        (one,) = await claim(story)
        assert await begin(story, int(one.key)) is not None
        await finish(story, int(one.key), Accepted(sid=f"SMburst{one.key}"))
        sent.append(int(one.key))
    assert sent == burst
    prompted = await story.store.write(prompt, None)
    answer = await story.write(ann, "One more thing.")
    both = [int(one.key) for one in await claim(story)]
    assert sorted(both) == [prompted, answer]
    asked = dict(
        zip(
            both,
            await story.store.write(begin_sends.run, [BeginSend(one, 1) for one in both]),
            strict=True,
        )
    )
    assert asked[prompted] is None, "the rate limit is used up"
    assert (
        await story.count(t.due_work, t.due_work.c.key == str(prompted), t.due_work.c.attempts == 0)
        == 1
    )
    assert asked[answer] is not None
    await finish(story, answer, Accepted(sid="SManswer"))
    assert await claim(story) == []
    clock.move(0.5)
    (one,) = await claim(story)
    assert int(one.key) == prompted
    assert await begin(story, prompted) is not None


async def test_an_answer_is_sent_together_with_the_earlier_prompt_of_its_conversation(
    story: Story, ann: int, clock: MovedClock
) -> None:
    await set_rate_limit(story, 2)
    bob, cy = [
        await story.with_agent(agent, number=number)
        for agent, number in ((MIA, BOB), (OMAR, SHARED))
    ]
    await sent_in_order(story)
    clock.move(60)
    for _ in range(2):
        await story.write(ann, "x" * 1500)  # the whole burst of ten seconds
    assert len(await sent_in_order(story)) == 2

    def prompt(tx: Transaction, one: int) -> int:
        return messages.send_text(
            tx, interactions.lock(tx.conn, one), "Are you there?", Author.SYSTEM
        )

    async def all_begun() -> list[int]:
        due = [int(one.key) for one in await claim(story)]
        begun = await story.store.write(begin_sends.run, [BeginSend(one, 1) for one in due])
        sent = [one.message_id for one in begun if one is not None]
        for one in sent:
            await finish(story, one, Accepted(sid=f"SM{one}"))
        return sent

    other, prompted = [await story.store.write(prompt, one) for one in (cy, bob)]
    await story.write(ann, "One more thing.")
    assert len(await all_begun()) == 1, "the rate limit is used up after them"
    clock.move(0.1)
    answer = await story.write(bob, "Yes, I am here.")
    sent = []
    for _ in range(12):
        sent += await all_begun()
        clock.move(0.25)
    assert sent == [prompted, answer, other]


async def test_only_replies_are_sent_during_quiet_hours(story: Story, clock: MovedClock) -> None:
    await story.store.write(change_desk, {"quiet_hours": "21:00-08:00"})
    clock.move(12 * 3600)  # 21:00 in Washington
    start = Start(
        agent_id=MIA,
        recipient=Recipient(to=ANN, provider_number=DIRECT),
        body="Your laptop is here.",
    )
    started = await story.store.write(start_conversation, start)
    # This text is not a reply either.
    more = await story.write(started.interaction_id, "Come by any time.")
    (one,) = await claim(story)
    assert await begin(story, int(one.key)) is None
    clock.move(11 * 3600 - 1)
    assert await claim(story) == []
    clock.move(1)
    assert await sent_in_order(story) == [started.message_id, more]


async def test_a_requester_who_texts_in_quiet_hours_gets_texts_in_order(
    story: Story, clock: MovedClock
) -> None:
    await story.store.write(change_desk, {"quiet_hours": "21:00-08:00"})
    clock.move(12 * 3600)
    start = Start(
        agent_id=MIA,
        recipient=Recipient(to=ANN, provider_number=DIRECT),
        body="Your laptop is here.",
    )
    started = await story.store.write(start_conversation, start)
    assert await sent_in_order(story) == []
    await story.text("I am up, tell me", to=DIRECT)
    answer = await story.write(started.interaction_id, "It has a new battery.")
    assert await sent_in_order(story) == [started.message_id, answer]


async def test_an_agent_decides_if_the_outcome_stays_unknown(
    story: Story, ann: int, clock: MovedClock
) -> None:
    for went_out, status in ((True, Status.SENT), (False, Status.QUEUED)):
        message = await story.write(ann, "hello")
        (one,) = await claim(story)
        await begin(story, int(one.key))
        await finish(story, message, Unsure(why="no answer"))
        settle = ResolveSend(
            interaction_id=ann, message_id=message, agent_id=MIA, went_out=went_out
        )
        with pytest.raises(Conflict, match="in a few minutes"):
            await story.store.write(resolve_unknown_send, settle)
        clock.move(180)
        await story.store.write(resolve_unknown_send, settle)
        assert (await line(story, message)).status is status
        assert [int(c.key) for c in await claim(story)] == ([] if went_out else [message])
        with pytest.raises(Conflict, match="already known"):
            await story.store.write(resolve_unknown_send, settle)
    assert [one.body for one in await story.lines(ann)][-1] == "Mia Chen sent it again"
    with pytest.raises(NotFound):
        await story.store.write(
            resolve_unknown_send,
            ResolveSend(interaction_id=ann, message_id=0, agent_id=MIA, went_out=True),
        )


async def test_a_text_to_a_blocked_country_is_refused(story: Story, ann: int) -> None:
    await story.store.write(change_desk, {"countries": ["DE", "CA"]})
    message = await story.write(ann, "hello")
    (one,) = await claim(story)
    assert await begin(story, int(one.key)) is None
    refused = await line(story, message)
    assert (refused.status, refused.error and refused.error.code) == (Status.FAILED, 21408)
    await story.store.write(change_desk, {"countries": ["DE", "US"]})
    message = await story.write(ann, "hello")
    (one,) = await claim(story)
    assert await begin(story, message) is not None


@pytest.mark.parametrize(
    ("number", "may_be"),
    [
        (ANN, True),
        ("+16135550177", True),
        # fictional numbers, like the next ones: without a region, but with a calling code
        ("+447700900123", False),
        ("+61555000001", False),
        ("+390000000", False),
        ("+262000000001", False),
        ("+21200000001", False),
        ("+210123456", False),  # unassigned calling codes
        ("+999123456", False),
        ("+80012345678", False),  # belongs to no country
        ("+18885550177", True),
        ("+15555550177", True),  # without a region as well; the United States share +1
        ("77077", True),  # a short code
    ],
)
def test_a_number_without_a_known_region_is_judged_by_its_calling_code(
    number: str, *, may_be: bool
) -> None:
    assert phone_regions.may_be_in(number, ["US", "CA"]) is may_be


async def test_no_text_is_sent_to_a_number_of_an_unknown_country(story: Story) -> None:
    await story.store.write(change_desk, {"countries": ["US", "CA"]})
    for number, code in (("+447700900123", 21408), ("+999123456", 21408), ("+18885550177", None)):
        interaction = (await story.text("my dock is dead", number=number)).interaction_id or 0
        message = await story.write(interaction, "We look at it.")
        assert ((await begin(story, message)) is None) is (code is not None)
        seen = await line(story, message)
        assert (seen.error and seen.error.code) == code


async def test_a_prompt_that_was_answered_during_quiet_hours_is_not_sent(
    story: Story, ann: int, clock: MovedClock
) -> None:
    await story.store.write(change_desk, {"quiet_hours": "21:00-08:00"})
    clock.move(12 * 3600)

    def prompt(tx: Transaction, _: None) -> int:
        return messages.send_text(
            tx,
            interactions.lock(tx.conn, ann),
            "Still there?",
            Author.SYSTEM,
            event=Event.PROACTIVE,
        )

    prompts = [await story.store.write(prompt, None) for _ in range(2)]
    (one,) = await claim(story)
    assert await begin(story, int(one.key)) is None
    await story.text("yes!", to=DIRECT)
    clock.move(11 * 3600)
    assert await sent_in_order(story) == []
    assert [(await line(story, one)).status for one in prompts] == [Status.CANCELED] * 2
