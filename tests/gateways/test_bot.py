"""The gateway to the bot: any server that answers like Rasa's ``rest`` channel, and every kind of
failure.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.bot.rasa import REPORT_HEADER, RasaBot, server_for
from handoff_service.gateways.bot.rasa_models import RasaModels
from handoff_service.lib.circuit_breaker import FAILURES, BreakerState
from handoff_service.ports.bot import (
    Bot,
    BotAnswer,
    BotFailed,
    BotReply,
    HowUnderstood,
    Question,
    Understood,
)
from handoff_service.ports.bot_models import BotModelNotLoaded
from handoff_service.ports.not_offered import NotOffered
from handoff_service.rules.virtual_agent.bot_text import Choice

QUESTION = Question(sender="12", message="hi", turn_id="7", metadata={"epoch": 1})
type Asked = list[tuple[dict[str, Any], str]]


class FakeRasa:
    """A server with the answers that a test sets up."""

    def __init__(self) -> None:
        self.asked: Asked = []
        self.answer: Callable[[], Any] = lambda: web.json_response(
            [{"recipient_id": "12", "text": "Hello"}]
        )

    async def turn(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((await request.json(), request.headers["Authorization"]))
        answer = self.answer()
        return await answer if asyncio.iscoroutine(answer) else answer


@pytest.fixture
async def rasa() -> AsyncIterator[tuple[FakeRasa, RasaBot]]:
    fake = FakeRasa()
    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", fake.turn)
    async with TestServer(app) as server:
        bot = RasaBot(
            [str(server.make_url("/webhooks/sms/webhook"))],
            "token",
            0.5,
            shown={"device": "Device"},
        )
        yield fake, bot
        await bot.close()


async def test_the_request_of_a_turn_follows_the_contract(rasa: tuple[FakeRasa, RasaBot]) -> None:
    fake, bot = rasa
    assert await bot.ask(QUESTION) == BotAnswer((BotReply(text="Hello"),))
    body = {"sender": "12", "message": "hi", "metadata": {"epoch": 1, "turn_id": "7"}}
    assert fake.asked == [(body, "Bearer token")]


async def test_buttons_and_pictures_are_read_and_empty_messages_ignored(
    rasa: tuple[FakeRasa, RasaBot],
) -> None:
    fake, bot = rasa
    fake.answer = lambda: web.json_response(
        [
            {"text": "Which?", "buttons": [{"title": "One", "payload": "/one"}, {"title": "Two"}]},
            {"image": "https://example.com/a.png"},
            {"custom": {"x": 1}},
            {"text": "  "},
        ]
    )
    assert (await bot.ask(QUESTION)).replies == (
        BotReply(text="Which?", choices=(Choice("One", "/one"), Choice("Two", "Two"))),
        BotReply(text="https://example.com/a.png"),
    )


TOLD = {
    "intent": "report_problem",
    "confidence": 0.9,
    "did": ["problem_form"],
    "slots": {"device": "tv", "code": "1"},
}


@pytest.mark.parametrize(
    ("header", "understood"),
    [
        (json.dumps(TOLD), Understood(
            intent="report_problem", confidence=0.9, did=("problem_form",),
            collected={"Device": "tv"},
        )),
        ("{", None),
        ("[]", None),
        ('{"intent": "x"}', None),
        ('{"intent": "x", "confidence": 1, "did": [], "slots": []}', None),
    ],
    ids=["ours", "invalid JSON", "a list", "missing keys", "slots as a list"],
)  # fmt: skip
async def test_the_report_of_our_own_channel_is_read_without_hidden_slots(
    rasa: tuple[FakeRasa, RasaBot], header: str, understood: Understood | None
) -> None:
    fake, bot = rasa
    fake.answer = lambda: web.json_response([{"text": "Hi"}], headers={REPORT_HEADER: header})
    assert (await bot.ask(QUESTION)).understood == understood


HOW = {"model": "m1", "ranking": [["a", 0.9], ["b", 0.1]], "asked": {"form": "f", "slot": "s"}}


@pytest.mark.parametrize(
    ("told", "how"),
    [
        (HOW, HowUnderstood(model="m1", ranking=(("a", 0.9), ("b", 0.1)), form="f", slot="s")),
        (HOW | {"asked": None}, HowUnderstood(model="m1", ranking=(("a", 0.9), ("b", 0.1)))),
        ({}, None),
        (HOW | {"ranking": [["a"]]}, None),
    ],
    ids=["ours", "no preceding question", "an older channel", "an incomplete ranking"],
)
async def test_the_bots_interpretation_of_a_text_is_read(
    rasa: tuple[FakeRasa, RasaBot], told: dict[str, Any], how: HowUnderstood | None
) -> None:
    fake, bot = rasa
    header = json.dumps(TOLD | told)
    fake.answer = lambda: web.json_response([{"text": "Hi"}], headers={REPORT_HEADER: header})
    answer = await bot.ask(QUESTION)
    assert answer.how == how
    assert answer.understood is not None


def test_a_conversation_stays_at_one_address_and_a_new_address_takes_only_its_share() -> None:
    two = ["http://a:5005/", "http://b:5005/"]
    before = [server_for(two, str(n)) for n in range(3000)]
    assert before == [server_for(two[::-1], str(n)) for n in range(3000)]
    assert 1400 < before.count(two[0]) < 1600
    after = [server_for([*two, "http://c:5005/"], str(n)) for n in range(3000)]
    moved = [new for old, new in zip(before, after, strict=True) if new != old]
    assert set(moved) == {"http://c:5005/"}
    assert 900 < len(moved) < 1100


async def _hang() -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


FAULTS: list[tuple[str, Callable[[], Any], str]] = [
    ("an error", lambda: web.Response(status=500), "answered with an error (500)"),
    (
        "a model being swapped",
        lambda: web.json_response({"error": "No model is loaded."}, status=503),
        "error (503)",
    ),
    ("half an answer", lambda: web.Response(text='[{"text": "Hel'), "could not be read"),
    ("wrong token", lambda: web.Response(status=401), "answered with an error (401)"),
    ("no JSON", lambda: web.Response(text="<html>"), "could not be read"),
    ("no list", lambda: web.json_response({"text": "hi"}), "could not be read"),
    ("a list of texts", lambda: web.json_response(["hi"]), "could not be read"),
    ("too slow", _hang, "did not answer within 0.5 s"),
]


@pytest.mark.parametrize(("answer", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_every_failure_has_a_reason(
    rasa: tuple[FakeRasa, RasaBot], answer: Callable[[], Any], says: str
) -> None:
    fake, bot = rasa
    fake.answer = answer
    with pytest.raises(BotFailed, match=says.replace("(", r"\(").replace(")", r"\)")):
        await bot.ask(QUESTION)


def url_of(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/turn"


async def dies(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
    """Read a turn and close the connection, like a server that dies while it answers."""
    await read.readuntil(b"\r\n\r\n")
    write.close()


async def dies_in_the_middle(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
    await read.readuntil(b"\r\n\r\n")
    write.write(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{"text": "Hel')
    write.close()


@pytest.mark.parametrize("answer", [dies, dies_in_the_middle])
async def test_a_bot_that_dies_while_it_answers_opens_the_breaker(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> None:
    states: list[BreakerState] = []
    server = await asyncio.start_server(answer, "127.0.0.1")
    bot = RasaBot([url_of(server)], "token", 5, changed=lambda _server, state: states.append(state))
    for _ in range(FAILURES):
        with pytest.raises(BotFailed, match="The virtual agent closed the connection"):
            await bot.ask(QUESTION)
    assert states == [BreakerState.OPEN]
    await bot.close()
    server.close()


async def test_a_bot_that_dies_while_loading_a_model_counts_as_failed() -> None:
    server = await asyncio.start_server(dies, "127.0.0.1")
    models = RasaModels("token")
    with pytest.raises(BotModelNotLoaded, match="The virtual agent closed the connection"):
        await models.load(url_of(server), "one.tar.gz")
    await models.close()
    server.close()


async def test_a_missing_server_is_a_failure() -> None:
    gone = RasaBot(["http://127.0.0.1:1/webhooks/sms/webhook"], "token", 1)
    with pytest.raises(BotFailed, match="could not be reached"):
        await gone.ask(QUESTION)
    await gone.close()


async def answer_or_reason(bot: Bot) -> BotAnswer | str:
    """Return the bot's answer, or the reason why it failed."""
    try:
        return await bot.ask(QUESTION)
    except BotFailed as failed:
        return str(failed)


