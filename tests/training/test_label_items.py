"""Trainers label texts, and the service writes the labels to files and undoes them. Two trainers
can work at the same time, and the service can end in between.
"""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handoff_service.bot_control import labeling
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.training.label_items import LabelItem, label_item
from handoff_service.operations.training.settle_dispute import SettleDispute
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, TrainerLane
from handoff_service.rules.training import order
from handoff_service.store.engine import tables as t
from handoff_service.store.training import items, labels, trainers_work
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, MIA, OMAR, STRANGER, Story

GREETINGS = "data/nlu/greetings.yml"


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Replace the random draw for the audit and for second labels."""
    drawn = {"audit": False, "second": False}
    monkeypatch.setattr(order, "is_drawn", lambda _key, what, _number: drawn[what])
    return drawn


@pytest.fixture
def data(tmp_path: Path) -> BotData:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    for name in ("greetings", "office_hours", "talk_to_person"):
        shutil.copy(ROOT / "data" / "nlu" / f"{name}.yml", tmp_path / "data" / "nlu")
    shutil.copy(ROOT / "domain.yml", tmp_path)
    return BotData(tmp_path)


async def add_missed_text(story: Story, body: str, number: str = ANN) -> int:
    """Receive a text that the virtual agent does not understand. Return its item."""
    interaction = (await story.text(body, number=number)).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    ranking = (("thanks", 0.4), ("bye", 0.3))
    await story.finish(
        question,
        "Could you say that in other words?",
        understood=Understood(intent="nlu_fallback", confidence=0.4),
        how=HowUnderstood(model="m1", ranking=ranking),
    )
    return int((await story.rows(t.trainer_items))[-1].id)


def as_thanks(item: int, agent: int = MIA, **more: object) -> LabelItem:
    given = {"verdict": LabelVerdict.INTENT, "intent": "thanks"} | more
    return LabelItem(item_id=item, agent_id=agent, **given)  # type: ignore[arg-type]


def thanks(data: BotData) -> list[str]:
    return [one.text for one in data.intents()["thanks"].examples]


async def states(story: Story) -> list[str]:
    return [row.state for row in await story.rows(t.trainer_items)]


async def test_a_label_is_written_to_the_file_and_undone(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    before = (data.root / GREETINGS).read_bytes()
    item = await add_missed_text(story, "you are a star, call 2025550101")
    assert not await story.store.read(trainers_work.exists)
    made, change = await labeling.label(story.store, data, as_thanks(item))
    assert await story.store.read(trainers_work.exists)
    assert change.file == GREETINGS
    assert thanks(data)[-1] == "you are a star, call"
    (label,) = await story.store.read(labels.of_batch, made.batch)
    assert (label.intent, label.example, label.file) == (
        "thanks",
        "you are a star, call",
        GREETINGS,
    )
    assert await states(story) == ["labeled"]
    assert await labeling.undo_label(story.store, data, MIA) == (item, [])
    assert (data.root / GREETINGS).read_bytes() == before
    assert await states(story) == ["waiting"]
    assert len(await story.rows(t.trainer_labels)) == 1, "labels are never deleted"
    with pytest.raises(NotFound):
        await labeling.undo_label(story.store, data, MIA)


async def test_a_whole_cluster_is_labeled_and_undone_at_once(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    before = (data.root / GREETINGS).read_bytes()
    first = await add_missed_text(story, "you are a total star")
    await add_missed_text(story, "You are a total star!!", BOB)
    await add_missed_text(story, "you are a star totally", STRANGER)
    await labeling.label(story.store, data, as_thanks(first, whole_cluster=True))
    assert await states(story) == ["labeled"] * 3
    assert thanks(data)[-3:] == [
        "you are a total star",
        "You are a total star!!",
        "you are a star totally",
    ]
    await labeling.undo_label(story.store, data, MIA)
    assert (data.root / GREETINGS).read_bytes() == before
    assert await states(story) == ["waiting"] * 3


async def test_undo_of_a_label_keeps_an_example_that_existed_before(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    data.add("thanks", ["you are a star"])
    before = (data.root / GREETINGS).read_bytes()
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item))
    await labeling.undo_label(story.store, data, MIA)
    assert (data.root / GREETINGS).read_bytes() == before


async def test_the_slower_of_two_trainers_gets_an_error_and_changes_no_file(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item))
    before = (data.root / "data/nlu/office_hours.yml").read_bytes()
    with pytest.raises(Conflict, match=r"Mia Chen has labeled this text already as thanks\."):
        await labeling.label(story.store, data, as_thanks(item, OMAR, intent="office_hours"))
    assert (data.root / "data/nlu/office_hours.yml").read_bytes() == before


async def test_a_label_whose_file_cannot_be_written_is_undone(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    (data.root / GREETINGS).write_text("nlu:\n- intent: thanks\n  examples: |\n    - a\n")
    with pytest.raises(Conflict, match="Edit it in a text editor"):
        await labeling.label(story.store, data, as_thanks(item))
    assert await states(story) == ["waiting"]


async def test_a_service_that_ends_in_between_writes_the_example_later(
    story: Story, clock: MovedClock, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    await story.store.write(label_item, as_thanks(item))
    assert "you are a star" not in thanks(data)
    assert await labeling.finish_unwritten(story.store, data, clock.now) == 0, (
        "the example is not written yet"
    )
    later = clock.now + timedelta(minutes=1)
    assert await labeling.finish_unwritten(story.store, data, later) == 1
    assert thanks(data)[-1] == "you are a star"
    assert await labeling.finish_unwritten(story.store, data, later) == 0


@pytest.mark.parametrize(
    ("verdict", "state"), [(LabelVerdict.NOT_FOR_BOT, "labeled"), (LabelVerdict.UNSURE, "unsure")]
)
async def test_other_decisions_write_no_example(
    story: Story, data: BotData, draws: dict[str, bool], verdict: LabelVerdict, state: str
) -> None:
    before = (data.root / GREETINGS).read_bytes()
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, LabelItem(item_id=item, agent_id=MIA, verdict=verdict))
    assert await states(story) == [state]
    assert (data.root / GREETINGS).read_bytes() == before


async def test_a_text_about_which_a_trainer_is_unsure_waits_for_a_colleague(
    story: Story, clock: MovedClock, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    unsure = LabelItem(item_id=item, agent_id=MIA, verdict=LabelVerdict.UNSURE)
    await labeling.label(story.store, data, unsure)
    mine = await story.store.read(items.queue, MIA, clock.now)
    omars = await story.store.read(items.queue, OMAR, clock.now)
    assert ([one.id for one in mine.items], [one.id for one in omars.items]) == ([], [item])
    await labeling.label(story.store, data, as_thanks(item, OMAR))
    assert await states(story) == ["labeled"]


async def test_a_second_label_is_blind_and_the_two_labels_are_compared(
    story: Story, clock: MovedClock, data: BotData, draws: dict[str, bool]
) -> None:
    draws["second"] = True
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item))
    assert await states(story) == ["second"]
    now = clock.now
    assert (await story.store.read(items.queue, MIA, now)).items == []
    week = now + timedelta(days=7, minutes=1)
    assert [one.id for one in (await story.store.read(items.queue, MIA, week)).items] == [item]
    (shown,) = (await story.store.read(items.queue, OMAR, now)).items
    assert (shown.intent, shown.confidence) == (None, None)
    assert {one.confidence for one in shown.ranking} == {0.0}
    before = (data.root / GREETINGS).read_bytes()
    await labeling.label(story.store, data, as_thanks(item, OMAR, intent="bye"))
    assert (data.root / GREETINGS).read_bytes() == before
    found = await story.store.read(labels.agreed)
    assert [(one.first, one.second) for one in found.disputes] == [("thanks", "bye")]
    assert found.pairs == 1


async def test_labels_of_the_audit_go_only_to_the_test_texts(
    story: Story, clock: MovedClock, data: BotData, draws: dict[str, bool]
) -> None:
    draws["audit"] = True
    item = await add_missed_text(story, "you are a star")
    (shown,) = (await story.store.read(items.queue, MIA, clock.now)).items
    assert (shown.lane, shown.intent) == (TrainerLane.AUDIT, None)
    before = (data.root / GREETINGS).read_bytes()
    await labeling.label(story.store, data, as_thanks(item))
    assert (data.root / GREETINGS).read_bytes() == before
    assert [one.text for one in data.tests()["thanks"]] == ["you are a star"]
    (text,) = await story.store.read(labels.audit_texts)
    assert (text.text, text.intent) == ("you are a star", "thanks")
    share = await story.store.read(labels.audit_share)
    assert (share.right, share.labeled) == (0, 1)
    await labeling.undo_label(story.store, data, MIA)
    assert data.tests().get("thanks", ()) == ()


async def test_a_pinned_text_stays_pinned_until_undo(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item, pinned=True))
    (pin,) = await story.store.read(labels.pinned_texts)
    assert (pin.text, pin.intent, pin.agent.name) == ("you are a star", "thanks", "Mia Chen")
    await labeling.undo_label(story.store, data, MIA)
    assert await story.store.read(labels.pinned_texts) == []


async def test_invalid_labels_are_refused_before_anything_is_stored(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    item = await add_missed_text(story, "you are a star")
    for command, refused in (
        (as_thanks(item, intent=None), BadInput),
        (as_thanks(item, intent="no_such_intent"), NotFound),
        (as_thanks(item, example="/thanks"), BadInput),
        (as_thanks(item, example=" "), BadInput),
        (as_thanks(item + 1), NotFound),
    ):
        with pytest.raises(refused):
            await labeling.label(story.store, data, command)
    assert await story.rows(t.trainer_labels) == []


async def test_the_text_with_the_most_to_learn_comes_first(
    story: Story, clock: MovedClock, draws: dict[str, bool]
) -> None:
    await add_missed_text(story, "kumquat zebra flux")
    first = await add_missed_text(story, "you are a total star", BOB)
    await add_missed_text(story, "You are a total star!!", STRANGER)
    queue = await story.store.read(items.queue, MIA, clock.now)
    best = queue.items[0]
    assert (best.id, best.alike, best.requesters) == (first, 2, 2)
    assert queue.total == 3
    assert len(queue.items) == 2


async def test_the_rest_of_a_cluster_still_gets_new_texts(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    first = await add_missed_text(story, "you are a total star")
    second = await add_missed_text(story, "You are a total star!!", BOB)
    await labeling.label(story.store, data, as_thanks(first))
    await add_missed_text(story, "you are a total star ok", STRANGER)
    rows = await story.rows(t.trainer_items)
    assert [row.cluster for row in rows[1:]] == [second, second]
    assert ItemState(rows[0].state) is ItemState.LABELED


async def labeled_differently(
    story: Story, data: BotData, draws: dict[str, bool], second: LabelItem
) -> int:
    """Let Mia label a text as thanks and Omar give it the second label. Return the item's id."""
    draws["second"] = True
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item, pinned=True))
    await labeling.label(story.store, data, replace(second, item_id=item))
    assert len((await story.store.read(labels.agreed)).disputes) == 1
    return item


