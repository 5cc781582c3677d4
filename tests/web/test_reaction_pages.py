"""Reactions, blank texts, and thanks after closing. The simulator's phones send them, and agents
see them.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from handoff_service.operations.conversations.change_interaction import (
    ReadInteraction,
    read_interaction,
)
from handoff_service.rules.conversations.reactions import read
from handoff_service.web.api.openapi import document
from handoff_service.web.api.routes import CALLS
from tests.support.story import ANN, BOB, DIRECT, MIA
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown

PHONES = "/phone?from=%2B12025550101&from=%2B12025550102&to=%2B18885550200&to=%2B18885550200"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def visitor(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        yield one


@pytest.fixture
async def mia(visitor: Visitor) -> Visitor:
    await visitor.sign_in()
    return visitor


async def _with_mia(desk: Running) -> int:
    """Start a conversation whose last text is from Mia."""
    received = await desk.story.text("my badge is stuck", to=DIRECT)
    assert received.interaction_id is not None
    await desk.story.write(received.interaction_id, "I have unlocked it.")
    return received.interaction_id


def _bubbles(page: str) -> dict[str, str | None]:
    """Return the text of each bubble in the HTML -> the reaction below it."""
    lines = re.findall(r'<li class="msg".*?</li>', page, re.DOTALL)
    words = [re.findall(r'<p class="bubble[^>]*>(.*?)</p>', line)[0] for line in lines]
    badges = [re.findall(r'<span class="reaction".*?</span>(\S+)</span>', line) for line in lines]
    return {
        unescape(said): badge[0] if badge else None
        for said, badge in zip(words, badges, strict=True)
    }


async def test_adding_and_removing_a_reaction_redraws_the_bubble(
    desk: Running, mia: Visitor
) -> None:
    one = await _with_mia(desk)
    for text, badge in (
        ("Loved “I have unlocked it.”", "❤️"),
        ("Removed a heart from “I have unlocked it.”", None),
    ):
        last = (await desk.story.lines(one))[-1].seq
        await desk.story.text(text, to=DIRECT)
        news = (await mia.get(f"/workspace/conversations/{one}/news?after={last}", SCRIPT)).text
        assert _bubbles(news) == {"I have unlocked it.": badge}
        page = (await mia.get(f"/workspace/conversations/{one}")).text
        assert _bubbles(page) == {"my badge is stuck": None, "I have unlocked it.": badge}
        line = re.findall(
            r'<li class="system"[^>]*>(?:(?!</li>).)*reacted to a text', news, re.DOTALL
        )
        assert [" hidden" in one for one in line] == [True]


async def test_a_reaction_to_an_unknown_text_is_a_system_line(desk: Running, mia: Visitor) -> None:
    one = await _with_mia(desk)
    await desk.story.text("Questioned “Some other text”", to=DIRECT)
    page = (await mia.get(f"/workspace/conversations/{one}")).text
    (line,) = re.findall(
        r'<li class="system"[^>]*>(?:(?!</li>).)*reacted to a text.*?</li>', page, re.DOTALL
    )
    assert " hidden" not in line.partition(">")[0]
    assert "Questioned “Some other text”" in shown(line)


async def test_thanks_after_closing_stay_in_the_agents_list_until_read(
    desk: Running, mia: Visitor
) -> None:
    one = await _with_mia(desk)
    await desk.story.close(one)
    await desk.story.text("Thanks Mia!", to=DIRECT)
    lists = (await mia.get("/workspace/lists", SCRIPT)).text
    (item,) = re.findall(rf'<li id="item-{one}">.*?</li>', lists, re.DOTALL)
    assert "Thanks Mia!" in item
    assert "<span>Closed</span>" in item
    assert 'data-unread="1"' in lists
    await desk.desk.store.write(read_interaction, ReadInteraction(interaction_id=one, agent_id=MIA))
    assert f'id="item-{one}"' not in (await mia.get("/workspace/lists", SCRIPT)).text


async def test_the_bubble_of_a_blank_text_says_that_it_is_blank(
    desk: Running, mia: Visitor
) -> None:
    one = await _with_mia(desk)
    await desk.story.text("\u200b", to=DIRECT)
    page = (await mia.get(f"/workspace/conversations/{one}")).text
    assert list(_bubbles(page))[-1] == "(blank text)"


async def test_phones_react_like_real_phones_and_the_page_keeps_all_texts(
    desk: Running, visitor: Visitor
) -> None:
    one = await _with_mia(desk)
    await desk.story.text("hello", number=BOB, to=DIRECT)
    async with asyncio.timeout(10):
        # Repeat until the text is sent.
        while "I have unlocked it." not in (await visitor.get(PHONES)).text:
            await asyncio.sleep(0.01)
    for made, removed, emoji in (
        ("Liked “", "Removed a like from “", "👍"),
        ("Loved “", "Removed a heart from “", "❤️"),
        ("\u200a\u200b😂\u200b to “\u200a", "\u200aRemoved \u200c😂\u200c from “\u200a", "😂"),
    ):
        for begins, badge in ((made, emoji), (removed, None)):
            page = (await visitor.get(PHONES)).text
            sends = [unescape(body) for body in re.findall(r'name="body" value="([^"]*)"', page)]
            (body,) = [body for body in sends if body.startswith(begins) and "unlocked" in body]
            found = read(body)
            assert found is not None
            assert (found.emoji, found.quoted) == (emoji, "I have unlocked it.")
            query = unescape(re.findall(r'name="query" value="([^"]*)"', page)[0])
            fields = {"from": ANN, "to": DIRECT, "body": body, "query": query}
            answer = await visitor.post("/phone/texts", **fields)
            assert answer.status == 303
            assert answer.headers["Location"] == PHONES
            (said,) = [
                line for line in await desk.story.lines(one) if line.body == "I have unlocked it."
            ]
            assert said.reaction == badge


def test_the_openapi_document_describes_reactions() -> None:
    message = document(CALLS)["components"]["schemas"]["Message"]
    assert "reacted" in message["properties"]["reaction"]["description"]
