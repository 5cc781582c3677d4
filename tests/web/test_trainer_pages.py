"""The trainer's pages, as their script requests them and over the API."""

import html
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handoff_service.bot_control import model_folder, nlu_file, trained_models
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.measure_model import Measurement, Misplaced, figures
from handoff_service.operations.desk import passwords
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.training.change_model import (
    NewModel,
    RunAtStart,
    mark_missing,
    register_model,
    run_at_start,
)
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.shared.vocabulary import ModelState, Role
from handoff_service.rules.training import order
from handoff_service.rules.training.comparison import Answer as Guess
from handoff_service.rules.training.comparison import ComparedText, Stories, TextSet, compare
from handoff_service.store.engine import tables as t
from handoff_service.store.training import models
from tests.support.story import ANN, BOB
from tests.web.workspace_server import SCRIPT, Answer, Running, Visitor, running

TEACH = "/workspace/trainer"
GREETINGS = "data/nlu/greetings.yml"
TEN = "\n".join(f"parking question number {n} where" for n in "abcdefghij")


@pytest.fixture(autouse=True)
def no_audit_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "is_drawn", lambda *_: False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bot"
    shutil.copytree(ROOT / "data", made / "data")
    for name in ("domain.yml", "config.yml", "sms_check.yml"):
        shutil.copy(ROOT / name, made)
    return made


@pytest.fixture
async def desk(tmp_path: Path, folder: Path) -> AsyncIterator[Running]:
    given = {"PATCHBOARD_BOT_URL": "http://127.0.0.1:9/never", "PATCHBOARD_BOT_DATA": str(folder)}
    async with running(tmp_path, **given) as service:
        yield service


@pytest.fixture
async def tara(desk: Running) -> AsyncIterator[Visitor]:
    """A trainer without another role."""
    command = MakeAgent(
        email="tara@example.com",
        name="Tara Webb",
        password_hash=passwords.hash_password("demo-tara"),
        capacity=1,
        roles=[Role.TRAINER],
    )
    await desk.desk.store.write(make_agent, command)
    async with desk.visitor() as one:
        assert (await one.sign_in("tara@example.com", "demo-tara")).status == 303
        yield one


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in()).status == 303
        yield one


async def act(visitor: Visitor, path: str, **fields: str) -> Answer:
    """Send a request as the page's script does. A trainer's start page has no form, so the token
    comes from another page.
    """
    found = re.search(r'<meta name="csrf" content="(\w+)">', (await visitor.get(TEACH)).text)
    assert found is not None
    return await visitor.post(path, SCRIPT | {"X-CSRF-Token": found[1]}, **fields)


async def token(visitor: Visitor, email: str, password: str) -> dict[str, str]:
    login = {"email": email, "password": password}
    async with visitor.client.post(f"{visitor.address}/api/v1/login", json=login) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def add_misunderstood_text(desk: Running, body: str, number: str = ANN) -> tuple[int, int]:
    """Add a text that the virtual agent did not understand. Return the interaction and the item."""
    interaction = (await desk.story.text(body, number=number)).interaction_id or 0
    question = await desk.story.begin(interaction)
    assert question is not None
    await desk.story.finish(
        question,
        "Could you say that in other words?",
        understood=Understood(intent="nlu_fallback", confidence=0.3),
        how=HowUnderstood(model="m1", ranking=(("thanks", 0.3), ("bye", 0.2), ("greet", 0.1))),
    )
    return interaction, int((await desk.story.rows(t.trainer_items))[-1].id)


async def test_a_trainer_starts_at_teach_and_sees_no_conversation(
    desk: Running, tara: Visitor
) -> None:
    interaction, _ = await add_misunderstood_text(desk, "you star, Ann Lee, call 2025550101")
    start = await tara.get("/workspace")
    assert (start.status, start.headers["location"]) == (302, TEACH)
    page = await tara.get(TEACH)
    assert page.status == 200
    assert 'you star, <span class="mask">name</span>' in page.text
    assert "2025550101" not in page.text
    assert f"/workspace/conversations/{interaction}" not in page.text
    assert (await tara.get(f"/workspace/conversations/{interaction}")).status == 403


