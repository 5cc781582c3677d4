"""The account page: an agent's own name, password and sessions."""

import json
import re
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
import sqlalchemy as sa

from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t
from handoff_service.web.shared.devices import device_of
from tests.web.workspace_server import PAGE, Running, Visitor, running, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
LONG = "Ann-Charlotte " * 10 + "Ó"
RIGHT_TO_LEFT = "מיה כהן"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("account")) as here:
        yield here


@pytest_asyncio.fixture(loop_scope="module")
async def account(desk: Running, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A new agent who is signed in."""
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    made = MakeAgent(
        email=f"{name}@example.com",
        name="Ann",
        password_hash=hash_password("the first one"),
        capacity=1,
        roles=[Role.TRAINER],
    )
    await desk.desk.store.write(make_agent, made)
    async with desk.visitor() as visitor:
        await visitor.post("/sign-in", PAGE | {"User-Agent": FIREFOX}, **credentials(request))
        yield visitor


def credentials(request: pytest.FixtureRequest, password: str = "the first one") -> dict[str, str]:
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    return {"email": f"{name}@example.com", "password": password}


async def csrf(visitor: Visitor) -> str:
    found = re.search(
        r'<meta name="csrf" content="(\w+)">', (await visitor.get("/workspace/account")).text
    )
    assert found is not None
    return found[1]


async def post(visitor: Visitor, what: str, **fields: str) -> tuple[int, str]:
    path = f"/workspace/account/{what}"
    carried = {"csrf": await csrf(visitor), "command": secrets.token_hex(12)}
    answer = await visitor.post(path, **carried, **fields)
    return answer.status, shown(answer.text)


@pytest.mark.parametrize("name", ["Ann Ruiz", LONG.strip(), RIGHT_TO_LEFT])
async def test_an_agent_changes_their_own_name(account: Visitor, name: str) -> None:
    assert (await post(account, "name", name=name))[0] == 303
    assert name in (await account.get("/workspace/account?done=name")).text


async def test_a_bad_name_shows_an_error_at_its_field(account: Visitor) -> None:
    status, text = await post(account, "name", name="")
    assert (status, "Must not be empty." in text) == (400, True)


async def test_a_new_password_requires_the_current_one_and_ends_other_sessions(
    account: Visitor, desk: Running, request: pytest.FixtureRequest
) -> None:
    async with desk.visitor() as other:
        await other.post("/sign-in", **credentials(request))
        assert (await other.get("/workspace/account")).status == 200
        status, text = await post(account, "password", current="a guess", password="a second one")
        assert (status, "This is not your password. 4 attempts left." in text) == (400, True)
        status, text = await post(account, "password", current="the first one", password="short")
        assert (status, "Must have at least 8 characters" in text) == (400, True)
        assert (await other.get("/workspace/account")).status == 200
        right = {"current": "the first one", "password": "a second one"}
        assert (await post(account, "password", **right))[0] == 303
        assert (await other.get("/workspace/account")).status == 303
        assert (await account.get("/workspace/account")).status == 200
        assert (await other.post("/sign-in", **credentials(request))).status == 401
        assert (await other.post("/sign-in", **credentials(request, "a second one"))).status == 303


async def test_guesses_of_the_current_password_are_limited(account: Visitor) -> None:
    for _ in range(5):
        await post(account, "password", current="a guess", password="a second one")
    status, text = await post(account, "password", current="the first one", password="a second one")
    assert (status, "Too many attempts." in text) == (429, True)


async def test_each_session_shows_its_device_and_can_be_ended(
    account: Visitor, desk: Running, request: pytest.FixtureRequest
) -> None:
    async with desk.visitor() as other:
        await other.post("/sign-in", PAGE | {"User-Agent": "curl/8.5"}, **credentials(request))
        page = await account.get("/workspace/account")
        assert "Firefox on Linux this one" in shown(page.text)
        assert "Another program" in page.text
        [key] = re.findall(r'name="key" value="(\w+)"', page.text)
        assert (await post(account, "sessions/end", key=key))[0] == 303
        assert (await other.get("/workspace/account")).status == 303
        assert (await post(account, "sessions/end", key=key))[0] == 404


async def test_an_agent_cannot_end_a_colleagues_session(account: Visitor, desk: Running) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        newest = sa.select(t.sessions.c.token_hash).order_by(t.sessions.c.created_at.desc())
        key = await desk.desk.store.read(lambda conn: conn.execute(newest).scalars().first())
        assert (await post(account, "sessions/end", key=str(key)))[0] == 404
        assert (await mia.get("/workspace")).status == 200


async def test_a_sessions_last_use_is_recorded_every_few_minutes(
    account: Visitor, desk: Running
) -> None:
    s = t.sessions
    newest = sa.select(s.c.token_hash).order_by(s.c.created_at.desc()).limit(1)
    token = await desk.desk.store.read(lambda conn: conn.execute(newest).scalar_one())
    used = sa.select(s.c.last_used_at).where(s.c.token_hash == token)
    long_ago = desk.desk.clock() - timedelta(hours=1)
    put = sa.update(s).where(s.c.token_hash == token).values(last_used_at=long_ago)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(put), None)
    await account.get("/workspace/account")
    first = await desk.desk.store.read(lambda conn: conn.execute(used).scalar_one())
    assert first > long_ago
    await account.get("/workspace/account")
    assert await desk.desk.store.read(lambda conn: conn.execute(used).scalar_one()) == first


async def test_an_agent_without_a_role_has_an_account_and_can_sign_out(desk: Running) -> None:
    made = MakeAgent(
        email="none@example.com",
        name="Nobody",
        password_hash=hash_password("the first one"),
        capacity=0,
        roles=[],
    )
    await desk.desk.store.write(make_agent, made)
    async with desk.visitor() as visitor:
        await visitor.post("/sign-in", email="none@example.com", password="the first one")
        led = await visitor.get("/workspace")
        assert (led.status, led.headers["Location"]) == (302, "/workspace/account")
        assert "You have no role." in shown((await visitor.get("/workspace/account")).text)
        assert (await visitor.get("/workspace/search")).status == 403
        token = await csrf(visitor)
        assert (await visitor.post("/sign-out", csrf=token)).status == 303
        assert (await visitor.get("/workspace")).status == 303


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5", "Another program"),
        ("", "Another program"),
    ],
)
async def test_a_device_is_named_in_a_few_words(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


async def test_an_agent_adds_tests_and_removes_notifications(account: Visitor) -> None:
    """No server listens at the webhook's address, so the test notification fails and the page shows
    it.
    """
    hook = "https://127.0.0.1:1/hook"
    status, _ = await post(account, "notifications", way="webhook", address=hook)
    text = (await account.get("/workspace/account")).text
    found = re.search(r'name="id" value="(\d+)"', text)
    assert (status, "Webhook: " in text, found is not None) == (303, True, True)
    target = found[1] if found else ""
    assert (await post(account, "notifications/test", id=target))[0] == 303
    text = (await account.get("/workspace/account?done=notify_failed")).text
    assert "It could not be reached." in text
    assert (await post(account, "notifications/remove", id=target))[0] == 303
    assert (await post(account, "notifications/remove", id=target))[0] == 404


@pytest.mark.parametrize(
    ("way", "wrong"), [("pigeon", "push, mail or webhook"), ("webhook", "a web address")]
)
async def test_invalid_notification_settings_are_refused(
    account: Visitor, way: str, wrong: str
) -> None:
    status, text = await post(account, "notifications", way=way, address="chat")
    assert (status, wrong in text) == (400, True)


async def test_browsers_get_the_files_that_need_a_fixed_address(account: Visitor) -> None:
    for path, kind in {
        "/service-worker.js": "text/javascript",
        "/manifest.webmanifest": "application/manifest+json",
        "/app-icon-192.png": "image/png",
        "/app-icon-512.png": "image/png",
    }.items():
        async with account.client.get(account.address + path) as answer:
            assert (answer.status, answer.content_type) == (200, kind)


async def test_the_manifest_is_in_the_browsers_language(account: Visitor) -> None:
    asked = {"Accept-Language": "de-AT"}
    answer = await account.get("/manifest.webmanifest", asked)
    assert answer.headers["Vary"] == "Accept-Language"
    manifest = json.loads(answer.text)
    assert (manifest["lang"], manifest["description"]) == (
        "de",
        "Der Arbeitsbereich des SMS-Helpdesks",
    )
    assert manifest["start_url"] == "/workspace"


async def test_a_device_is_in_the_language_of_the_page(account: Visitor) -> None:
    page = await account.get("/workspace/account", PAGE | {"Accept-Language": "de"})
    assert "Firefox auf Linux" in page.text
