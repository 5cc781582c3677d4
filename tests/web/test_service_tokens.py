"""An admin creates and revokes service tokens on the page. Programs use them for the API and the
event stream.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service.operations.desk.service_tokens import (
    MakeToken,
    make_token,
    new_secret,
    revoke_token,
)
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.desk import agents
from handoff_service.store.desk_file.record_changes import history
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, MAIN, MIA
from tests.web.admin_browser import Admin
from tests.web.test_api import Client, read_events, wait_for
from tests.web.workspace_server import Running, shown

FORM = {"name": "Monitoring", "scopes": "read", "days": "30", "rate": "100"}


@pytest.fixture
async def program(desk: Running) -> AsyncIterator[Client]:
    """A program whose token has every scope."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, desk.address, await create_token(desk, *Scope))


async def create_token(desk: Running, *scopes: Scope, rate: int = 100) -> str:
    command = MakeToken(name="Zabbix", scopes=scopes, days=30, rate=rate, secret=new_secret())
    return (await desk.desk.store.write(make_token, command)).secret


async def test_the_page_shows_a_token_once_and_can_revoke_it(desk: Running, grace: Admin) -> None:
    page = await grace.send("/service-tokens/new", **FORM)
    found = re.search(r'id="made-secret">(pbt_[\w-]+)<', page.text)
    assert found is not None
    listed = await grace.get("/workspace/admin/service-tokens")
    assert "Monitoring created" in shown(listed.text)
    assert "by Grace Okafor" in shown(listed.text)
    assert found[1] not in listed.text
    (row,) = await desk.story.rows(t.service_tokens)
    assert found[1] not in str(row), "only its hash is stored"
    async with aiohttp.ClientSession() as session:
        client = Client(session, desk.address, found[1])
        await client.call("GET", "/queues")
        asks = await grace.get("/workspace/admin/service-tokens/1/revoke")
        assert "Revoke “Monitoring”?" in shown(asks.text)
        assert (await grace.send("/service-tokens/1/revoke")).status == 303
        refused = await client.call("GET", "/queues", status=401)
        assert "“Monitoring” was revoked on" in refused["detail"]
    changes = await desk.desk.store.read(history, Noun.SERVICE_TOKEN, "1")
    assert [one.changes for one in changes] == [{"revoked": [False, True]}, {}]


async def test_the_form_names_each_wrong_field(grace: Admin) -> None:
    page = await grace.send("/service-tokens/new", name="", scopes="", days="30", rate="100")
    assert page.status == 400
    assert {"name-wrong", "scopes-wrong"} <= set(re.findall(r'id="([\w-]+)"', page.text))
    page = await grace.send("/service-tokens/new", **FORM | {"days": "400"})
    assert "Enter a whole number from 1 to 366." in shown(page.text)
    await grace.send("/service-tokens/new", **FORM)
    page = await grace.send("/service-tokens/new", **FORM)
    assert (page.status, "already exists" in page.text) == (409, True)


async def test_a_refused_token_gets_the_reason(desk: Running, program: Client) -> None:
    unknown = Client(program.session, program.url, "pbt_nothing")
    refused = await unknown.call("GET", "/queues", status=401)
    assert (
        refused["detail"]
        == "There is no such service token. Check it, or ask an admin for a new one."
    )
    past = desk.desk.clock() - timedelta(days=1)
    await desk.desk.store.write(
        lambda tx, _: tx.conn.execute(sa.update(t.service_tokens).values(expires_at=past)), None
    )
    refused = await program.call("GET", "/queues", status=401)
    assert f"“Zabbix” expired on {past:%Y-%m-%d}" in refused["detail"]


async def test_a_refusal_names_the_missing_scope(desk: Running, program: Client) -> None:
    only = Client(program.session, program.url, await create_reader_token(desk))
    refused = await only.call("POST", "/labels", {"name": "VPN"}, status=403)
    assert "needs the scope admin:labels" in refused["detail"]
    refused = await program.call("GET", "/inbox", status=403)
    assert "because it is for people" in refused["detail"]


async def create_reader_token(desk: Running) -> str:
    command = MakeToken(name="Reader", scopes=[Scope.READ], days=1, rate=100, secret=new_secret())
    return (await desk.desk.store.write(make_token, command)).secret


