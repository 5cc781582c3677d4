"""The queue editor: the week grid, the rows of conditions, the order of queues, and the routing
trial.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import queues
from tests.web.admin_browser import GRACE, Admin
from tests.web.workspace_server import SCRIPT, Running, running, shown

UNDER = "/workspace/admin"
QUEUES = """[[queues]]
name = "Network"
groups = ["Service desk"]
conditions = [{ field = "topic", in = ["vpn", "wifi"] }]
schedule = "Mo-Fr 08:00-18:00"
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "more.toml"
    path.write_text(GRACE + QUEUES)
    async with running(tmp_path) as service:
        await service.desk.store.write(import_desk, read_desk_file.read(path))
        yield service


async def test_the_grid_and_the_expression_update_each_other(grace: Admin) -> None:
    days = "&".join(f"day-{day}=8-18" for day in ("Mo", "Tu", "We", "Th", "Fr"))
    written = await grace.get(f"{UNDER}/queues/week?{days}&day-Sa=9-12&holidays=1", SCRIPT)
    assert json.loads(written.headers["HX-Trigger"]) == {
        "schedule-written": "Mo-Fr 08:00-18:00; Sa 09:00-12:00; PH off"
    }
    copied = await grace.get(f"{UNDER}/queues/week?day-Mo=7-15&copy=1", SCRIPT)
    assert "Mo-Fr 07:00-15:00" in copied.headers["HX-Trigger"]
    wrong = await grace.get(f"{UNDER}/queues/week?day-Mo=8am", SCRIPT)
    assert "HX-Trigger" not in wrong.headers, "the form keeps the typed expression"
    assert "Write times such as 08:00-12:00" in shown(wrong.text)
    followed = await grace.get(f"{UNDER}/queues/hours?schedule=Mo 10:00-12:00", SCRIPT)
    assert 'name="day-Mo" value="10:00-12:00"' in followed.text
    assert 'id="week" hx-swap-oob="true"' in followed.text
    richer = await grace.get(f"{UNDER}/queues/hours?schedule=Mo 10:00-12:00 || Tu off", SCRIPT)
    assert "The week cannot show all of these opening hours" in shown(richer.text)


async def test_an_admin_builds_rows_of_conditions_from_choices(grace: Admin) -> None:
    row = {"field-0": "topic", "was-0": "topic", "operator-0": "in", "value-0": "vpn\nwifi"}
    added = await grace.send("/queues/conditions", **row, add="1", name="Q")
    assert 'id="field-1"' in added.text
    assert ">\nvpn\nwifi</textarea>" in added.text
    other = row | {"field-0": "provider_number"}
    changed = await grace.send("/queues/conditions", **other)
    assert '<option value="+18885550100"' in changed.text or (
        'value="+18885550100"' in changed.text
    )
    plain = await grace.send("/queues/new", **row, add="1", name="Kept")
    assert (plain.status, 'value="Kept"' in plain.text, 'id="field-1"' in plain.text) == (
        200,
        True,
        True,
    ), "without JavaScript, the page reloads with one more row"


async def test_an_admin_reorders_queues_by_keyboard_and_by_drag_and_drop(
    desk: Running, grace: Admin
) -> None:
    async def order() -> list[str]:
        found = await desk.desk.store.read(queues.list_)
        return [one.name for one in found.values()]

    first = await order()
    assert first[-1] == "Network"
    number = next(k for k, q in (await desk.desk.store.read(queues.list_)).items()
                  if q.name == "Network")  # fmt: skip
    assert (await grace.send(f"/queues/{number}/move", way="up")).status == 303
    assert (await order())[-2] == "Network"
    await grace.send(f"/queues/{number}/move", to="0")
    assert await order() == ["Network", *first[:-1]]
    await grace.send(f"/queues/{number}/move", way="up")
    assert (await order())[0] == "Network", "the first one stays first"


async def test_a_routing_trial_shows_queue_agents_and_reasons(grace: Admin) -> None:
    page = f"{UNDER}/queues/try"
    text = shown((await grace.get(f"{page}?number=1&topic=vpn&at=2026-11-29 10:00")).text)
    assert "Queue: Network" in text
    assert "Its conditions match: topic is one of vpn, wifi." in text
    assert "The queue is closed at this time. It opens" in text
    assert "Mia Chen does not get the offer Is offline" in text
    usual = shown((await grace.get(f"{page}?number=1&topic=printer")).text)
    assert "Queue: Service desk" in usual
    assert (
        "These conditions do not match: topic is one of vpn, wifi. In this conversation: topic is "
        "printer." in usual
    )
    wrong = await grace.get(f"{page}?number=1&at=soon&requester=nobody+like+this")
    assert wrong.status == 400


async def test_saving_a_queue_that_cannot_assign_shows_a_warning(grace: Admin) -> None:
    fields = {
        "name": "Empty",
        "language": "en",
        "assignment": "most_capacity",
        "accept_seconds": "60",
    }
    saved = await grace.send("/queues/new", **fields, affinity_days="7", match="all")
    assert saved.headers["Location"].endswith("?done=unable")
    text = shown((await grace.get(saved.headers["Location"])).text)
    assert "Saved, but this queue cannot assign conversations yet." in text
    assert "Cannot assign conversations. No group gets offers: add one." in text


async def test_a_routing_trial_without_a_company_number_links_to_the_form_for_one(
    desk: Running, grace: Admin
) -> None:
    page = f"{UNDER}/queues/try"
    assert "There is no company number yet" not in shown((await grace.get(page)).text)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(t.provider_numbers.delete()), None)
    text = (await grace.get(page)).text
    assert "There is no company number yet, so no queue gets anything." in shown(text)
    assert 'href="/workspace/admin/provider-numbers/new"' in text
    assert ">Try</button>" not in text
