"""An event stream ends with its session, survives a database outage, reports its failures, and
resumes without a gap.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service import clock
from handoff_service.errors import DatabaseAway
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.desk import agents
from handoff_service.operations.desk.agents import ChangeAgent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.routing.presence import LOST, set_away
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.shared.vocabulary import Role, Status
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import EVERYTHING, Hint
from handoff_service.web.shared import sse as page_stream
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, SHARED, STRANGER
from tests.web.test_api import Client, read_events, sign_in, wait_for
from tests.web.workspace_server import Running, Visitor, running, shown


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield await sign_in(Client(session, desk.address), "mia")


@asynccontextmanager
async def events(
    mia: Client, after: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {mia.token}"} | ({"Last-Event-ID": after} if after else {})
    async with (
        asyncio.timeout(20),
        mia.session.get(f"{mia.url}/api/v1/events", headers=headers) as stream,
    ):
        assert stream.status == 200
        yield read_events(stream)


@pytest.mark.parametrize(
    "id", ["x", "-1", "-62135596800000000", "9" * 30, "0", "1.5", "253402300800000000"]
)
async def test_an_id_that_belongs_to_no_event_is_refused(mia: Client, id: str) -> None:
    headers = {"Authorization": f"Bearer {mia.token}", "Last-Event-ID": id}
    async with mia.session.get(f"{mia.url}/api/v1/events", headers=headers) as answer:
        assert answer.status == 400
        assert "Last-Event-ID" in (await answer.json())["errors"]


async def change(desk: Running, statement: Any) -> None:
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(statement), None)


async def wait_until_delivered(desk: Running) -> None:
    """Wait until every text has its last receipt."""
    pending = (t.messages.c.direction == "outbound") & (t.messages.c.status != "delivered")
    async with asyncio.timeout(10):
        while await desk.story.count(t.messages, pending):
            await asyncio.sleep(0.01)


# The session --------------------------------------------------------------------------------------


async def change_password(desk: Running, _mia: Client) -> None:
    values = {"password_hash": await asyncio.to_thread(hash_password, "another one")}
    await desk.desk.store.write(agents.change_agent, ChangeAgent(id=MIA, by=OMAR, values=values))


async def deactivate(desk: Running, _mia: Client) -> None:
    await desk.desk.store.write(
        agents.change_agent, ChangeAgent(id=MIA, by=OMAR, values={"active": False})
    )


async def change_roles(desk: Running, _mia: Client) -> None:
    change_ = ChangeAgent(id=MIA, by=OMAR, values={"roles": [Role.TRAINER]})
    await desk.desk.store.write(agents.change_agent, change_)


async def expire_sessions(desk: Running, _mia: Client) -> None:
    await change(
        desk, sa.update(t.sessions).values(expires_at=desk.desk.clock() - timedelta(seconds=1))
    )


async def sign_out(_desk: Running, mia: Client) -> None:
    headers = {"Authorization": f"Bearer {mia.token}"}
    async with mia.session.post(f"{mia.url}/api/v1/logout", headers=headers) as answer:
        assert answer.status == 204
    await mia.call("GET", "/inbox", status=401)


ENDS = pytest.mark.parametrize(
    "ends",
    [change_password, deactivate, change_roles, expire_sessions, sign_out],
    ids=lambda f: f.__name__,
)


@ENDS
async def test_a_stream_of_the_api_ends_within_one_heartbeat_of_its_session(
    desk: Running, mia: Client, ends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_stream, "HEARTBEAT", 0.2)
    async with events(mia) as heard:
        await wait_for(heard, "heartbeat")
        await ends(desk, mia)
        assert [one["event"] async for one in heard if one["event"] != "heartbeat"] == []


async def test_nothing_is_sent_before_the_session_is_checked(desk: Running, mia: Client) -> None:
    """The stream does not wait for the next heartbeat to check the session."""
    one = await desk.story.with_agent(MIA)
    async with events(mia) as heard:
        await wait_for(heard, "hello")
        await expire_sessions(desk, mia)
        await desk.story.text("my secret is 42", to=DIRECT)
        assert "my secret is 42" not in [one["data"].get("body") async for one in heard]
    assert (await desk.story.lines(one))[-1].body == "my secret is 42"


async def test_a_stream_ends_before_another_event_when_the_agent_loses_the_role(
    desk: Running,
) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        async with mia.client.get(f"{mia.address}/workspace/events") as stream, asyncio.timeout(10):
            assert b"hello" in await stream.content.readuntil(b"\n\n")
            await change_roles(desk, None)  # type: ignore[arg-type]
            assert b"lists" not in await stream.content.read()


# Failures ---------------------------------------------------------------------------------------


async def test_a_hint_about_an_unknown_record_does_not_end_a_stream(
    desk: Running, mia: Client
) -> None:
    async with events(mia) as heard:
        await wait_for(heard, "hello")
        desk.desk.fanout.publish([Hint(f"agent:{MIA}", 4711)])
        await desk.story.with_agent(MIA)
        await desk.story.text("still here", to=DIRECT)
        await wait_for(heard, "message", body="still here")


async def test_a_hint_about_an_unknown_agent_does_not_end_a_pages_stream(desk: Running) -> None:
    one = await desk.story.with_agent(MIA)
    async with desk.visitor() as mia:
        await mia.sign_in()
        url = f"{mia.address}/workspace/events?open={one}"
        async with mia.client.get(url) as stream, asyncio.timeout(10):
            assert b"hello" in await stream.content.readuntil(b"\n\n")
            desk.desk.fanout.publish([Hint(f"writing:{one}:text", one, by=4711)])
            desk.desk.fanout.publish([Hint(f"writing:{one}:text", one, by=OMAR)])
            while b"Omar is typing" not in await stream.content.readuntil(b"\n\n"):
                pass


async def test_a_stream_that_fails_ends_so_that_the_client_reconnects(
    desk: Running, mia: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with events(mia) as heard:
        await wait_for(heard, "hello")

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("broken")

        with monkeypatch.context() as broken_store:
            broken_store.setattr(type(desk.desk.store), "read", broken)
            desk.desk.fanout.publish([Hint(f"agent:{MIA}", 1)])
            assert [one["event"] async for one in heard] == []


async def test_a_stream_survives_a_database_outage_and_catches_up(
    desk: Running, mia: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent's connection never broke, so the service does not set the agent to Away."""
    monkeypatch.setattr(page_stream, "HEARTBEAT", 0.2)
    one = await desk.story.with_agent(MIA)
    async with events(mia) as heard:
        await wait_for(heard, "hello")

        async def away(*_: object, **__: object) -> None:
            raise DatabaseAway("OperationalError")

        with monkeypatch.context() as pulled:
            pulled.setattr(type(desk.desk.store), "read", away)
            await desk.story.text("told while it was away", to=DIRECT)
            await wait_for(heard, "heartbeat")
            await wait_for(heard, "heartbeat")
        message = await wait_for(heard, "message", body="told while it was away")
        assert message["data"]["interaction_id"] == one


