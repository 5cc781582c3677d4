"""Offers, previews, briefs and timelines show an agent what a conversation is about. An expired
offer does not set a working agent to Away.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.routing.answer_offer import Expire, expire_offer
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.store.conversations import brief
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, DIRECT, MIA, OMAR
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown

GRACE = timedelta(seconds=45)


@pytest.fixture
async def desk(tmp_path: object) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:  # type: ignore[arg-type]
        yield service


@asynccontextmanager
async def agent(desk: Running, name: str) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in(f"{name}@example.com", f"demo-{name}")).status == 303
        yield one


type Call = Callable[..., Awaitable[Any]]


async def program(desk: Running, name: str) -> Call:
    """Return a function that calls the API as this agent and returns the answer's JSON."""

    async def call(method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {signed_in}"} if signed_in else {}
        url = f"{desk.address}/api/v1{path}"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, url, json=body) as answer,
        ):
            assert answer.status == status, await answer.text()
            return await answer.json()

    signed_in = ""
    given = {"email": f"{name}@example.com", "password": f"demo-{name}"}
    signed_in = (await call("POST", "/login", given))["token"]
    return call


async def offer_to_mia(desk: Running, number: str = ANN) -> tuple[int, int]:
    """Start a conversation and offer it to Mia. Return it and its work item."""
    received = await desk.story.text("My printer is on fire", number=number, to=DIRECT)
    await desk.story.available(MIA)
    await desk.story.offer()
    (offer,) = await desk.story.inbox(MIA)
    return received.interaction_id or 0, offer.id


async def expire(desk: Running) -> str:
    """Let Mia's offer expire. Return the presence that results."""
    (one,) = await desk.story.rows(t.offers, t.offers.c.outcome.is_(None))
    await desk.desk.store.write(expire_offer, Expire(one.id))
    return (await desk.desk.store.read(agents_by_id))[MIA].presence


# The facts on an offer ----------------------------------------------------------------------------


async def test_an_offer_shows_the_first_text_the_open_case_and_the_last_agent(
    desk: Running,
) -> None:
    before = await desk.story.text("hello", number=ANN, to=DIRECT)
    await desk.story.write(before.interaction_id or 0, "Omar here", agent=OMAR)
    await desk.story.close(before.interaction_id or 0, OMAR)
    given = OpenByHand(kind=CaseKind.PROBLEM, description="Dock is dead", user_id=1, agent_id=OMAR)
    case = await desk.desk.store.write(open_by_hand, given)
    ann, _ = await offer_to_mia(desk)
    facts = {
        "first_text": "My printer is on fire",
        "open_case": {"id": case, "number": "CS0000001", "state": "open"}
        | {"description": "Dock is dead"},
        "last_agent": {"id": OMAR, "name": "Omar Haddad"},
    }
    (offer,) = (await (await program(desk, "mia"))("GET", "/inbox"))["items"]
    assert offer | facts == offer
    assert offer["waits_since"] <= offer["offered_at"]
    seen = await (await program(desk, "omar"))("GET", "/supervision")
    (waiting,) = [one for one in seen["now"]["conversations"] if one["id"] == ann]
    assert waiting["offer"] | facts == waiting["offer"]
    words = (
        "My printer is on fire",
        "CS0000001",
        ", Open: Dock is dead",
        "Last agent: Omar Haddad",
    )
    async with agent(desk, "mia") as mia:
        pane = shown((await mia.get("/workspace/lists")).text)
        assert [one for one in words if one not in pane] == []
    async with agent(desk, "omar") as omar:
        assert "My printer is on fire" in shown((await omar.get("/workspace/supervisor")).text)
        dialog = shown((await omar.get(f"/workspace/supervisor/conversations/{ann}")).text)
        assert "Open case CS0000001: Dock is dead Last agent Omar Haddad" in dialog


