"""Scheduled texts: the time of sending, the agents' decisions, and the lines in the history."""

from datetime import timedelta

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.send_later import (
    KeepText,
    OneText,
    ScheduleText,
    SendDue,
    cancel_text,
    keep_text,
    schedule_text,
    send_due,
    send_now,
)
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.shared.uploads import StoredUpload, Upload, keep_upload
from handoff_service.rules.conversations.media import AcceptedFile
from handoff_service.rules.conversations.scheduled_texts import AtDue, SendQuestion
from handoff_service.rules.shared.vocabulary import Author, Event, Work
from handoff_service.store.conversations import colleague_notices, scheduled_texts
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from handoff_service.store.views import NextText, ScheduledText
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MIA, OMAR, Story

HOUR = timedelta(hours=1)
BODY = "Does it work now?"


async def schedule(story: Story, ann: int, clock: MovedClock, body: str = BODY) -> int:
    command = ScheduleText(interaction_id=ann, agent_id=MIA, body=body, send_at=clock() + HOUR)
    return await story.store.write(schedule_text, command)


async def waiting(story: Story, ann: int) -> list[ScheduledText]:
    return await story.store.read(scheduled_texts.waiting, ann)


async def due(story: Story, text_id: int) -> AtDue | None:
    return await story.store.write(send_due, SendDue(text_id))


async def notices(story: Story, agent: int = MIA) -> list[str]:
    return [one.said for one in await story.store.read(colleague_notices.open_notices, agent)]


