"""A bot loads another model while requesters text it. No text is lost or gets two answers, and no
conversation restarts.
"""

from __future__ import annotations

import itertools
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handoff_service.bot_control import answers, model_folder
from handoff_service.bot_control.answers import NewAnswer
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.workbench import Workbench
from tests.support.rasa_server import RasaServer, start_rasa
from tests.training.light import data_folder, teach, trained

TOKEN = "a-token"
FOUND = NewAnswer(
    name="lost_property",
    examples=[
        f"{asked} {what}"
        for asked in ("where can i find", "who keeps")
        for what in ("lost property", "lost things", "lost gloves", "my lost scarf", "lost keys")
    ],
    reply="Lost property is at the front desk.",
)


@dataclass(frozen=True, slots=True)
class Bot:
    server: RasaServer
    old: Path
    new: Path

    def request(self, path: str, body: object, *, method: str, token: str = TOKEN) -> Any:
        """Send a request. Return the status, the JSON and the report of the turn."""
        url = self.server.url.rsplit("/", 1)[0] + "/" + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                account = json.loads(answer.headers.get("Patchboard-Turn") or "null")
                return answer.status, json.load(answer), account
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal), None

    def turn(self, sender: str, text: str, turn_id: str) -> tuple[str, str]:
        """Run a turn. Return the reply and the id of the model that gave it."""
        [reply], model = self.replies(sender, text, turn_id=turn_id)
        return reply, model

    def replies(self, sender: str, text: str, **metadata: object) -> tuple[list[str], str]:
        body = {"sender": sender, "message": text, "metadata": metadata}
        status, replies, account = self.request("webhook", body, method="POST")
        assert status == 200, replies
        return [reply["text"] for reply in replies], account["model"]

    def swap(self, file: str, *, token: str = TOKEN) -> tuple[int, Any]:
        status, answer, _ = self.request("model", {"file": file}, method="PUT", token=token)
        return status, answer

    def file(self) -> str:
        return str(self.request("", None, method="GET")[1]["file"])


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    home = tmp_path_factory.mktemp("light")
    root = data_folder(home)
    with Workbench(home) as bench:
        old = trained(home, root, bench)
        teach(root, "office_hours", "do you work on sunday", "is somebody there on sunday")
        answers.make_answer(BotData(root), FOUND)
        new = trained(home, root, bench)
    nowhere = "http://127.0.0.1:9/bot/actions"
    with start_rasa(home, actions_url=nowhere, token=TOKEN, model=old) as server:
        yield Bot(server, old, new)


@pytest.fixture(autouse=True)
def _old_model(bot: Bot) -> None:
    assert bot.swap(bot.old.name)[0] == 200


def test_both_models_and_their_data_are_kept(bot: Bot) -> None:
    assert bot.old.exists()
    assert bot.old != bot.new
    old, new = model_folder.kept_data(bot.old), model_folder.kept_data(bot.new)
    assert "+      - do you work on sunday\n" in model_folder.diff(old, new)


def test_ten_phones_get_answers_while_the_model_is_swapped(bot: Bot) -> None:
    ids = {model_folder.model_id(path) for path in (bot.old, bot.new)}
    swapped = threading.Event()
    answered: list[tuple[str, str]] = []

    def phone(number: int) -> None:
        after = 0  # the number of turns that began after the swap
        for turn in itertools.count():
            after += swapped.is_set()
            answered.append(bot.turn(f"swap-{number}", "hello", f"turn-{turn}"))
            if after == 2:
                return

    with ThreadPoolExecutor(11) as pool:
        phones = [pool.submit(phone, number) for number in range(10)]
        assert bot.swap(bot.new.name)[0] == 200
        swapped.set()
        for one in phones:
            one.result()
    assert {text for text, _ in answered} == {"Hello."}
    assert {model for _, model in answered} <= ids
    assert bot.file() == bot.new.name
    assert bot.turn("swap-after", "hello", "1")[1] == model_folder.model_id(bot.new)


def test_a_form_continues_after_the_swap(bot: Bot) -> None:
    assert bot.turn("in-a-form", "take my name", "1")[0] == "What is your name?"
    assert bot.swap(bot.new.name)[0] == 200
    assert bot.turn("in-a-form", "Ann Lee", "2")[0] == "Thank you, Ann Lee."


def test_a_new_answer_is_given_inside_a_form_and_after_an_agent_hands_back(bot: Bot) -> None:
    assert bot.swap(bot.new.name)[0] == 200
    asked, who = "where can i find lost gloves", "in-need"
    assert bot.replies(who, asked)[0] == [FOUND.reply]
    assert bot.replies(who, "take my name")[0] == ["What is your name?"]
    assert bot.replies(who, asked)[0] == [FOUND.reply, "What is your name?"]
    given_back = {"slots": {}, "leave_form": True, "payload": "/handed_back"}
    assert bot.replies(who, asked, before=given_back)[0] == [
        "You are back with the virtual agent.",
        FOUND.reply,
    ]
    assert bot.replies(who, asked)[0] == [FOUND.reply]


def test_a_repeated_turn_gets_the_first_answer_after_the_swap(bot: Bot) -> None:
    first = bot.turn("again", "hello", "1")
    assert bot.swap(bot.new.name)[0] == 200
    assert bot.turn("again", "hello", "1") == first


@pytest.mark.parametrize("file", ["none.tar.gz", "../outside.tar.gz", "broken.tar.gz", ""])
def test_a_file_that_cannot_be_loaded_changes_nothing(bot: Bot, file: str) -> None:
    (bot.old.parent / "broken.tar.gz").write_bytes(b"no model")
    (bot.old.parent.parent / "outside.tar.gz").write_bytes(bot.new.read_bytes())
    status, answer = bot.swap(file)
    assert (status, list(answer)) == (400, ["error"])
    assert bot.file() == bot.old.name
    assert bot.turn("still-there", "hello", file or "-")[0] == "Hello."


def test_only_the_service_may_swap_the_model(bot: Bot) -> None:
    assert bot.swap(bot.new.name, token="wrong")[0] == 401
    assert bot.file() == bot.old.name