async def test_only_the_agent_who_has_an_offer_reads_the_conversation_before_accepting(
    desk: Running,
) -> None:
    ann, item = await offer_to_mia(desk)
    preview = f"/workspace/offers/{item}"
    async with agent(desk, "mia") as mia, agent(desk, "omar") as omar:
        assert (await omar.get(preview, SCRIPT)).status == 409
        page = await mia.get(preview, SCRIPT)
        assert page.status == 200
        assert "My printer is on fire" in page.text
        assert f"{preview}/accept" in page.text
        assert "<textarea" not in page.text
        seen = await desk.story.see(ann, MIA)
        assert (seen.owner.kind, seen.live_group, await desk.story.count(t.live_group)) == (
            "queue",
            [],
            0,
        )
        accepted = await mia.act(f"{preview}/accept")
        assert accepted.headers["HX-Redirect"] == f"/workspace/conversations/{ann}"
        assert (await mia.get(preview, SCRIPT)).status == 409


# An expired offer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acts", "presence"),
    [
        ("an action", "available"),
        ("a key or a click, as the page reports it", "available"),
        ("an API call", "available"),
        ("an action before the grace time", "away"),
        ("pages, updates and read marks, which scripts request", "away"),
    ],
)
async def test_an_expired_offer_sets_an_inactive_agent_to_away(
    desk: Running, acts: str, presence: str
) -> None:
    async with agent(desk, "mia") as mia:
        ann, item = await offer_to_mia(desk)
        match acts:
            case "an action" | "an action before the grace time":
                assert (await mia.act("/workspace/presence/notice")).status == 204
            case "a key or a click, as the page reports it":
                assert (await mia.act("/workspace/presence/active")).status == 204
            case "an API call":
                call = await program(desk, "mia")
                await call("PUT", "/agents/me/presence", {"presence": "available"})
            case _:
                await mia.act(f"/workspace/conversations/{ann}/read", up_to="1")
                await mia.get(f"/workspace/conversations/{ann}")
        if acts == "an action before the grace time":
            old = sa.update(t.sessions).values(last_active_at=desk.desk.clock() - GRACE)
            await desk.desk.store.write(lambda tx, _: tx.conn.execute(old), None)
        assert await expire(desk) == presence
        pane = shown((await mia.get(f"/workspace/lists?shown={item}")).text)
        assert "Offer expired" in pane
        assert ("now away" in pane) == (presence == "away")


# The brief ----------------------------------------------------------------------------------------


@pytest.fixture
async def with_promise(desk: Running) -> int:
    """Give Mia a conversation with a promise and two unread texts."""
    ann = await desk.story.with_agent()
    await desk.story.write(ann, "Please restart the reader. I'll call you by 3.")
    await desk.story.text("I already restarted it. <b>Still stuck</b>", number=ANN, to=DIRECT)
    await desk.story.text("and now it beeps", number=ANN, to=DIRECT)
    return ann


async def test_page_and_api_show_the_same_brief_and_mark_no_text_as_read(
    desk: Running, with_promise: int
) -> None:
    found = await (await program(desk, "mia"))("GET", f"/interactions/{with_promise}/brief")
    assert found["user"] == {"id": 1, "name": "Ann Lee"}
    assert found["identity"]["level"] == "matched"
    assert found["problem"]["text"] == "my badge is stuck"
    assert [one["text"] for one in found["tried"]] == [
        "Please restart the reader.",
        "I already restarted it.",
    ]
    assert [(one["text"], one["by"]) for one in found["promised"]] == [
        ("I'll call you by 3.", "Mia Chen")
    ]
    assert (found["new_count"], found["new"][-1]["text"]) == (2, "and now it beeps")
    assert (await desk.story.see(with_promise, MIA)).unread == 2
    async with agent(desk, "mia") as mia:
        panel = await mia.get(f"/workspace/conversations/{with_promise}/brief", SCRIPT)
        text = shown(panel.text)
        for words in (
            "By the number only, not verified",
            "my badge is stuck",
            "I'll call you by 3",
        ):
            assert words in text
        assert "<b>Still" not in panel.text
        assert (await mia.get("/workspace/conversations/999/brief", SCRIPT)).status == 404
    outside = await (await program(desk, "omar"))("GET", f"/interactions/{with_promise}/brief")
    assert (outside["read_seq"], outside["new_count"]) == (None, 0)


