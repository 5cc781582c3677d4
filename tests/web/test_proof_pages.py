"""Identity checks that an agent starts on the page and over the API, and the demo's mailbox."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service.operations.identity.mail_code import FinishMail, finish_mail
from handoff_service.operations.shared.running_proof import LockedProof, fail
from handoff_service.ports.mail import Mail, Mailed
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import interactions
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs
from tests.web.workspace_server import Running, Visitor, running, shown

BOT = {"PATCHBOARD_BOT_URL": "http://127.0.0.1:9/nobody-answers", "PATCHBOARD_BURST_WINDOW": "3000"}
ASK = "Check identity"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, **BOT) as made:
        yield made


async def conversation(desk: Running) -> tuple[int, str]:
    ann = await desk.story.with_agent()
    return ann, f"/workspace/conversations/{ann}"


async def test_one_click_starts_a_check_by_the_virtual_agent_and_the_conversation_returns(
    desk: Running, mia: Visitor
) -> None:
    ann, page = await conversation(desk)
    assert ASK in (await mia.get(page)).text
    answer = await mia.act(f"{page}/ask-for-proof")
    assert answer.status in (200, 204)
    said = shown((await mia.get(page)).text)
    assert "Mia Chen asked for an identity check" in said
    # No bot answers at the address. The service tries twice, then the conversation returns.
    async with asyncio.timeout(30):
        while (await desk.story.see(ann)).owner.kind is not Owner.AGENT:
            await asyncio.sleep(0.05)
    seen = await desk.story.see(ann)
    assert (seen.owner.kind, seen.owner.name) == (Owner.AGENT, "Mia Chen")
    assert "Back with Mia Chen" in shown((await mia.get(page)).text)


async def test_the_history_shows_a_failed_identity_check(desk: Running, mia: Visitor) -> None:
    ann, page = await conversation(desk)

    def fail_check(tx: Transaction, _: None) -> None:
        interaction = interactions.lock(tx.conn, ann)
        made = proofs.begin(tx, ann, interaction.epoch, interaction.requester_number, 1)
        fail(
            tx,
            LockedProof(interaction, proofs.change(tx, made, claimed="e9999")),
            "5 wrong answers",
        )

    await desk.desk.store.write(fail_check, None)
    said = shown((await mia.get(page)).text)
    assert "Identity check not finished. The requester claimed to be e9999." in said
    assert "5 wrong answers; no user matches e9999" in said


async def test_without_a_bot_the_page_explains_and_has_no_button(tmp_path: Path) -> None:
    async with running(tmp_path) as desk, desk.visitor() as mia:
        await mia.sign_in()
        _, page = await conversation(desk)
        html = (await mia.get(page)).text
        assert (ASK in html, "This desk has no virtual agent to check identity." in html) == (
            False,
            True,
        )
        answer = await mia.act(f"{page}/ask-for-proof")
        assert (answer.status, "no virtual agent" in answer.text) == (409, True)


async def test_the_demo_mailbox_shows_sent_mails(desk: Running) -> None:
    async with desk.visitor() as anybody:
        assert "No e-mail yet" in (await anybody.get("/mailbox/")).text
        assert desk.desk.mailer is not None
        await desk.desk.mailer.send(
            Mail(to="ann@example.com", subject="Your code", body="It is <042617>.")
        )
        await desk.story.store.write(
            finish_mail, FinishMail(send_id=1, attempts=1, result=Mailed())
        )
        said = (await anybody.get("/mailbox/mails")).text
        assert ("To ann@example.com" in said, "It is &lt;042617&gt;." in said) == (True, True)
        assert 'href="/mailbox"' in (await anybody.get("/phone/")).text


@pytest.mark.parametrize(
    "setting", [{"PATCHBOARD_DEMO": "0"}, {"PATCHBOARD_SMTP_URL": "smtp://127.0.0.1:9"}]
)
async def test_there_is_no_mailbox_page_with_a_mail_server_or_outside_the_demo(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    async with running(tmp_path, **setting) as desk, desk.visitor() as anybody:
        assert (await anybody.get("/mailbox/")).status == 404