async def test_a_token_has_its_own_rate_limit(desk: Running, program: Client) -> None:
    slow = Client(program.session, program.url, await create_slow_token(desk))
    await slow.call("GET", "/queues")
    await slow.call("GET", "/queues")
    headers = {"Authorization": f"Bearer {slow.token}"}
    async with slow.session.get(f"{slow.url}/api/v1/queues", headers=headers) as answer:
        assert (answer.status, 0 < int(answer.headers["Retry-After"]) <= 30) == (429, True)
        assert "may make 2 requests a minute" in (await answer.json())["detail"]
    await program.call("GET", "/queues")


async def create_slow_token(desk: Running) -> str:
    command = MakeToken(name="Slow", scopes=[Scope.READ], days=1, rate=2, secret=new_secret())
    return (await desk.desk.store.write(make_token, command)).secret


async def test_histories_name_the_token_and_lists_of_agents_do_not(
    desk: Running, program: Client
) -> None:
    label = await program.call("POST", "/labels", {"name": "VPN"}, status=201)
    (change,) = await desk.desk.store.read(history, Noun.LABEL, str(label["id"]))
    assert change.by is not None
    assert change.by.name == "Service token Zabbix"
    everybody = await desk.desk.store.read(agents.list_, words=None, after=0, limit=100)
    assert "Service token Zabbix" not in [one.name for one in everybody]
    assert change.by.id not in await desk.desk.store.read(agents.agents_by_id)
    body = {"active": True, "email": "me@example.com", "password": "a password of mine"}
    await program.call("PATCH", f"/agents/{change.by.id}", body, status=404)
    (stored,) = await desk.story.rows(t.service_tokens)
    assert stored.last_used_at is not None


async def test_a_text_by_a_token_does_not_change_the_owner(desk: Running, program: Client) -> None:
    waiting = await desk.story.text("hello", number=ANN)
    body = {"body": "The VPN is back."}
    path = f"/interactions/{waiting.interaction_id}/messages"
    sent = await program.call("POST", path, body, status=201)
    assert sent["author"]["name"] == "Service token Zabbix"
    seen = await desk.story.see(waiting.interaction_id or 0)
    assert (seen.owner.kind, seen.live_group) == (Owner.QUEUE, [])


async def test_a_token_joins_no_live_group(desk: Running, program: Client) -> None:
    one = await desk.story.with_agent(MIA)
    await program.call("POST", f"/interactions/{one}/notes", {"body": "Ticket 7"}, status=201)
    await program.call("POST", f"/interactions/{one}/messages", {"body": "Fixed."}, status=201)
    seen = await desk.story.see(one)
    assert [agent.id for agent in seen.live_group] == [MIA]
    assert seen.owner.id == MIA


async def test_a_new_conversation_by_a_token_is_closed_at_once(
    desk: Running, program: Client
) -> None:
    to = {"to": "+12025550123", "from": MAIN}
    told = (await program.call("POST", "/conversations/preview", to))["told"]
    assert "closed at once" in told
    body = to | {"body": "Your laptop is ready."}
    started = await program.call("POST", "/conversations", body, status=201)
    assert started["interaction"]["state"] == State.CLOSED_COMPLETE
    await desk.story.text("thanks, when do you close?", number="+12025550123")
    newest = (await desk.story.rows(t.interactions))[-1]
    assert newest.id != started["interaction"]["id"]
    assert newest.owner == Owner.QUEUE


async def test_a_tokens_event_stream_covers_the_desk_and_ends_when_it_is_revoked(
    desk: Running, program: Client
) -> None:
    old = await desk.story.text("before the stream", number=ANN)
    headers = {"Authorization": f"Bearer {program.token}"}
    async with (
        asyncio.timeout(20),
        program.session.get(f"{program.url}/api/v1/events", headers=headers) as stream,
    ):
        heard = read_events(stream)
        await wait_for(heard, "hello")
        await desk.story.text("after it", number=ANN)
        message = await wait_for(heard, "message", body="after it")
        assert message["data"]["interaction_id"] == old.interaction_id
        last = await wait_for(heard, "interaction")
        await desk.desk.store.write(revoke_token, 1)
        rest = [one["event"] async for one in heard]
        assert set(rest) <= {"message", "interaction", "heartbeat"}, "the stream has ended"
    again = Client(program.session, program.url, await create_token(desk, Scope.READ))
    await desk.story.text("in between", number=ANN)
    headers = {"Authorization": f"Bearer {again.token}", "Last-Event-ID": last["id"]}
    async with (
        asyncio.timeout(20),
        program.session.get(f"{program.url}/api/v1/events", headers=headers) as stream,
    ):
        await wait_for(read_events(stream), "message", body="in between")
