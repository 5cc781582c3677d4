"""The bot's part of ``make bench``. It compares a turn with an action with the same turn on a stock
Rasa and a stock action server, a long conversation with a short one, and the inbound webhook with
Rasa's own Twilio channel. It also measures training and memory.
"""

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from actions.turn import COLLECTED
from handoff_service import clock
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_cli import train
from handoff_service.gateways.bot.rasa import RasaBot
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.virtual_agent.begin_turn import BeginTurn, begin_turn
from handoff_service.operations.virtual_agent.finish_turn import FinishTurn, finish_turn
from handoff_service.ports.bot import Question
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.bench import QUICK, size
from tests.bench.load import TOKEN
from tests.bench.load import measure as send_texts
from tests.bench.result import Direction, Result, ratios
from tests.support.rasa_server import start_rasa
from tests.support.service import free_port, running_service
from tests.support.story import MAIN

# The benchmark itself runs the turns, so the service's worker must not run them.
HOUR = timedelta(hours=1)
TURN = "laptop battery died, i can't work"  # one text that leads to one action, which opens a case
ROUNDS, TURNS = size(5, 2), size(30, 8)
LONG = size(10_000, 300)
CHAT = ("hello", "thx", "what can you do", "ok")
MOST_OF_TURN, MOST_OF_LONG, LEAST_OF_WEBHOOK = 0.5, 1.1, 20.0
STOCK_TURN = "Rasa's stock REST channel and action server"


def measure() -> Iterator[Result]:
    home = ROOT / ".cache" / "rasa"
    if not QUICK:  # Training from nothing takes a minute or more.
        yield from _training(home)
    model = train(home)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(
            Path(folder), DEMO="1", BOT_TOKEN=TOKEN, BOT_URL="http://127.0.0.1:9/never"
        ) as service,
        _action_server() as stock_actions,
        start_rasa(
            home, actions_url=f"{service.url}/bot/actions", token=TOKEN, model=model
        ) as ours,
        start_rasa(
            home,
            actions_url=stock_actions,
            token=TOKEN,
            model=model,
            **_stock(),
            alive="/webhooks/rest/",
        ) as stock,
    ):
        database = f"sqlite:///{folder}/patchboard.db"
        yield asyncio.run(_turns(database, ours.url, stock.url))
        yield asyncio.run(_long(ours.url))
        yield _memory(_rss(ours.pid), _rss(stock.pid))
        yield _webhooks(stock.url)


def _stock() -> dict[str, str]:
    return {
        "credentials": "tests/bench/stock/credentials.yml",
        "endpoints": "tests/bench/stock/endpoints.yml",
    }


# A turn with an action ----------------------------------------------------------------------------


async def _turns(database: str, ours: str, stock: str) -> Result:
    """Measure turns of the product and of the floor alternately, so that load on the machine
    affects both. The product's time covers the whole turn, with its database reads and writes.
    """
    store = Store(
        database,
        clock=clock.now,
        settings=OperationSettings(burst_window=HOUR),
        after_commit=lambda _hints, _at: None,
    )
    bot = RasaBot([ours], TOKEN, 60, shown=COLLECTED)
    times: dict[str, list[float]] = {"ours": [], "stock": []}
    async with aiohttp.ClientSession() as session:
        for n in range(ROUNDS + 1):
            one = await _timed(lambda n=n: _product_turn(store, bot, f"+1303555{n:04d}"))
            other = await _timed(lambda n=n: _stock_turn(session, stock, f"bench-{n}"))
            if n:  # the first turn is a warm-up
                times["ours"] += one
                times["stock"] += other
    await bot.close()
    store.close()
    compared = ratios(times["ours"], times["stock"])
    return Result(
        what="the bot: a turn with an action",
        value=statistics.median(times["ours"]) * 1000,
        unit="ms",
        floor=STOCK_TURN,
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=MOST_OF_TURN,
    )


async def _timed(act: Callable[[], Awaitable[None]]) -> list[float]:
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        await act()
        times.append(time.perf_counter() - began)
    return times


