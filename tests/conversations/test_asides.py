"""Texts that start no conversation and no bot turn: reactions, and thanks after closing."""

from datetime import timedelta

import pytest

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    ReadInteraction,
    change_interaction,
    read_interaction,
)
from handoff_service.operations.conversations.receive_sms import ReceiveOutcome
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.shared.uploads import StoredUpload, Upload, keep_upload
from handoff_service.rules.conversations.media import AcceptedFile
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, State, Work
from handoff_service.store.conversations import conversation_list
from handoff_service.store.conversations.read_positions import unread_conversations
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MAIN, MIA, OMAR, STRANGER, Story

QUESTION = "How much does this affect you?\n1 I cannot work\n2 I can wait"


PNG = StoredUpload(file="a" * 64, size=214_000, taken=AcceptedFile("image/png", 640, 480))


async def _with_question(story: Story) -> int:
    ann = (await story.text("my laptop won't start")).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, QUESTION)
    return ann


async def test_a_reaction_is_shown_on_the_quoted_message_and_starts_no_turn(
    story: Story,
) -> None:
    ann = await _with_question(story)
    due = await story.rows(t.due_work)
    received = await story.text("Loved “How much does this affect you? 1 I cannot…”", sid="SM-R")
    assert (received.outcome, received.interaction_id) == (ReceiveOutcome.STORED, ann)
    *_, asked, line = await story.lines(ann)
    assert (asked.reaction, line.event, line.kind, line.direction) == (
        "❤️",
        Event.REACTION,
        Kind.SYSTEM,
        None,
    )
    assert line.body.startswith("Loved")
    assert await story.begin(ann) is None
    assert (await story.rows(t.due_work)) == due
    assert (
        await story.text("Loved “How much does this affect you? 1 I cannot…”", sid="SM-R")
    ).outcome is ReceiveOutcome.REPEAT
    await story.text("Removed a heart from “How much does this affect you? 1 I cannot…”")
    assert (await story.lines(ann))[1].reaction is None


@pytest.mark.parametrize("state", [State.WORK_IN_PROGRESS, State.ON_HOLD, State.CLOSED_COMPLETE])
async def test_adding_and_removing_a_reaction_changes_no_conversation_and_no_timer(
    story: Story, state: State
) -> None:
    ann = await story.with_agent()
    await story.write(ann, "I am looking into it")
    if state is State.ON_HOLD:
        await story.store.write(
            change_interaction, ChangeInteraction(interaction_id=ann, agent_id=MIA, state=state)
        )
    elif state is State.CLOSED_COMPLETE:
        await story.close(ann)
    (before,) = await story.rows(t.interactions)
    due = await story.rows(t.due_work)
    assert any(row.kind == Work.TIMER for row in due) is (state is not State.CLOSED_COMPLETE)
    for text, shown in (
        ("👍 to “I am looking into it”", "👍"),
        ("Removed a like from “I am looking…”", None),
    ):
        await story.text(text, to=DIRECT)
        (after,) = await story.rows(t.interactions)
        assert after._asdict() | {"last_seq": before.last_seq} == before._asdict()
        assert (before.state, after.closed_at) == (state, before.closed_at)
        assert await story.rows(t.due_work) == due
        (said,) = [
            line
            for line in await story.lines(ann)
            if line.author.kind is Author.AGENT and line.direction
        ]
        assert said.reaction == shown


async def test_a_late_removal_keeps_a_newer_reaction(story: Story) -> None:
    ann = await _with_question(story)
    await story.text("Loved “How much does this affect you? 1 I…”")
    await story.text("Liked “How much does this affect you? 1 I…”")
    await story.text("Removed a heart from “How much does this affect you? 1 I…”")
    assert (await story.lines(ann))[1].reaction == "👍"


async def test_a_reaction_to_a_picture_is_shown_on_the_newest_one(story: Story) -> None:
    ann = await story.with_agent()
    for _ in range(2):
        uploaded = await story.store.write(keep_upload, Upload(agent_id=MIA, stored=PNG))
        command = Write(interaction_id=ann, agent_id=MIA, body="", media=(uploaded,))
        await story.store.write(send_sms, command)
    await story.write(ann, "That is how it looks")
    await story.text("Loved an image", to=DIRECT)
    *_, older, newest, words, line = await story.lines(ann)
    assert (older.reaction, newest.reaction, words.reaction) == (None, "❤️", None)
    assert line.reason == f"on message {newest.seq}"
    await story.text("Removed a heart from an image", to=DIRECT)
    assert [one.reaction for one in await story.lines(ann) if one.media] == [None, None]


