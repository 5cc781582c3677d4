"""Limits on automatic replies to unknown numbers, against SMS pumping, and the alarm when one is
reached."""

import asyncio
from contextlib import ExitStack, closing

import psycopg
import pytest

from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.delivery.limit_replies import HeldBack
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.shared import messages as conversation_messages
from handoff_service.ports.sms_provider import Accepted, Outgoing
from handoff_service.rules.delivery.reply_limits import Limit, Replied, ReplyLimits, reached_limit
from handoff_service.rules.shared.vocabulary import Author
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import DESK, OperationSettings, Transaction
from handoff_service.store.routing import supervision
from tests.conftest import Heard, MovedClock
from tests.support.sending_story import begin, claim, finish, line
from tests.support.story import ANN, OMAR, Story

NUMBERS = [f"+225070000{n:04d}" for n in range(40)]
FAR = [f"+2250{n:03d}0001234" for n in range(1, 40)]  # numbers that are in different ranges


async def queue_reply(story: Story, number: str, body: str = "hello") -> int:
    """Receive a text from the number, and queue an automatic reply. Return the reply's id."""
    interaction = (await story.text(body, number=number)).interaction_id or 0

    def queue_text(tx: Transaction, _: None) -> int:
        return conversation_messages.send_text(
            tx, interactions.lock(tx.conn, interaction), f"Hi {body}!", Author.VIRTUAL_AGENT
        )

    return await story.store.write(queue_text, None)


async def reply(story: Story, number: str, body: str = "hello") -> Limit | None:
    """Receive a text from the number and reply automatically. Return the limit that blocked the
    reply, or None.
    """
    message = await queue_reply(story, number, body)
    found = None
    for one in await claim(story):
        begun = await begin(story, int(one.key))
        if isinstance(begun, Outgoing):
            await finish(story, int(one.key), Accepted(sid=f"SMrange{one.key}"))
        elif isinstance(begun, HeldBack):
            found = begun.limit
    seen = await line(story, message)
    assert (seen.error is not None, seen.error and seen.error.code) == (
        found is not None,
        30450 if found else None,
    )
    return found


async def limits(story: Story, in_range: int = 0, hourly: int = 0, daily: int = 0) -> None:
    values = {"most_in_range": in_range, "most_unknown_hourly": hourly, "most_unknown_daily": daily}
    await story.store.write(change_desk, values)


CASES = {
    "nothing went out": (Replied(to_range=0, within_hour=0, within_day=0), None),
    "the range is not full": (Replied(to_range=19, within_hour=19, within_day=19), None),
    "the range is full": (Replied(to_range=20, within_hour=20, within_day=20), Limit.RANGE),
    "the hour is full": (Replied(to_range=0, within_hour=200, within_day=200), Limit.HOURLY),
    "the day is full": (Replied(to_range=0, within_hour=0, within_day=1000), Limit.DAILY),
}


@pytest.mark.parametrize(("before", "limit"), CASES.values(), ids=CASES.keys())
def test_each_limit_is_reached_at_its_number(before: Replied, limit: Limit | None) -> None:
    assert reached_limit(ReplyLimits(), before) is limit
    assert reached_limit(ReplyLimits(in_range=0, hourly=0, daily=0), before) is None


async def test_a_range_gets_twenty_replies_an_hour_and_other_numbers_are_not_affected(
    story: Story, clock: MovedClock
) -> None:
    await limits(story, in_range=ReplyLimits().in_range)
    held = [await reply(story, number) for number in NUMBERS]
    assert held == [None] * 20 + [Limit.RANGE] * 20
    assert await reply(story, NUMBERS[0], "again") is None, "the other ranges got 19 replies"
    assert await reply(story, NUMBERS[1], "again") is Limit.RANGE, (
        "the other ranges have got 20 replies"
    )
    assert await reply(story, FAR[0]) is None, "a number of another range gets a reply"
    assert await reply(story, ANN) is None, "somebody on record"
    full = (await story.text("hello?", number=NUMBERS[39])).interaction_id or 0
    message = await story.write(full, "Are you a person?")
    assert isinstance(await begin(story, message), Outgoing), (
        "the limit does not apply to agents' texts"
    )
    clock.move(3601)
    assert await reply(story, NUMBERS[30]) is None


async def test_an_unknown_number_that_texts_a_lot_does_not_reach_the_range_limit(
    story: Story,
) -> None:
    await limits(story, in_range=3)
    assert [await reply(story, NUMBERS[0], str(n)) for n in range(6)] == [None] * 6


async def send_confirmations(story: Story) -> list[Limit | None]:
    """Send all due texts. Return for each confirmation the limit that blocked it, or None."""
    found: list[Limit | None] = []
    for one in await claim(story):
        begun = await begin(story, int(one.key))
        if isinstance(begun, Outgoing):
            await finish(story, int(one.key), Accepted(sid=f"SMconfirmed{one.key}"))
            found.append(None)
        elif isinstance(begun, HeldBack):
            found.append(begun.limit)
    return found


async def test_confirmations_of_stop_count_and_can_be_blocked(story: Story) -> None:
    await limits(story, in_range=ReplyLimits().in_range)
    held = []
    for number in NUMBERS[:25]:
        await story.text("STOP", number=number)
        held += await send_confirmations(story)
    assert held == [None] * 20 + [Limit.RANGE] * 5
    opted_out = {row.number for row in await story.rows(t.opt_outs)}
    assert opted_out >= set(NUMBERS[:25]), "an opt-out counts even without its confirmation"


