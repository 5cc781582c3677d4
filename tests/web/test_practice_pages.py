"""A practice run from the first click to the score. Its texts are masked, and the real database
does not change.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.desk.labels import MakeLabel, make_label
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    request_erasure,
)
from handoff_service.practice.desk_content import demo_set
from handoff_service.practice.runs import PracticeRuns
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.training.practice import MOST_AT_ONCE, PracticeState
from tests.support.story import ANN, BOB, MIA, Story
from tests.web.workspace_server import PAGE, SCRIPT, Running, Visitor, running, shown

TOPIC = r'name="topic_id" value="(\d+)"[^>]*><span[^>]*>Laptop'
HERE = "/workspace/practice"
# Words that no practice page or file may contain: Ann's and Mia's names, numbers, a code and an
# address.
CANARIES = ("Lee", "Ruiz", "2025550101", "202 555 0101", "E1001", "ann@example.com", "493817")
TEXT = f"Ann Lee here, E1001, call {ANN} or ann@example.com, the code is 493817. My dock is dead"
ANSWER = "Hello Ann, which dock is it? I'll text you in 30 minutes."


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        await one.sign_in()
        await one.act("/workspace/presence", presence="away")
        yield one


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        await one.sign_in("omar@example.com", "demo-omar")
        yield one


async def add_past_conversation(
    desk: Running, number: str, *, then: str | None = "the gray one"
) -> None:
    """Add a past conversation that Mia answered and closed with the topic Laptop."""
    store = desk.desk.store.for_own_work()
    story = Story(store)
    interaction = await story.with_agent(MIA, number=number)
    await story.text(TEXT, number=number, to="+18885550200")
    await story.write(interaction, ANSWER)
    if then:
        await story.text(then, number=number, to="+18885550200")
    label = await store.read(
        lambda conn: conn.exec_driver_sql("SELECT id FROM labels WHERE name='Laptop'").scalar()
    )
    if label is None:
        made = MakeLabel(name="Laptop", color=Color.BLUE, topic=True)
        label = await store.write(make_label, made)
    closing = CloseInteraction(interaction_id=interaction, agent_id=MIA, topic_id=label)
    await store.write(close_interaction, closing)


async def wait_until[T](look: Callable[[], Any], right: Callable[[T], bool]) -> T:
    """Call ``look`` until ``right`` accepts it. Practice sends its texts in the background."""
    async with asyncio.timeout(60):
        while not right(found := await look()):
            await asyncio.sleep(0.02)
    return found


# Housekeeping that the service does every few minutes, with or without a practice run.
PERIODIC = ("sweep_gaps", "tell_consents", "ask_prices", "index_texts")
# Practice runs and the service's bookkeeping. ``rows_of`` reads the sessions separately.
LEFT_OUT = ("practice_runs", "lane_commits", "sessions", "sqlite_sequence")


def rows_of(desk: Running) -> dict[str, list[Any]]:
    """Return every row of the real database, without practice runs and the service's bookkeeping.
    The time of a session's last use is left out, because pages of the real desk update it.
    """
    path = desk.desk.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as db:
        names = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in LEFT_OUT
        ]
        found = {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        columns = "token_hash, agent_id, created_at, expires_at, device"
        found["sessions"] = db.execute(f"SELECT {columns} FROM sessions").fetchall()
    db.close()
    found["due_work"] = [row for row in found["due_work"] if row[1] not in PERIODIC]
    return found


def files_of(desk: Running) -> bytes:
    """Return the content of every file that practice has written."""
    folder = desk.desk.settings.home / "practice"
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


def assert_masked(text: str) -> None:
    assert [one for one in CANARIES if re.search(rf"(?<!\w){re.escape(one)}", text)] == []


async def test_a_practice_run_changes_no_real_data(
    desk: Running, omar: Visitor, mia: Visitor
) -> None:
    await omar.act("/workspace/presence", presence="away")  # so that Mia gets all offers
    await add_past_conversation(desk, ANN)
    await add_past_conversation(desk, BOB, then=None)
    await mia.act("/workspace/presence", presence="away")
    # Let the service finish its own work first, such as deliveries and the index of texts.
    before = await wait_until(wait_until_unchanged(desk), lambda one: one[0] == one[1])
    started = await omar.act(HERE, agent_id=str(MIA), conversations="2", speed="60", source="past")
    assert started.status == 204
    ready = await mia.get("/workspace")
    assert "A practice run is ready for you" in ready.text

    assert (await mia.act(f"{HERE}/1/enter")).headers["HX-Redirect"] == "/workspace"
    pages = [await mia.get("/workspace")]
    assert "Practice desk" in pages[0].text
    assert "Sign out" not in pages[0].text
    for number in (1, 2):
        await wait_until(offers(mia), bool)
        (offer, *_) = await offers(mia)()
        accepted = await mia.act(f"/workspace/offers/{offer}/accept")
        address = accepted.headers["HX-Redirect"]
        await mia.act(f"{address}/messages", body=f"Which one? I'll text you in an hour. {number}")
        pages.append(await mia.get(address))
        if number == 1:
            await wait_until(page_of(mia, address), lambda one: "the gray one" in one.text)
        pages.append(await mia.get(address))
        assert_masked(files_of(desk).decode(errors="replace"))
        assert b"dock is dead" in files_of(desk)
        topic = re.search(TOPIC, pages[-1].text)
        assert topic
        closed = await mia.act(f"{address}/close", topic_id=topic[1], short_description="A dock")
        assert closed.status in (204, 200), closed.text
    # All conversations are closed, so the run ends, and the open page reloads and shows the score.
    await wait_until(page_of(mia, "/workspace/counts", SCRIPT), lambda one: one.status == 401)
    ended = await mia.get("/workspace")
    assert (ended.status, ended.headers["Location"]) == (303, f"{HERE}/1")
    score = await mia.get(f"{HERE}/1")  # The score was stored before the practice desk closed.
    assert "side by side" in score.text
    for one in (*pages, score, await omar.get(HERE)):
        assert_masked(one.text.replace("Mia Chen", ""))
    text = shown(score.text)
    assert "Finished" in text
    assert "2 of 2" in text
    assert "1 made, 0 kept, 0 missed, 1 not due" in text
    assert "1 made, 0 kept, 1 missed" in text
    assert (await mia.get("/workspace")).status == 200
    assert "Practice desk" not in (await mia.get("/workspace")).text
    assert rows_of(desk) == before[1]
    await wait_until(folders_of(desk), lambda one: not one)


def folders_of(desk: Running) -> Callable[[], Any]:
    async def look() -> list[Path]:
        return [*(desk.desk.settings.home / "practice").glob("*")]

    return look


def page_of(visitor: Visitor, address: str, headers: dict[str, str] = PAGE) -> Callable[[], Any]:
    return lambda: visitor.get(address, headers)


def offers(visitor: Visitor) -> Callable[[], Any]:
    async def look() -> list[str]:
        text = (await visitor.get("/workspace")).text
        return sorted(set(re.findall(r"/workspace/offers/(\d+)/accept", text)))

    return look


def wait_until_unchanged(desk: Running) -> Callable[[], Any]:
    seen: list[Any] = [None]

    async def look() -> tuple[Any, Any]:
        last, seen[0] = seen[0], rows_of(desk)
        await asyncio.sleep(0.7)  # longer than the simulator takes to send a receipt
        return last, seen[0]

    return look


async def test_a_desk_with_too_few_conversations_offers_the_demo_set(
    desk: Running, mia: Visitor
) -> None:
    few = await mia.act(HERE, conversations="10", speed="1", source="past")
    assert few.status == 409
    assert "No closed conversation from these days" in few.text
    assert f"The demo set has {len(demo_set())} conversations" in shown(few.text)
    assert (await mia.act(HERE, conversations="10", speed="60", source="demo")).status == 204
    assert (await mia.act(f"{HERE}/1/enter")).status == 204
    await wait_until(offers(mia), bool)
    wrong = await mia.post("/workspace/practice-desk/end", csrf="of the real desk")
    assert wrong.status == 403
    ended = await mia.act("/workspace/practice-desk/end")
    assert ended.headers["HX-Redirect"] == f"{HERE}/1"
    assert "Ended early" in (await mia.get(f"{HERE}/1")).text
    assert "Phone" in (await mia.get(f"{HERE}/1")).text


@pytest.mark.parametrize(
    "several", [{"workers": 2}, {"redis_url": "redis://10.0.0.21/0"}], ids=["workers", "hosts"]
)
async def test_practice_is_off_with_several_processes(
    several: dict[str, Any], desk: Running, mia: Visitor
) -> None:
    runs: PracticeRuns = desk.app.ctx.practice
    assert runs.is_on
    runs.is_on = PracticeRuns(replace(desk.desk.settings, **several)).is_on
    off = await mia.get(HERE)
    assert "other processes cannot reach it" in shown(off.text)
    assert "Prepare with the demo set" not in off.text
    refused = await mia.act(HERE, conversations="1", source="demo")
    assert refused.status == 409
    assert "PATCHBOARD_WORKERS=1" in refused.text


async def test_the_practice_desk_and_the_real_desk_refuse_each_others_forms(
    desk: Running, mia: Visitor
) -> None:
    """A practice tab that stays open after the run must not text a real requester."""
    real = await mia.csrf()
    await mia.act(HERE, conversations="1", speed="60", source="demo")
    await mia.act(f"{HERE}/1/enter")
    practice = await mia.csrf()
    assert practice != real
    sent = {"headers": SCRIPT | {"X-CSRF-Token": real}}
    assert (await mia.post("/workspace/conversations/1/messages", **sent, body="x")).status == 403
    await mia.act("/workspace/practice-desk/end")
    sent = {"headers": SCRIPT | {"X-CSRF-Token": practice}}
    assert (await mia.post("/workspace/conversations/1/messages", **sent, body="x")).status == 403


async def test_only_the_agent_of_a_practice_run_and_supervisors_see_it(
    desk: Running, mia: Visitor, omar: Visitor
) -> None:
    assert (await mia.act(HERE, agent_id="2", conversations="1", source="demo")).status == 403
    assert (await omar.act(HERE, agent_id="2", conversations="1", source="demo")).status == 204
    assert (await omar.act(HERE, agent_id="2", conversations="1", source="demo")).status == 409
    assert (await mia.act(f"{HERE}/1/enter")).status == 403
    assert (await mia.get(f"{HERE}/1")).status == 403
    away = await omar.act(f"{HERE}/1/enter")  # Omar is available, so real work could be offered
    assert away.status == 409
    assert "Set me to Away" in away.text
    assert (await omar.act(f"{HERE}/1/end")).status == 204
    assert (await mia.act(HERE, conversations="0", source="demo")).status == 400


async def test_a_run_ends_after_an_idle_hour_an_erasure_or_a_stop_of_the_service(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: PracticeRuns = desk.app.ctx.practice
    await mia.act(HERE, conversations="1", source="demo")
    await runs.end_idle()
    assert runs.run_of(MIA) == 1
    loop = asyncio.get_running_loop()
    later = loop.time() + 3601
    with monkeypatch.context() as patch:
        patch.setattr(loop, "time", lambda: later, raising=False)
        await runs.end_idle()
    assert "Ended after an hour without activity" in (await mia.get(HERE)).text
    await mia.act(HERE, conversations="1", source="demo")
    await runs.end_after_erasure()
    assert runs.run_of(MIA) == 2
    erase = RequestErasure(whom=RequestedPerson(user_id=1), agent_id=MIA, planned={})
    await desk.desk.store.write(request_erasure, erase)
    await runs.end_after_erasure()
    assert runs.run_of(MIA) is None
    await mia.act(HERE, conversations="1", source="demo")
    await runs.close()
    assert "Ended by a restart of the service" in (await mia.get(f"{HERE}/3")).text
    await mia.act(HERE, conversations="1", source="demo")
    runs._open.clear()  # as if the process had been killed
    await runs.resume(desk.desk)
    assert "before the practice run could be scored" in (await mia.get(f"{HERE}/4")).text
    assert MOST_AT_ONCE == 3
    assert PracticeState.INTERRUPTED
