"""The supervisor's page, transfers and hand-back, as the page's script requests them and over the
API.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service import clock
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import Owner, Presence
from handoff_service.store.engine import tables as t
from handoff_service.web.shared import sse
from handoff_service.web.shared.charts import bars, spark
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown

SUPERVISORS = ["/workspace/supervisor", "/workspace/supervisor/now", "/workspace/supervisor/today"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, PATCHBOARD_BOT_URL="http://127.0.0.1:9/never") as service:
        yield service


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in()).status == 303
        yield one


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in("omar@example.com", "demo-omar")).status == 303
        yield one


@pytest.fixture
async def ann(desk: Running, mia: Visitor, omar: Visitor) -> int:
    """Give Mia a conversation. Omar is a supervisor and is available."""
    found = (await desk.story.text("my dock is dead", number=ANN, to=DIRECT)).interaction_id or 0
    command = {"agent_id": str(MIA)}
    assert (await omar.act(f"/workspace/conversations/{found}/assign", **command)).status == 204
    return found


async def change(desk: Running, query: sa.Executable) -> None:
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(query), None)


async def test_the_live_list_shows_the_time_left_to_targets(
    desk: Running, omar: Visitor, ann: int
) -> None:
    targets = (QueueTargets(priority=3, first_response=20),)
    await desk.desk.store.write(change_queue, ChangeQueue(id=1, values={"targets": targets}))
    r, now = t.running_targets, clock.now()
    cases = {
        "": (now + timedelta(minutes=15), now + timedelta(minutes=20, seconds=30), "20 min left"),
        "wait": (now - timedelta(minutes=1), now + timedelta(minutes=4, seconds=30), "4 min left"),
        "fail": (now - timedelta(minutes=9), now - timedelta(minutes=4), "4 min late"),
    }
    for tone, (soon, due, said) in cases.items():
        await change(desk, sa.update(r).values(soon_at=soon, due_at=due))
        for address in SUPERVISORS[:2]:
            page = (await omar.get(address)).text
            row = page.split(f'id="live-target-{ann}"')[1].split("</small>")[0]
            assert f'data-tone="{tone}"' in row
            assert said in row


async def test_only_supervisors_see_their_page_and_its_link(
    mia: Visitor, omar: Visitor, ann: int
) -> None:
    for path in [
        *SUPERVISORS,
        f"/workspace/supervisor/conversations/{ann}",
        f"/workspace/supervisor/agents/{MIA}",
    ]:
        assert (path, (await mia.get(path)).status, (await omar.get(path)).status) == (
            path,
            403,
            200,
        )
    assert (
        await mia.act(f"/workspace/conversations/{ann}/assign", agent_id=str(MIA))
    ).status == 403
    assert "/workspace/supervisor" not in (await mia.get("/workspace")).text
    assert (await omar.get("/workspace")).text.count('href="/workspace/supervisor"') == 2, (
        "the page has the link in the navigation bar and in the menu"
    )


async def test_the_page_shows_waiting_times_agents_and_problems(
    desk: Running, omar: Visitor, ann: int
) -> None:
    await desk.story.text("hello", number=BOB, to=DIRECT)
    await change(
        desk,
        sa.insert(t.queues).values(name="Facilities", assignment="round_robin", accept_seconds=60),
    )
    said = shown((await omar.get("/workspace/supervisor")).text)
    for words in (
        "Facilities cannot assign any conversation: No group gets offers: add one.",
        "Ann Lee Mia Chen Service desk Work in progress",
        "Bob Ruiz",
        "always open · most capacity",
        "2 available · 0 away",
        "Conversations by hour",
    ):
        assert words in said, words


async def test_supervisors_and_the_conversation_show_texts_that_the_provider_does_not_accept(
    desk: Running, mia: Visitor, omar: Visitor, ann: int
) -> None:
    """The test sets the state after a rejection, with the next attempt far in the future."""
    m, w = t.messages, t.due_work
    path = f"/workspace/conversations/{ann}/messages"
    assert (await mia.act(path, kind="text", body="Mia here")).status == 204
    mias = m.c.author == "agent"
    while not await desk.story.count(m, mias, m.c.status == "delivered"):
        await asyncio.sleep(0.01)
    await change(desk, sa.update(m).where(mias).values(status="queued", error_code=20003))
    ahead = clock.now() + timedelta(hours=1)
    ids = [one.id for one in await desk.story.rows(m, mias)]
    for n in ids:
        work = {"kind": "deliver", "key": str(n), "line": "ann", "due_at": ahead, "attempts": 1}
        await change(desk, sa.insert(w).values(work))
    said = shown((await omar.get("/workspace/supervisor/now")).text)
    assert "The provider does not recognize our account. ( 20003 ) One text waits, since" in said
    assert "Tell an admin. No texts can be delivered until this is fixed." in said
    said = shown((await mia.get(f"/workspace/conversations/{ann}")).text)
    assert (
        "Not sent yet. The provider does not recognize our account. (20003) Patchboard "
        "sends it when" in said
    )


async def test_the_page_warns_of_too_many_automatic_replies_to_a_number_range(
    desk: Running, omar: Visitor
) -> None:
    """Five unknown numbers of one range each trigger the automatic reply to waiting requesters."""
    limits = {"most_in_range": 2, "most_unknown_hourly": 0, "most_unknown_daily": 0}
    await desk.desk.store.write(change_desk, limits)
    for n in range(5):
        await desk.story.text("hello", number=f"+22507000000{n}", to=DIRECT)
    async with asyncio.timeout(10):
        while "for 3 numbers" not in (
            said := shown((await omar.get("/workspace/supervisor/now")).text)
        ):
            await asyncio.sleep(0.02)
    assert "+22507000 … Too many automatic replies to unknown numbers of this range" in said
    assert "It may be SMS pumping. Reply to real people yourself." in said


async def test_invalid_ids_in_an_address_match_nothing(omar: Visitor, ann: int) -> None:
    for queue in ("x", "-1", "9" * 40, "1;drop", "٣"):
        assert (await omar.get(f"/workspace/supervisor?queue={queue}")).status == 200, queue
    assert "Ann Lee" not in (await omar.get("/workspace/supervisor/now?queue=77")).text
    assert (await omar.get("/workspace/supervisor/conversations/999", SCRIPT)).status == 404
    assert (await omar.get("/workspace/supervisor/agents/999", SCRIPT)).status == 404


async def test_observing_does_not_join_the_live_group_and_marks_nothing_as_read(
    desk: Running, mia: Visitor, omar: Visitor, ann: int
) -> None:
    await desk.story.text("anyone?", number=ANN, to=DIRECT)
    page = (await omar.get(f"/workspace/conversations/{ann}")).text
    assert "You're observing. Nobody can see you." in shown(page)
    assert (await omar.act(f"/workspace/conversations/{ann}/read", up_to="99")).status == 204
    assert [a.id for a in (await desk.story.see(ann)).live_group] == [MIA]
    assert (await desk.story.see(ann, MIA)).unread == 1, "the text is still unread for Mia"
    assert "You're observing" not in (await mia.get(f"/workspace/conversations/{ann}")).text


async def test_a_supervisor_joins_leaves_and_takes_over(
    desk: Running, omar: Visitor, ann: int
) -> None:
    one = f"/workspace/conversations/{ann}"
    assert (await omar.act(f"{one}/join")).status == 204
    assert "Omar Haddad joined" in (await omar.get(one)).text
    assert (await omar.act(f"{one}/leave")).status == 204
    opened = await omar.act(f"{one}/assign", agent_id=str(OMAR), open="1")
    assert opened.headers["HX-Redirect"] == one
    assert (await desk.story.see(ann)).owner.name == "Omar Haddad"
    for wrong in ("", "x", "99", "9" * 30):
        answer = await omar.act(f"{one}/assign", agent_id=wrong)
        assert (wrong, answer.status) == (wrong, 404 if wrong == "99" else 400)


async def test_the_supervisors_dialog_shows_why_an_agent_got_the_offer(
    desk: Running, omar: Visitor, ann: int
) -> None:
    await desk.story.text("hello", number=BOB, to=DIRECT)
    while not await desk.story.inbox(OMAR):
        await asyncio.sleep(0.01)
    said = shown((await omar.get("/workspace/supervisor/conversations/2", SCRIPT)).text)
    assert "Why this agent" in said
    assert "Offered to Omar Haddad" in said
    assert "Mia Chen Available · 1 of 2 · Service desk" in said
    assert "has the most free capacity" in said


async def test_the_page_shows_who_can_take_a_transfer_and_its_progress(
    desk: Running, mia: Visitor, omar: Visitor, ann: int
) -> None:
    one = f"/workspace/conversations/{ann}"
    assert "Omar Haddad Available · 0 of 2" in shown(
        (await mia.get(f"{one}/transfer", SCRIPT)).text
    )
    for fields, said in (
        ({}, "The field “to” must be agent or queue."),
        ({"to": "agent"}, "Choose the agent"),
        ({"to": "queue", "queue_id": "x"}, "Choose the queue"),
        ({"to": "agent", "agent_id": str(OMAR), "note": "x" * 1001}, "1000"),
    ):
        answer = await mia.act(f"{one}/transfer", **fields)
        assert (answer.status, said in answer.text) == (400, True), answer.text
    note = "Knows the <b>dock</b>."
    assert (
        await mia.act(f"{one}/transfer", to="agent", agent_id=str(OMAR), note=note)
    ).status == 204
    assert "Waiting for Omar Haddad" in shown((await mia.get(one)).text)
    card = (await omar.get("/workspace")).text
    assert "Mia Chen is transferring this to you." in card
    assert "Knows the &lt;b&gt;dock&lt;/b&gt;." in card
    assert (await mia.act(f"{one}/transfer/cancel")).status == 204
    assert "transferring this to you" not in (await omar.get(one)).text
    assert (await mia.act(f"{one}/transfer/cancel")).status == 409
    assert "Waiting for Omar" not in shown((await mia.get(one)).text)


async def test_an_agent_hands_back_with_an_outcome(desk: Running, mia: Visitor, ann: int) -> None:
    one = f"/workspace/conversations/{ann}"
    assert "Hand back to the virtual agent" in (await mia.get(one)).text
    for outcome in ("", "   ", "x" * 201):
        assert (await mia.act(f"{one}/return-to-bot", outcome=outcome)).status == 400
    assert (await mia.act(f"{one}/return-to-bot", outcome="New dock ordered")).status == 204
    assert (await desk.story.see(ann)).owner.kind is Owner.VIRTUAL_AGENT
    assert "Hand back to the virtual agent" not in shown((await mia.get(one)).text).replace(
        "handed this back", ""
    )


async def test_agents_choose_from_custom_reject_reasons_and_presences(
    desk: Running, mia: Visitor, omar: Visitor
) -> None:
    await change(
        desk,
        sa.update(t.reject_reasons)
        .where(t.reject_reasons.c.position == 2)
        .values(words="Not <mine>"),
    )
    await change(
        desk, sa.insert(t.presence_states).values(name="lunch", takes_work=False, position=1)
    )
    page = (await mia.get("/workspace")).text
    assert "Not &lt;mine&gt; You will not get this offer again." in shown(page).replace(
        "<", "&lt;"
    ).replace(">", "&gt;")
    assert "Lunch no offers" in shown(page)
    assert (await mia.act("/workspace/presence", presence="lunch")).status == 204
    assert "No offers while your presence is Lunch." in shown((await mia.get("/workspace")).text)
    history = shown((await omar.get(f"/workspace/supervisor/agents/{MIA}", SCRIPT)).text)
    assert "Lunch" in history
    assert Presence.AVAILABLE.capitalize() in history


async def test_a_supervisor_watches_joins_and_assigns_conversations_over_the_api(
    desk: Running, omar: Visitor, ann: int
) -> None:
    async with aiohttp.ClientSession(f"{desk.address}/api/v1/") as client:

        async def call(
            who: str, method: str, path: str, **body: object
        ) -> tuple[int, dict[str, object]]:
            login = {"email": f"{who}@example.com", "password": f"demo-{who}"}
            async with client.post("login", json=login) as answer:
                token = (await answer.json())["token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with client.request(method, path, json=body or None, headers=headers) as answer:
                return answer.status, await answer.json()

        status, seen = await call("omar", "GET", "supervision?queue_id=1&limit=10")
        assert (status, seen["now"]["conversations"][0]["id"]) == (200, ann)  # type: ignore[index]
        assert seen["today"]["opened"] == 1  # type: ignore[index]
        assert (await call("mia", "GET", "supervision"))[0] == 403
        assert (await call("omar", "GET", "supervision?limit=0"))[0] == 400
        presences = (await call("mia", "GET", "presences"))[1]["items"]
        assert [one["name"] for one in presences] == ["available", "away", "offline"]  # type: ignore[attr-defined]
        assert (await call("omar", "GET", f"agents/{MIA}/presences"))[1]["items"][0][
            "presence"
        ] == "available"  # type: ignore[index]
        assert (await call("omar", "POST", f"interactions/{ann}/join"))[0] == 200
        assert (await call("omar", "POST", f"interactions/{ann}/leave"))[0] == 200
        assert (await call("mia", "POST", f"interactions/{ann}/transfer", agent_id=OMAR))[0] == 200
        assert (await call("mia", "DELETE", f"interactions/{ann}/transfer"))[0] == 200
        assert (await call("mia", "DELETE", f"interactions/{ann}/transfer"))[0] == 409
        assert (await call("mia", "POST", f"interactions/{ann}/assign", agent_id=OMAR))[0] == 403
        status, given = await call("omar", "POST", f"interactions/{ann}/assign", agent_id=OMAR)
        assert (status, given["owner"]["name"]) == (200, "Omar Haddad")  # type: ignore[index]


async def test_a_busy_stream_still_sends_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that gets no heartbeat for a while treats its connection as lost."""
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)

    async def busy() -> AsyncIterator[list[object]]:
        while True:
            await asyncio.sleep(0.01)
            yield []

    seen = []
    async for batch in sse.with_heartbeats(busy()):  # type: ignore[arg-type]
        seen.append(batch)
        if seen.count(None) == 2:
            break
    assert any(batch is not None for batch in seen)


def test_charts_can_show_no_value_one_value_and_many_values() -> None:
    assert spark([]).path == ""
    assert spark([None, None]).path == ""
    assert spark([5]).path == "M0.0 22.0L100 22.0"
    assert spark([0, None, 10]).path == "M0.0 22.0L100.0 2.0"
    assert spark([1, None]).values == "1, no value"
    assert bars([], places=24).bars == []
    one = bars([(0, 0), (4, 2)], places=24)
    assert [(bar.x, bar.height, bar.second) for bar in one.bars] == [
        (44, 128, False),
        (60, 64, True),
    ]
    assert (one.peak, one.highest, one.width) == (1, 4, 960)
