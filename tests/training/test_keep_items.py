"""Texts that wait for a trainer: why the desk keeps them, and what it stores."""

from datetime import UTC, datetime

import pytest

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.training import keep_items
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)
from handoff_service.operations.virtual_agent.teach_turns import (
    MarkMisunderstood,
    mark_misunderstood,
)
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.identity.proof import Expects
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.training import items
from tests.conftest import Heard
from tests.support.story import ANN, BOB, MIA, STRANGER, Story

SURE = (("report_problem", 0.9), ("case_status", 0.05), ("help", 0.02))
CLOSE = (("report_problem", 0.4), ("case_status", 0.35), ("help", 0.1))


@pytest.fixture(autouse=True)
def no_audit_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    draw(monkeypatch, drawn=False)


def draw(monkeypatch: pytest.MonkeyPatch, *, drawn: bool) -> None:
    monkeypatch.setattr(keep_items.order, "is_drawn", lambda *_: drawn)


async def text_and_answer(
    story: Story,
    body: str,
    intent: str | None,
    ranking: tuple[tuple[str, float], ...] = SURE,
    *,
    number: str = ANN,
    hands_off: bool = False,
    answer: str = "What is wrong?",
) -> int:
    """Receive a text and let the bot answer. Return the interaction."""
    interaction = (await story.text(body, number=number)).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    if hands_off:
        wish = RequestHandOff(turn_id=int(question.turn_id), reason="Not understood.")
        await story.store.write(request_hand_off, wish)
    await story.finish(
        question,
        answer,
        understood=Understood(intent=intent, confidence=ranking[0][1] if ranking else None),
        how=HowUnderstood(model="m1", ranking=ranking, form="problem_form", slot="device"),
    )
    return interaction


async def kept_items(story: Story) -> list[tuple[str, str, str | None]]:
    return [(row.text, row.source, row.suggestion) for row in await story.rows(t.trainer_items)]


@pytest.mark.parametrize(
    ("intent", "ranking", "source"),
    [("nlu_fallback", SURE, "fallback"), ("report_problem", CLOSE, "small_margin")],
)
async def test_an_unclear_text_waits_with_everything_that_a_trainer_needs(
    story: Story, intent: str, ranking: tuple[tuple[str, float], ...], source: str
) -> None:
    await text_and_answer(story, "hello Ann here", "greet", answer="Hi Ann Lee, what is wrong?")
    await text_and_answer(story, "the thingy, Ann has it, call 2025550101", intent, ranking)
    (item,) = await story.rows(t.trainer_items)
    assert (item.text, item.source) == ("the thingy, ‹name› has it, call ‹number›", source)
    assert item.question == "Hi ‹name›, what is wrong?"
    assert (item.form, item.slot, item.model) == ("problem_form", "device", "m1")
    assert item.ranking == [list(one) for one in ranking]
    assert ANN not in str(tuple(item))


@pytest.mark.parametrize("gate", ["nlu_fallback", "unsure_topic"])
async def test_an_item_has_the_confidence_of_the_classifier_and_not_of_a_gate(
    story: Story, gate: str
) -> None:
    await text_and_answer(
        story, "my thing is gone", gate, ((gate, 1.0), ("case_status", 0.61), ("help", 0.3))
    )
    (item,) = await story.rows(t.trainer_items)
    assert (item.intent, item.confidence) == (gate, 0.61)
    assert item.margin == pytest.approx(0.31)
    assert item.ranking == [["case_status", 0.61], ["help", 0.3]]


async def test_a_turn_stores_model_ranking_and_question(story: Story) -> None:
    await text_and_answer(story, "hello", "greet")
    (turn,) = await story.rows(t.bot_turns)
    assert (turn.model, turn.ranking) == ("m1", [list(one) for one in SURE])
    assert turn.asked == {"form": "problem_form", "slot": "device"}
    assert await kept_items(story) == []


async def test_a_rephrased_text_suggests_its_intent(story: Story) -> None:
    await text_and_answer(story, "the thingy is gone", "nlu_fallback")
    await text_and_answer(story, "my laptop was stolen", "report_problem")
    assert await kept_items(story) == [("the thingy is gone", "reworded", "report_problem")]


async def test_a_handoff_after_a_fallback_has_a_higher_weight(story: Story) -> None:
    await text_and_answer(story, "its doing the thing again", "nlu_fallback")
    await text_and_answer(story, "no the other one", "nlu_fallback", hands_off=True)
    assert await kept_items(story) == [
        ("its doing the thing again", "handoff", None),
        ("no the other one", "handoff", None),
    ]


async def test_a_request_for_a_person_marks_the_previous_text_as_not_understood(
    story: Story,
) -> None:
    await text_and_answer(story, "its doing the thing again", "nlu_fallback")
    await story.text("AGENT")
    assert await kept_items(story) == [("its doing the thing again", "handoff", None)]


async def test_a_request_for_a_person_does_not_mark_an_understood_text(
    story: Story,
) -> None:
    await text_and_answer(story, "my laptop is dead", "report_problem")
    await story.text("AGENT")
    assert await kept_items(story) == []


@pytest.mark.parametrize("gives_up", ["restart", "never mind"])
async def test_a_requester_who_gives_up_marks_the_text_as_possibly_not_understood(
    story: Story, gives_up: str
) -> None:
    await text_and_answer(story, "my laptop is dead", "report_problem")
    if gives_up == "restart":
        await story.text("RESTART")
    else:
        await text_and_answer(story, "forget it", "never_mind")
    assert await kept_items(story) == [("my laptop is dead", "gave_up", None)]