async def _product_turn(store: Store, bot: RasaBot, number: str) -> None:
    text = Text(
        sid=f"SM{time.time_ns():032x}", requester_number=number, provider_number=MAIN, body=TURN
    )
    received = await store.write(receive_sms, text)
    question = await store.write(begin_turn, BeginTurn(received.interaction_id or 0))
    assert question is not None
    answer = await bot.ask(question)
    assert "case" in answer.replies[-1].text, answer
    finish = FinishTurn(
        turn_id=int(question.turn_id), replies=answer.replies, understood=answer.understood
    )
    await store.write(finish_turn, finish)


async def _stock_turn(session: aiohttp.ClientSession, url: str, sender: str) -> None:
    async with session.post(url, json={"sender": sender, "message": TURN}) as answer:
        said = await answer.json()
    assert "case" in said[-1]["text"], said


# A long conversation ------------------------------------------------------------------------------


async def _long(url: str) -> Result:
    bot = RasaBot([url], TOKEN, 60)

    async def say(sender: str, n: int) -> float:
        began = time.perf_counter()
        await bot.ask(Question(sender=sender, message=CHAT[n % len(CHAT)], turn_id=f"{sender}-{n}"))
        return time.perf_counter() - began

    async def short(first: int) -> list[float]:
        """Return the times of messages 9 to 14 of four conversations."""
        took = []
        for k in range(first, first + 4):
            took += [await say(f"short-{k}", n) for n in range(14)][8:]
        return took

    await short(0)  # a warm-up
    early = await short(4)
    late = [await say("long", n) for n in range(LONG)][-48:]
    # Short conversations are measured before and after the long one, so that load affects both.
    early += await short(8)
    await bot.close()
    compared = ratios(late, early)
    return Result(
        what=f"the bot: message {LONG:,} of a conversation",
        value=statistics.median(late) * 1000,
        unit="ms",
        floor="message 10",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=MOST_OF_LONG,
    )


# The inbound webhook ------------------------------------------------------------------------------


def _webhooks(stock: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = {
            "DEMO": "1", "SMS_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": "http://127.0.0.1:1", "PUBLIC_URL": "https://sms.example.org",
            "BURST_WINDOW": "3000",
            "BOT_URL": "http://127.0.0.1:9/never",
        }  # fmt: skip
        with running_service(Path(folder), **settings) as service:
            port = int(service.url.rsplit(":", 1)[1])
            asyncio.run(send_texts(port, 64, 1000, "bench0"))
            ours = [asyncio.run(send_texts(port, 64, 1500, f"bench{n}")).rate for n in range(1, 3)]
    theirs = [
        asyncio.run(_stock_webhook(stock.replace("/rest/", "/twilio/"), first))
        for first in range(2)
    ]
    compared = ratios(ours, theirs)
    return Result(
        what="the bot: inbound webhook, texts a second",
        value=statistics.median(ours),
        unit="/s",
        floor="Rasa's own Twilio channel",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        budget=LEAST_OF_WEBHOOK,
        direction=Direction.AT_LEAST,
    )


async def _stock_webhook(url: str, turn: int, count: int = 150) -> float:
    async with aiohttp.ClientSession() as session:
        left = iter(range(count))

        async def one_connection() -> None:
            for n in left:
                form = {
                    "From": f"+1415555{n % 200:04d}",
                    "To": MAIN,
                    "Body": "hello",
                    "MessageSid": f"SM{turn}{n:031x}",
                }
                async with session.post(url, data=form) as answer:
                    assert answer.status in (200, 204), answer.status

        began = time.perf_counter()
        await asyncio.gather(*(one_connection() for _ in range(8)))
        return count / (time.perf_counter() - began)


# Resources ------------------------------------------------------------------------------------


def _training(home: Path) -> Iterator[Result]:
    """Measure the time and memory of one training from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        train(Path(folder), force=True)
        took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    for what, value, unit in (("time", took, "s"), ("memory", memory, "MB")):
        yield Result(
            what=f"the bot: {what} of a training", value=value, unit=unit, low=value, high=value
        )


def _memory(ours: float, stock: float) -> Result:
    return Result(
        what=f"the bot: memory of its process after message {LONG:,}",
        value=ours,
        unit="MB",
        floor="a stock process, after the turns with an action",
        ratio=ours / stock,
        low=ours / stock,
        high=ours / stock,
    )


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def _action_server() -> Iterator[str]:
    """Run a stock action server and yield its address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "rasa_sdk",
        "--port",
        str(port),
        "--actions",
        "tests.bench.stock_actions",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/webhook"
        finally:
            server.terminate()