AS_BYE = as_thanks(0, OMAR, intent="bye")
NOT_FOR_BOT = LabelItem(item_id=0, agent_id=OMAR, verdict=LabelVerdict.NOT_FOR_BOT)


@pytest.mark.parametrize(
    ("second", "for_second", "taught", "pins"),
    [
        (AS_BYE, False, {"thanks"}, 1),
        (AS_BYE, True, {"bye"}, 0),
        (NOT_FOR_BOT, True, set(), 0),
    ],
)
async def test_resolving_a_disagreement_changes_the_files_and_still_counts_it(
    story: Story,
    data: BotData,
    draws: dict[str, bool],
    second: LabelItem,
    for_second: bool,
    taught: set[str],
    pins: int,
) -> None:
    item = await labeled_differently(story, data, draws, second)
    before = await story.store.read(labels.agreed)
    command = SettleDispute(item_id=item, agent_id=MIA, for_second=for_second)
    await labeling.settle(story.store, data, command)
    found = {
        name
        for name, one in data.intents().items()
        if "you are a star" in [example.text for example in one.examples]
    }
    assert (found, await states(story)) == (taught, ["labeled"])
    assert len(await story.store.read(labels.pinned_texts)) == pins
    after = await story.store.read(labels.agreed)
    assert (after.disputes, after.pairs, after.kappa) == ([], before.pairs, before.kappa)
    with pytest.raises(Conflict, match="settled already"):
        await labeling.settle(story.store, data, command)


async def test_undoing_a_first_label_makes_its_text_wait_again(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    await labeled_differently(story, data, draws, AS_BYE)
    await labeling.undo_label(story.store, data, MIA)
    assert await states(story) == ["waiting"]
    assert (await story.store.read(labels.agreed)).disputes == []


async def test_an_unsure_second_label_leaves_the_first(
    story: Story, data: BotData, draws: dict[str, bool]
) -> None:
    draws["second"] = True
    item = await add_missed_text(story, "you are a star")
    await labeling.label(story.store, data, as_thanks(item))
    unsure = LabelItem(item_id=item, agent_id=OMAR, verdict=LabelVerdict.UNSURE)
    await labeling.label(story.store, data, unsure)
    assert await states(story) == ["second"]
    assert (await story.store.read(labels.agreed)).pairs == 0
