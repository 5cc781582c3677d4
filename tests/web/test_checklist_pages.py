"""The admin's checklist: each problem links to its fix, and an admin can hide a check."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.desk_checks import (
    CHECKS,
    CheckName,
    Outside,
    hide_check,
    outcomes,
)
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.set_up import finish_step
from handoff_service.ports.mail import Mail, NotMailed
from handoff_service.rules.delivery.gateway_watch import AwayReason
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.set_up import Step
from handoff_service.store.engine import tables as t
from tests.support.story import MIA
from tests.web.workspace_server import Running, Visitor, running, shown

LIST = "/workspace/admin/checklist"
ALL_WELL = Outside(mails=True, provider_problems=[])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as here:
        grace = MakeAgent(
            email="grace@example.com",
            name="Grace",
            password_hash=hash_password("demo-grace"),
            capacity=0,
            roles=[Role.ADMIN],
        )
        await here.desk.store.write(make_agent, grace)
        await here.story.available(MIA)
        yield here


@pytest.fixture
async def grace(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as visitor:
        await visitor.sign_in("grace@example.com", "demo-grace")
        yield visitor


async def found_problems(desk: Running, outside: Outside = ALL_WELL) -> dict[CheckName, list[str]]:
    found = await desk.desk.store.read(outcomes, outside)
    return {one.name: list(one.found) for one in found if one.found}


async def change(desk: Running, statement: sa.Executable) -> None:
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(statement), None)


async def test_a_working_desk_has_no_problems(desk: Running) -> None:
    assert await found_problems(desk) == {}


@pytest.mark.parametrize(
    ("name", "breaks", "outside", "says"),
    [
        (
            CheckName.ONLINE,
            sa.update(t.agents).values(presence="away"),
            ALL_WELL,
            "No agent gets offers",
        ),
        (CheckName.QUEUE, sa.delete(t.queue_groups), ALL_WELL, "No group gets offers"),
        (CheckName.MAIL, None, Outside(mails=False), "There is no mail server"),
        (
            CheckName.PROVIDER,
            None,
            Outside(mails=True, provider_problems=["It refuses the account."]),
            "It refuses the account.",
        ),
        (
            CheckName.NUMBER,
            sa.delete(t.provider_numbers),
            ALL_WELL,
            "There is no company number yet.",
        ),
    ],
)
async def test_each_check_finds_its_problem(
    desk: Running, name: CheckName, breaks: sa.Executable | None, outside: Outside, says: str
) -> None:
    if breaks is not None:
        await change(desk, breaks)
    found = await found_problems(desk, outside)
    assert list(found) == [name]
    assert says in found[name][0]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (AwayReason.NO_ANSWER, "Texts wait in both directions until it is back."),
        (AwayReason.SILENT, "Texts from requesters may be waiting there."),
    ],
)
async def test_pages_show_that_the_gateway_is_away(
    desk: Running, grace: Visitor, reason: AwayReason, says: str
) -> None:
    at = desk.desk.clock()
    numbers = "/workspace/admin/provider-numbers"
    assert says not in shown((await grace.get(numbers)).text)
    values = {"id": 1, "failing_since": at, "alerted_at": at, "reason": reason}
    await change(desk, sa.insert(t.gateway_watch).values(values))
    page = (await grace.get(numbers)).text
    assert (
        f"The SMS gateway is unavailable. It {'has' if reason == 'no_answer' else 'ans'}"
        in shown(page)
    )
    assert says in shown(page)
    assert f'href="{LIST}"' in page
    assert says in (await found_problems(desk))[CheckName.PROVIDER][0]
    # The page shows the agent's own absence and the gateway's absence together.
    await change(desk, sa.update(t.agents).values(returned_from="The connection was lost."))
    page = (await grace.get(numbers)).text
    assert "The connection was lost." in shown(page)
    assert says in shown(page)
    async with desk.visitor() as omar:
        await omar.sign_in("omar@example.com", "demo-omar")
        assert says in shown((await omar.get("/workspace/supervisor")).text)


async def test_an_unfinished_setup_links_back_to_the_setup(desk: Running, grace: Visitor) -> None:
    await desk.desk.store.write(finish_step, Step.ACCOUNT)
    page = await grace.get(LIST)
    assert "Setup is not finished." in shown(page.text)
    assert 'href="/setup">Continue setup' in page.text
    await desk.desk.store.write(finish_step, Step.TEST)
    assert "Setup is not finished." not in shown((await grace.get(LIST)).text)


async def test_every_fix_links_to_an_existing_page(desk: Running, grace: Visitor) -> None:
    for name, check in CHECKS.items():
        if check.page:
            assert (await grace.get(check.page)).status in (200, 302), name


async def test_an_admin_hides_a_check_and_shows_it_again(desk: Running, grace: Visitor) -> None:
    await change(desk, sa.update(t.agents).values(presence="away"))
    said = "No agent gets offers right now"
    csrf = await grace.csrf()
    assert said in shown((await grace.get(f"{LIST}/live")).text)
    for _ in range(2):
        await grace.post(f"{LIST}/hide", csrf=csrf, check="online")
    hidden = shown((await grace.get(LIST)).text)
    assert (said in hidden, "1 hidden" in hidden) == (False, True)
    await grace.post(f"{LIST}/show", csrf=csrf)
    assert said in shown((await grace.get(LIST)).text)
    assert (await grace.post(f"{LIST}/hide", csrf=csrf, check="cat")).status == 404


async def test_a_hidden_check_with_a_problem_stays_hidden(desk: Running) -> None:
    await desk.desk.store.write(hide_check, "mail")
    found = await desk.desk.store.read(outcomes, Outside(mails=False))
    assert [one.name for one in found if one.found and one.is_hidden] == ["mail"]


async def test_a_test_mail_goes_to_the_admin_who_asks(desk: Running, grace: Visitor) -> None:
    assert isinstance(desk.desk.mailer, Mailbox)
    sent = await grace.post("/workspace/admin/mail", csrf=await grace.csrf())
    assert "accepted an e-mail to grace@example.com" in shown(sent.text)
    (one,) = desk.desk.mailer.mails()
    assert (one.mail.to, "can send mail" in one.mail.body) == ("grace@example.com", True)


async def test_a_refused_test_mail_shows_the_reason(
    desk: Running, grace: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_self: object, _mail: Mail) -> NotMailed:
        return NotMailed(why="the mail server rejects the user name or password (535)", again=False)

    monkeypatch.setattr(Mailbox, "send", refuse)
    sent = await grace.post("/workspace/admin/mail", csrf=await grace.csrf())
    assert sent.status == 502
    assert "Not sent: the mail server rejects the user name or password (535)." in shown(sent.text)
