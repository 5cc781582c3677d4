"""A trainer trains, compares, promotes and rolls back models, with the real Rasa and a small bot
that trains in seconds.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from handoff_service.bot_control import model_folder
from tests.e2e import pictures
from tests.e2e.conftest import Troubles
from tests.support.demo_home import demo_home
from tests.support.rasa_server import start_rasa
from tests.support.service import PATIENCE, Service, free_port, running_service
from tests.training.light import data_folder, teach, trained

# Both tests take minutes, so only `make chaos` runs them. `make test` runs tests/training. Those
# tests use the real Rasa for the training job and the model swap, and fakes for promotion, canary
# and rollback.
pytestmark = pytest.mark.skipif(
    not os.environ.get("PATCHBOARD_LONG_TESTS"), reason="takes minutes; `make chaos` runs it"
)
TOKEN = "models-token"
MAIN = "+18885550100"
TRAINS_WITHIN = 300_000  # ms, on a busy machine


@dataclass(slots=True)
class Desk:
    """A service with bot processes that share its folder of models."""

    service: Service
    home: Path
    root: Path
    page: Page

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.service.url}/workspace/trainer/{path}")
        return self.page

    def train(self) -> str:
        """Train and compare a model. Return its short hash."""
        page = self.open("train")
        page.click("#start-training")
        page.wait_for_selector("#cancel-training")
        page.wait_for_selector("#start-training", timeout=TRAINS_WITHIN)
        expect(page.locator("#training .badge")).to_have_text("Done")
        page.reload()
        return page.locator("#comparison-head code").inner_text()

    def promote(self) -> None:
        self.page.click("#promote")
        self.page.click("#promote-now")
        self.page.wait_for_url("**/trainer/models")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.home / "patchboard.db", timeout=20) as db:
            return db.execute(query).fetchall()

    def text(self, number: int, body: str) -> None:
        fields = {"from": f"+1202555{number}", "to": MAIN, "body": body}
        answer = requests.post(
            f"{self.service.url}/phone/texts",
            files={name: (None, value) for name, value in fields.items()},
            headers={"HX-Request": "true"},
            timeout=30,
        )
        answer.raise_for_status()

    def replies(self, number: int) -> list[str]:
        found = self.rows(
            "SELECT m.body FROM messages m JOIN interactions i ON i.id = m.interaction_id WHERE "
            f"i.requester_number = '+1202555{number}' AND m.author = 'virtual_agent' "
            "ORDER BY m.seq"
        )
        return [str(body) for (body,) in found]

    def answered(self, number: int, texts: int) -> list[str]:
        """Wait until each text has a reply. Return the replies."""
        wait_until(lambda: len(self.replies(number)) >= texts)
        return self.replies(number)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    found = Troubles()
    yield found
    assert found.seen == []


def signed_in(browser: Browser, service: Service, troubles: Troubles) -> Page:
    page = troubles.watch(browser.new_page())
    page.goto(f"{service.url}/sign-in")
    page.fill("[name=email]", "grace@example.com")
    page.fill("[name=password]", "grace-demo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workspace**")
    return page


@pytest.fixture
def start(
    tmp_path: Path, browser: Browser, troubles: Troubles
) -> Iterator[Callable[[int], tuple[Desk, Callable[[], None]]]]:
    """Return a function that starts a desk with this many bot processes, and one that restarts the
    desk's service.
    """
    home = demo_home(tmp_path)
    root = data_folder(tmp_path)
    port = free_port()

    with ExitStack() as started, ExitStack() as served:

        def run(bots: int) -> tuple[Desk, Callable[[], None]]:
            model = trained(home, root)
            actions = f"http://127.0.0.1:{port}/bot/actions"
            urls = [
                started.enter_context(
                    start_rasa(home, actions_url=actions, token=TOKEN, model=model)
                ).url
                for _ in range(bots)
            ]

            def serve() -> Service:
                served.close()
                return served.enter_context(
                    running_service(
                        home,
                        port=port,
                        DEMO="1",
                        BOT_URL=",".join(urls),
                        BOT_TOKEN=TOKEN,
                        BOT_DATA=str(root),
                        BOT_TIMEOUT="60",
                    )
                )

            service = serve()
            desk = Desk(service, home, root, signed_in(browser, service, troubles))

            def restart() -> None:
                desk.service = serve()

            return desk, restart

        yield run


def test_a_trainer_promotes_a_model_while_ten_phones_text_and_rolls_back(
    start: Callable[[int], tuple[Desk, Callable[[], None]]],
) -> None:
    desk, restart = start(1)
    first = desk.train()
    desk.promote()
    expect(desk.page.locator("#running-head code")).to_have_text(first)
    desk.text(4000, "take my name")
    assert desk.answered(4000, 1) == ["What is your name?"]
    before = model_folder.data_of(desk.root)

    # The test breaks one pinned text on purpose. The service refuses the promotion and shows the
    # text and both answers.
    teach(desk.root, "office_hours", "do you work on sunday")
    pin(desk, "hello", "report_problem")
    second = desk.train()
    assert second != first
    expect(desk.page.locator("#reasons li")).to_have_text(
        "The required text “hello” must mean report_problem. The new model takes it for greet, the "
        "running one for greet."
    )
    expect(desk.page.locator("#promote")).to_have_count(0)

    # The trainer fixes the text and measures the model again.
    change(desk, "UPDATE pinned_texts SET intent = 'greet'")
    desk.page.get_by_role("button", name="Measure it again").click()
    desk.page.wait_for_selector("#promote", timeout=TRAINS_WITHIN)
    pictures.take(desk.page, "train-and-compare")

    # The trainer promotes the model while ten phones send texts. Each text gets one answer.
    texts = 6
    with ThreadPoolExecutor(10) as phones:
        done = [phones.submit(chat, desk, number, texts) for number in range(5000, 5010)]
        desk.promote()
        for one in done:
            one.result()
    expect(desk.page.locator("#running-head code")).to_have_text(second)
    wait_until(lambda: running_file(desk) == served_file(desk))
    desk.text(4000, "Ann Lee")
    assert desk.answered(4000, 2)[1] == "Thank you, Ann Lee."
    assert {desk.replies(number)[-1] for number in range(5000, 5010)} == {"Hello."}
    assert {len(desk.replies(number)) for number in range(5000, 5010)} == {texts}
    turns = desk.rows("SELECT DISTINCT substr(model, 1, 8), outcome FROM bot_turns")
    assert set(turns) <= {(first, "answered"), (second, "answered")}
    assert (second, "answered") in turns

    # Models and their scores survive a restart. A rollback restores model and data.
    restart()
    page = desk.open("models")
    expect(page.locator("#models")).to_contain_text(first)
    expect(page.locator("#models")).to_contain_text("1.000")
    pictures.take(page, "models")
    page.click("#roll-back-data")
    expect(page.locator("#running-head code")).to_have_text(first)
    assert model_folder.data_of(desk.root) == before
    wait_until(lambda: running_file(desk) == served_file(desk))
    desk.text(6000, "hello")
    assert desk.answered(6000, 1) == ["Hello."]
    assert desk.rows("SELECT substr(model, 1, 8) FROM bot_turns ORDER BY id DESC LIMIT 1") == [
        (first,)
    ]


def test_the_service_rolls_back_a_canary_that_understands_less(
    start: Callable[[int], tuple[Desk, Callable[[], None]]],
) -> None:
    desk, _ = start(2)
    first = desk.train()
    desk.promote()
    # The new model understands nothing, and the desk's test texts do not detect this.
    (desk.root / "tests" / "bot" / "test_stories.yml").unlink()
    config = desk.root / "config.yml"
    config.write_text(config.read_text().replace("threshold: 0.4", "threshold: 0.999"))
    second = desk.train()
    desk.promote()
    expect(desk.page.locator("#canary-head code")).to_have_text(second)
    wait_until(lambda: len(files_in_use(desk)) == 2)

    for number in range(7000, 7040):
        desk.text(number, "hello")
    for number in range(7000, 7040):
        desk.answered(number, 1)
    shares = desk.rows("SELECT substr(model, 1, 8), count(*) FROM bot_turns GROUP BY model")
    assert {model for model, _ in shares} == {first, second}

    expect(desk.page.locator("#canary-head")).to_have_count(0, timeout=60_000)
    expect(desk.page.locator("#running-head code")).to_have_text(first)
    expect(desk.page.locator("#models")).to_contain_text("turns on the new model ended in")
    wait_until(lambda: len(files_in_use(desk)) == 1)
    desk.text(7100, "hello")
    assert desk.answered(7100, 1) == ["Hello."]


def chat(desk: Desk, number: int, texts: int) -> None:
    """Send each text after the answer to the previous one."""
    for sent in range(1, texts + 1):
        desk.text(number, "hello")
        desk.answered(number, sent)


def pin(desk: Desk, text: str, intent: str) -> None:
    change(
        desk,
        "INSERT INTO pinned_texts (text, fold, intent, agent_id, made_at) SELECT "
        f"'{text}', '{text}', '{intent}', min(id), '2026-11-20 10:00:00.000000' FROM agents",
    )


def change(desk: Desk, statement: str) -> None:
    with sqlite3.connect(desk.home / "patchboard.db", timeout=20) as db:
        db.execute(statement)


def bot_urls(desk: Desk) -> list[str]:
    page = desk.page.request.get(f"{desk.service.url}/workspace/trainer/models/now").text()
    return [
        f"http://127.0.0.1:{part.split('<')[0]}/webhooks/sms/"
        for part in page.split("127.0.0.1:")[1:]
    ]


def files_in_use(desk: Desk) -> set[str]:
    return {requests.get(url, timeout=30).json()["file"] for url in bot_urls(desk)}


def served_file(desk: Desk) -> str:
    [file] = files_in_use(desk)
    return file


def running_file(desk: Desk) -> str:
    [(file,)] = desk.rows("SELECT file FROM bot_models WHERE state = 'running'")
    return str(file)
