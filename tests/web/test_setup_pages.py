"""The setup in the browser, from an empty database, without the demo."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from handoff_service.operations.desk.set_up import setup_link
from handoff_service.rules.desk.setup_token import opens, setup_token
from handoff_service.rules.shared.vocabulary import Owner, Work
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.routing import queues
from tests.support.fake_twilio import FakeTwilio
from tests.support.story import MAIN
from tests.web.workspace_server import Answer, Running, Visitor, running, shown

ADMIN = {"name": "Ada", "email": "ada@example.com", "password": "a few words", "answers": "1"}


@dataclass(frozen=True, slots=True)
class SetUp:
    """The setup of an empty desk, done in one browser."""

    here: Running
    visitor: Visitor

    @property
    def store(self) -> Store:
        return self.here.desk.store

    async def token(self) -> str:
        link = await self.store.read(setup_link, self.here.address, self.key)
        assert link is not None
        return str(link).partition("token=")[2]

    @property
    def key(self) -> str:
        return self.here.desk.settings.secret_key

    async def account(self, **changes: str) -> Answer:
        given = ADMIN | {"token": changes.pop("token", None) or await self.token()} | changes
        return await self.visitor.post("/setup/account", **given)

    async def save(self, step: str, **fields: str) -> Answer:
        page = await self.visitor.get("/setup/desk")
        csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert csrf is not None
        return await self.visitor.post(f"/setup/{step}", csrf=csrf[1], **fields)


@pytest_asyncio.fixture
async def empty(tmp_path: Path) -> AsyncIterator[SetUp]:
    database = f"sqlite:///{tmp_path / 'empty.db'}"
    await asyncio.to_thread(migrate, database)
    changes = {"PATCHBOARD_DEMO": "0", "PATCHBOARD_DATABASE_URL": database}
    async with running(tmp_path, **changes) as here, here.visitor() as visitor:
        yield SetUp(here, visitor)


def status_and_location(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.headers.get("Location", "")


async def test_an_empty_desk_is_set_up_step_by_step(empty: SetUp) -> None:
    visitor = empty.visitor
    for path in ("/", "/sign-in"):
        assert status_and_location(await visitor.get(path)) == (302, "/setup")
    assert "open the link that the service prints" in shown((await visitor.get("/setup")).text)

    assert status_and_location(await empty.account()) == (303, "/setup/desk")
    desk = {"name": "Acme", "country": "DE", "time_zone": "Europe/Berlin"}
    assert status_and_location(await empty.save("desk", **desk)) == (303, "/setup/number")
    assert status_and_location(await visitor.get("/setup")) == (302, "/setup/number"), (
        "the setup continues at the step where the admin left it"
    )
    number = {"number": "0151 23456789", "label": "", "first_responder": "live_agent"}
    assert status_and_location(await empty.save("number", **number)) == (303, "/setup/agents")
    invited = await empty.save("agents", name="Nadia", email="nadia@example.com")
    assert status_and_location(invited) == (303, "/setup/agents")
    assert re.search(
        rf'value="{empty.here.desk.settings.public_url}/sign-in/link\?token=',
        (await visitor.get("/setup/agents")).text,
    )
    assert status_and_location(await empty.save("agents/done")) == (303, "/setup/queue")
    hours = {"name": "Help", "days": "Mo-Fr", "opens": "00:00", "closes": "24:00"}
    assert status_and_location(await empty.save("queue", **hours)) == (303, "/setup/test")

    found = await empty.store.read(queues.list_)
    assert [(one.name, one.schedule) for one in found.values()] == [("Help", "Mo-Fr 00:00-24:00")]
    assert await empty.store.read(desk_time_zone) == "Europe/Berlin"
    assert "Waiting for your text" in (await visitor.get("/setup/test")).text
    assert status_and_location(await empty.save("finish")) == (303, "/workspace/admin/checklist")
    assert status_and_location(await visitor.get("/setup")) == (302, "/setup/test")


async def test_the_test_text_shows_when_it_arrives_and_when_it_is_answered(empty: SetUp) -> None:
    await empty.account()
    await empty.save("number", number="+18885550100", label="", first_responder="live_agent")
    phone = {"from": "+12025550142", "to": "+18885550100", "body": "hello there"}
    assert (await empty.visitor.post("/phone/texts", **phone)).status == 303

    async def state() -> str:
        return shown((await empty.visitor.get("/setup/test/state")).text)

    assert "“hello there” arrived from +1 202 555 0142" in await state()
    assert "The conversation waits for a live" in await state()
    story = empty.here.story
    await story.offer()  # unless the service's worker did this first
    [offer] = await story.inbox(1)
    await story.accept(offer.id, 1)
    assert "An agent has it." in await state()
    await story.write(1, "Good morning", 1)
    assert "Ada answered: “Good morning”" in await state()


async def test_every_step_shows_errors_at_the_field(empty: SetUp) -> None:
    refused = await empty.account(email="ada", password="short")
    assert refused.status == 400
    assert "Must be an e-mail address" in refused.text
    assert "Must have at least 8 characters" in refused.text
    await empty.account()
    for step, fields, says in (
        ("desk", {"name": "", "country": "US", "time_zone": "UTC"}, "Must not be empty"),
        ("desk", {"name": "A", "country": "US", "time_zone": "Mars"}, "Must be a time zone"),
        ("number", {"number": "12", "first_responder": "live_agent"}, 'id="number-wrong"'),
        ("agents", {"name": "N", "email": "n"}, "Must be an e-mail address"),
        ("agents", {"name": "N", "email": "ada@example.com"}, "already exists"),
        ("queue", {"name": "", "days": ""}, "Must not be empty"),
        ("queue", {"name": "Q", "days": "Mo-Fr", "opens": "8am", "closes": ""}, "Write both times"),
    ):
        answer = await empty.save(step, **fields)
        assert answer.status in (400, 409), step
        assert says in answer.text, step


async def test_repeating_a_step_changes_nothing(empty: SetUp) -> None:
    await empty.account()
    for _ in range(2):
        await empty.save("desk", name="Acme", country="US", time_zone="UTC")
        await empty.save("number", number="+18885550100", label="", first_responder="live_agent")
        await empty.save("queue", name="Help", days="", opens="", closes="")
    for table in (t.desk, t.provider_numbers, t.queues):
        assert await empty.here.story.count(table) == 1
    [row] = await empty.here.story.rows(t.provider_numbers)
    assert row.number == "+18885550100"


async def test_a_second_number_replaces_the_first_until_a_text_uses_it(empty: SetUp) -> None:
    await empty.account()

    async def save(number: str) -> list[str]:
        await empty.save("number", number=number, label="", first_responder="live_agent")
        return [row.number for row in await empty.here.story.rows(t.provider_numbers)]

    assert await save("+18885550109") == ["+18885550109"]
    assert await save("+18885550100") == ["+18885550100"]
    await empty.here.story.text(to="+18885550100")
    assert await save("+18885550101") == ["+18885550100", "+18885550101"]


async def test_the_setup_token_opens_only_the_first_step(empty: SetUp) -> None:
    token = await empty.token()
    assert token == await empty.token(), (
        "the token depends only on the key and the desk, so a restart keeps it"
    )
    wrong = await empty.visitor.get("/setup?token=a-guess")
    assert "This link does not work for this desk." in shown(wrong.text)
    assert "patchboard doctor" in wrong.text
    refused = await empty.account(token="a-guess")
    assert "Set-Cookie" not in refused.headers
    assert await empty.here.story.count(t.agents) == 0
    assert 'name="token"' in (await empty.visitor.get(f"/setup?token={token}")).text

    await empty.account(token=token)
    async with empty.here.visitor() as other:
        again = ADMIN | {"token": token, "email": "eve@example.com"}
        assert status_and_location(await other.post("/setup/account", **again)) == (303, "/setup")
        assert status_and_location(await other.get(f"/setup?token={token}")) == (
            302,
            "/sign-in?next=/setup",
        )
    assert await empty.here.story.count(t.agents) == 1
    assert await empty.store.read(setup_link, "http://here", empty.key) is None


async def test_two_simultaneous_requests_create_one_admin(empty: SetUp) -> None:
    token = await empty.token()
    async with empty.here.visitor() as one, empty.here.visitor() as two:
        given = ADMIN | {"token": token}
        await asyncio.gather(
            one.post("/setup/account", **given),
            two.post("/setup/account", **given | {"email": "eve@example.com"}),
        )
    assert await empty.here.story.count(t.agents) == 1


async def test_another_site_cannot_post_the_first_step(empty: SetUp) -> None:
    given = ADMIN | {"token": await empty.token()}
    foreign = {"Accept": "text/html", "Origin": "https://evil.example"}
    assert (await empty.visitor.post("/setup/account", foreign, **given)).status == 403


async def test_only_admins_open_the_phone_page_outside_the_demo(empty: SetUp) -> None:
    async with empty.here.visitor() as stranger:
        assert status_and_location(await stranger.get("/phone")) == (303, "/sign-in?next=%2Fphone")
        texts = {"from": "+12025550142", "to": "+18885550100", "body": "x"}
        assert (await stranger.post("/phone/texts", {"HX-Request": "1"}, **texts)).status == 401
        assert (await stranger.get("/mailbox")).status == 404
    await empty.account()
    assert (await empty.visitor.get("/phone/")).status == 200


async def test_without_a_mail_server_the_page_refers_to_an_admin(empty: SetUp) -> None:
    await empty.account()
    page = await empty.visitor.get("/sign-in/forgot")
    assert "patchboard agent password" in page.text
    assert "under Admin, Agents" in shown(page.text)
    await empty.visitor.post("/sign-in/forgot", email="ada@example.com")
    assert await empty.here.story.count(t.due_work, t.due_work.c.kind == Work.MAIL_LINK) == 0


def test_each_desk_has_its_own_token() -> None:
    assert opens("key", "desk", setup_token("key", "desk"))
    assert not opens("key", "desk", setup_token("key", "another desk"))
    assert not opens("key", "desk", setup_token("another key", "desk"))
    assert not opens("key", "desk", "")
    assert Owner.QUEUE == "queue", "the service's templates name the token"


async def test_the_setup_tests_twilios_credentials_and_connects_a_number_with_one_click(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path / 'empty.db'}"
    await asyncio.to_thread(migrate, database)
    async with FakeTwilio() as twilio:
        twilio.numbers = {MAIN: {"sms_url": "https://elsewhere.example/sms"}}
        changes = twilio.environ(tmp_path) | {
            "PATCHBOARD_DEMO": "0",
            "PATCHBOARD_DATABASE_URL": database,
            "PATCHBOARD_PUBLIC_URL": "http://desk.example.com",
        }
        async with running(tmp_path, **changes) as here, here.visitor() as visitor:
            empty = SetUp(here, visitor)
            await empty.account()
            page = shown((await visitor.get("/setup/number")).text)
            assert "The credentials are" in page
            assert "https://elsewhere.example/sms Send them here" in page
            number = {"number": MAIN, "label": "", "first_responder": "live_agent"}
            assert status_and_location(await empty.save("number", **number)) == (
                303,
                "/setup/number?saved=1",
            )
            pointed = await empty.save("number/webhook", number=MAIN)
            assert status_and_location(pointed) == (303, "/setup/number?pointed=1")
            assert twilio.numbers[MAIN]["sms_url"] == "http://desk.example.com/webhooks/twilio/sms"
            assert "here" in shown((await visitor.get("/setup/number")).text)
            assert status_and_location(await empty.save("number", **number)) == (
                303,
                "/setup/agents",
            )
            text = shown((await visitor.get("/setup/test")).text)
            assert "Text anything from your own phone to +1 888 555 0100" in text
            assert (await visitor.get("/phone")).status == 404
            twilio.auth_token = "another"
            assert "Twilio refuses" in shown((await visitor.get("/setup/number")).text)