async def test_an_agent_flags_a_misunderstood_text(story: Story) -> None:
    interaction = await text_and_answer(story, "the thingy is gone", "report_problem")
    answer = next(m for m in await story.lines(interaction) if m.direction == "outbound")
    command = MarkMisunderstood(interaction_id=interaction, message_id=answer.id, agent_id=MIA)
    made = await story.store.write(mark_misunderstood, command)
    assert await story.store.write(mark_misunderstood, command) == made
    (item,) = await story.rows(t.trainer_items)
    assert (item.text, item.source, item.marked_by) == ("the thingy is gone", "misunderstood", MIA)


async def test_open_pages_of_the_conversation_hear_about_the_mark(
    story: Story, heard: Heard
) -> None:
    interaction = await text_and_answer(story, "the thingy is gone", "report_problem")
    answer = next(m for m in await story.lines(interaction) if m.direction == "outbound")
    heard.hints.clear()
    await story.store.write(
        mark_misunderstood,
        MarkMisunderstood(interaction_id=interaction, message_id=answer.id, agent_id=MIA),
    )
    assert f"interaction:{interaction}" in {hint.channel for hint in heard.hints}


async def test_a_flagged_text_comes_first_even_if_the_virtual_agent_was_confident(
    story: Story,
) -> None:
    await text_and_answer(story, "who feeds the fish", "nlu_fallback", CLOSE, number=BOB)
    sure = await text_and_answer(story, "the gizmo smells of fish", "report_problem")
    doubted = await text_and_answer(
        story, "nobody answers the door", "nlu_fallback", number=STRANGER
    )
    for interaction in (sure, doubted):
        answer = next(m for m in await story.lines(interaction) if m.direction == "outbound")
        command = MarkMisunderstood(interaction_id=interaction, message_id=answer.id, agent_id=MIA)
        await story.store.write(mark_misunderstood, command)
    queue = await story.store.read(items.queue, MIA, datetime.now(UTC))
    assert [one.text for one in queue.items] == [
        "nobody answers the door",
        "the gizmo smells of fish",
        "who feeds the fish",
    ]


async def test_only_an_answer_to_a_text_can_be_flagged(story: Story) -> None:
    interaction = await text_and_answer(story, "hi", "greet")
    text = next(m for m in await story.lines(interaction) if m.direction == "inbound")
    with pytest.raises(NotFound):
        await story.store.write(
            mark_misunderstood,
            MarkMisunderstood(interaction_id=interaction, message_id=text.id, agent_id=MIA),
        )
    silent = (await story.text("hi", number=BOB)).interaction_id or 0
    question = await story.begin(silent)
    assert question is not None
    await story.finish(question, "An answer of a bot that does not report.")
    answer = next(m for m in await story.lines(silent) if m.direction == "outbound")
    with pytest.raises(BadInput):
        await story.store.write(
            mark_misunderstood,
            MarkMisunderstood(interaction_id=silent, message_id=answer.id, agent_id=MIA),
        )


@pytest.mark.parametrize("expects", [Expects.CODE, Expects.FACT])
async def test_a_text_with_a_secret_never_becomes_an_item(story: Story, expects: Expects) -> None:
    interaction = await text_and_answer(story, "hello", "greet")
    await story.store.write(
        lambda tx, _: interactions.put_expects(tx.conn, interaction, expects), None
    )
    await text_and_answer(story, "maple street is where i grew up", "nlu_fallback")
    await text_and_answer(story, "forget it", "never_mind")
    assert await kept_items(story) == []
    answer = [m for m in await story.lines(interaction) if m.direction == "outbound"][1]
    command = MarkMisunderstood(interaction_id=interaction, message_id=answer.id, agent_id=MIA)
    assert await story.store.write(mark_misunderstood, command) is None
    assert await kept_items(story) == []


async def test_a_text_with_only_a_number_is_not_kept(story: Story) -> None:
    await text_and_answer(story, "2025550101", "nlu_fallback")
    assert await kept_items(story) == []


async def test_a_flagged_text_of_the_audit_stays_in_the_audit(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(monkeypatch, drawn=True)
    interaction = await text_and_answer(story, "the thingy is gone", "report_problem")
    answer = next(m for m in await story.lines(interaction) if m.direction == "outbound")
    command = MarkMisunderstood(interaction_id=interaction, message_id=answer.id, agent_id=MIA)
    await story.store.write(mark_misunderstood, command)
    (item,) = await story.rows(t.trainer_items)
    assert (item.lane, item.source, item.marked_by) == ("audit", "audit", MIA)


async def test_similar_texts_of_several_requesters_form_one_cluster(story: Story) -> None:
    await text_and_answer(story, "my badge is stuck", "nlu_fallback")
    await text_and_answer(story, "is the cafeteria open", "nlu_fallback", number=BOB)
    await text_and_answer(story, "My badge is stuck!!", "nlu_fallback", number=BOB)
    await text_and_answer(story, "badge is stuck", "nlu_fallback", number=STRANGER)
    first, other, same, near = await story.rows(t.trainer_items)
    assert [one.cluster for one in (first, same, near)] == [first.id] * 3
    assert other.cluster == other.id
    assert len({one.requester for one in (first, same, near)}) == 3
