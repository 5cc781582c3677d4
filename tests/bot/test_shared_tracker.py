"""Two bots share a database. A conversation can continue at the other bot, and a turn that one bot
has stored does not run again at the other.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.bot.action_endpoint import ActionEndpoint
from tests.bot.conftest import TOKEN, Conversation
from tests.bot.test_conversations import ABOUT, HOW_BAD, WHAT
from tests.conftest import postgres_database
from tests.support.bot_programs import run_program
from tests.support.rasa_server import RasaServer, start_rasa

PASSWORD = "hunter2"


@dataclass(frozen=True, slots=True)
class SharedTracker:
    """A database, and the two bots that share it."""

    url: str
    file: Path
    bots: list[RasaServer]

    def requester(self) -> tuple[Conversation, Conversation]:
        """A new requester for each of the bots."""
        first = Conversation(self.bots[0])
        return first, Conversation(self.bots[1], first.sender)

    def texts(self, sender: str) -> list[str]:
        """The stored texts of a conversation."""
        query = "SELECT data FROM {}events WHERE sender_id = {} AND type_name = 'user' ORDER BY id"
        if self.url:
            with psycopg.connect(self.url) as opened:
                rows = opened.execute(query.format("patchboard_bot.", "%s"), [sender]).fetchall()
        else:
            with closing(sqlite3.connect(self.file)) as file:
                rows = file.execute(query.format("", "?"), [sender]).fetchall()
        return [json.loads(data)["text"] for (data,) in rows]


def within(seconds: float, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def several_hosts(url: str) -> str:
    """The URL with a password, and with a host that does not answer before the right host."""
    parts = conninfo_to_dict(url)
    user = f"{parts.get('user', getpass.getuser())}:{parts.get('password', PASSWORD)}"
    hosts = f"host=127.0.0.1:1&host={parts['host']}:{parts.get('port', 5432)}"
    return f"postgresql://{user}@/{parts['dbname']}?{hosts}&target_session_attrs=read-write"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest,
    home: Path,
    model: Path,
    _actions: ActionEndpoint,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SharedTracker]:
    """Start both bots at once, so that both find a database without tables."""
    with ExitStack() as open_:
        url = ""
        if request.param == "postgresql":
            url = open_.enter_context(postgres_database())
        file = tmp_path_factory.mktemp("tracker") / "bot-tracker.db"

        def start(_: int) -> RasaServer:
            return open_.enter_context(
                start_rasa(
                    home,
                    model=model,
                    actions_url=_actions.url,
                    token=TOKEN,
                    credentials="tests/bot/credentials.yml",
                    tracker_url=several_hosts(url) if url else "",
                    tracker_db=file,
                )
            )

        with ThreadPoolExecutor(2) as pool:
            bots = list(pool.map(start, range(2)))
        yield SharedTracker(url, file, bots)


def test_a_form_continues_at_the_other_bot(shared: SharedTracker) -> None:
    here, there = shared.requester()
    assert here.says("i have a problem") == [WHAT]
    assert there.says("it makes a weird noise when i dial") == [ABOUT]
    assert here.says("the thing on my desk") == [HOW_BAD]
    assert there.says('/inform_impact{"impact":"working"}') == [
        "Case: it makes a weird noise when i dial | the thing on my desk | working"
    ]


def test_a_repeated_turn_gets_the_answer_of_the_first_bot(
    shared: SharedTracker, actions: ActionEndpoint
) -> None:
    here, there = shared.requester()
    first = here.turn("asdfjkl", turn_id="1")
    assert first[1][0]["text"].startswith("Sorry")
    assert there.turn("asdfjkl", turn_id="1") == first
    assert actions.names(here.sender) == ["action_fallback"]
    assert shared.texts(here.sender) == ["asdfjkl"]


def test_two_bots_that_run_a_turn_at_once_store_it_once(
    shared: SharedTracker, actions: ActionEndpoint
) -> None:
    both = shared.requester()
    actions.delay = 1
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda one: one.turn("asdfjkl", turn_id="1"), both)
    assert first == second
    assert first[1][0]["text"].startswith("Sorry")
    assert actions.names(both[0].sender) == ["action_fallback"] * 2
    assert shared.texts(both[0].sender) == ["asdfjkl"]


def test_a_failed_turn_leaves_nothing_at_either_bot(
    shared: SharedTracker, actions: ActionEndpoint
) -> None:
    here, there = shared.requester()
    actions.broken = 503
    assert here.turn("agent", turn_id="1")[0] == 500
    actions.broken = None
    assert shared.texts(here.sender) == []
    assert there.turn("agent", turn_id="1") == (200, [])
    assert shared.texts(here.sender) == ["agent"]


def test_a_conversation_is_forgotten_at_both_bots(
    shared: SharedTracker, actions: ActionEndpoint
) -> None:
    here, there = shared.requester()
    here.turn("agent", turn_id="1")
    assert there.post({"senders": [here.sender]}, path="forget")[0] == 200
    assert shared.texts(here.sender) == []
    here.turn("agent", turn_id="1")
    assert actions.names(here.sender) == ["action_hand_off"] * 2


def test_the_log_of_a_bot_has_no_password(shared: SharedTracker) -> None:
    for bot in shared.bots:
        assert PASSWORD not in bot.log.read_text()


def test_a_turn_that_died_with_its_bot_runs_once_at_the_other(
    shared: SharedTracker, actions: ActionEndpoint
) -> None:
    """This test comes last, because it kills a bot."""
    here, there = shared.requester()
    here.says("hello")
    actions.delay = 2
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(here.turn, "asdfjkl", turn_id="2")
        within(10, lambda: "action_fallback" in actions.names(here.sender))
        os.kill(shared.bots[0].pid, signal.SIGKILL)
        with pytest.raises((ConnectionError, URLError)):
            lost.result()
    actions.delay = 0
    assert there.turn("asdfjkl", turn_id="2")[0] == 200
    assert shared.texts(here.sender) == ["hello", "asdfjkl"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_turns_in_the_store(home: Path, tmp_path: Path, kind: str) -> None:
    """Run ``stored_turns.py``: failed turns, simultaneous turns, old turns, and bots that start
    together.
    """
    with ExitStack() as open_:
        url = open_.enter_context(postgres_database()) if kind == "postgresql" else ""
        done = run_program(
            *("-m", "tests.bot.stored_turns", url, tmp_path / "bot-tracker.db"),
            home=home,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all well\n")