async def test_the_page_shows_that_no_item_waits(tara: Visitor, folder: Path) -> None:
    page = await tara.get(TEACH)
    assert "No texts to label." in page.text
    assert "Nothing to label" in page.text
    assert "You labeled them all" not in page.text
    assert "No intents yet" not in (await tara.get(f"{TEACH}/intents")).text
    shutil.rmtree(folder / "data/nlu")
    assert "No intents yet" in (await tara.get(f"{TEACH}/intents")).text
    assert "No model runs yet" in (await tara.get(f"{TEACH}/models")).text


async def test_the_card_shows_suggestions_nearest_examples_and_the_diff(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    await add_misunderstood_text(desk, "cheers mate you are a star")
    page = await tara.get(TEACH)
    assert re.findall(r'name="intent" value="(\w+)"', page.text)[:3] == ["thanks", "bye", "greet"]
    assert "Nearest examples" in page.text
    assert "<ins>+      - cheers mate you are a star</ins>" in page.text
    # A late request for the diff must not abort a label request in progress.
    for field in re.findall(r'hx-get="/workspace/trainer/diff"[^>]*', page.text):
        assert 'hx-sync="#diff:replace"' in field
    before = (folder / GREETINGS).read_bytes()
    item = re.findall(r'name="item" value="(\d+)"', page.text)[-1]
    asked = f"{TEACH}/diff?item={item}&intent=bye&example=so+long+pal"
    assert "<ins>+      - so long pal</ins>" in (await tara.get(asked)).text
    assert "already" in (await tara.get(f"{TEACH}/diff?item={item}&intent=bye&example=bye")).text
    assert (folder / GREETINGS).read_bytes() == before


async def test_an_audit_item_hides_the_virtual_agents_intent(
    desk: Running, tara: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "is_drawn", lambda _key, what, _number: what == "audit")
    _, item = await add_misunderstood_text(desk, "you are a star")
    page = await tara.get(TEACH)
    assert "Audit: drawn at random." in page.text
    assert "0.30" not in page.text
    assert " checked>" not in page.text.partition('id="label-form"')[2].partition("</form>")[0]
    given = {"item": str(item), "intent": "thanks", "example": "you are a star"}
    assert "test_texts/audit.yml" in (await act(tara, f"{TEACH}/label", **given)).text
    assert b"you are a star" not in (folder / GREETINGS).read_bytes()


async def test_a_label_opens_the_next_text_and_undo_returns_to_it(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    before = (folder / GREETINGS).read_bytes()
    _, first = await add_misunderstood_text(desk, "you are a star")
    _, second = await add_misunderstood_text(desk, "kumquat zebra flux", BOB)
    given = {"item": str(first), "intent": "thanks", "example": "you are a star"}
    after = await act(tara, f"{TEACH}/label", **given)
    assert after.status == 200
    assert f'name="item" value="{second}"' in after.text
    assert f"Labeled as thanks: 1 written to {GREETINGS}." in after.text
    assert b"      - you are a star\n" in (folder / GREETINGS).read_bytes()
    again = await act(tara, f"{TEACH}/label", **given)
    assert (again.status, "You have labeled this text already" in again.text) == (409, True)
    undone = await act(tara, f"{TEACH}/undo")
    assert f'name="item" value="{first}"' in undone.text
    assert (folder / GREETINGS).read_bytes() == before


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("out_of_scope", "Labeled as out_of_scope"),
        ("not_for_bot", "Set aside. Nothing is written."),
        ("unsure", "Left to a colleague."),
    ],
)
async def test_the_other_buttons_of_the_card_resolve_the_item(
    desk: Running, tara: Visitor, button: str, said: str
) -> None:
    _, item = await add_misunderstood_text(desk, "kumquat zebra flux")
    given = {"item": str(item), "intent": "thanks", "example": "kumquat zebra flux", "as": button}
    assert said in (await act(tara, f"{TEACH}/label", **given)).text


async def test_an_agent_flags_an_answer_and_the_trainer_sees_who_did(
    desk: Running, mia: Visitor, tara: Visitor
) -> None:
    interaction, _ = await add_misunderstood_text(desk, "you are a star")
    answer = next(m for m in await desk.story.lines(interaction) if m.direction == "outbound")
    mark = f"/workspace/conversations/{interaction}/messages/{answer.id}/misunderstood"
    assert mark in (await mia.get(f"/workspace/conversations/{interaction}")).text
    assert "Marked as misunderstood" in (await mia.act(mark)).text
    again = (await mia.get(f"/workspace/conversations/{interaction}")).text
    assert ("Marked as misunderstood" in again, mark in again) == (True, False)
    seen = html.unescape((await tara.get(TEACH)).text)
    assert "Marked as misunderstood by" in seen
    assert "Mia Chen" in seen