async def test_a_scheduled_text_is_sent_at_its_time_and_not_as_a_reply(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    before = await story.texted(ann)
    text = await schedule(story, ann, clock)
    (item,) = await story.store.read(ongoing_items, MIA, others=False)
    assert item.scheduled == NextText(send_at=clock() + HOUR, asks=False)
    assert await due(story, text) is None, "the text is not due yet"
    clock.move(3600)
    assert await due(story, text) is AtDue.SEND
    last = (await story.lines(ann))[-1]
    assert (last.body, last.author.kind, last.author.id, last.event) == (
        BODY,
        Author.AGENT,
        MIA,
        Event.PROACTIVE,
    )
    assert (await waiting(story, ann), await due(story, text)) == ([], None)
    assert await story.texted(ann) == [*before, BODY]


async def test_after_a_text_from_the_requester_the_agent_confirms_the_scheduled_text(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    assert [one.question for one in await waiting(story, ann)] == [None]
    await story.text("it works, thanks", to=DIRECT)
    assert [one.question for one in await waiting(story, ann)] == [SendQuestion.REQUESTER_WROTE]
    (item,) = await story.store.read(ongoing_items, MIA, others=False)
    assert item.scheduled is not None
    assert item.scheduled.asks
    clock.move(3600)
    before = await story.texted(ann)
    assert await due(story, text) is AtDue.ASK
    assert await story.texted(ann) == before
    said = "A scheduled text waits for you, because the requester has written again"
    assert await notices(story) == [said]


async def test_a_confirmed_scheduled_text_is_sent(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    await story.text("one more thing", to=DIRECT)
    keep = KeepText(interaction_id=ann, text_id=text, agent_id=MIA)
    await story.store.write(keep_text, keep)
    assert [one.question for one in await waiting(story, ann)] == [None]
    clock.move(3600)
    assert await due(story, text) is AtDue.SEND


async def test_a_text_whose_time_has_passed_needs_a_new_time(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    await story.text("one more thing", to=DIRECT)
    clock.move(3600)
    await due(story, text)
    with pytest.raises(BadInput) as refused:
        await story.store.write(keep_text, KeepText(interaction_id=ann, text_id=text, agent_id=MIA))
    assert refused.value.errors == {"send_at": "has passed: choose another time, or send it now"}
    moved = KeepText(interaction_id=ann, text_id=text, agent_id=MIA, send_at=clock() + 2 * HOUR)
    await story.store.write(keep_text, moved)
    (row,) = await story.rows(t.due_work, t.due_work.c.kind == Work.SEND_LATER)
    assert row.due_at == clock() + 2 * HOUR
    clock.move(7200)
    assert await due(story, text) is AtDue.SEND


async def test_a_new_owner_decides_about_the_scheduled_text_and_sends_it_as_their_own(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    await story.store.write(assign_by_hand, AssignTo(interaction_id=ann, agent_id=OMAR, by=OMAR))
    assert [one.question for one in await waiting(story, ann)] == [SendQuestion.OWNER_CHANGED]
    clock.move(3600)
    assert await due(story, text) is AtDue.ASK
    said = "A scheduled text waits for you, because the conversation has changed owner"
    assert await notices(story, OMAR) == [said]
    now = OneText(interaction_id=ann, text_id=text, agent_id=OMAR)
    await story.store.write(send_now, now)
    last = (await story.lines(ann))[-1]
    assert (last.body, last.author.id, await waiting(story, ann)) == (BODY, OMAR, [])
    with pytest.raises(NotFound):
        await story.store.write(send_now, now)


async def test_an_opt_out_cancels_the_scheduled_text_with_a_notice(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    await story.text("STOP", to=DIRECT)
    clock.move(3600)
    before = await story.texted(ann)
    assert await due(story, text) in (AtDue.CANCEL, None)
    assert (await story.texted(ann), await waiting(story, ann)) == (before, [])
    line = next(
        one for one in await story.lines(ann) if one.reason == BODY and "cancel" in one.body
    )
    assert line.event is Event.SCHEDULED
    with pytest.raises(Conflict):
        await schedule(story, ann, clock)


async def test_a_canceled_text_stays_in_the_history(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    text = await schedule(story, ann, clock)
    await schedule(story, ann, clock, "And this?")
    cancel = OneText(interaction_id=ann, text_id=text, agent_id=MIA)
    await story.store.write(cancel_text, cancel)
    await story.close(ann)
    assert await waiting(story, ann) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.SEND_LATER) == 0
    told = [
        (one.body, one.reason) for one in await story.lines(ann) if one.event is Event.SCHEDULED
    ]
    assert told[-2:] == [
        ("Mia Chen canceled a scheduled text", BODY),
        ("A scheduled text was canceled with the end of the conversation", "And this?"),
    ]


async def test_only_a_live_agents_conversation_can_have_scheduled_texts(
    story: Story, clock: MovedClock
) -> None:
    received = await story.text("my badge is stuck")
    assert received.interaction_id is not None
    with pytest.raises(Conflict, match="Take it over first"):
        await schedule(story, received.interaction_id, clock)


async def picture(story: Story, agent: int = MIA) -> int:
    taken = AcceptedFile(content_type="image/png", width=1, height=1)
    stored = StoredUpload(file="aa/picture.png", size=100, taken=taken)
    return await story.store.write(keep_upload, Upload(agent_id=agent, stored=stored))


async def test_a_scheduled_text_is_sent_with_its_pictures(story: Story, clock: MovedClock) -> None:
    ann, image = await story.with_agent(), await picture(story)
    command = ScheduleText(
        interaction_id=ann, agent_id=MIA, body="", send_at=clock() + HOUR, media=(image,)
    )
    text = await story.store.write(schedule_text, command)
    (one,) = await waiting(story, ann)
    assert (one.body, one.media) == ("", [image])
    with pytest.raises(BadInput) as error:
        await story.store.write(schedule_text, command)  # the text is sent only once
    assert list(error.value.errors) == ["media"]
    clock.move(3600)
    assert await due(story, text) is AtDue.SEND
    (medium,) = (await story.lines(ann))[-1].media
    assert medium.id == image


async def test_pictures_of_a_canceled_text_are_deleted(story: Story, clock: MovedClock) -> None:
    ann, image = await story.with_agent(), await picture(story)
    works = (t.due_work, t.due_work.c.kind == Work.FORGET_UPLOAD)
    command = ScheduleText(
        interaction_id=ann, agent_id=MIA, body="See", send_at=clock() + 48 * HOUR, media=(image,)
    )
    text = await story.store.write(schedule_text, command)
    assert await story.count(*works) == 0
    sends = OneText(interaction_id=ann, text_id=text, agent_id=MIA)
    await story.store.write(cancel_text, sends)
    assert await story.count(*works) == 1
