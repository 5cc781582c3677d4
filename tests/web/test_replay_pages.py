"""Dry runs of a change on pages and over the API, and response targets on pages."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.routing.targets import QueueTargets
from tests.support.story import ANN, DIRECT, MIA
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import Running, Visitor, running, shown

HERE = "/workspace/supervisor/replays"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, PATCHBOARD_BOT_URL="http://127.0.0.1:9/never") as service:
        yield service


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in("omar@example.com", "demo-omar")).status == 303
        yield one


@pytest.fixture
async def ann(desk: Running, omar: Visitor) -> int:
    """Give Mia a conversation with Ann in a queue with response targets."""
    targets = (QueueTargets(priority=3, first_response=20, resolution=240),)
    values = {"targets": targets, "schedule": None}
    await desk.desk.store.write(change_queue, ChangeQueue(id=1, values=values))
    received = await desk.story.text("my dock is dead", number=ANN, to=DIRECT)
    one = received.interaction_id or 0
    command = {"agent_id": str(MIA)}
    assert (await omar.act(f"/workspace/conversations/{one}/assign", **command)).status == 204
    return one


async def test_the_list_and_the_header_show_the_time_left_to_a_target(
    desk: Running, ann: int
) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        text = shown((await mia.get(f"/workspace/conversations/{ann}")).text)
    assert text.count("First response 19 min left") == 2, "the list and the header show it"
    assert "Resolution 3 h 59 min left" in text


async def test_the_api_shows_targets(desk: Running, ann: int) -> None:
    async with aiohttp.ClientSession() as session:
        mia = await sign_in(desk, session, "mia")
        found: dict[str, Any] = await mia.call("GET", f"/interactions/{ann}")
    kinds = [(one["kind"], one["minutes"]) for one in found["targets"]]
    assert kinds == [("first_response", 20), ("resolution", 240)]
    assert found["targets"][0]["minutes_left_on_hold"] is None


async def test_a_supervisor_makes_a_dry_run_on_the_page(omar: Visitor, ann: int) -> None:
    form = await omar.get(HERE)
    assert form.status == 200
    assert 'value="20"' in form.text
    csrf = await omar.csrf()
    change = {"q1_schedule": "Mo-Fr 08:00-18:00", f"a{MIA}_capacity": "7", "csrf": csrf}
    groups = {f"a{MIA}_groups": "Service desk", "a2_groups": "Service desk"}
    started = await omar.post(HERE, **change, **groups)
    assert started.status == 303
    page = await finished_page(omar, started.headers["location"])
    assert "Service desk: opening hours Mon to Fri, 08:00 to 18:00." in page
    assert "Mia Chen: capacity 7." in page
    assert "What the replay assumes" in page
    assert "done" in shown((await omar.get(HERE)).text)
    canceled = await omar.post(f"{started.headers['location']}/cancel", csrf=csrf)
    assert canceled.status == 303, "a finished dry run no longer changes"


async def finished_page(omar: Visitor, path: str) -> str:
    """Wait until the dry run is finished. Return its page."""
    async with asyncio.timeout(20):
        while "Replaying" in (text := shown((await omar.get(f"{path}/now")).text)):
            await asyncio.sleep(0.05)
    return text


async def test_the_form_marks_a_wrong_field_and_keeps_typed_values(omar: Visitor, ann: int) -> None:
    wrong = {"q1_schedule": "whenever", "q1_target_3_first_response": "soon"}
    answer = await omar.post(HERE, csrf=await omar.csrf(), **wrong, a1_capacity="many")
    assert answer.status == 400
    text = shown(answer.text)
    assert "Correct the 2 fields marked below." in text
    assert "This must be a whole number." in text
    assert "This must be a whole number from 0 to 1000." in text
    assert re.search(r'value="whenever"', answer.text)
    answer = await omar.post(HERE, csrf=await omar.csrf(), q1_schedule="whenever")
    assert "This cannot be read as opening hours" in shown(answer.text)
    gone = await omar.post(HERE, csrf=await omar.csrf(), a1_groups="No such group")
    assert "Nothing has started. The desk has changed. Reload the page." in shown(gone.text)


async def test_a_supervisor_makes_a_dry_run_over_the_api(desk: Running, ann: int) -> None:
    async with aiohttp.ClientSession() as session:
        omar = await sign_in(desk, session, "omar")
        change = {"agents": [{"id": MIA, "capacity": 9}], "available": "opening_hours"}
        made: dict[str, Any] = await omar.call("POST", "/replays", change, status=201)
        assert (made["state"], made["result"]) == ("running", None)
        async with asyncio.timeout(20):
            while (found := await omar.call("GET", f"/replays/{made['id']}"))["state"] != "done":
                await asyncio.sleep(0.05)
        assert found["result"]["conversations"] == 1
        assert [one["queue_id"] for one in found["result"]["after"]["queues"]] == [1]
        assert found["change"]["agents"][0]["capacity"] == 9
        headers = {"Authorization": f"Bearer {omar.token}"}
        address = f"{omar.url}/api/v1/replays/{made['id']}"
        async with session.delete(address, headers=headers) as answer:
            assert answer.status == 204
        listed = await omar.call("GET", "/replays")
        assert [one["state"] for one in listed["items"]] == ["done"]
        await omar.call("GET", "/replays/99", status=404)
        wrong = {"queues": [{"id": 1, "targets": [{"priority": 9}]}]}
        await omar.call("POST", "/replays", wrong, status=400)
        mia = await sign_in(desk, session, "mia")
        await mia.call("GET", "/replays", status=403)