async def test_a_trainer_rewords_moves_and_deletes_an_example_and_sees_the_diff(
    desk: Running, tara: Visitor
) -> None:
    page = f"{TEACH}/intents/thanks"
    assert "thank you so much!!" in (await tara.get(page)).text
    reworded = await act(tara, page, act="reword", example="tysm", after="tysm pal")
    assert "<del>-      - tysm</del><ins>+      - tysm pal</ins>" in reworded.text
    moved = await act(tara, page, act="move", example="tysm pal", to="bye")
    assert moved.text.count("tysm pal</ins>") == 1
    deleted = await act(tara, f"{TEACH}/intents/bye", act="delete", example="tysm pal")
    assert "<del>-      - tysm pal</del>" in deleted.text
    gone = await act(tara, page, act="delete", example="tysm pal")
    assert (gone.status, "somebody has changed the file" in gone.text) == (409, True)
    assert len(await desk.story.rows(t.trainer_edits)) == 3


@pytest.mark.parametrize("item", ["x", "", "-1", "9" * 30, "1.5"])
async def test_a_new_answer_is_checked_even_if_its_item_does_not_exist(
    tara: Visitor, item: str
) -> None:
    answer = await act(tara, f"{TEACH}/intents/new", name="", examples="", reply="", item=item)
    assert answer.status == 400
    assert (await tara.get(f"{TEACH}/intents/new?item={item}")).status == 200
    assert (await tara.get(f"{TEACH}/queue?item={item}")).status < 500


async def test_intents_show_examples_test_texts_scores_and_suspects(
    desk: Running, tara: Visitor
) -> None:
    page = await tara.get(f"{TEACH}/intents")
    assert f'href="{TEACH}/intents/thanks"' in page.text
    assert "known after the first measurement" in page.text
    assert "Comparing all examples" in page.text, "the page does not wait for the similarity index"
    one = await tara.get(f"{TEACH}/intents/thanks")
    assert "Comparing all examples" in one.text
    assert (await tara.get(f"{TEACH}/compared?intent=no_such_intent")).status == 404
    for asked in ("compared", "compared?intent=thanks", "intents", "intents/thanks"):
        assert "Comparing all examples" not in (await tara.get(f"{TEACH}/{asked}")).text
    assert (await tara.get(f"{TEACH}/intents/no_such_intent")).status == 404
    await add_measured_model(desk)
    page = await tara.get(f"{TEACH}/intents")
    assert "measured with model abcdef12" in page.text
    row = page.text.partition(f'href="{TEACH}/intents/thanks"')[2].partition("</tr>")[0]
    assert "0.67" in row, (
        "one of two examples was recognized, and no other text was confused with it"
    )
    assert "<code>bye</code> 1" in row
    assert "many thanks" in page.text.partition("Look like another intent")[2]
    assert "nobody has written this" not in page.text
    one = await tara.get(f"{TEACH}/intents/thanks")
    assert "many thanks" in one.text.partition("Suspects")[2]


async def add_measured_model(desk: Running) -> None:
    """Add a measured model. One of its examples looks like another intent, and one was deleted
    since.
    """
    new = NewModel(hash="abcdef1234", file="m.tar.gz", data_hash="", data_diff="", note="")
    await desk.desk.store.write(register_model, new)
    model = await desk.desk.store.read(models.get, "abcdef1234")
    texts = [
        ComparedText(
            of_set=TextSet.TEST,
            text="ta",
            meant="thanks",
            old=None,
            new=Guess(intent=intent, confidence=0.9),
        )
        for intent in ("thanks", "bye")
    ]
    misplaced = [
        Misplaced(text=text, intent="thanks", looks_like="bye", margin=0.2)
        for text in ("many thanks", "nobody has written this")
    ]
    made = Measurement(
        comparison=compare(texts, Stories(passed=0)),
        compared=texts,
        scores={"against": None},
        also=[],
        misplaced=misplaced,
    )
    await trained_models.keep(desk.desk.store, desk.desk.settings.home, model, made)