class BotContract:
    """The port ``Bot``: every call returns an answer that can be texted, or raises a failure with a
    reason for agents.
    """

    async def test_a_turn_returns_an_answer_or_a_reason(self, port: Bot) -> None:
        answer = await answer_or_reason(port)
        if isinstance(answer, str):
            assert answer.endswith(".")
        else:
            assert all(isinstance(reply, BotReply) for reply in answer.replies)

    async def test_a_repeated_turn_gets_the_same_answer(self, port: Bot) -> None:
        assert await answer_or_reason(port) == await answer_or_reason(port)

    async def test_a_second_close_does_nothing(self, port: Bot) -> None:
        await port.close()
        await port.close()


class TestRasa(BotContract):
    @pytest.fixture
    def port(self, rasa: tuple[FakeRasa, RasaBot]) -> Bot:
        return rasa[1]


class TestNoBot(BotContract):
    @pytest.fixture
    def port(self) -> Bot:
        return NoBot()


async def test_without_a_bot_a_turn_fails_with_the_reason() -> None:
    with pytest.raises(BotFailed, match="There is no virtual agent"):
        await NoBot().ask(QUESTION)


@pytest.mark.parametrize("status", [200, 404, 501, 503])
async def test_the_bot_forgets_conversations(status: int) -> None:
    """A server without the route cannot forget conversations. After any other error, the service
    retries the call.
    """
    asked: list[Any] = []

    async def forget(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response({"events": 3}, status=status)

    app = web.Application()
    app.router.add_post("/webhooks/sms/forget", forget)
    async with TestServer(app) as server:
        bot = RasaBot([str(server.make_url("/webhooks/sms/webhook"))], "token", 0.5)
        if status == 200:
            await bot.forget(["12", "13"])
        else:
            with pytest.raises(BotFailed if status == 503 else NotOffered):
                await bot.forget(["12", "13"])
        await bot.close()
    assert asked == [{"senders": ["12", "13"]}]