async def test_a_reaction_to_an_unknown_text_is_stored_and_starts_no_turn(story: Story) -> None:
    received = await story.text("Liked “Your old help desk”", number=STRANGER)
    kept = await story.see(received.interaction_id or 0)
    assert (kept.state, kept.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert await story.count(t.due_work) == 0
    ann = await _with_question(story)
    await story.text("Liked “Something else”")
    assert (await story.lines(ann))[-1].reason is None
    assert [line.reaction for line in await story.lines(ann)] == [None] * 3


async def test_an_ordinary_text_is_not_a_reaction(story: Story) -> None:
    received = await story.text('Loved "Frozen" but my screen is broken')
    assert (await story.lines(received.interaction_id or 0))[-1].kind is Kind.MESSAGE


@pytest.mark.parametrize(("body", "after", "minutes", "stays"), [
    ("Thanks so much!", 5, 10, True),
    ("👍", 10, 10, True),
    ("Thanks so much!", 11, 10, False),
    ("Thanks, but it broke again", 1, 10, False),
    ("Thanks so much!", 1, 0, False),
])  # fmt: skip
async def test_thanks_stay_in_the_conversation_that_was_just_closed(
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


@pytest.mark.parametrize("body", ["Thanks Mia", "thank you Mia Chen!", "Muchas gracias, Mía 🙏"])
async def test_an_agent_sees_thanks_by_name_after_closing_as_unread(
    story: Story, body: str
) -> None:
    ann = await story.with_agent(MIA)
    await story.store.write(read_interaction, ReadInteraction(interaction_id=ann, agent_id=MIA))
    await story.close(ann, MIA)
    assert await story.store.read(unread_conversations, MIA) == 0
    await story.text(body, to=DIRECT)
    (listed,) = await story.store.read(conversation_list.ongoing_items, MIA, others=False)
    assert (listed.interaction.id, listed.interaction.unread, listed.last and listed.last.body) == (
        ann,
        1,
        body,
    )
    assert listed.interaction.state is State.CLOSED_COMPLETE
    assert await story.store.read(unread_conversations, MIA) == 1
    assert await story.store.read(unread_conversations, OMAR) == 0
    await story.store.write(read_interaction, ReadInteraction(interaction_id=ann, agent_id=MIA))
    assert await story.store.read(unread_conversations, MIA) == 0
    assert await story.store.read(conversation_list.ongoing_items, MIA, others=False) == []


async def test_thanks_to_another_name_start_a_conversation(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.close(ann, MIA)
    assert (await story.text("thanks printer", to=DIRECT)).interaction_id != ann


async def test_a_blank_text_to_live_agents_is_stored_and_queues_nothing(story: Story) -> None:
    blank = await story.text("\u200b \u2800", to=DIRECT)
    kept = await story.see(blank.interaction_id or 0)
    assert (blank.outcome, kept.state, kept.owner.kind) == (
        ReceiveOutcome.STORED,
        State.CLOSED_COMPLETE,
        Owner.NONE,
    )
    assert await story.count(t.work_items) == 0
    assert await story.count(t.due_work) == 0
    await story.text("", to=DIRECT)
    first = await story.text("my badge is stuck", to=DIRECT)
    assert first.interaction_id != blank.interaction_id
    assert await story.count(t.work_items) == 1
    assert (await story.text(" ", to=DIRECT)).interaction_id == first.interaction_id
    assert [line.body for line in await story.lines(first.interaction_id or 0)][-1] == " "


async def test_thanks_on_the_virtual_agents_number_start_a_new_conversation(story: Story) -> None:
    ann = (await story.text("where is my badge", to=MAIN)).interaction_id or 0
    await story.hand_off(ann)
    await story.available(MIA)
    await story.offer()
    await story.accept((await story.inbox(MIA))[-1].id, MIA)
    await story.close(ann)
    assert (await story.text("Thanks!", to=MAIN)).interaction_id != ann