async def test_a_trainer_creates_an_answer_from_a_text_with_ten_examples(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    _, item = await add_misunderstood_text(desk, "where can i park my car")
    form = f"{TEACH}/intents/new"
    assert "where can i park my car" in (await tara.get(f"{form}?item={item}")).text
    german = "Parken Sie hinter dem Haus."
    given = {
        "name": "Parking",
        "reply": "Park behind the house.",
        "reply_es": "",
        "reply_de": german,
        "reply_fr": "Derrière la maison.",
        "item": str(item),
    }
    few = await act(tara, form, examples="one\ntwo", **given)
    assert (few.status, "Add at least 10 different examples. There are 2." in few.text) == (
        400,
        True,
    )
    taken = await act(tara, form, examples=TEN, **(given | {"name": "thanks"}))
    assert "An intent with this name already exists. Choose another name." in taken.text
    long = await act(tara, form, examples=TEN, **(given | {"reply_fr": "mot " * 120}))
    assert re.findall(r'id="(\w+)-wrong"', long.text) == ["reply_fr"]
    made = await act(tara, form, examples=f"where can i park my car\n{TEN}", **given)
    assert made.status == 200
    assert "  - parking\n" in (folder / "domain.yml").read_text()
    variants = nlu_file.read((folder / "domain.yml").read_text())["responses"]["utter_parking"]
    assert [(one["text"], one.get("condition")) for one in variants] == [
        ("Park behind the house.", None),
        (german, [{"type": "slot", "name": "language", "value": "de"}]),
        ("Derrière la maison.", [{"type": "slot", "name": "language", "value": "fr"}]),
    ]
    rules = (folder / "data/rules/parking.yml").read_text()
    assert rules.count("- action: utter_parking") == 4, (
        "rules for the answer outside of forms and inside each form"
    )
    (row,) = await desk.story.rows(t.trainer_items)
    assert row.state == "labeled"
    assert len(await desk.story.rows(t.trainer_edits)) == 1


async def test_a_reply_is_checked_while_typing_and_on_saving(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    page = f"{TEACH}/replies"
    assert "1 segment" in (await tara.get(f"{page}/check?text=Hi")).text
    assert "2 segments" in (await tara.get(f"{page}/check?text={'word+' * 40}")).text
    bad = "Reply STOP to opt out."
    given = {"name": "utter_thanks", "language-0": "en", "before-0": "You're welcome."}
    refused = await act(tara, page, **given, **{"text-0": bad})
    assert refused.status == 400
    german = {"language-2": "de", "before-2": "Gern geschehen.", "text-2": "Immer gern."}
    changed = await act(tara, page, **given, **german, **{"text-0": "Any time."})
    assert "Any time." in changed.text
    assert "Immer gern." in changed.text
    variants = nlu_file.read((folder / "domain.yml").read_text())["responses"]["utter_thanks"]
    assert [one["text"] for one in variants] == [
        "Any time.",
        "De nada.",
        "Immer gern.",
        "Je vous en prie.",
    ]
    late = await act(tara, page, **given, **{"text-0": "Sure."})
    assert late.status == 409
    assert len(await desk.story.rows(t.trainer_edits)) == 1


async def test_the_api_labels_like_the_page(desk: Running, tara: Visitor, mia: Visitor) -> None:
    interaction, item = await add_misunderstood_text(desk, "you are a star")
    answer = next(m for m in await desk.story.lines(interaction) if m.direction == "outbound")
    agent = await token(mia, "mia@example.com", "demo-mia")
    trainer = await token(mia, "tara@example.com", "demo-tara")
    api, client = f"{mia.address}/api/v1", mia.client
    mark = f"{api}/interactions/{interaction}/messages/{answer.id}/misunderstood"
    async with client.post(mark, headers=agent) as said:
        assert said.status == 204
    async with client.get(f"{api}/trainer/items", headers=trainer) as said:
        (found,) = (await said.json())["items"]
    assert (found["id"], found["source"]) == (item, "misunderstood")
    assert found["marked_by"]["name"] == "Mia Chen"
    labels, given = f"{api}/trainer/items/{item}/labels", {"intent": "thanks"}
    async with client.post(labels, headers=trainer, json=given) as said:
        assert said.status == 201
        (label,) = (await said.json())["items"]
    assert (label["intent"], label["file"]) == ("thanks", GREETINGS)
    async with client.post(f"{api}/trainer/undo", headers=trainer) as said:
        assert (await said.json())["state"] == "waiting"


async def run_two_models(desk: Running) -> Path:
    """Run one model after another. Return the file of the first one."""
    folder = model_folder.folder(desk.desk.settings.home)
    for hash in ("aaaa1111", "bbbb2222"):
        new = NewModel(hash=hash, file=f"{hash}.tar.gz", data_hash="d")
        await desk.desk.store.write(register_model, new)
        await desk.desk.store.write(run_at_start, RunAtStart(hash=hash))
    return folder / "aaaa1111.tar.gz"


async def roll_back_with_data(trainer: Visitor) -> Answer:
    return await act(trainer, f"{TEACH}/models/roll-back", data="1")


async def test_a_rollback_restores_the_models_training_data(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    model = await run_two_models(desk)
    now = model_folder.data_of(folder)
    model_folder.keep_data(model, now | {GREETINGS: b"# earlier\n"})
    assert (await roll_back_with_data(tara)).status < 400
    assert (folder / GREETINGS).read_bytes() == b"# earlier\n"
    assert (await desk.desk.store.read(models.get, "aaaa1111")).state is ModelState.RUNNING


async def test_a_refused_rollback_does_not_change_the_data(
    desk: Running, tara: Visitor, folder: Path
) -> None:
    model = await run_two_models(desk)
    now = model_folder.data_of(folder)
    model_folder.keep_data(model, now | {GREETINGS: b"# earlier\n"})
    await desk.desk.store.write(mark_missing, ["aaaa1111"])
    said = await roll_back_with_data(tara)
    assert (said.status, "is gone" in said.text) == (409, True)
    assert model_folder.data_of(folder) == now


async def test_a_rollback_to_a_model_without_stored_data_is_refused(
    desk: Running, tara: Visitor
) -> None:
    await run_two_models(desk)
    said = await roll_back_with_data(tara)
    assert (said.status, "Roll back without its data." in said.text) == (409, True)
    assert (await desk.desk.store.read(models.get, "bbbb2222")).state is ModelState.RUNNING


async def test_a_measured_model_shows_its_comparison_and_blocking_reasons(
    desk: Running, tara: Visitor
) -> None:
    store = desk.desk.store
    first = NewModel(hash="aaaa1111aa", file="a.tar.gz", data_hash="", data_diff="", note="")
    second = replace(first, hash="bbbb2222bb", file="b.tar.gz", data_diff="+ new\n- old\n")
    await store.write(register_model, first)
    await store.write(run_at_start, RunAtStart(hash=first.hash))
    await store.write(register_model, second)
    right, wrong = Guess(intent="thanks", confidence=0.9), Guess(intent="bye", confidence=0.9)
    texts = [
        ComparedText(of_set=TextSet.TEST, text=f"ta {n}", meant="thanks", old=right, new=new)
        for n, new in enumerate([right] * 8 + [wrong] * 12)
    ]
    found = compare(texts, Stories(passed=1, failed=["goodbye"]))
    scores = {"against": first.hash, "pinned": [], "ms": 12, **figures(found)}
    made = Measurement(comparison=found, compared=texts, scores=scores, also=[], misplaced=[])
    model = await store.read(models.get, second.hash)
    await trained_models.keep(store, desk.desk.settings.home, model, made)
    page = (await tara.get(f"{TEACH}/train?model={second.hash}")).text
    assert "This model cannot be promoted" in page
    assert "thanks loses more than ten points: from 100% to 40% of 20 test texts." in page
    assert "The test story “goodbye” fails." in page
    assert "thanks: running 100%, new 40%" in page
    assert 'aria-label="12 of thanks taken for bye"' in page
    assert "-60 points, thanks" in page
    texts_page = f"{TEACH}/train/texts?model={second.hash}&meant=thanks&understood=bye"
    assert "thanks, understood as bye" in (await tara.get(texts_page)).text
    (desk.desk.settings.home / "models" / "b.measured.json").unlink()
    page = (await tara.get(f"{TEACH}/train?model={second.hash}")).text
    assert "There are no test texts to show." in page
    assert "The new model understands every test text." not in page
    asked = (await tara.get(f"{TEACH}/models/{second.hash}/promote")).text
    assert "Promote bbbb2222" in asked
    assert "thanks loses more than ten points" in asked
    assert "Data of bbbb2222" in (await tara.get(f"{TEACH}/models/{second.hash}/data")).text
    listed = (await tara.get(f"{TEACH}/models")).text
    assert re.search("since .*, trained .* by command line", " ".join(listed.split()))
    assert "0 of 0" not in listed
