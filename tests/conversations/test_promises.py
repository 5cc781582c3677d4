"""Promises of agents: the offer after a text, the reminder, and the end of a promise."""

from datetime import timedelta

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.keep_promises import (
    OnePromise,
    PromiseDue,
    StorePromise,
    cancel_promise,
    decline_promise,
    promise_due,
    store_promise,
)
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.rules.conversations.list_order import Tag
from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.conversations import colleague_notices, promises
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import day_report
from handoff_service.store.views import KeptPromise, PromiseOffer
from tests.conftest import MovedClock
from tests.support.story import MIA, OMAR, Story

IN_AN_HOUR = "Sorry about that. I'll text you in an hour."
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def offered(story: Story, ann: int, agent: int = MIA) -> PromiseOffer | None:
    return await story.store.read(promises.offer, ann, agent)


async def promise(story: Story, ann: int) -> int:
    """Let Mia text a promise and accept the reminder that the page offers."""
    message = await story.write(ann, IN_AN_HOUR)
    command = StorePromise(interaction_id=ann, agent_id=MIA, message_id=message)
    return await story.store.write(store_promise, command)


async def open_of(story: Story, ann: int) -> list[KeptPromise]:
    return await story.store.read(promises.open_of, ann)


async def due(story: Story, promise_id: int) -> PromiseState | None:
    return await story.store.write(promise_due, PromiseDue(promise_id))


async def notices(story: Story, agent: int = MIA) -> list[str]:
    return [one.said for one in await story.store.read(colleague_notices.open_notices, agent)]


async def test_a_promise_is_offered_once_to_its_agent(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    await story.write(ann, "Which badge is it?")
    assert await offered(story, ann) is None
    message = await story.write(ann, IN_AN_HOUR)
    found = await offered(story, ann)
    assert found is not None
    assert (found.message_id, found.words) == (message, "I'll text you in an hour.")
    assert found.promised_at == clock() + HOUR
    assert found.promised_at - found.remind_at >= 15 * MINUTE
    assert await offered(story, ann, OMAR) is None, (
        "only Mia, the author of the text, gets the offer"
    )
    command = StorePromise(interaction_id=ann, agent_id=MIA, message_id=message)
    await story.store.write(decline_promise, command)
    assert await offered(story, ann) is None
    assert await open_of(story, ann) == []


async def test_the_agent_is_reminded_and_a_missed_promise_is_counted(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    promise_id = await promise(story, ann)
    line = (await story.lines(ann))[-1]
    assert line.event is Event.PROMISE
    assert line.body.startswith("Mia Chen promised to be in touch by ")
    assert line.reason == "I'll text you in an hour."
    assert await offered(story, ann) is None
    (item,) = await story.store.read(ongoing_items, MIA, others=False)
    assert item.promise is not None
    assert item.due_at == item.promise.promised_at == clock() + HOUR
    assert Tag.PROMISE_DUE not in item.tags(clock())
    assert await due(story, promise_id) is PromiseState.OPEN
    assert await notices(story) == [], "the promise is not missed yet"
    clock.move(46 * 60)
    assert await due(story, promise_id) is PromiseState.OPEN
    assert [said[:30] for said in await notices(story)] == ["You promised to be in touch by"]
    assert Tag.PROMISE_DUE in item.tags(clock())
    clock.move(14 * 60)
    assert await due(story, promise_id) is PromiseState.MISSED
    assert (await story.lines(ann))[-1].body.startswith("Promise missed: no agent was in touch by ")
    (said,) = await notices(story)
    assert said.startswith("You promised to be in touch by ")
    assert said.endswith(", but nobody was")
    assert (await open_of(story, ann), await due(story, promise_id)) == ([], None)
    today = await story.store.read(day_report.today)
    assert (today.promises_kept, today.promises_missed) == (0, 1)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.PROMISE) == 0


@pytest.mark.parametrize(
    ("what", "kept"), [("text", True), ("Called her, fixed", True), ("Call her by 3", False)]
)
async def test_a_text_or_call_note_keeps_a_promise(
    story: Story, clock: MovedClock, what: str, kept: bool
) -> None:
    ann = await story.with_agent()
    promise_id = await promise(story, ann)
    clock.move(60)
    await story.write(ann, "Please send me a picture of it meanwhile")
    assert len(await open_of(story, ann)) == 1, "a text right after the promise does not keep it"
    clock.move(30 * 60)
    if what == "text":
        await story.write(ann, "The new badge is here", agent=OMAR)
    else:
        note = Write(interaction_id=ann, agent_id=MIA, body=what)
        await story.store.write(write_note, note)
    assert (await open_of(story, ann) == []) is kept
    clock.move(16 * 60)
    await due(story, promise_id)
    assert (await notices(story) == []) is kept
    clock.move(15 * 60)
    assert await due(story, promise_id) is (PromiseState.KEPT if kept else PromiseState.MISSED)
    today = await story.store.read(day_report.today)
    assert (today.promises_kept, today.promises_missed) == (int(kept), int(not kept))


async def test_a_promise_outlives_its_conversation(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    promise_id = await promise(story, ann)
    await story.close(ann)
    clock.move(50 * 60)
    assert await due(story, promise_id) is PromiseState.OPEN
    assert len(await notices(story)) == 1
    again = await story.with_agent()
    await story.write(again, "It is ready now")
    clock.move(10 * 60)
    assert await due(story, promise_id) is PromiseState.KEPT


async def test_a_canceled_promise_does_not_count(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    promise_id = await promise(story, ann)
    command = OnePromise(interaction_id=ann, promise_id=promise_id, agent_id=MIA)
    await story.store.write(cancel_promise, command)
    assert "canceled the promise" in (await story.lines(ann))[-1].body
    with pytest.raises(NotFound):
        await story.store.write(cancel_promise, command)
    clock.move(3600)
    assert await due(story, promise_id) is None
    today = await story.store.read(day_report.today)
    assert (today.promises_kept, today.promises_missed) == (0, 0)


async def test_an_invalid_promise_is_refused(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    await promise(story, ann)
    message = (await story.rows(t.promises))[0].message_id
    plain = await story.write(ann, "Hello")

    async def store(**values: object) -> int:
        command = StorePromise(interaction_id=ann, agent_id=MIA, **values)  # type: ignore[arg-type]
        return await story.store.write(store_promise, command)

    with pytest.raises(Conflict):
        await store(message_id=message)
    for wrong in ({}, {"message_id": plain}, {"promised_at": clock() - HOUR}):
        with pytest.raises(BadInput) as error:
            await store(**wrong)
        assert "promised_at" in (error.value.errors or {})
    for wrong_time in (clock() + 2 * HOUR, clock() - HOUR):
        with pytest.raises(BadInput) as error:
            await store(promised_at=clock() + HOUR, remind_at=wrong_time)
        assert "remind_at" in (error.value.errors or {})
    with pytest.raises(NotFound):
        await store(message_id=9999)
    assert await store(promised_at=clock() + HOUR, words="By hand") > 0
