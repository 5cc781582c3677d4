"""The outbox sends each text once and in order, and marks unknown outcomes. Receipts come in any
order.
"""

from datetime import timedelta
from itertools import permutations

import pytest

from handoff_service.operations.delivery.finish_send import FinishSend, finish_sends
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.ports.sms_provider import (
    Accepted,
    Later,
    LookedUp,
    Refused,
    SendResult,
    SentBefore,
    Unsure,
)
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.sending_story import begin, claim, finish, line, quiet_conversation
from tests.support.story import ANN, BOB, DIRECT, MIA, Story


@pytest.fixture
async def ann(story: Story) -> int:
    """A conversation between Ann and Mia. The outbox is empty."""
    return await quiet_conversation(story)


async def test_a_text_is_sent_with_its_two_numbers(story: Story, ann: int) -> None:
    message = await story.write(ann, "Does it have a light on?")
    (one,) = await claim(story)
    outgoing = await begin(story, int(one.key))
    assert outgoing is not None
    assert (outgoing.message_id, outgoing.to, outgoing.sender, outgoing.body,
        outgoing.uncertain) == (
        message, ANN, DIRECT, "Does it have a light on?", False,
    )  # fmt: skip
    assert (await line(story, message)).status is Status.SENDING
    await finish(story, message, Accepted(sid="SM1", status=Status.SENDING))
    assert (await line(story, message)).provider_sid == "SM1"
    assert await claim(story) == []


async def test_the_second_text_of_a_line_waits_for_the_first(story: Story, ann: int) -> None:
    bob = await story.with_agent(MIA, number=BOB)
    first, second = await story.write(ann, "one"), await story.write(ann, "two")
    other = await story.write(bob, "hi Bob")
    keys = {int(c.key) for c in await claim(story)}
    assert first in keys
    assert second not in keys
    assert other not in keys, "Bob's own first text comes before it"
    await begin(story, first)
    await finish(story, first, Accepted(sid="SM1"))
    assert second in {int(c.key) for c in await claim(story)}


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Later(why="nobody there"), None),
        (Later(why="429", code=20429), 20429),
        (Refused(code=20003), 20003),
        (Refused(code=21611), 21611),
    ],
    ids=str,
)
async def test_a_text_that_certainly_was_not_sent_is_retried_and_the_next_one_waits(
    story: Story, ann: int, clock: MovedClock, result: SendResult, code: int | None
) -> None:
    first, second = await story.write(ann, "one"), await story.write(ann, "two")
    await claim(story)
    await begin(story, first)
    await finish(story, first, result)
    seen = await line(story, first)
    assert (seen.status, seen.error and seen.error.code) == (Status.QUEUED, code)
    assert code is None or (
        seen.error and seen.error.advice.startswith("Patchboard sends it when this is fixed. ")
    )
    assert await claim(story) == []
    clock.move(2)
    assert [int(c.key) for c in await claim(story)] == [first]
    assert (await line(story, second)).status is Status.QUEUED


async def test_a_refusal_is_final_and_shows_advice(story: Story, ann: int) -> None:
    message = await story.write(ann, "bit.ly/3dockfw")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Refused(code=21610))
    failed = await line(story, message)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert (failed.error.code, failed.error.meaning) == (21610, "The requester has opted out.")
    assert await claim(story) == []


async def test_a_text_with_an_unknown_outcome_is_looked_up_before_a_retry(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Unsure(why="timeout"))
    assert (await line(story, message)).status is Status.UNKNOWN
    assert await claim(story) == []
    clock.move(30)
    assert [int(c.key) for c in await claim(story)] == [message]
    again = await begin(story, message)
    assert again is not None
    assert again.uncertain
    await finish(story, message, LookedUp(()))
    (retry,) = await claim(story)
    surely = await begin(story, int(retry.key))
    assert surely is not None
    assert not surely.uncertain


