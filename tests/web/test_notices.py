"""Notices on the pages and in the stream: prompts, offers, unread counts, typing notices, reasons
for Away.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape

import aiohttp
import pytest
import sqlalchemy as sa

from handoff_service import clock
from handoff_service.operations.routing.presence import RAN_OUT, set_away
from handoff_service.operations.shared.messages_to_many import prompt_each
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from tests.support.story import ANN, BOB, DIRECT, MIA, OMAR, STRANGER
from tests.web.workspace_server import SCRIPT, Running, Visitor, shown


@asynccontextmanager
async def agent(desk: Running, name: str) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in(f"{name}@example.com", f"demo-{name}")).status == 303
        yield one


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with agent(desk, "mia") as one:
        yield one


async def test_the_owner_sees_a_notice_of_a_colleagues_action_until_dismissing_it(
    desk: Running, mia: Visitor
) -> None:
    ann = await with_mia(desk)
    await desk.story.close(ann, OMAR)
    said = "Omar Haddad closed this conversation. It was your conversation."
    assert said in shown((await mia.get("/workspace/counts")).text)
    async with agent(desk, "omar") as omar:
        assert said not in shown((await omar.get("/workspace/counts")).text)
    assert (await mia.act(f"/workspace/conversations/{ann}/notice/dismiss")).status == 204
    assert said not in shown((await mia.get("/workspace/counts")).text)


async def with_mia(desk: Running, number: str = ANN) -> int:
    """Start a conversation with Mia in its live group."""
    received = await desk.story.text("hi", number=number, to=DIRECT)
    assert received.interaction_id is not None
    await desk.story.write(received.interaction_id, "Hello, Mia here")
    await desk.story.text("my secret is 42", number=number, to=DIRECT)
    return received.interaction_id


async def prompt(desk: Running, interaction_id: int, body: str = "waits for 30 minutes") -> None:
    """Add the prompt that a messaging action adds when its timer is due."""

    def add(tx: Transaction, _: None) -> None:
        line = NewMessage(kind=Kind.SYSTEM, author=Author.SYSTEM, body=body, event=Event.PROMPT)
        prompt_each(tx, [(interactions.lock(tx.conn, interaction_id), line)])

    await desk.desk.store.write(add, None)


def toasts(html: str) -> list[str]:
    return [shown(found) for found in re.findall(r'<li class="toast".*?</li>', html, re.DOTALL)]


# Prompts ------------------------------------------------------------------------------------------


async def test_a_prompt_is_on_every_page_until_an_agent_answers_the_requester(
    desk: Running,
) -> None:
    async with agent(desk, "grace") as grace:
        one = await with_mia(desk)
        await grace.act(f"/workspace/conversations/{one}/messages", body="Grace too")
        await desk.story.text("hello?", to=DIRECT)
        await prompt(desk, one)
        paths = (
            "/workspace",
            f"/workspace/conversations/{one}",
            "/workspace/admin/users",
            "/workspace/counts",
        )
        for path in (*paths, *paths):
            (toast,) = toasts((await grace.get(path)).text)
            assert toast.startswith("Ann Lee"), path
            assert "waits for 30 minutes" in toast
            assert "secret" not in toast
        await desk.story.write(one, "Here I am")
        for path in paths:
            assert toasts((await grace.get(path)).text) == [], path


async def test_a_page_shows_the_three_newest_prompts_and_counts_the_rest(
    desk: Running, mia: Visitor
) -> None:
    numbers = [ANN, BOB, STRANGER, "+12025550178", "+12025550179"]
    for number in numbers:
        await prompt(desk, await with_mia(desk, number))
    page = (await mia.get("/workspace")).text
    assert [toast[:15] for toast in toasts(page)] == [
        "+1 202 555 0179",
        "+1 202 555 0178",
        "+1 202 555 0177",
    ]
    assert re.search(r'id="prompts-more">2 more prompts<', page)


async def test_a_dismissed_prompt_is_gone_on_all_pages_of_that_agent(
    desk: Running, mia: Visitor
) -> None:
    one = await with_mia(desk)
    await desk.story.write(one, "Omar too", agent=OMAR)
    await desk.story.text("hello?", to=DIRECT)
    await prompt(desk, one)
    page = (await mia.get("/workspace")).text
    found = re.search(r'name="seq" value="(\d+)"', page)
    assert found is not None
    path = f"/workspace/conversations/{one}/prompts/dismiss"
    # a plain form, without JavaScript
    assert (await mia.post(path, csrf=await mia.csrf(), seq=found[1])).status == 303
    assert (await mia.act(path, seq=found[1])).status == 204
    assert toasts((await mia.get("/workspace")).text) == []
    async with agent(desk, "omar") as omar:
        assert len(toasts((await omar.get("/workspace")).text)) == 1


REFUSED = {
    "no seq": ({}, 400, "must be the prompt's seq"),
    "letters": ({"seq": "first"}, 400, "must be the prompt's seq"),
    "a huge seq": ({"seq": "9" * 40}, 400, "must be the prompt's seq"),
    "an unknown prompt": ({"seq": "1"}, 404, "There is no prompt 1"),
}


@pytest.mark.parametrize(("fields", "status", "why"), REFUSED.values(), ids=REFUSED.keys())
async def test_an_invalid_dismissal_is_refused_with_the_reason(
    desk: Running, mia: Visitor, fields: dict[str, str], status: int, why: str
) -> None:
    one = await with_mia(desk)
    answer = await mia.act(f"/workspace/conversations/{one}/prompts/dismiss", **fields)
    assert (answer.status, why in answer.text) == (status, True)


async def test_markup_in_a_prompt_is_escaped(desk: Running, mia: Visitor) -> None:
    one = await with_mia(desk)
    await prompt(desk, one, '"><script>alert(1)</script>')
    page = (await mia.get("/workspace")).text
    assert "<script>alert" not in page
    assert '"><script>alert(1)</script>' in toasts(page)[0]


# Offers and unread counts -------------------------------------------------------------------------


async def test_pages_without_the_list_also_show_offers_and_unread_counts(
    desk: Running, mia: Visitor
) -> None:
    one = await with_mia(desk)
    await desk.story.text("my badge", number=BOB, to=DIRECT)
    for _ in range(3000):
        if await desk.story.inbox(MIA):
            break
        await asyncio.sleep(0.01)
    newest = max(line.id for line in await desk.story.lines(one) if line.direction == "inbound")
    for path in ("/workspace/counts", "/workspace/lists", "/workspace"):
        page = (await mia.get(path, SCRIPT)).text
        assert 'data-who="Bob Ruiz" data-why="Live agents answer this number first."' in page
        found = re.search(r'data-unread="1" data-newest="([^"]*)"', page)
        assert found is not None
        assert json.loads(unescape(found[1])) == {str(one): newest}
        assert "my badge" not in shown(re.findall(r'<ul id="offered".*?</ul>', page, re.DOTALL)[0])
    await mia.act(f"/workspace/conversations/{one}/read", up_to="99")
    assert 'data-unread="0" data-newest="{}"' in (await mia.get("/workspace/counts", SCRIPT)).text


# Typing notices --------------------------------------------------------------------


class EventReader:
    """Reads the events of one stream."""

    def __init__(self, stream: aiohttp.ClientResponse) -> None:
        self._stream = stream

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(5):
            block = (await self._stream.content.readuntil(b"\n\n")).decode()
        name, data = block.strip("\n").split("\n")
        return name.removeprefix("event: "), data.removeprefix("data: ")

    async def next_typing_notice(self) -> dict[str, object]:
        """Skip other events and return the next typing notice."""
        while True:
            name, data = await self.next()
            if name == "writing":
                told: dict[str, object] = json.loads(data)
                return told


@asynccontextmanager
async def listening(visitor: Visitor, opened: int | str = "") -> AsyncIterator[EventReader]:
    async with visitor.client.get(f"{visitor.address}/workspace/events?open={opened}") as stream:
        ear = EventReader(stream)
        assert (await ear.next())[0] == "hello"
        yield ear


async def test_agents_with_the_conversation_open_see_who_starts_and_stops_typing(
    desk: Running, mia: Visitor
) -> None:
    one = await with_mia(desk)
    before = len(await desk.story.lines(one))
    path = f"/workspace/conversations/{one}/writing"
    async with (
        agent(desk, "omar") as omar,
        listening(mia, one) as here,
        listening(omar, one) as writer,
    ):
        for kind in ("text", "note", ""):
            assert (await omar.act(path, kind=kind)).status == 204
        heard = [await here.next_typing_notice() for _ in range(3)]
        assert [one["said"] for one in heard] == [
            "Omar is typing a text…",
            "Omar is typing a note…",
            "",
        ]
        assert {one["by"] for one in heard} == {OMAR}
        await mia.act(path, kind="note")
        # Agents get no notice of their own typing.
        assert await writer.next_typing_notice() == {"by": MIA, "said": "Mia is typing a note…"}
    assert len(await desk.story.lines(one)) == before  # The service stores no typing notices.


async def test_agents_with_another_conversation_open_get_no_typing_notice(
    desk: Running, mia: Visitor
) -> None:
    one, other = await with_mia(desk), await with_mia(desk, BOB)
    async with agent(desk, "omar") as omar, listening(mia, other) as there:
        await omar.act(f"/workspace/conversations/{one}/writing", kind="text")
        await omar.act(f"/workspace/conversations/{other}/writing", kind="note")
        assert await there.next_typing_notice() == {"by": OMAR, "said": "Omar is typing a note…"}


NOT_WRITING = {
    "an invalid kind": ("{one}", "song", 400, "The field “kind” must be text or note"),
    "an unknown conversation": ("999", "text", 404, "There is no conversation 999"),
    "a closed conversation": ("{closed}", "text", 409, "is closed"),
}


@pytest.mark.parametrize(
    ("which", "kind", "status", "why"), NOT_WRITING.values(), ids=NOT_WRITING.keys()
)
async def test_a_typing_notice_for_an_unknown_or_closed_conversation_is_refused(
    desk: Running, mia: Visitor, which: str, kind: str, status: int, why: str
) -> None:
    one, closed = await with_mia(desk), await with_mia(desk, BOB)
    await desk.story.close(closed)
    answer = await mia.act(
        f"/workspace/conversations/{which.format(one=one, closed=closed)}/writing", kind=kind
    )
    assert (answer.status, why in answer.text) == (status, True)


async def test_roles_without_access_to_conversations_get_no_events_about_them(
    desk: Running, mia: Visitor
) -> None:
    one = await with_mia(desk)
    trainer = sa.update(t.agent_roles).where(t.agent_roles.c.agent_id == MIA).values(role="trainer")
    csrf = await mia.csrf()
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(trainer), None)
    said = await mia.post(
        f"/workspace/conversations/{one}/writing", SCRIPT | {"X-CSRF-Token": csrf}, kind="text"
    )
    heard = await mia.get(f"/workspace/events?open={one}", SCRIPT)
    assert (said.status, heard.status, (await mia.get("/workspace/counts")).status) == (
        403,
        403,
        200,
    )


async def test_supervisors_get_the_prompts_of_conversations_without_an_agent(desk: Running) -> None:
    received = await desk.story.text("anyone?", to=DIRECT)
    assert received.interaction_id is not None
    async with agent(desk, "omar") as omar, agent(desk, "grace") as grace, listening(omar) as ear:
        await prompt(desk, received.interaction_id)
        assert (await ear.next())[0] == "lists"
        (toast,) = toasts((await omar.get("/workspace/counts", SCRIPT)).text)
        assert "Nobody is assigned." in toast
        assert toasts((await grace.get("/workspace/counts", SCRIPT)).text) == []


# The reason for Away ------------------------------------------------------------------------------


async def test_a_notice_explains_an_automatic_away_and_how_to_end_it(
    desk: Running, mia: Visitor
) -> None:
    await desk.desk.store.write(lambda tx, _: set_away(tx, MIA, RAN_OUT), None)
    log = t.presence_log
    earlier = clock.now() - timedelta(minutes=12)
    began = sa.update(log).where(log.c.reason == RAN_OUT).values(since=earlier)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(began), None)
    said = re.compile(
        r"You were set to Away \([^(]*, 12 min ago \): An offer expired\. Back to available"
    )
    for path in ("/workspace", "/workspace/counts", "/workspace/lists"):
        assert said.search(shown((await mia.get(path)).text)), path
    assert (await mia.act("/workspace/presence", presence="available")).status == 204
    assert "set to Away" not in shown((await mia.get("/workspace")).text)
    chosen = sa.update(t.agents).where(t.agents.c.id == MIA).values(presence="away")
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(chosen), None)
    assert "set to Away" not in shown((await mia.get("/workspace")).text)


async def test_custom_presences_follow_the_three_defaults_and_show_if_they_take_work(
    desk: Running, mia: Visitor
) -> None:
    own = [
        {"name": "Back office", "takes_work": True, "position": 2},
        {"name": "Lunch", "takes_work": False, "position": 1},
    ]
    await desk.desk.store.write(
        lambda tx, _: tx.conn.execute(sa.insert(t.presence_states), own), None
    )
    page = (await mia.get("/workspace")).text
    assert re.findall(r'name="presence" value="([^"]+)"(?: checked)?>', page)[:5] == [
        "available",
        "away",
        "offline",
        "Lunch",
        "Back office",
    ]
    assert "Lunch no offers Back office Set presence" in shown(page)
    for chosen, takes_work in (("Lunch", False), ("Back office", True)):
        assert (await mia.act("/workspace/presence", presence=chosen)).status == 204
        counts = (await mia.get("/workspace/counts", SCRIPT)).text
        assert (f'data-presence="{chosen}"' in counts, "data-takes-work" in counts) == (
            True,
            takes_work,
        )
        assert (
            "No offers while your presence is Lunch." in shown((await mia.get("/workspace")).text)
        ) is not takes_work