async def test_catching_up_sends_only_changes(desk: Running, mia: Client) -> None:
    one = await desk.story.with_agent(MIA)
    other = await desk.story.with_agent(MIA, number=BOB)
    await wait_until_delivered(desk)  # A late receipt would be one more change.
    async with events(mia) as heard:
        await wait_for(heard, "hello")
        desk.desk.fanout.publish([EVERYTHING])
        assert {(await wait_for(heard, "interaction"))["data"]["id"] for _ in (one, other)} == {
            one,
            other,
        }
        await change(
            desk, sa.update(t.interactions).where(t.interactions.c.id == other).values(priority=1)
        )
        desk.desk.fanout.publish([EVERYTHING])
        assert (await wait_for(heard, "interaction"))["data"]["id"] == other


# Resuming -----------------------------------------------------------------------------------------


async def wait_for_status(desk: Running, message_id: int, status: Status) -> Any:
    async with asyncio.timeout(10):
        while True:
            (row,) = await desk.story.rows(t.messages, t.messages.c.id == message_id)
            if row.status == status:
                return row
            await asyncio.sleep(0.01)


async def test_a_resumed_stream_sends_every_missed_change(desk: Running, mia: Client) -> None:
    """Changes include receipts of old messages, closed and reassigned conversations, ended offers
    and new members.
    """
    await change(desk, sa.update(t.agents).values(capacity=9))
    kept, closed, taken = [
        await desk.story.with_agent(MIA, number=number) for number in (ANN, BOB, SHARED)
    ]
    old, unchanged = [await desk.story.write(kept, body) for body in ("an old one", "another")]
    row = await wait_for_status(desk, old, Status.DELIVERED)
    await wait_for_status(desk, unchanged, Status.DELIVERED)
    hour_ago = desk.desk.clock() - timedelta(hours=1)
    m, i = t.messages, t.interactions
    await change(desk, sa.update(m).values(created_at=hour_ago, changed_at=None))
    await change(desk, sa.update(m).where(m.c.id == old).values(status=Status.SENT))
    await change(desk, sa.update(i).values(last_message_at=hour_ago))
    await change(desk, sa.update(t.live_group).values(joined_at=hour_ago))
    await desk.story.text("my badge", number=STRANGER, to=DIRECT)
    async with events(mia) as heard:
        offer = await wait_for(heard, "offer", of=STRANGER)

    await desk.desk.store.write(
        record_receipt, Receipt(sid=row.provider_sid, status=Status.DELIVERED)
    )
    await desk.story.close(closed, closing_text="")
    await change(desk, sa.update(i).where(i.c.id == closed).values(last_message_at=hour_ago))
    await change(desk, sa.update(m).where(m.c.interaction_id != kept).values(created_at=hour_ago))
    await desk.story.available(OMAR)
    await desk.desk.store.write(transfer, Transfer(interaction_id=taken, agent_id=MIA, to_queue=1))
    joined = await desk.story.accept(offer["data"]["id"], MIA)
    await desk.story.text("it is stuck", number=STRANGER, to=DIRECT)

    async with events(mia, after=offer["id"]) as heard:
        told = [await anext(heard)]
        await desk.story.text("the last", number=ANN, to=DIRECT)
        while told[-1]["data"].get("body") != "the last":
            told.append(await anext(heard))
    said = [(one["event"], one["data"]) for one in told]
    assert [d["status"] for name, d in said if name == "message" and d["id"] == old] == [
        "delivered"
    ]
    assert [d for name, d in said if name == "message" and d["id"] == unchanged] == []
    of_joined = [
        d["body"] for name, d in said if name == "message" and d["interaction_id"] == joined
    ]
    assert "it is stuck" in of_joined
    states = {d["id"]: d for name, d in said if name == "interaction"}
    assert states[closed]["closed_at"] is not None
    assert MIA not in {one["id"] for one in states[taken]["live_group"]}
    assert states[joined]["assigned_to"]["id"] == MIA
    assert ("offer_ended", {"id": offer["data"]["id"]}) in said


