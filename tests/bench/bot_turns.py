"""The bot's part of ``make bench``: a turn with an action beside the same on a stock Rasa with a
stock action server; a long conversation beside a short one; the inbound webhook beside Rasa's own
Twilio channel; training and memory.
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
from handoff_service.bot_control.rasa_cli import ROOT, train
from handoff_service.gateways.bot.rasa import RasaBot
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.virtual_agent.begin_turn import BeginTurn, begin_turn
from handoff_service.operations.virtual_agent.finish_turn import FinishTurn, finish_turn
from handoff_service.ports import Question
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.bench import size
from tests.bench.load import TOKEN, Measured, measure
from tests.support.rasa_server import start_rasa
from tests.support.service import free_port, running_service
from tests.support.story import MAIN

HOUR = timedelta(hours=1)  # the turns are taken here, not by the service's worker
TURN = "laptop battery died, i can't work"  # one text, one action: a case
ROUNDS, TURNS = size(5, 2), size(30, 10)
LONG = size(2000, 200)
CHAT = ("hello", "thx", "what can you do", "ok")
BUDGETS = {"turn": 0.6, "long": 1.25, "webhook": 20.0}


def main() -> int:
    """Print the table. Returns how many budgets were missed."""
    home = ROOT / ".cache" / "rasa"
    took, memory = _training(home)
    print(f"\nThe bot: training {took:.0f} s, at most {memory:.0f} MB")
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
        missed = asyncio.run(_turns(database, ours.url, stock.url))
        missed += asyncio.run(_long(ours.url))
        print(
            f"memory of a bot process after it: ours {_rss(ours.pid):.0f} MB, stock "
            f"{_rss(stock.pid):.0f} MB"
        )
        missed += _webhooks(stock.url)
    return missed


def _stock() -> dict[str, str]:
    return {
        "credentials": "tests/bench/stock/credentials.yml",
        "endpoints": "tests/bench/stock/endpoints.yml",
    }


# A turn with an action ----------------------------------------------------------------------------


async def _turns(database: str, ours: str, stock: str) -> int:
    """In turns, so that both have the same machine. Ours is the whole turn: asked from and stored
    in the database."""
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
            if n:  # the first is a warm-up
                times["ours"] += one
                times["stock"] += other
    await bot.close()
    store.close()
    mine, theirs = (statistics.median(times[who]) * 1000 for who in ("ours", "stock"))
    print(
        f"a turn with an action: Patchboard {mine:.1f} ms, stock REST and action server "
        f"{theirs:.1f} ms (median)"
    )
    return _judged("turn", mine / theirs, at_most=True)


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


async def _long(url: str) -> int:
    bot = RasaBot([url], TOKEN, 60)

    async def say(sender: str, n: int) -> float:
        began = time.perf_counter()
        await bot.ask(Question(sender=sender, message=CHAT[n % len(CHAT)], turn_id=f"{sender}-{n}"))
        return time.perf_counter() - began

    early = []
    for k in range(8):
        early += [await say(f"short-{k}", n) for n in range(14)][8:]
    late = [await say("long", n) for n in range(LONG)][-48:]
    await bot.close()
    at_10, at_2000 = statistics.median(early) * 1000, statistics.median(late) * 1000
    print(
        f"message 10 of a conversation: {at_10:.1f} ms, message {LONG:,}: {at_2000:.1f} ms (median)"
    )
    return _judged("long", at_2000 / at_10, at_most=True)


# The inbound webhook ------------------------------------------------------------------------------


def _webhooks(stock: str) -> int:
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
            asyncio.run(measure(port, 64, 1000, "bench0"))
            ours: Measured = asyncio.run(measure(port, 64, 4000, "bench1"))
    theirs = asyncio.run(_stock_webhook(stock.replace("/rest/", "/twilio/")))
    print(
        f"inbound webhook: Patchboard {ours.rate:.0f} texts/s, Rasa's own Twilio channel "
        f"{theirs:.0f} texts/s"
    )
    return _judged("webhook", ours.rate / theirs, at_most=False)


async def _stock_webhook(url: str, count: int = 400) -> float:
    async with aiohttp.ClientSession() as session:
        left = iter(range(count))

        async def one_connection() -> None:
            for n in left:
                form = {
                    "From": f"+1415555{n % 200:04d}",
                    "To": MAIN,
                    "Body": "hello",
                    "MessageSid": f"SM{n:032x}",
                }
                async with session.post(url, data=form) as answer:
                    assert answer.status in (200, 204), answer.status

        began = time.perf_counter()
        await asyncio.gather(*(one_connection() for _ in range(8)))
        return count / (time.perf_counter() - began)


# What it takes ------------------------------------------------------------------------------------


def _training(home: Path) -> tuple[float, float]:
    """Seconds and the most memory (MB) of one training from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        train(Path(folder), force=True)
        took = time.perf_counter() - began
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def _action_server() -> Iterator[str]:
    """A stock action server; its address."""
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


def _judged(name: str, ratio: float, *, at_most: bool) -> int:
    budget = BUDGETS[name]
    met = ratio <= budget if at_most else ratio >= budget
    print(
        f"  budget: at {'most' if at_most else 'least'} {budget:g}x: {ratio:.2f}x "
        f"{'met' if met else 'MISSED'}"
    )
    return not met


if __name__ == "__main__":
    sys.exit(main())
