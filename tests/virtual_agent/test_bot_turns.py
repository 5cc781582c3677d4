"""The virtual agent's turns. A turn belongs to an epoch, and its answer counts only in that epoch.
A conversation never has two turns at a time.
"""

from datetime import timedelta

import pytest

from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.virtual_agent.finish_turn import NO_ANSWER, FinishTurn, finish_turn
from handoff_service.operations.virtual_agent.turn_input import PICTURE
from handoff_service.ports.bot import BotReply, Understood
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, TurnOutcome, Work
from handoff_service.rules.virtual_agent.bot_text import Choice
from handoff_service.store.engine import tables as t
from handoff_service.store.virtual_agent import bot_turns
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, MAIN, MIA, Story


@pytest.fixture
async def ann(story: Story) -> int:
    """Ann's interaction with the virtual agent, after her first text."""
    return (await story.text("hi, my laptop won't start")).interaction_id or 0


async def turns_due(story: Story) -> list[object]:
    return await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)


async def test_after_an_answer_is_sent_no_turn_is_due(story: Story, ann: int) -> None:
    question = await story.begin(ann)
    assert question is not None
    assert (question.sender, question.message) == (str(ann), "hi, my laptop won't start")
    assert question.metadata == {"interaction_id": ann, "epoch": 1}
    assert await story.finish(question, "What do you see?", "Any lights?") is TurnOutcome.ANSWERED
    assert await story.texted(ann) == ["What do you see?", "Any lights?"]
    assert await turns_due(story) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER) == 2


async def test_a_burst_of_texts_is_one_turn_in_which_a_placeholder_stands_for_a_picture(
    story: Story, ann: int
) -> None:
    await story.text("it worked yesterday")
    picture = (Attachment("https://example.com/p.png", "image/png"),)
    text = Text(sid="MM1", requester_number=ANN, provider_number=MAIN, body="\u200b", media=picture)
    await story.store.write(receive_sms, text)
    question = await story.begin(ann)
    assert question is not None
    assert question.message == f"hi, my laptop won't start\nit worked yesterday\n{PICTURE}"


async def test_a_text_that_arrives_during_a_turn_starts_the_next_turn(
    story: Story, ann: int, clock: MovedClock
) -> None:
    first = await story.begin(ann)
    assert first is not None
    await story.text("and the screen is black")
    await story.finish(first, "Sorry about that.")
    (work,) = await turns_due(story)
    assert work.due_at == clock() + timedelta(seconds=1.5)  # type: ignore[attr-defined]
    second = await story.begin(ann)
    assert second is not None
    assert (second.message, second.turn_id != first.turn_id) == ("and the screen is black", True)


async def test_a_burst_after_an_answer_becomes_due_although_texts_keep_coming(
    story: Story, ann: int, clock: MovedClock
) -> None:
    first = await story.begin(ann)
    assert first is not None
    clock.move(60)
    await story.text("and")
    await story.finish(first, "Sorry about that.")
    for _ in range(16):
        clock.move(1)
        await story.text("the screen is black")
    (work,) = await turns_due(story)
    assert work.due_at == clock() - timedelta(seconds=1)  # type: ignore[attr-defined]


async def test_a_turn_that_begins_again_after_a_crash_is_unchanged(story: Story, ann: int) -> None:
    first = await story.begin(ann)
    await story.text("more")
    assert await story.begin(ann) == first


async def test_a_late_answer_is_not_sent_but_shown_to_agents(story: Story, ann: int) -> None:
    question = await story.begin(ann)
    assert question is not None
    await story.write(ann, "Mia here, I take this.", MIA)
    assert await story.finish(question, "Have you tried turning it off?") is TurnOutcome.LATE
    assert await story.texted(ann) == ["Mia here, I take this."]
    (late,) = [line for line in await story.lines(ann) if line.event is Event.LATE_REPLY]
    assert (late.body, late.reason, late.status) == (
        "Have you tried turning it off?",
        "because the conversation had moved on",
        None,
    )
    assert (late.kind, late.author.kind) == (Kind.NOTE, Author.VIRTUAL_AGENT)


async def test_a_handoff_after_a_failed_turn_has_the_earlier_collected_facts(
    story: Story, ann: int
) -> None:
    first = await story.begin(ann)
    assert first is not None
    await story.finish(
        first,
        "How much does this affect you?",
        understood=Understood(collected={"Problem": "my laptop is slow"}),
    )
    await story.text("2")
    second = await story.begin(ann)
    assert second is not None
    await story.finish(second, failure="The virtual agent did not answer in time.")
    (item,) = await story.rows(t.work_items)
    assert item.collected == {"Problem": "my laptop is slow", "Case": "CS0000001"}


async def test_a_turn_is_valid_until_an_agent_takes_over(story: Story, ann: int) -> None:
    first = await story.begin(ann)
    assert first is not None
    turn = int(first.turn_id)
    assert await story.store.read(bot_turns.is_valid, turn)
    await story.write(ann, "Mia here, I take this.", MIA)
    assert not await story.store.read(bot_turns.is_valid, turn)


