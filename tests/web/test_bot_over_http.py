"""The whole service with a bot that supports only Rasa's stock ``rest`` channel."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service.rules.shared.vocabulary import Author, Event, Owner, State
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, MIA
from tests.web.workspace_server import Running, running, shown


class StockBot:
    """A fake bot that answers when ``may_answer`` is set. ``at_once``: the highest number of turns
    of one conversation that ran in parallel.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[str], Any] = lambda text: f"You said: {text}"
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.at_once = 0
        self.turn_header: str | None = None
        self._busy: list[str] = []

    async def turn(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        self._busy.append(body["sender"])
        self.at_once = max(self.at_once, self._busy.count(body["sender"]))
        await self.may_answer.wait()
        self._busy.remove(body["sender"])
        answer = self.answer(body["message"])
        if isinstance(answer, int):
            return web.Response(status=answer)
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        headers = {"Patchboard-Turn": self.turn_header} if self.turn_header else None
        return web.json_response(
            [{"recipient_id": body["sender"], "text": answer}] if answer else [], headers=headers
        )


@pytest.fixture
async def bot() -> AsyncIterator[tuple[StockBot, str]]:
    stock = StockBot()
    app = web.Application()
    app.router.add_post("/webhooks/rest/webhook", stock.turn)
    async with TestServer(app) as server:
        yield stock, str(server.make_url("/webhooks/rest/webhook"))
        stock.may_answer.set()


@pytest.fixture
async def desk(tmp_path: Path, bot: tuple[StockBot, str]) -> AsyncIterator[Running]:
    async with running(tmp_path, PATCHBOARD_BOT_URL=bot[1], PATCHBOARD_BURST_WINDOW="0") as service:
        yield service


async def wait_until(right: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await right():
            await asyncio.sleep(0.01)


async def send_first_text(desk: Running, text: str, number: str = ANN) -> int:
    return (await desk.story.text(text, number=number)).interaction_id or 0


async def texts_of(desk: Running, interaction: int) -> list[str]:
    return await desk.story.texted(interaction)


async def test_a_bot_answer_after_an_agent_took_over_becomes_a_note(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    stock, story = bot[0], desk.story
    stock.may_answer.clear()
    ids = [await send_first_text(desk, "hello", f"+1303555{n:04d}") for n in range(5)]

    async def bot_has_all_texts() -> bool:
        return len(stock.requests) == len(ids)

    async def all_turns_have_ended() -> bool:
        return await story.count(t.bot_turns, t.bot_turns.c.answered_at.is_not(None)) == len(ids)

    await wait_until(bot_has_all_texts)
    for one in ids:
        await story.write(one, "Mia here", MIA)
    stock.may_answer.set()
    await wait_until(all_turns_have_ended)
    for one in ids:
        assert await texts_of(desk, one) == ["Mia here"]
        (late,) = [line for line in await story.lines(one) if line.event is Event.LATE_REPLY]
        assert late.body == "You said: hello"


async def test_an_action_of_a_finished_turn_does_nothing(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    stock, story = bot[0], desk.story
    stock.may_answer.clear()
    ann = await send_first_text(desk, "my screen is dark")

    async def bot_has_a_turn() -> bool:
        return bool(stock.requests)

    await wait_until(bot_has_a_turn)
    tracker = {
        "sender_id": str(ann),
        "slots": {"problem": "my screen is dark"},
        "latest_message": {"metadata": stock.requests[0]["metadata"]},
        "events": [],
    }
    call = {"next_action": "action_open_case", "sender_id": str(ann), "tracker": tracker}
    headers = {"Authorization": f"Bearer {desk.desk.settings.bot_token}"}
    await story.write(ann, "Mia here", MIA)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{desk.address}/bot/actions", json=call, headers=headers) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]) == (400, "The turn has ended.")
    assert await story.count(t.cases) == 0


async def test_the_bot_gets_one_turn_at_a_time_in_the_order_of_the_texts(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    stock = bot[0]
    stock.may_answer.clear()
    ann = await send_first_text(desk, "one")

    async def bot_has_a_turn() -> bool:
        return bool(stock.requests)

    async def bot_has_three_words() -> bool:
        return (
            sum(len(body["message"].split()) for body in stock.requests) == 3
            and len(await texts_of(desk, ann)) > 1
        )

    await wait_until(bot_has_a_turn)
    await desk.story.text("two")
    await desk.story.text("three")
    stock.may_answer.set()
    await wait_until(bot_has_three_words)
    assert [body["message"] for body in stock.requests] == ["one", "two\nthree"]
    assert stock.at_once == 1
    assert len({body["metadata"]["turn_id"] for body in stock.requests}) == 2


@pytest.mark.parametrize(
    "answer",
    [500, 503, None, b"<html>proxy</html>", b'{"text": "hi"}', b"[7]"],
    ids=[
        "500",
        "a model being swapped",
        "empty",
        "not JSON",
        "not a list",
        "a list without messages",
    ],
)
async def test_a_conversation_goes_to_the_queue_when_the_bot_fails(
    desk: Running, bot: tuple[StockBot, str], answer: int | bytes | None
) -> None:
    bot[0].answer = lambda _text: answer
    ann = await send_first_text(desk, "hello")

    async def requester_has_text() -> bool:
        return bool(await texts_of(desk, ann))

    await wait_until(requester_has_text)
    assert (await desk.story.see(ann)).owner.kind is Owner.QUEUE
    assert "Everyone at Service desk is busy right now" in (await texts_of(desk, ann))[0]
    assert len({body["metadata"]["turn_id"] for body in bot[0].requests}) == 1, (
        "the service retried the turn with the same id"
    )


@pytest.mark.parametrize("down", [True, False], ids=["down", "slower than the limit"])
async def test_the_requester_gets_a_text_when_the_bot_does_not_answer(
    tmp_path: Path, bot: tuple[StockBot, str], down: bool
) -> None:
    bot[0].may_answer.clear()
    changes = {
        "PATCHBOARD_BOT_URL": "http://127.0.0.1:9/" if down else bot[1],
        "PATCHBOARD_BOT_TIMEOUT": "0.2",
    }
    async with running(tmp_path, PATCHBOARD_BURST_WINDOW="0", **changes) as desk:
        ann = await send_first_text(desk, "hello")

        async def requester_has_text() -> bool:
            return bool(await texts_of(desk, ann))

        await wait_until(requester_has_text)
        assert (await desk.story.see(ann)).owner.kind is Owner.QUEUE
        (item,) = await desk.story.rows(t.work_items)
        assert "virtual agent" in item.reason
        bot[0].may_answer.set()  # The bot answers after the timeout.


async def test_a_stock_bot_hands_off_on_a_keyword_and_when_it_repeats_itself(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    bot[0].answer = lambda text: None if text == "/restart" else "Sorry?"
    ann, bob = (
        await send_first_text(desk, "my screen flickers"),
        await send_first_text(desk, "AGENT", "+13035550002"),
    )
    assert (await desk.story.see(bob)).owner.kind is Owner.QUEUE

    async def bot_has_answered() -> bool:
        return await texts_of(desk, ann) == ["Sorry?"]

    async def is_handed_off() -> bool:
        return (await desk.story.see(ann)).owner.kind is Owner.QUEUE

    await wait_until(bot_has_answered)
    await desk.story.text("the screen!")
    await wait_until(is_handed_off)
    assert (await texts_of(desk, ann)).count("Sorry?") == 1
    assert {body["sender"] for body in bot[0].requests} == {str(ann)}


async def test_a_stock_bot_supports_bye_and_restart(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    bot[0].answer = lambda text: None if text == "/restart" else f"You said: {text}"
    ann = await send_first_text(desk, "hello")

    async def requester_has(text: str) -> bool:
        return text in await texts_of(desk, ann)

    await wait_until(lambda: requester_has("You said: hello"))
    await desk.story.text("start over")
    await wait_until(lambda: requester_has("OK, let's start over. How can we help?"))
    assert bot[0].requests[-1]["message"] == "/restart"
    await desk.story.text("bye")
    await wait_until(lambda: requester_has("Goodbye, and thank you. Text us any time."))
    seen = await desk.story.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert [line.author.kind for line in await desk.story.lines(ann) if line.status][
        -1
    ] is Author.SYSTEM


async def test_the_agent_sees_the_intents_that_a_bot_reports(
    desk: Running, bot: tuple[StockBot, str]
) -> None:
    slots = {"device": "laptop", "code": "123456"}
    did = ["problem_form", "utter_ask_impact"]
    bot[0].turn_header = json.dumps(
        {"intent": "report_problem", "confidence": 0.926, "did": did, "slots": slots}
    )
    ann = await send_first_text(desk, "my laptop is dead")

    async def bot_has_answered() -> bool:
        return bool(await texts_of(desk, ann))

    await wait_until(bot_has_answered)
    await desk.story.text("agent")
    async with desk.visitor() as mia:
        await mia.sign_in()
        said = shown((await mia.get(f"/workspace/conversations/{ann}")).text)
    assert "Device laptop" in said
    assert (
        "my laptop is dead Report problem 93% · actions: Asked about the problem, Ask impact"
        in said
    )
    assert "123456" not in said