async def test_a_brief_takes_three_queries_for_a_conversation_of_any_length(
    desk: Running, with_promise: int
) -> None:
    row = (await desk.story.rows(t.messages, t.messages.c.interaction_id == with_promise))[
        -1
    ]._asdict()
    rows = [row | {"id": 5000 + n, "seq": 100 + n, "provider_sid": f"SM{n}"} for n in range(2000)]
    many = sa.insert(t.messages)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(many, rows), None)
    long = (
        sa.update(t.interactions).where(t.interactions.c.id == with_promise).values(last_seq=2099)
    )
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(long), None)

    def count(conn: sa.Connection) -> tuple[int, int]:
        seen: list[str] = []
        sa.event.listen(conn, "after_cursor_execute", lambda *a: seen.append(a[2]))
        return brief.of_conversation(conn, with_promise, MIA).new_count, sum(
            one.startswith("SELECT") for one in seen
        )

    assert await desk.desk.store.read(count) == (2 + brief.LAST, 3)


# The timeline -------------------------------------------------------------------------------------


async def test_the_api_returns_all_moments_of_a_conversation_in_pages(
    desk: Running, with_promise: int
) -> None:
    call = await program(desk, "omar")
    whole = await call("GET", f"/interactions/{with_promise}/moments?limit=200")
    assert whole["next"] is None
    stand = [(one["owner"], one["owner_name"], one["state"]) for one in whole["items"]]
    assert stand[0] == ("queue", "Service desk", "new")
    assert stand[-1] == ("agent", "Mia Chen", "work_in_progress")
    (accepted,) = [one for one in whole["items"] if one["kind"] == "owner"]
    assert accepted["said"].startswith("Mia Chen accepted")
    (offer,) = [one for one in whole["items"] if one["said"] == "Offered to Mia Chen"]
    assert {one["agent"]: one["why"] for one in offer["candidates"]}["Omar Haddad"] == "is offline"
    assert [one["agent"] for one in offer["offered_to"]] == ["Mia Chen"]
    assert [one["action"] for one in whole["items"][-1]["timers"]] == ["Remind the agent"]

    pages, cursor = [], "0"
    while cursor is not None:
        page = await call("GET", f"/interactions/{with_promise}/moments?limit=2&cursor={cursor}")
        pages += page["items"]
        cursor = page["next"]
    assert [(one["seq"], one["said"]) for one in pages] == [
        (one["seq"], one["said"]) for one in whole["items"]
    ]
    assert [one["state"] for one in pages] == [one["state"] for one in whole["items"]]


async def test_the_timeline_shows_moments_with_their_owner(
    desk: Running, with_promise: int
) -> None:
    await desk.story.close(with_promise)
    async with agent(desk, "omar") as omar:
        page = await omar.get(f"/workspace/conversations/{with_promise}/timeline", SCRIPT)
        assert (
            page.text.count("data-description=")
            == int(re.findall(r'max="(\d+)"', page.text)[0]) + 1
        )
        text = shown(page.text)
        assert "Mia Chen closed this conversation" in text
        assert "Waiting in Service desk" in text
        assert "epoch" not in page.text
        last = await desk.story.lines(with_promise)
        assert "Earlier" not in text
        first = await omar.get(f"/workspace/conversations/{with_promise}/timeline?up_to=2", SCRIPT)
        assert f'data-up-to="{last[-1].seq}"' in first.text
        assert "Mia Chen closed this conversation" not in shown(first.text)
        # A closed conversation has no menu, but still shows its timeline.
        whole = await omar.get(f"/workspace/conversations/{with_promise}")
        assert 'data-panel="timeline"' in whole.text
        assert (await omar.get("/workspace/conversations/999/timeline", SCRIPT)).status == 404
