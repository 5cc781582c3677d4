"""Practice reads past conversations masked and records its runs, on both databases."""

from datetime import timedelta

import pytest

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.conversations.fetch_media import FinishFetch, finish_fetch
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.desk.labels import MakeLabel, make_label
from handoff_service.operations.shared.uploads import StoredUpload
from handoff_service.operations.training.practice_runs import (
    BeginPractice,
    EndPractice,
    begin_practice,
    end_practice,
    interrupt_practice,
)
from handoff_service.rules.conversations.media import AcceptedFile
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.training.practice import (
    TEXTS_KEPT,
    PracticeChoice,
    PracticeSource,
    PracticeState,
    Speaker,
    rounds_of,
)
from handoff_service.rules.training.practice_score import score_one, score_run
from handoff_service.store.engine import tables as t
from handoff_service.store.training import practice_runs, practice_source
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, Story


def choice(
    clock: MovedClock, *, conversations: int = 10, queue: int | None = None
) -> PracticeChoice:
    day = clock().date()
    return PracticeChoice(
        source=PracticeSource.PAST,
        conversations=conversations,
        speed=1,
        queue_id=queue,
        first_day=day,
        last_day=day,
    )


async def past(story: Story, clock: MovedClock, number: str, answer_after: float) -> None:
    interaction = await story.with_agent(MIA, number=number)
    clock.move(answer_after)
    await story.write(interaction, "Hello Ann Lee, I'll text you in an hour.")
    await story.text(f"{number} or ann@example.com", number=number, to=DIRECT)
    await story.store.write(
        close_interaction, CloseInteraction(interaction_id=interaction, agent_id=MIA, topic_id=1)
    )


async def test_past_conversations_are_masked_and_chosen(story: Story, clock: MovedClock) -> None:
    label = MakeLabel(name="Badge", color=Color.BLUE, topic=True)
    assert await story.store.write(make_label, label) == 1
    await past(story, clock, ANN, 30)
    await past(story, clock, BOB, 50)
    await story.with_agent(MIA, number=ANN)  # This conversation is not closed.
    read = story.store.read
    one, _ = await read(practice_source.past_conversations, choice(clock))
    assert [(line.speaker, line.text) for line in one.lines] == [
        (Speaker.REQUESTER, "my badge is stuck"),
        (Speaker.AGENT, "Hello ‹name›, I'll text you in an hour."),
        (Speaker.REQUESTER, "‹number› or ‹email›"),
    ]
    assert one.topic == "Badge"
    assert await read(practice_source.median_first_answer, choice(clock)) == 40
    newest = choice(clock, conversations=1)
    assert len(await read(practice_source.past_conversations, newest)) == 1
    other = choice(clock, queue=99)
    assert await read(practice_source.past_conversations, other) == []


async def test_a_practice_conversation_keeps_the_virtual_agents_part_and_the_pictures(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    one = (await story.text("Ann Lee, my dock is dead", number=ANN)).interaction_id or 0
    question = await story.begin(one)
    assert question is not None
    await story.finish(question, "Sorry, Ann. Reply 1 Dock or 2 Laptop.")
    clock.move(60)
    picture = Text(
        sid="MM1",
        requester_number=ANN,
        provider_number=MAIN,
        body="1",
        media=(Attachment("x:1", "image/png"),),
    )
    await story.store.write(receive_sms, picture)
    (medium,) = await story.rows(t.media)
    taken = AcceptedFile("image/png", 1, 1)
    stored = StoredUpload(file="0" * 64, size=1, taken=taken)
    finish = FinishFetch(media_id=medium.id, attempts=1, result=stored)
    await story.store.write(finish_fetch, finish)
    clock.move(5)
    await story.hand_off(one)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.accept(offer.id, MIA)
    await story.write(one, "Which dock?")
    await story.close(one)
    (read,) = await story.store.read(practice_source.past_conversations, choice(clock))
    assert [(line.speaker, line.text, line.pictures) for line in read.lines] == [
        (Speaker.REQUESTER, "‹name›, my dock is dead", 0),
        (Speaker.VIRTUAL_AGENT, "Sorry, ‹name›. Reply 1 Dock or 2 Laptop.", 0),
        (Speaker.REQUESTER, "1", 1),
        (Speaker.AGENT, "Which dock?", 0),
    ]
    (round_one,) = rounds_of(read, 1)
    assert [(text.text, text.past, len(text.replies)) for text in round_one] == [
        ("‹name›, my dock is dead", True, 1),
        ("1", True, 0),
    ]


async def test_runs_end_once_and_delete_their_texts(story: Story, clock: MovedClock) -> None:
    begin = BeginPractice(agent_id=MIA, started_by=OMAR, choice=choice(clock), conversations=1)
    run = await story.store.write(begin_practice, begin)
    with pytest.raises(Conflict):
        await story.store.write(begin_practice, begin)
    nobody = BeginPractice(agent_id=99, started_by=OMAR, choice=choice(clock), conversations=1)
    with pytest.raises(BadInput):
        await story.store.write(begin_practice, nobody)
    await story.store.write(make_label, MakeLabel(name="Badge", color=Color.BLUE, topic=True))
    await past(story, clock, ANN, 30)
    (one,) = await story.store.read(practice_source.past_conversations, choice(clock))
    score = score_run([score_one(one, one, until=clock(), left_out=0)], 30)
    ended = EndPractice(run_id=run, state=PracticeState.FINISHED, score=score)
    await story.store.write(end_practice, ended)
    again = EndPractice(run_id=run, state=PracticeState.IDLE)
    await story.store.write(end_practice, again)
    found = await story.store.read(practice_runs.get, run)
    assert (found.state, found.score) == (PracticeState.FINISHED, score)
    (listed,) = await story.store.read(practice_runs.list_, MIA)
    assert listed.score is not None
    assert listed.score.conversations == []

    await story.store.write(begin_practice, begin)
    clock.move((TEXTS_KEPT + timedelta(days=1)).total_seconds())
    assert await story.store.write(interrupt_practice, None) == 1
    kept = (await story.store.read(practice_runs.get, run)).score
    assert kept is not None
    assert kept.first_answer == 30
    assert [(one.lines, one.original_lines) for one in kept.conversations] == [([], [])]