async def test_retries_become_rarer_while_the_provider_fails(
    story: Story, ann: int, clock: MovedClock
) -> None:
    """Here the provider answers with a server error. After 30 s the service looks the text up, does
    not find it, sends it again at once, and gets the same error.
    """
    first, second = await story.write(ann, "one"), await story.write(ann, "two")
    waits: list[float] = []
    for attempts in range(1, 12, 2):
        assert await begin_due_send(story, attempts) == first
        await story.store.write(finish_sends, FinishSend(first, attempts, Unsure(why="HTTP 503")))
        waits.append(await until_due(story, first, clock))
        clock.move(waits[-1])
        assert await begin_due_send(story, attempts + 1) == first
        await story.store.write(finish_sends, FinishSend(first, attempts + 1, LookedUp(())))
    assert waits[0] == 30
    assert all(low <= wait <= high for wait, (low, high) in zip(waits, GROWING, strict=True)), waits
    assert len(set(waits[3:])) > 1, "the retries are spread over time"
    assert (await line(story, second)).status is Status.QUEUED


GROWING = [(30, 30), (60, 120), *[(150, 300)] * 4]  # seconds


async def begin_due_send(story: Story, attempts: int) -> int:
    """Begin to send the due message. Return its id."""
    (one,) = await claim(story)
    assert one.attempts == attempts
    assert await begin(story, int(one.key)) is not None
    return int(one.key)


async def until_due(story: Story, message: int, clock: MovedClock) -> float:
    (work,) = await story.rows(
        t.due_work, t.due_work.c.kind == Work.DELIVER, t.due_work.c.key == str(message)
    )
    return float((work.due_at - clock()).total_seconds())


async def test_failing_lookups_become_rarer(story: Story, ann: int, clock: MovedClock) -> None:
    message = await story.write(ann, "one")
    waits = []
    for attempts in range(1, 8):
        await begin_due_send(story, attempts)
        await story.store.write(
            finish_sends, FinishSend(message, attempts, Unsure(why="nobody there"))
        )
        waits.append(await until_due(story, message, clock))
        clock.move(waits[-1])
    assert waits[0] == 30
    assert min(waits[-3:]) >= 150


async def test_after_a_crash_during_a_send_the_text_is_looked_up(
    story: Story, ann: int, clock: MovedClock
) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    clock.now += timedelta(seconds=61)  # The lease of the crashed process has ended.
    assert [int(c.key) for c in await claim(story)] == [message]
    assert await begin(story, message) is None, "the lookup waits, because the provider's lists lag"
    assert (await line(story, message)).status is Status.UNKNOWN
    clock.move(30)
    assert [int(c.key) for c in await claim(story)] == [message]
    again = await begin(story, message)
    assert again is not None
    assert again.uncertain


async def test_a_crash_does_not_count_as_a_failure_of_the_provider(
    story: Story, ann: int, clock: MovedClock
) -> None:
    """A crash does not count as an attempt. Repeated crashes do not lengthen the intervals between
    retries.
    """
    message = await story.write(ann, "hello")
    for _ in range(5):
        await claim(story)
        clock.move(61)
    await claim(story)
    await begin(story, message)
    clock.move(61)
    await claim(story)
    assert await begin(story, message) is None
    clock.move(30)
    (one,) = await claim(story)
    assert one.attempts == 1
    await begin(story, message)
    await story.store.write(finish_sends, FinishSend(message, one.attempts, Unsure(why="HTTP 503")))
    assert await until_due(story, message, clock) == 30


async def test_a_callback_resolves_an_unknown_outcome(story: Story, ann: int) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Unsure(why="timeout"))
    receipt = Receipt(sid="SM9", status=Status.DELIVERED, message_id=message)
    assert await story.store.write(record_receipt, receipt)
    settled = await line(story, message)
    assert (settled.status, settled.provider_sid) == (Status.DELIVERED, "SM9")
    assert await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER) == 0


