"""The states of models: candidate, canary, running and kept, and rollbacks."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.training import change_model
from handoff_service.operations.training.change_model import (
    NewModel,
    Promote,
    RollBack,
    promote,
    register_model,
    roll_back,
)
from handoff_service.operations.training.judge_canary import judge_canary
from handoff_service.operations.training.keep_models import PinModel, drop_old_models, pin_model
from handoff_service.rules.shared.vocabulary import ModelState, PromotionKind, TurnOutcome
from handoff_service.rules.training.canary import CanaryVerdict
from handoff_service.rules.training.kept_models import LAST_TRAINED
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models
from tests.conftest import MovedClock
from tests.support.story import Story
from tests.training.model_story import FIRST, SECOND, THIRD, pin, registered, states


async def running(store: Store) -> str:
    found = await store.read(models.in_state, ModelState.RUNNING)
    return found.hash if found else ""


async def test_a_promoted_model_runs_and_the_other_is_kept(first: Store) -> None:
    await registered(first, SECOND)
    assert await states(first) == {FIRST: "running", SECOND: "candidate"}
    assert (await first.read(models.get, SECOND)).parent == FIRST
    await first.write(promote, Promote(hash=SECOND))
    assert await states(first) == {FIRST: "kept", SECOND: "running"}


async def test_a_new_candidate_replaces_the_earlier_one(first: Store) -> None:
    await registered(first, SECOND)
    await registered(first, THIRD)
    assert await states(first) == {FIRST: "running", SECOND: "kept", THIRD: "candidate"}


async def test_rolling_back_returns_to_the_model_that_ran_before(first: Store) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND))
    back = await first.write(roll_back, RollBack())
    assert back.hash == FIRST
    assert await states(first) == {FIRST: "running", SECOND: "kept"}
    kinds = [one.kind for one in await first.read(models.promotions)]
    assert kinds == [PromotionKind.ROLL_BACK, PromotionKind.PROMOTE, PromotionKind.AUTOMATIC]


async def test_a_first_model_cannot_be_rolled_back(first: Store) -> None:
    with pytest.raises(Conflict, match="nothing to return to"):
        await first.write(roll_back, RollBack())


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({"reasons": ["greet loses more than ten points."]}, "greet loses"),
        ({"against": THIRD}, "compared with one that no longer runs"),
    ],
    ids=["blocked", "measured beside another"],
)
async def test_promotion_is_refused_with_the_reason(
    first: Store, scores: dict[str, Any], says: str
) -> None:
    await registered(first, SECOND, **scores)
    with pytest.raises(Conflict, match=says):
        await first.write(promote, Promote(hash=SECOND))
    assert await running(first) == FIRST


async def test_a_model_without_a_measurement_is_not_promoted(first: Store) -> None:
    new = NewModel(hash=SECOND, file="b.tar.gz", data_hash="d")
    await first.write(register_model, new)
    with pytest.raises(Conflict, match="not been measured"):
        await first.write(promote, Promote(hash=SECOND))


async def test_a_text_that_was_pinned_later_requires_a_new_measurement(
    first: Store, story: Story
) -> None:
    await registered(first, SECOND)
    await first.write(pin, "the wifi is down")
    with pytest.raises(Conflict, match="“the wifi is down” became required after"):
        await first.write(promote, Promote(hash=SECOND))


async def test_a_hash_is_found_by_its_beginning(first: Store) -> None:
    await registered(first, "aaaa2222")
    assert (await first.read(models.get, "aaaa1")).hash == FIRST
    for typed in ("aaaa", "aaa", "", "zzzz", "%%%%", "candidate"):
        with pytest.raises(NotFound):
            await first.read(models.get, typed)


async def test_a_canary_runs_in_parallel_and_is_promoted_after_enough_turns(
    first: Store, story: Story, clock: MovedClock
) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND, canary=True))
    assert await states(first) == {FIRST: "running", SECOND: "canary"}
    assert await first.write(judge_canary, None) is CanaryVerdict.WAIT
    await store_turns(first, story, clock, SECOND, good=45, bad=5)
    await store_turns(first, story, clock, FIRST, good=45, bad=5)
    assert await first.write(judge_canary, None) is CanaryVerdict.PROMOTE
    assert await states(first) == {FIRST: "kept", SECOND: "running"}
    assert (await first.write(judge_canary, None)) is None
    assert (await first.write(roll_back, RollBack())).hash == FIRST


async def test_a_canary_that_hands_off_too_often_is_rolled_back(
    first: Store, story: Story, clock: MovedClock
) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND, canary=True))
    await store_turns(first, story, clock, SECOND, good=2, bad=8)
    await store_turns(first, story, clock, FIRST, good=28, bad=2)
    assert await first.write(judge_canary, None) is CanaryVerdict.ROLL_BACK
    assert await states(first) == {FIRST: "running", SECOND: "kept"}
    latest = (await first.read(models.promotions))[0]
    assert (latest.kind, latest.model, latest.reason) == (
        PromotionKind.AUTOMATIC,
        FIRST,
        "8 of 10 turns on the new model ended in a fallback or a handoff; 2 of 30 on the old one.",
    )


async def test_turns_before_the_canary_do_not_count(
    first: Store, story: Story, clock: MovedClock
) -> None:
    await registered(first, SECOND)
    await store_turns(first, story, clock, SECOND, good=0, bad=20)
    clock.move(60)
    await first.write(promote, Promote(hash=SECOND, canary=True))
    assert await first.write(judge_canary, None) is CanaryVerdict.WAIT


async def test_a_trainer_rolls_back_a_canary(first: Store) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND, canary=True))
    assert (await first.write(roll_back, RollBack())).hash == FIRST
    assert await states(first) == {FIRST: "running", SECOND: "kept"}


async def test_a_trainer_can_promote_a_canary_at_once(first: Store) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND, canary=True))
    await first.write(promote, Promote(hash=SECOND, canary=True))
    assert await states(first) == {FIRST: "kept", SECOND: "running"}


async def test_live_numbers_count_each_turn_once(
    first: Store, story: Story, clock: MovedClock
) -> None:
    began = clock()
    await store_turns(first, story, clock, FIRST, good=7, bad=3)
    clock.move(1)
    by_intent = await first.read(models.live, FIRST, began, clock())
    found = models.total(by_intent)
    assert [
        (share.part, share.whole)
        for share in (found.answered, found.fallbacks, found.handoffs, found.lost)
    ] == [(7, 10), (3, 10), (0, 10), (3, 10)]
    assert {name: one.lost.whole for name, one in by_intent.items()} == {
        "greet": 7,
        "nlu_fallback": 3,
    }
    assert await first.read(models.live, SECOND, began, clock()) == {}


async def test_a_model_without_its_file_cannot_run(first: Store) -> None:
    await registered(first, SECOND)
    await first.write(change_model.mark_missing, [FIRST, SECOND])
    assert await states(first) == {FIRST: "running", SECOND: "gone"}
    with pytest.raises(Conflict, match="gone"):
        await first.write(promote, Promote(hash=SECOND))


async def store_turns(
    store: Store, story: Story, clock: MovedClock, model: str, *, good: int, bad: int
) -> None:
    """Store turns of a model: some that it answered, and some that it did not understand."""
    texted = await story.text("hello")
    rows = [
        {
            "interaction_id": texted.interaction_id,
            "epoch": 0,
            "up_to_seq": 1,
            "asked_at": clock(),
            "answered_at": clock(),
            "outcome": TurnOutcome.ANSWERED,
            "model": model,
            "understood": {"intent": "nlu_fallback" if n < bad else "greet", "did": []},
        }
        for n in range(good + bad)
    ]

    def write(tx: Transaction, _: None) -> None:
        tx.conn.execute(update(t.bot_turns).values(answered_at=tx.now))
        tx.conn.execute(insert(t.bot_turns), rows)

    await store.write(write, None)


async def test_old_models_lose_their_files_unless_they_are_needed(first: Store) -> None:
    hashes = [f"dddd{n:04}" for n in range(LAST_TRAINED + 4)]
    for hash in hashes:
        await registered(first, hash)
    await first.write(pin_model, PinModel(hash=hashes[1], is_pinned=True))
    assert await first.write(drop_old_models, None) == [
        f"{one}.tar.gz" for one in (hashes[3], hashes[2], hashes[0])
    ]
    assert await first.write(drop_old_models, None) == []
    found = await states(first)
    assert (found[FIRST], found[hashes[1]], found[hashes[0]]) == ("running", "kept", "gone")
    await first.write(pin_model, PinModel(hash=hashes[1], is_pinned=False))
    assert await first.write(drop_old_models, None) == [f"{hashes[1]}.tar.gz"]
    with pytest.raises(Conflict, match="gone"):
        await first.write(pin_model, PinModel(hash=hashes[1], is_pinned=True))


async def test_the_target_of_a_rollback_is_kept(first: Store) -> None:
    await registered(first, SECOND)
    await first.write(promote, Promote(hash=SECOND))
    for n in range(LAST_TRAINED + 1):
        await registered(first, f"dddd{n:04}")
    assert await first.write(drop_old_models, None) == ["dddd0000.tar.gz"]
    assert (await first.write(roll_back, RollBack())).hash == FIRST