async def test_an_answer_to_a_closed_interaction_is_late(story: Story, ann: int) -> None:
    question = await story.begin(ann)
    assert question is not None
    await story.close(ann)
    assert await story.finish(question, "Hello?") is TurnOutcome.LATE
    assert "Hello?" not in await story.texted(ann)


async def test_the_answer_of_a_turn_is_sent_before_its_handoff(story: Story, ann: int) -> None:
    from handoff_service.operations.virtual_agent.request_hand_off import (
        RequestHandOff,
        request_hand_off,
    )

    question = await story.begin(ann)
    assert question is not None
    wish = RequestHandOff(
        turn_id=int(question.turn_id), reason="Asked for a person.", collected={"Device": "laptop"}
    )
    await story.store.write(request_hand_off, wish)
    await story.finish(question, "Sure.")
    await story.offer()
    assert (await story.texted(ann))[0] == "Sure."
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.epoch) == (Owner.QUEUE, 2)
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected) == ("Asked for a person.", {"Device": "laptop"})
    (marker,) = [line for line in await story.lines(ann) if line.event is Event.OWNER_CHANGED]
    assert (marker.body, marker.reason, marker.owner, marker.epoch) == (
        "Handed to Service desk", "Asked for a person.", Owner.QUEUE, 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("The virtual agent could not be reached.", "The virtual agent could not be reached."),
        (None, NO_ANSWER),
    ],
)
async def test_a_failing_or_silent_bot_hands_over_with_the_reason(
    story: Story, ann: int, failure: str | None, reason: str
) -> None:
    question = await story.begin(ann)
    assert question is not None
    assert await story.finish(question, failure=failure) is TurnOutcome.FAILED
    (item,) = await story.rows(t.work_items)
    assert item.reason == reason
    assert await turns_due(story) == []


async def test_a_number_or_title_of_the_last_choices_becomes_the_payload(
    story: Story, ann: int
) -> None:
    question = await story.begin(ann)
    assert question is not None
    choices = (Choice("I can't work", "/blocked"), Choice("I can still work", "/working"))
    said = BotReply(text="How much does this affect you?", choices=choices)
    await story.store.write(finish_turn, FinishTurn(turn_id=int(question.turn_id), replies=[said]))
    assert await story.texted(ann) == [
        "How much does this affect you?\n1 I can't work\n2 I can still work"
    ]
    await story.text("2")
    answer = await story.begin(ann)
    assert answer is not None
    assert answer.message == "/working"
    await story.finish(answer, "Good.")
    await story.text("2")
    later = await story.begin(ann)
    assert later is not None
    assert later.message == "2", "the choices are gone with the next answer"


async def test_a_payload_that_a_requester_texts_loses_its_slash(story: Story) -> None:
    received = await story.text('/inform_impact{"impact":"blocked"}', number="+12025550102")
    question = await story.begin(received.interaction_id or 0)
    assert question is not None
    assert not question.message.startswith("/")


async def test_a_long_answer_is_split(story: Story, ann: int) -> None:
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, "A sentence of a bot that talks too much. " * 60)
    parts = await story.texted(ann)
    assert [len(part) <= 1600 for part in parts] == [True, True]
    assert parts[0].endswith(".")


async def test_a_turn_opens_its_case_once(story: Story, ann: int) -> None:
    question = await story.begin(ann)
    assert question is not None
    command = OpenInTurn(
        turn_id=int(question.turn_id),
        description="laptop won't start",
        device="laptop",
        impact="blocked",
    )
    numbers = [await story.store.write(open_case, command) for _ in range(2)]
    assert numbers == ["CS0000001", "CS0000001"]
    assert await story.count(t.cases) == 1
    assert [line.body for line in await story.lines(ann) if line.event is Event.CASE_OPENED] == [
        "Case CS0000001 opened"
    ]


async def test_a_bot_that_texts_the_virtual_agent_is_handed_to_an_agent(
    story: Story, clock: MovedClock
) -> None:
    """The limit counts the replies to a number in ten minutes, across its conversations, because a
    bot may also end conversations.
    """
    await story.store.write(change_desk, {"most_answers": 5})
    for n in range(5):
        interaction = (await story.text(f"beep {n}")).interaction_id or 0
        question = await story.begin(interaction)
        assert question is not None
        await story.finish(question, f"boop {n}")
        if n == 2:
            await story.text("bye")
    interaction = (await story.text("beep")).interaction_id or 0
    assert await story.begin(interaction) is None
    seen = await story.see(interaction)
    assert seen.owner.kind is Owner.QUEUE
    (item,) = await story.rows(t.work_items, t.work_items.c.interaction_id == interaction)
    assert (
        item.reason == "The virtual agent sent this number too many replies in ten minutes. The "
        "sender may be a bot."
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0
    other = (await story.text("hi", number=BOB)).interaction_id or 0
    assert await story.begin(other) is not None
    clock.move(601)
    await story.close(interaction)
    later = (await story.text("it is me")).interaction_id or 0
    assert await story.begin(later) is not None


async def test_the_bot_does_not_see_a_signature_that_the_conversation_keeps(story: Story) -> None:
    body = "my laptop\n\nSent from my iPhone"
    interaction = (await story.text(body)).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    assert question.message == "my laptop"
    assert (await story.lines(interaction))[0].body == body
