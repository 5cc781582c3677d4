"""Texts that start nothing: reactions, and thanks after closing."""

from datetime import timedelta

import pytest

from handoff_service.operations.conversations.receive_sms import Outcome
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.rules.shared.vocabulary import Event, Kind, Owner, State
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import ANN, DIRECT, STRANGER, Story

QUESTION = "How much does this affect you?\n1 I cannot work\n2 I can wait"


async def _asked(story: Story) -> int:
    ann = (await story.text("my laptop won't start")).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, QUESTION)
    return ann


async def test_a_reaction_is_shown_on_the_message_that_it_quotes_and_is_no_turn(story: Story) -> None:
    ann = await _asked(story)
    due = await story.rows(t.due_work)
    received = await story.text("Loved “How much does this affect you? 1 I cannot…”", sid="SM-R")
    assert (received.outcome, received.interaction_id) == (Outcome.STORED, ann)
    *_, asked, line = await story.lines(ann)
    assert (asked.reaction, line.event, line.kind, line.direction) == ("❤️", Event.REACTION, Kind.SYSTEM, None)
    assert line.body.startswith("Loved")
    assert await story.begin(ann) is None
    assert (await story.rows(t.due_work)) == due
    assert (
        await story.text("Loved “How much does this affect you? 1 I cannot…”", sid="SM-R")
    ).outcome is Outcome.REPEAT
    await story.text("Removed a heart from “How much does this affect you? 1 I cannot…”")
    assert (await story.lines(ann))[1].reaction is None


async def test_a_reaction_changes_nothing_of_a_conversation_on_hold_or_closed(story: Story) -> None:
    ann = await story.with_agent()
    await story.write(ann, "I am looking into it")
    (before,) = await story.rows(t.interactions)
    await story.text("👍 to “I am looking into it”", to=DIRECT)
    (after,) = await story.rows(t.interactions)
    assert after._asdict() | {"last_seq": before.last_seq} == before._asdict()
    await story.close(ann)
    (before,) = await story.rows(t.interactions)
    await story.text("Questioned “I am looking into it”", to=DIRECT)
    (after,) = await story.rows(t.interactions)
    assert after._asdict() | {"last_seq": before.last_seq} == before._asdict()


async def test_a_reaction_to_nothing_known_is_kept_and_starts_nothing(story: Story) -> None:
    received = await story.text("Liked “Your old help desk”", number=STRANGER)
    kept = await story.see(received.interaction_id or 0)
    assert (kept.state, kept.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert await story.count(t.due_work) == 0
    ann = await _asked(story)
    await story.text("Liked “Something else”")
    assert (await story.lines(ann))[-1].reason is None
    assert [line.reaction for line in await story.lines(ann)] == [None] * 3


async def test_an_ordinary_text_stays_one(story: Story) -> None:
    received = await story.text('Loved "Frozen" but my screen is broken')
    assert (await story.lines(received.interaction_id or 0))[-1].kind is Kind.MESSAGE


@pytest.mark.parametrize(("body", "after", "minutes", "stays"), [
    ("Thanks so much!", 5, 10, True),
    ("👍", 10, 10, True),
    ("Thanks so much!", 11, 10, False),
    ("Thanks, but it broke again", 1, 10, False),
    ("Thanks so much!", 1, 0, False),
])  # fmt: skip
async def test_thanks_stay_with_the_conversation_that_was_just_closed(
    story: Story, clock: MovedClock, body: str, after: int, minutes: int, stays: bool
) -> None:
    await story.store.write(change_desk, {"thanks_minutes": minutes})
    first = (await story.text("where is my badge", to=DIRECT)).interaction_id or 0
    await story.close(first)
    clock.move(timedelta(minutes=after).total_seconds())
    items = await story.count(t.work_items)
    received = await story.text(body, to=DIRECT)
    assert (received.interaction_id == first) is stays
    assert (await story.count(t.work_items) == items) is stays
    assert (await story.see(first)).state is State.CLOSED_COMPLETE
    assert ((await story.lines(first))[-1].body == body) is stays


async def test_thanks_on_a_line_of_the_virtual_agent_are_its_own(story: Story) -> None:
    ann = await story.with_agent(number=ANN)
    await story.close(ann)
    assert (await story.text("Thanks!")).interaction_id != ann
