"""Masked real texts of the last days, and a trainer's decisions about their new answers."""

from sqlalchemy import select, update

from handoff_service.bot_control.trained_models import recent_days
from handoff_service.operations.training.promotion_blocks import promotion_blocks
from handoff_service.operations.training.replay import (
    JudgeReplayed,
    KeepReplay,
    Replayed,
    judge_replayed,
    keep_replay,
)
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.shared.vocabulary import ModelState, ReplayVerdict
from handoff_service.rules.training.comparison import Answer
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models, replay, test_sets
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, MIA, Story
from tests.training.model_story import FIRST, SECOND, registered

DAY = 24 * 60 * 60


async def text_and_answer(
    story: Story, *bodies: str, number: str = ANN, form: str | None = None
) -> None:
    """Let a requester text, and let the virtual agent answer all texts in one turn."""
    for body in bodies:
        received = await story.text(body, number=number)
    assert received.interaction_id is not None
    question = await story.begin(received.interaction_id)
    assert question is not None
    understood = Understood(intent="greet", confidence=0.9)
    how = HowUnderstood(model=FIRST, ranking=(("greet", 0.9),), form=form)
    await story.finish(question, "Hello.", understood=understood, how=how)


async def texts(store: Store, days: int = 7) -> list[str]:
    return [one.text for one in await store.read(recent_days, days)]


async def test_each_wording_is_listed_once_and_masked_and_a_burst_is_one_text(
    store: Store, story: Story
) -> None:
    await text_and_answer(story, "hello", "it is broken")
    await text_and_answer(story, "HELLO it is broken!", number=BOB)
    await text_and_answer(story, "call me on +12025550123", number=BOB)
    assert await texts(store) == ["call me on ‹number›", "HELLO it is broken!"]


async def test_the_same_words_in_a_form_count_as_another_text(store: Store, story: Story) -> None:
    await text_and_answer(story, "all day")
    await text_and_answer(story, "all day", form="problem_form")
    found = await store.read(recent_days, 7)
    assert [one.asked.get("form") for one in found] == ["problem_form", None]


async def test_older_texts_and_texts_in_an_identity_check_are_left_out(
    store: Store, story: Story, clock: MovedClock
) -> None:
    await text_and_answer(story, "long ago")
    clock.move(8 * DAY)
    await text_and_answer(story, "a secret", number=BOB)
    await store.write(expect_code, None)
    await text_and_answer(story, "now", number=BOB)
    assert await texts(store) == ["now"]
    assert await texts(store, days=9) == ["now", "long ago"]


async def replayed(store: Store, story: Story, *answers: tuple[str, str, str]) -> None:
    """Store texts with the intents that the old and the new model find."""
    for text, _, _ in answers:
        await text_and_answer(story, text)
    by_text = {one.text: one for one in await store.read(recent_days, 7)}
    made = [
        Replayed(
            text=by_text[text],
            before=Answer(intent=before, confidence=0.5),
            after=Answer(intent=after, confidence=0.6),
        )
        for text, before, after in answers
    ]
    await store.write(keep_replay, KeepReplay(model=SECOND, texts=made))


async def judge(store: Store, text: str, verdict: ReplayVerdict) -> None:
    [found] = [one for one in await store.read(replay.of_model, SECOND) if one.text == text]
    await store.write(judge_replayed, JudgeReplayed(id=found.id, verdict=verdict, agent_id=MIA))


async def test_only_changed_answers_are_kept(first: Store, story: Story) -> None:
    await registered(first, SECOND)
    await replayed(
        first,
        story,
        ("the wifi is down", "report_problem", "outage_news"),
        ("hello", "greet", "greet"),
        ("a poem please", "not_for_desk", "nlu_fallback"),
    )
    found = await first.read(replay.of_model, SECOND)
    assert [(one.text, one.before, one.after, one.verdict) for one in found] == [
        ("the wifi is down", "report_problem", "outage_news", None)
    ]


async def blocked(store: Store) -> list[str]:
    def read(conn: object) -> list[str]:
        running = models.in_state(conn, ModelState.RUNNING)  # type: ignore[arg-type]
        return promotion_blocks(conn, models.get(conn, SECOND), running)  # type: ignore[arg-type]

    return await store.read(read)


async def test_a_worse_answer_is_pinned_and_blocks_until_the_trainer_changes_the_decision(
    first: Store, story: Story
) -> None:
    await registered(first, SECOND)
    await replayed(first, story, ("the wifi is down", "report_problem", "outage_news"))
    assert await blocked(first) == []
    for _ in range(2):  # The second call changes nothing.
        await judge(first, "the wifi is down", ReplayVerdict.WORSE)
    [pinned] = await first.read(test_sets.pinned)
    assert (pinned.text, pinned.meant) == ("the wifi is down", "report_problem")
    assert await blocked(first) == [
        "The required text “the wifi is down” must mean report_problem. The new model takes it for "
        "outage_news."
    ]
    await judge(first, "the wifi is down", ReplayVerdict.BETTER)
    assert await first.read(test_sets.pinned) == []
    assert await blocked(first) == []


async def test_a_judged_text_stays_when_the_model_is_measured_again(
    first: Store, story: Story
) -> None:
    await registered(first, SECOND)
    await replayed(first, story, ("the wifi is down", "report_problem", "outage_news"))
    await judge(first, "the wifi is down", ReplayVerdict.SAME)
    await replayed(first, story, ("the wifi is down", "report_problem", "outage_news"))
    [kept] = await first.read(replay.of_model, SECOND)
    assert kept.verdict is ReplayVerdict.SAME


def expect_code(tx: Transaction, _: None) -> None:
    latest = tx.conn.execute(select(t.bot_turns.c.id).order_by(t.bot_turns.c.id.desc())).first()
    assert latest is not None
    tx.conn.execute(
        update(t.bot_turns).where(t.bot_turns.c.id == latest.id).values(expected="code")
    )