async def test_a_receipt_of_an_older_message_is_sent(desk: Running, mia: Client) -> None:
    one = await desk.story.with_agent(MIA)
    message_id = await desk.story.write(one, "Hello")
    row = await wait_for_status(desk, message_id, Status.DELIVERED)
    await change(
        desk, sa.update(t.messages).where(t.messages.c.id == message_id).values(status=Status.SENT)
    )
    async with events(mia) as heard:
        await wait_for(heard, "hello")
        await desk.desk.store.write(
            record_receipt, Receipt(sid=row.provider_sid, status=Status.DELIVERED)
        )
        assert (await wait_for(heard, "message", id=message_id))["data"]["status"] == "delivered"


# Presence -----------------------------------------------------------------------------------------


async def test_reconnecting_ends_an_automatic_away_with_a_notice_on_every_page(
    desk: Running,
) -> None:
    said = re.compile(
        r"You were away for 3 min\s+\([^)]* to [^)]*\)\s*: The connection was lost\. "
        r"Your presence is Available again\."
    )
    log = t.presence_log

    async def pages(mia: Visitor) -> list[bool]:
        return [
            bool(said.search(shown((await mia.get(path)).text)))
            for path in ("/workspace", "/workspace/counts", "/workspace/lists")
        ]

    async with desk.visitor() as mia:
        await mia.sign_in()
        await desk.desk.store.write(lambda tx, _: set_away(tx, MIA, LOST), None)
        earlier = clock.now() - timedelta(minutes=3)
        await change(desk, sa.update(log).where(log.c.reason == LOST).values(since=earlier))
        async with mia.client.get(f"{mia.address}/workspace/events") as stream, asyncio.timeout(10):
            assert b"hello" in await stream.content.readuntil(b"\n\n")
            assert b"lists" in await stream.content.readuntil(b"\n\n"), "the page loads the notice"
            assert await pages(mia) == [True, True, True]
            assert 'id="stay-away"' in (await mia.get("/workspace/counts")).text
            assert (await mia.act("/workspace/presence/notice")).status == 204
            assert await pages(mia) == [False, False, False]
