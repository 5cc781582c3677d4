"""Links that set a password: mailed after a forgotten password, or sent by an admin as an
invitation.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.identity.mail_code import MAILBOX
from handoff_service.rules.shared.vocabulary import Role
from tests.web.workspace_server import Answer, Running, Visitor, running, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINK = re.compile(r"http://\S+(/sign-in/link\?token=[0-9a-f.]+)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("links")) as here:
        grace = MakeAgent(
            email="grace@example.com",
            name="Grace",
            password_hash=hash_password("demo-grace"),
            capacity=0,
            roles=[Role.ADMIN],
        )
        await here.desk.store.write(make_agent, grace)
        yield here


@pytest_asyncio.fixture(loop_scope="module")
async def email(desk: Running, request: pytest.FixtureRequest) -> str:
    """Add an agent who has forgotten the password. Return their address."""
    address = f"{abs(hash(request.node.name))}@example.com"
    await add(desk, address, hash_password("the old one"))
    return address


async def add(desk: Running, email: str, password_hash: str) -> int:
    made = MakeAgent(
        email=email, name="Ann", password_hash=password_hash, capacity=1, roles=[Role.AGENT]
    )
    return await desk.desk.store.write(make_agent, made)


async def mailed(desk: Running, ask: Callable[[], Awaitable[object]]) -> str:
    """Call ``ask`` and return the link in the mail that it sends."""
    assert isinstance(desk.desk.mailer, Mailbox)
    async with asyncio.timeout(10), desk.desk.fanout.listen([MAILBOX]) as batches:
        await ask()
        before = len(desk.desk.mailer.mails())
        async for _ in batches:
            if len(desk.desk.mailer.mails()) >= max(before, 1):
                break
    found = LINK.search(desk.desk.mailer.mails()[0].mail.body)
    assert found is not None
    return found[1]


async def choose(visitor: Visitor, link: str, password: str = "the new one") -> Answer:
    token = urlsplit(link).query.removeprefix("token=")
    return await visitor.post("/sign-in/link", token=token, password=password)


async def test_an_agent_replaces_a_forgotten_password_with_a_mailed_link(
    desk: Running, email: str
) -> None:
    async with desk.visitor() as before, desk.visitor() as ann:
        await before.sign_in(email, "the old one")
        assert "/sign-in/forgot" in (await ann.get("/sign-in")).text
        link = await mailed(desk, lambda: ann.post("/sign-in/forgot", email=email.upper()))
        assert f"you sign in with {email}" in shown((await ann.get(link)).text)
        refused = await choose(ann, link, "short")
        assert (refused.status, "Must have at least 8 characters" in refused.text) == (400, True)
        assert (await choose(ann, link)).headers["Location"] == "/workspace"
        assert (await ann.get("/workspace")).status == 200
        assert (await before.get("/workspace")).status == 303, "all sessions have ended"
        assert (await before.sign_in(email, "the old one")).status == 401
        assert (await before.sign_in(email, "the new one")).status == 303


async def test_a_link_works_only_once(desk: Running, email: str) -> None:
    async with desk.visitor() as ann:
        link = await mailed(desk, lambda: ann.post("/sign-in/forgot", email=email))
        both = await asyncio.gather(*(choose(ann, link, f"the new one {n}") for n in range(2)))
        assert sorted(answer.status for answer in both) == [303, 404]
        assert "has expired, or was used already" in (await ann.get(link)).text


async def test_a_link_of_a_deactivated_agent_does_nothing(desk: Running) -> None:
    agent_id = await add(desk, "gone@example.com", "")
    async with desk.visitor() as ann:
        link = await mailed(desk, lambda: ann.post("/sign-in/forgot", email="gone@example.com"))
        gone = ChangeAgent(id=agent_id, by=None, values={"active": False})
        await desk.desk.store.write(change_agent, gone)
        assert (await choose(ann, link)).status == 404


async def test_known_and_unknown_addresses_get_the_same_answer(desk: Running, email: str) -> None:
    answers = []
    async with desk.visitor() as visitor:
        for address in (email, f"no-{email}"):
            answer = await visitor.post("/sign-in/forgot", email=address)
            answers.append((answer.status, answer.text.replace(address, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


async def test_requests_for_links_are_limited_like_sign_ins(desk: Running, email: str) -> None:
    async with desk.visitor() as visitor:
        statuses = [
            (await visitor.post("/sign-in/forgot", email=f"x{email}")).status for _ in range(6)
        ]
        assert statuses == [200] * 5 + [429]
        assert (await visitor.sign_in(f"x{email}", "a guess")).status == 401, (
            "requests for links do not count as sign-ins"
        )


async def test_a_bad_address_shows_an_error_at_its_field(desk: Running) -> None:
    async with desk.visitor() as visitor:
        answer = await visitor.post("/sign-in/forgot", email="ann")
        assert (answer.status, "Must be an e-mail address" in answer.text) == (400, True)


# Invitations --------------------------------------------------------------------------------------

NEW = {"name": "Nadia", "roles": "agent", "capacity": "4", "password": "", "groups": ""}


async def test_an_admin_invites_an_agent_by_a_link(desk: Running) -> None:
    async with desk.visitor() as admin, desk.visitor() as nadia:
        await admin.sign_in("grace@example.com", "demo-grace")
        csrf = await admin.csrf()
        fields = NEW | {"email": "nadia@example.com", "skills": "", "csrf": csrf}
        made = await admin.post("/workspace/admin/agents/new", **fields)
        page = urlsplit(made.headers["Location"]).path
        assert "Nadia has no password yet" in shown((await admin.get(page)).text)
        assert (await nadia.sign_in("nadia@example.com", "")).status == 400
        assert (await nadia.sign_in("nadia@example.com", "anything")).status == 401
        shows = await admin.post(f"{page}/link", csrf=csrf)
        found = LINK.search(shows.text)
        assert found is not None
        assert "Welcome to" in (await nadia.get(found[1])).text
        assert (await choose(nadia, found[1])).status == 303
        assert (await nadia.get("/workspace")).status == 200
        assert "has no password yet" not in (await admin.get(page)).text


async def test_an_admin_mails_an_invitation(desk: Running) -> None:
    agent_id = await add(desk, "ivan@example.com", "")
    async with desk.visitor() as admin, desk.visitor() as ivan:
        await admin.sign_in("grace@example.com", "demo-grace")
        csrf = await admin.csrf()
        path = f"/workspace/admin/agents/{agent_id}/link/mail"
        link = await mailed(desk, lambda: admin.post(path, csrf=csrf))
        assert (await choose(ivan, link)).status == 303
