"""Repeated requests: API calls with an Idempotency-Key, and forms that a browser sends twice."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service.operations.webhooks.webhooks import MakeWebhook, make_webhook
from handoff_service.rules.shared.vocabulary import WebhookEvent
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import tables as t
from tests.support.pictures import picture
from tests.support.ticket_system import SECRET
from tests.web.workspace_server import Running, running

KEY = "Idempotency-Key"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        yield started


class Client:
    """A program that calls the API as one agent."""

    def __init__(self, session: aiohttp.ClientSession, address: str, token: str) -> None:
        self.session, self._address, self.token = session, address, token

    async def send(
        self, path: str, body: object, key: str | None, method: str = "POST"
    ) -> tuple[int, str, bool]:
        """Return (status, body, whether the answer is marked as a repeat)."""
        headers = {"Authorization": f"Bearer {self.token}"} | (
            {KEY: key} if key is not None else {}
        )
        url = f"{self._address}/api/v1{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.text(), "Idempotent-Replayed" in answer.headers


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Client]:
    async for client in signed_in(desk, "mia"):
        yield client


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Client]:
    async for client in signed_in(desk, "omar"):
        yield client


async def signed_in(desk: Running, name: str) -> AsyncIterator[Client]:
    login = {"email": f"{name}@example.com", "password": f"demo-{name}"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{desk.address}/api/v1/login", json=login) as answer:
            token = (await answer.json())["token"]
        yield Client(session, desk.address, token)


async def count_messages(desk: Running, body: str) -> int:
    return await desk.story.count(t.messages, t.messages.c.body == body)


async def test_the_same_key_and_body_give_the_first_answer_again(
    desk: Running, mia: Client
) -> None:
    conversation = await desk.story.with_agent()
    path = f"/interactions/{conversation}/messages"
    first = await mia.send(path, {"body": "on my way"}, "k1")
    await desk.story.text("thanks")  # A later event does not change the stored first answer.
    again = await mia.send(path, {"body": "on my way"}, "k1")
    assert (first[0], first[2]) == (201, False)
    assert again == (201, first[1], True)
    assert await count_messages(desk, "on my way") == 1


async def test_the_same_key_with_another_body_gets_422(desk: Running, mia: Client) -> None:
    conversation = await desk.story.with_agent()
    path = f"/interactions/{conversation}/notes"
    assert (await mia.send(path, {"body": "one"}, "k1"))[0] == 201
    assert (await mia.send(path, {"body": "two"}, "k1"))[0] == 422
    assert (await mia.send(f"/interactions/{conversation}/messages", {"body": "one"}, "k1"))[
        0
    ] == 422
    assert await count_messages(desk, "two") == 0


async def test_a_repeated_close_closes_the_conversation_once(desk: Running, mia: Client) -> None:
    path = f"/interactions/{await desk.story.with_agent()}/close"
    first = await mia.send(path, {}, "k1")
    assert first[0] == 200
    assert await mia.send(path, {}, "k1") == (200, first[1], True)
    assert (await mia.send(path, {}, "k2"))[0] == 409, "a request with another key runs again"


async def test_two_agents_can_use_the_same_key(desk: Running, mia: Client, omar: Client) -> None:
    conversation = await desk.story.with_agent()
    for client in (mia, omar):
        status, _, repeated = await client.send(
            f"/interactions/{conversation}/messages", {"body": "hi"}, "k1"
        )
        assert (status, repeated) == (201, False)
    assert await count_messages(desk, "hi") == 2


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 256])
async def test_a_refusal_of_an_invalid_key_names_the_header(
    desk: Running, mia: Client, key: str
) -> None:
    status, body, _ = await mia.send("/agents/me/presence", {"presence": "away"}, key, method="PUT")
    assert status == 400
    assert KEY in body


async def test_simultaneous_requests_with_one_key_run_once(desk: Running, mia: Client) -> None:
    conversation = await desk.story.with_agent()
    path = f"/interactions/{conversation}/notes"
    answers = await asyncio.gather(*(mia.send(path, {"body": "once"}, "k1") for _ in range(10)))
    assert {status for status, _, _ in answers} == {201}
    assert len({body for _, body, _ in answers}) == 1
    assert await count_messages(desk, "once") == 1


async def test_a_repeated_upload_stores_one_picture(desk: Running, mia: Client) -> None:
    headers = {"Authorization": f"Bearer {mia.token}", KEY: "k1", "Content-Type": "image/png"}
    made = []
    for _ in range(2):
        url = f"{desk.address}/api/v1/media"
        async with mia.session.post(url, data=picture("PNG"), headers=headers) as answer:
            assert answer.status == 201
            made.append(await answer.text())
    assert made[0] == made[1]
    assert await desk.story.count(t.media) == 1


async def test_a_form_that_is_sent_twice_runs_once(desk: Running) -> None:
    conversation = await desk.story.with_agent()
    page = f"/workspace/conversations/{conversation}"
    async with desk.visitor() as mia:
        await mia.sign_in()
        html = (await mia.get(page)).text
        composer = re.search(r'<form class="composer".*?</form>', html, re.S)
        assert composer is not None
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', composer[0]))
        assert set(hidden) == {"csrf", "command"}
        for _ in range(2):
            answer = await mia.post(f"{page}/messages", kind="text", body="hello", **hidden)
            assert answer.status == 303
        assert await count_messages(desk, "hello") == 1
        await mia.post(f"{page}/messages", kind="text", body="hello again", **hidden)
        assert await count_messages(desk, "hello again") == 1, "an edited form counts as a new form"


async def test_an_admin_form_that_is_sent_twice_creates_one_record(desk: Running) -> None:
    before = await desk.story.count(t.groups)
    await desk.desk.store.write(_make_admin, "mia@example.com")
    async with desk.visitor() as mia:
        await mia.sign_in()
        html = (await mia.get("/workspace/admin/groups/new")).text
        form = html[html.index('<form class="form') :]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', form))
        for _ in range(2):
            answer = await mia.post(
                "/workspace/admin/groups/new", name="Night shift", capacity="", **hidden
            )
            assert answer.status == 303, answer.text
    assert await desk.story.count(t.groups) == before + 1


async def test_a_repeated_request_for_a_secret_returns_the_stored_one(desk: Running) -> None:
    await desk.desk.store.write(_make_admin, "mia@example.com")
    fields = WebhookFields(
        name="Tickets", url="https://a.example", events=(WebhookEvent.CASE_CREATED,)
    )
    await desk.desk.store.write(make_webhook, MakeWebhook(fields=fields, secret=SECRET))
    async with desk.visitor() as mia:
        await mia.sign_in()
        path, hidden = "/workspace/admin/webhooks/1/secret", {"csrf": await mia.csrf()}
        shown = [
            re.findall(
                r'id="made-secret">(whsec_[\w+/=]+)<',
                (await mia.post(path, new="1", command="twice1", **hidden)).text,
            )
            for _ in range(2)
        ]
        (row,) = await desk.story.rows(t.webhooks)
        stored = desk.desk.store.settings.sealer.open(t.webhooks.c.secret, row.secret)
        assert shown == [[stored], [stored]]


def _make_admin(tx: object, email: str) -> None:
    agent = sa.select(t.agents.c.id).where(t.agents.c.email == email).scalar_subquery()
    tx.conn.execute(sa.insert(t.agent_roles).values(agent_id=agent, role="admin"))  # type: ignore[attr-defined]