async def test_one_number_gets_a_limited_number_of_confirmations(story: Story) -> None:
    await limits(story, in_range=ReplyLimits().in_range)
    held = []
    for turn in range(24):
        await story.text("START" if turn % 2 else "STOP", number=NUMBERS[0])
        held += await send_confirmations(story)
    assert held.count(None) == 20


async def test_many_ranges_together_reach_the_hourly_and_then_the_daily_limit(
    story: Story, clock: MovedClock
) -> None:
    await limits(story, in_range=20, hourly=5, daily=8)
    assert [await reply(story, number) for number in FAR[:7]] == [None] * 5 + [Limit.HOURLY] * 2
    assert await reply(story, ANN) is None, "somebody on record"
    clock.move(3601)
    assert [await reply(story, number) for number in FAR[7:12]] == [None] * 3 + [Limit.DAILY] * 2
    clock.move(24 * 3600)
    assert await reply(story, FAR[12]) is None
    assert await story.count(t.unknown_replies) == 1, "replies that no longer count are deleted"


async def test_a_retried_reply_counts_once(story: Story) -> None:
    await limits(story, in_range=0, hourly=1)
    message = await queue_reply(story, FAR[0])
    assert isinstance(await begin(story, message), Outgoing)
    await finish(story, message, Accepted(sid="SM1"))
    again = t.messages.update().where(t.messages.c.id == message).values(status="failed", retries=1)
    await story.store.write(lambda tx, _: tx.conn.execute(again), None)
    assert isinstance(await begin(story, message), Outgoing)
    assert await story.count(t.unknown_replies) == 1


async def test_a_batch_gets_the_same_decisions_as_single_replies(story: Story) -> None:
    await limits(story, in_range=20, hourly=3)
    messages = [await queue_reply(story, number) for number in FAR[:6]]
    begun = await story.store.write(begin_sends.run, [BeginSend(one, 1) for one in messages])
    assert [isinstance(one, Outgoing) for one in begun] == [True] * 3 + [False] * 3
    assert [one.first for one in begun[3:]] == [True, False, False], "the alarm starts only once"


@pytest.mark.parametrize(
    ("numbers", "values"),
    [(FAR, {"hourly": 7}), (FAR, {"daily": 7}), (NUMBERS, {"in_range": 7})],
    ids=["hour", "day", "range"],
)
async def test_processes_that_send_at_once_send_exactly_the_limit(
    story: Story,
    database_url: str,
    clock: MovedClock,
    operation_settings: OperationSettings,
    numbers: list[str],
    values: dict[str, int],
) -> None:
    await limits(story, **values)
    messages = [await queue_reply(story, number) for number in numbers[:24]]
    with ExitStack() as open_:
        stores = [
            open_.enter_context(
                closing(
                    Store(
                        database_url,
                        clock=clock,
                        settings=operation_settings,
                        after_commit=Heard(),
                    )
                )
            )
            for _ in range(4)
        ]

        async def one_after_another(place: int) -> list[Outgoing | HeldBack | None]:
            return [
                await stores[place].write(begin_sends, BeginSend(one, 1), near=one)
                for one in messages[place :: len(stores)]
            ]

        done = await asyncio.gather(*(one_after_another(n) for n in range(len(stores))))
    begun = [one for of_store in done for one in of_store]
    assert sum(isinstance(one, Outgoing) for one in begun) == 7
    assert await story.count(t.unknown_replies) == 7
    held = [one for one in begun if isinstance(one, HeldBack)]
    assert len(held) == 17
    assert sum(one.first for one in held) == 1, "one alarm, although several processes raise it"


async def test_an_attack_does_not_wait_for_the_row_that_counts(
    postgres_url: str, clock: MovedClock, operation_settings: OperationSettings
) -> None:
    """Replies over a limit are blocked while another transaction holds the desk's row."""
    with closing(
        Store(postgres_url, clock=clock, settings=operation_settings, after_commit=Heard())
    ) as store:
        story = Story(store)
        await limits(story, in_range=3, hourly=5)
        for number in (*NUMBERS[:4], *FAR[:3]):  # each limit is reached, and raises its alarm
            await reply(story, number)
        messages = [await queue_reply(story, number) for number in (*NUMBERS[4:8], *FAR[3:7])]
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT id FROM desk FOR UPDATE")
            async with asyncio.timeout(60):
                begun = [await begin(story, one) for one in messages]
    assert [one.limit for one in begun if isinstance(one, HeldBack)] == (
        [Limit.RANGE] * 4 + [Limit.HOURLY] * 4
    )


async def test_supervisors_see_the_range_the_time_and_the_count_immediately(
    story: Story, heard: Heard, clock: MovedClock
) -> None:
    await limits(story, in_range=2, hourly=4)
    began = clock()
    heard.hints.clear()
    for number in [*NUMBERS[:5], *FAR[:4]]:
        await reply(story, number)
    assert DESK in {hint.channel for hint in heard.hints}, (
        "the supervisors' page gets a hint to reload"
    )
    now = await story.store.read(supervision.now, OMAR)
    (full,) = now.full_ranges
    assert (full.begins_with, full.numbers, full.texts, full.since) == ("+225070000", 3, 3, began)
    (cap,) = now.reached_caps
    assert (cap.limit, cap.most, cap.texts, cap.since) == ("hourly", 4, 2, began)
    clock.move(3601)
    later = await story.store.read(supervision.now, OMAR)
    assert (later.full_ranges, later.reached_caps) == ([], [])
