"""Sends that are on hold after a restore. An admin sends or cancels them, and supervisors see that
they wait.
"""

import asyncio

import pytest

from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.delivery.restored_sends import CANCELED
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.conversations import messages
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from tests.support.story import MIA
from tests.web.admin_browser import Admin
from tests.web.test_admin_cases import send
from tests.web.workspace_server import Running, shown


async def hold_a_text(desk: Running) -> int:
    """Start a conversation with one text that is on hold after a restore. Return the text's id."""
    interaction = await desk.story.with_agent(MIA)
    # Wait until the earlier texts are sent.
    while await desk.story.count(t.due_work, t.due_work.c.kind == Work.DELIVER):
        await asyncio.sleep(0.02)

    def queued(tx: Transaction, _: None) -> int:
        command = Write(interaction_id=interaction, agent_id=MIA, body="Your badge is ready.")
        message = send_sms(tx, command)
        restore_holds.hold(tx.conn, backed_up_at=tx.now, now=tx.now)
        return message

    return await desk.story.store.write(queued, None)


@pytest.mark.parametrize(
    ("act", "says"),
    [("release", "The texts are being sent"), ("cancel", "None of the texts will be sent")],
)
async def test_an_admin_sends_or_cancels_texts_on_hold(desk: Running, act: str, says: str) -> None:
    async with desk.visitor() as one:
        await one.sign_in("grace@example.com", "demo-grace")
        grace = Admin(one.address, one.client)
        assert "Nothing is held." in shown((await grace.get("/workspace/admin/restored")).text)
        message = await hold_a_text(desk)
        page = shown((await grace.get("/workspace/admin/restored")).text)
        assert "Patchboard holds everything that was queued at the time of the backup" in page
        assert (await send(grace, "/restored", f"/restored/{act}"))[0] == 303
        done = {"release": "released", "cancel": "canceled"}[act]
        assert says in shown((await grace.get(f"/workspace/admin/restored?done={done}")).text)
        assert (await send(grace, "/restored", f"/restored/{act}"))[0] == 409
        if act == "release":
            while (await desk.story.store.read(messages.get, message)).status is Status.QUEUED:
                await asyncio.sleep(0.02)
        else:
            async with desk.visitor() as mia:
                await mia.sign_in()
                assert CANCELED in shown((await mia.get("/workspace/conversations/1")).text)


async def test_supervisors_see_that_texts_are_on_hold(desk: Running) -> None:
    await hold_a_text(desk)
    async with desk.visitor() as omar:
        await omar.sign_in("omar@example.com", "demo-omar")
        page = shown((await omar.get("/workspace/supervisor")).text)
        assert "This desk was restored from a backup. One text waits, since" in page
        assert (await omar.get("/workspace/admin/restored")).status == 403
