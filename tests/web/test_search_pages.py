"""The search page and earlier messages in a browser without JavaScript."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service.store.conversations import earlier_messages
from tests.support.story import ANN, BOB, DIRECT, MIA
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as visitor:
        assert (await visitor.sign_in()).status == 303
        yield visitor


async def accepted_conversation(desk: Running, body: str, number: str = ANN) -> int:
    """Start a conversation and let Mia accept it."""
    received = await desk.story.text(body, number=number, to=DIRECT)
    async with asyncio.timeout(10):
        while not (offers := await desk.story.inbox(MIA)):
            await asyncio.sleep(0.01)
    await desk.story.accept(offers[0].id, MIA)
    return received.interaction_id or 0


async def test_search_requires_a_session(desk: Running) -> None:
    async with desk.visitor() as anyone:
        for path in ("/workspace/search?q=ann", "/workspace/conversations/1/earlier?before=1-1"):
            assert (await anyone.get(path)).headers["Location"].startswith("/sign-in?")
            assert (await anyone.get(path, SCRIPT)).status == 401


async def test_search_finds_people_and_conversations_and_links_to_the_line(
    desk: Running, mia: Visitor
) -> None:
    one = await accepted_conversation(desk, "hi")
    await desk.story.text("my docking station <b>smokes</b>", to=DIRECT)
    page = await mia.get("/workspace/search?q=dock")
    assert f'href="/workspace/conversations/{one}?line=4#line-4"' in page.text
    assert "my <mark>docking</mark> station &lt;b&gt;smokes&lt;/b&gt;" in page.text
    assert "0 people, 1 conversation" in shown(page.text)
    assert (
        f'href="/workspace/conversations/{one}"' in (await mia.get("/workspace/search?q=lee")).text
    )
    fragment = await mia.get("/workspace/search?q=dock", SCRIPT)
    assert fragment.text.lstrip().startswith('<div id="results">')


async def test_typed_markup_is_escaped_and_the_page_suggests_the_next_step(mia: Visitor) -> None:
    said = {
        "": "Find a person or a conversation",
        "?q=x": "Use at least two letters or digits.",
        "?q=nothing+like+this": "No results for “nothing like this”",
        "?q=%3Cscript%3Ealert%281%29%3C%2Fscript%3E": "No results for “<script>alert(1)</script>”",
        "?q=%20&below=x": "Find a person or a conversation",
        "?q=" + "x" * 5000: "No results for",
        "?q=word&below=99999999999999999999": "No results",
        "?q=INT999999999999999": "No results",
    }
    for query, words in said.items():
        page = await mia.get(f"/workspace/search{query}")
        assert (query, page.status) == (query, 200)
        assert words in shown(page.text)
        assert "<script>alert" not in page.text


async def test_older_results_are_on_the_next_page(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.web.workspace.search.A_PAGE", 2)
    for n in range(5):
        await desk.story.text(f"vpn {n}", number=f"+1202555020{n}")
    seen, path = [], "/workspace/search?q=vpn"
    while path:
        page = await mia.get(path)
        seen += re.findall(r"<mark>vpn</mark> (\d)", page.text)
        older = re.search(r'id="more-found"><a class="btn" href="([^"]+)"', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == ["4", "3", "2", "1", "0"]


async def test_earlier_messages_between_two_numbers_have_their_own_ids(
    desk: Running, mia: Visitor
) -> None:
    first = await accepted_conversation(desk, "the keyboard is wet")
    await desk.story.close(first, short_description="Wet keyboard", closing_text="")
    await desk.story.text("on another line", number=BOB, to=DIRECT)
    second = await accepted_conversation(desk, "the mouse is wet too")
    page = (await mia.get(f"/workspace/conversations/{second}")).text
    link = re.search(r'hx-get="([^"]+/earlier\?before=[^"]+)"', page)
    assert link is not None
    before = (await mia.get(link[1], SCRIPT)).text
    assert f'id="past-{first}-1"' in before
    assert 'id="line-' not in before
    assert "the keyboard is wet" in before
    assert "another line" not in before
    assert f"INT{first:07d} Closed complete" in shown(before)
    assert "Wet keyboard Mia Chen" in shown(before)
    assert "earlier?before" not in before, "no earlier messages exist"


async def test_the_divider_names_the_former_user_of_the_number(desk: Running, mia: Visitor) -> None:
    first = await accepted_conversation(desk, "it is Ann")
    await desk.story.close(first, closing_text="")
    second = await accepted_conversation(desk, "it is Bob with the phone of Ann")
    await mia.act(f"/workspace/conversations/{second}/verify", user_id="2")
    before = await mia.get(f"/workspace/conversations/{second}/earlier?before={first}-99", SCRIPT)
    assert "with Ann Lee" in shown(before.text)


async def test_earlier_lines_of_a_long_conversation_have_their_own_ids(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.web.shared.thread_query.AT_FIRST", 5)
    monkeypatch.setattr(earlier_messages, "LINES", 4)
    monkeypatch.setattr("handoff_service.web.shared.thread_query.BEFORE_A_LINE", 1)
    one = await accepted_conversation(desk, "the very first")
    for n in range(12):
        await desk.story.text(f"text {n}", to=DIRECT)
    page = (await mia.get(f"/workspace/conversations/{one}")).text
    seen = [int(seq) for seq in re.findall(r'id="line-(\d+)"', page)]
    while link := re.search(r'hx-get="([^"]+/earlier\?before=[^"]+)"', page):
        page = (await mia.get(link[1], SCRIPT)).text
        seen = [int(seq) for seq in re.findall(r'id="line-(\d+)"', page)] + seen
    assert seen == list(range(1, 16))
    found = (await mia.get(f"/workspace/conversations/{one}?line=4")).text
    assert [int(seq) for seq in re.findall(r'id="line-(\d+)"', found)] == list(range(4, 16))


async def test_an_invalid_position_shows_an_error(desk: Running, mia: Visitor) -> None:
    one = await accepted_conversation(desk, "hi")
    for wrong in ("", "x", "1", "1-", "1-2-3", "99999999999999999999-1"):
        answer = await mia.get(f"/workspace/conversations/{one}/earlier?before={wrong}", SCRIPT)
        assert (wrong, answer.status) == (wrong, 400)
        assert "such as 12-301" in answer.text
    assert (await mia.get("/workspace/conversations/999/earlier?before=1-1", SCRIPT)).status == 404
