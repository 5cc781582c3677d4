"""The cases panel of a conversation, where an agent sees, opens and changes cases."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service.operations.identity.verify_requester import (
    Undo,
    Verify,
    undo_verification,
    verify_requester,
)
from handoff_service.store.cases import cases
from handoff_service.store.views import Case
from tests.support.story import BOB, DIRECT, MIA, STRANGER
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def ann(desk: Running) -> int:
    return (await desk.story.text("my dock is dead", to=DIRECT)).interaction_id or 0


async def all_cases(desk: Running) -> list[Case]:
    return await desk.desk.store.read(cases.list_, [])


def panel(html: str) -> str:
    """Return the text of the cases in the context panel."""
    found = re.search(r'id="fold-cases">(.*?)id="open-case"', html, re.DOTALL)
    assert found is not None
    return shown(found[1])


async def test_an_agent_opens_a_case_and_changes_it_with_a_note(
    desk: Running, mia: Visitor, ann: int
) -> None:
    path = f"/workspace/conversations/{ann}"
    dialog = (await mia.get(f"{path}/cases/new", SCRIPT)).text
    assert ">my dock is dead</textarea>" in dialog
    refused = await mia.act(f"{path}/cases/new", description=" ", kind="problem", priority="3")
    assert (refused.status, "Describe what the case is about" in refused.text) == (400, True)
    assert (
        await mia.act(f"{path}/cases/new", description="x", kind="cat", priority="3")
    ).status == 400
    for wrong in ("x" * 10_001, "a\0b"):
        answer = await mia.act(f"{path}/cases/new", description=wrong, kind="problem", priority="3")
        assert (answer.status, await all_cases(desk)) == (400, [])
    made = await mia.act(
        f"{path}/cases/new", description="Dock is <dead>", kind="problem", priority="2"
    )
    assert made.status == 204
    page = panel((await mia.get(path)).text)
    assert "1 CS0000001 Open Dock is <dead> Dock is <dead> Kind Problem Priority 2 Opened" in page
    assert ", Mia Chen Edit or add a note" in page
    assert "Mia Chen opened case CS0000001 : Dock is <dead>" in shown((await mia.get(path)).text)

    one = f"{path}/cases/1"
    assert "Case CS0000001" in shown((await mia.get(one, SCRIPT)).text)
    given = {
        "state": "resolved",
        "priority": "2",
        "external_number": "JIRA-7",
        "note": "Replaced it",
    }
    assert (await mia.act(one, **given)).status == 204
    assert (await mia.act(one, **given | {"note": ""})).status == 204, (
        "a second change to the same state adds no line"
    )
    page = panel((await mia.get(f"{path}/news?after=999", SCRIPT)).text)
    assert "CS0000001 Resolved" in page
    assert "External number JIRA-7" in page
    assert "State: Open → Resolved External number: none → JIRA-7 “Replaced it”" in page
    assert "Mia Chen set case CS0000001 to resolved: Replaced it" in shown(
        (await mia.get(path)).text
    )
    (case,) = await all_cases(desk)
    assert case.version == 2


async def test_a_case_shows_only_in_its_users_conversations(
    desk: Running, mia: Visitor, ann: int
) -> None:
    path = f"/workspace/conversations/{ann}"
    for what in ("Dock", "Mouse"):
        await mia.act(f"{path}/cases/new", description=what, kind="problem", priority="3")
    await mia.act(f"{path}/close", short_description="Dock")
    again = (await desk.story.text("hi", to=DIRECT)).interaction_id
    page = panel((await mia.get(f"/workspace/conversations/{again}")).text)
    assert page.index("CS0000002") < page.index("CS0000001"), "newest first"
    bob = (await desk.story.text("hi", number=BOB, to=DIRECT)).interaction_id
    assert "CS000" not in panel((await mia.get(f"/workspace/conversations/{bob}")).text)
    assert (await mia.get(f"/workspace/conversations/{bob}/cases/1", SCRIPT)).status == 404
    assert (
        await mia.act(f"/workspace/conversations/{bob}/cases/1", state="closed", priority="3")
    ).status == 404


async def test_an_old_case_that_the_panel_no_longer_lists_still_opens(
    desk: Running, mia: Visitor, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "SHOWN", 1)
    path = f"/workspace/conversations/{ann}/cases"
    for what in ("Dock", "Mouse"):
        await mia.act(f"{path}/new", description=what, kind="problem", priority="3")
    assert "Case CS0000001" in shown((await mia.get(f"{path}/1", SCRIPT)).text)
    assert (await mia.act(f"{path}/1", state="closed", priority="3")).status == 204
    missing = await mia.get(f"{path}/3", SCRIPT)
    assert (
        missing.status,
        "This requester has no such case. Reload the page." in missing.text,
    ) == (404, True)


async def test_verifying_a_guest_moves_the_case_to_the_user_and_undo_moves_it_back(
    desk: Running, mia: Visitor
) -> None:
    guest = (await desk.story.text("hi", number=STRANGER, to=DIRECT)).interaction_id or 0
    await mia.act(
        f"/workspace/conversations/{guest}/cases/new",
        description="Dock",
        kind="problem",
        priority="3",
    )
    (case,) = await all_cases(desk)
    assert case.user is None
    await desk.desk.store.write(
        verify_requester, Verify(interaction_id=guest, agent_id=MIA, user_id=2)
    )
    (case,) = await all_cases(desk)
    assert case.user is not None
    assert case.user.name == "Bob Ruiz"
    assert "Requester changed" in panel((await mia.get(f"/workspace/conversations/{guest}")).text)
    await desk.desk.store.write(undo_verification, Undo(interaction_id=guest, agent_id=MIA))
    (case,) = await all_cases(desk)
    assert (case.user, case.version) == (None, 3)