async def test_the_answer_to_a_send_does_not_overwrite_an_earlier_callback(
    story: Story, ann: int
) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    await story.store.write(
        record_receipt, Receipt(sid="SM9", status=Status.DELIVERED, message_id=message)
    )
    await finish(story, message, Accepted(sid="SM9"))
    assert (await line(story, message)).status is Status.DELIVERED


@pytest.mark.parametrize("order", list(permutations(["answer", "sent", "delivered", "sent again"])))
async def test_receipts_with_the_providers_id_can_come_in_any_order(
    story: Story, ann: int, order: tuple[str, ...]
) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    for step in order:
        if step == "answer":
            await finish(story, message, Accepted(sid="SM9"))
        else:
            status = Status.DELIVERED if step == "delivered" else Status.SENT
            await story.store.write(record_receipt, Receipt(sid="SM9", status=status))
    done = await line(story, message)
    assert (done.status, done.provider_sid) == (Status.DELIVERED, "SM9")
    assert await story.count(t.unmatched_receipts) == 0


async def test_a_failed_delivery_has_its_error_code(story: Story, ann: int) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Accepted(sid="SM9"))
    await story.store.write(
        record_receipt, Receipt(sid="SM9", status=Status.UNDELIVERED, error_code=30003)
    )
    failed = await line(story, message)
    assert failed.error is not None
    assert (failed.status, failed.error.meaning) == (
        Status.UNDELIVERED,
        "The phone is off or has no signal.",
    )


async def test_a_receipt_for_an_unknown_message_is_stored_once(story: Story) -> None:
    for _ in range(2):
        assert not await story.store.write(record_receipt, Receipt(sid="SMx", status=Status.SENT))
    assert await story.count(t.unmatched_receipts) == 1


async def test_a_receipt_does_not_end_a_message_that_was_never_sent(
    story: Story, ann: int, clock: MovedClock
) -> None:
    """After a restore, a second message can have the same id, so the receipt belongs to the other
    message.
    """
    message = await story.write(ann, "hello")
    receipt = Receipt(sid="SMother", status=Status.DELIVERED, message_id=message)
    assert not await story.store.write(record_receipt, receipt)
    assert await story.count(t.unmatched_receipts) == 1
    assert ((await line(story, message)).status, (await line(story, message)).provider_sid) == (
        Status.QUEUED,
        None,
    )
    assert len(await claim(story)) == 1
    await begin(story, message)
    await finish(story, message, Later(why="nobody there"))
    assert await story.store.write(
        record_receipt, Receipt(sid="SM9", status=Status.SENT, message_id=message)
    ), "a message that was tried may have been sent, whatever the answer"


async def test_a_receipt_with_our_id_but_another_sid_does_not_change_our_message(
    story: Story, ann: int
) -> None:
    message = await story.write(ann, "hello")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Accepted(sid="SM9"))
    await story.store.write(
        record_receipt, Receipt(sid="SMother", status=Status.FAILED, message_id=message)
    )
    assert (await line(story, message)).status is Status.SENDING


async def test_a_found_text_is_linked_unless_another_message_has_it(story: Story, ann: int) -> None:
    first, second = await story.write(ann, "ok"), await story.write(ann, "ok")
    sent = Status.SENT
    for message, found, expected in (
        (first, ("SM1",), "SM1"),
        (second, ("SM1", "SM2"), "SM2"),
    ):
        await claim(story)
        await begin(story, message)
        await finish(
            story, message, LookedUp(tuple(SentBefore(sid=sid, status=sent) for sid in found))
        )
        linked = await line(story, message)
        assert (linked.status, linked.provider_sid) == (sent, expected)


async def test_two_equal_texts_wait_for_a_callback_or_an_agents_decision(
    story: Story, ann: int
) -> None:
    message = await story.write(ann, "ok")
    await claim(story)
    await begin(story, message)
    found = tuple(SentBefore(sid=sid, status=Status.SENT) for sid in ("SM1", "SM2"))
    await finish(story, message, LookedUp(found))
    assert (await line(story, message)).status is Status.UNKNOWN
