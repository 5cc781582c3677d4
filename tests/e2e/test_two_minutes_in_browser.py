"""A trainer turns a text that the virtual agent did not understand into a better live model. The
test uses `patchboard run`, the real Rasa, the shipped training data and one browser. It prints the
seconds of each step:

    PATCHBOARD_LONG_TESTS=1 pytest -s tests/e2e/test_two_minutes_in_browser.py
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from handoff_service.bot_control.rasa_cli import ROOT
from tests.e2e.conftest import Troubles
from tests.support.demo_home import demo_home
from tests.support.service import free_port

pytestmark = pytest.mark.skipif(
    not os.environ.get("PATCHBOARD_LONG_TESTS"), reason="takes minutes; `make chaos` runs it"
)
STARTS_WITHIN = 300  # seconds, because the start trains the first model
TRAINS_WITHIN = 400_000  # ms, on a busy machine
TEXT = "zorble my quaxly frindlewump pls"
MAIN = "+18885550100"


@dataclass(slots=True)
class Steps:
    """Prints the seconds of each step."""

    began: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)

    def done(self, name: str) -> None:
        now = time.monotonic()
        print(f"\n{name:<34} {now - self.last:6.1f} s {now - self.began:8.1f} s", end="")
        self.last = now


@dataclass(frozen=True, slots=True)
class Running:
    """A desk that ``patchboard run`` serves, with its own copy of the training data."""

    url: str
    home: Path
    data: Path

    def text(self, number: str, body: str) -> None:
        fields = {"from": number, "to": MAIN, "body": body}
        answer = requests.post(
            f"{self.url}/phone/texts",
            files={name: (None, value) for name, value in fields.items()},
            headers={"HX-Request": "true"},
            timeout=30,
        )
        answer.raise_for_status()

    def understood(self, number: str) -> tuple[str, str] | None:
        """Return the intent of this number's last turn, and the model that recognized it."""
        with sqlite3.connect(self.home / "patchboard.db", timeout=20) as db:
            found: tuple[str, str] | None = db.execute(
                "SELECT json_extract(b.understood, '$.intent'), b.model FROM bot_turns b "
                "JOIN interactions i ON i.id = b.interaction_id WHERE i.requester_number = ? "
                "AND b.answered_at IS NOT NULL ORDER BY b.id DESC LIMIT 1",
                (number,),
            ).fetchone()
            return found

    def answered(self, number: str) -> tuple[str, str]:
        until = time.monotonic() + 120
        while (found := self.understood(number)) is None:
            assert time.monotonic() < until, "the virtual agent did not answer"
            time.sleep(0.1)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Running]:
    home, data, port = demo_home(tmp_path / "home"), tmp_path / "bot", free_port()
    data.mkdir()
    shutil.copytree(ROOT / "data", data / "data")
    shutil.copytree(ROOT / "tests" / "bot", data / "tests" / "bot", dirs_exist_ok=True)
    for name in ("domain.yml", "config.yml", "sms_check.yml"):
        shutil.copy(ROOT / name, data)
    # With an existing folder of models, the service trains no first model.
    if models := os.environ.get("PATCHBOARD_TEST_MODELS"):
        shutil.copytree(models, home / "models")
    given = {"DEMO": "1", "HOME": str(home), "PORT": str(port), "BOT_DATA": str(data)}
    # With this key, the audit samples none of the first texts.
    given["SECRET_KEY"] = "teach-in-browser"
    env = {k: v for k, v in os.environ.items() if not k.startswith("PATCHBOARD_")}
    log = (tmp_path / "run.log").open("w")
    run = subprocess.Popen(
        [Path(sys.executable).with_name("patchboard"), "run"],
        cwd=ROOT,
        env=env | {f"PATCHBOARD_{name}": value for name, value in given.items()},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    here = Running(f"http://127.0.0.1:{port}", home, data)
    try:
        wait_until_up(run, tmp_path / "run.log")
        yield here
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
        log.close()


def wait_until_up(run: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        assert run.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < until, log.read_text()[-3000:]
        if "the virtual agent is up" in log.read_text():
            return
        time.sleep(0.5)


def test_a_trainer_makes_a_better_model_live_and_rolls_back(
    desk: Running, browser: Browser, troubles: Troubles
) -> None:
    page = troubles.watch(browser.new_page(viewport={"width": 1440, "height": 900}))
    sign_in(page, desk)
    page.goto(f"{desk.url}/workspace/trainer")
    before = {path: path.read_bytes() for path in (desk.data / "data").rglob("*.yml")}
    steps = Steps()

    desk.text("+12025550171", TEXT)
    expect(page.locator("#waiting")).to_contain_text(TEXT, timeout=60_000)
    first = desk.answered("+12025550171")
    steps.done("the text is in Teach")

    expect(page.locator(".utterance")).to_have_text(TEXT)
    page.keyboard.press("0")
    page.keyboard.type("office_hours")
    expect(page.locator("#diff")).to_contain_text("data/nlu/office_hours.yml")
    page.keyboard.press("Enter")
    expect(page.locator("#teach-said")).to_contain_text("Labeled as office_hours")
    steps.done("label")

    page.goto(f"{desk.url}/workspace/trainer/train")
    page.click("#start-training")
    page.wait_for_selector("#cancel-training")
    for place, step in ((2, "check"), (3, "train")):
        page.wait_for_selector(
            f"#training li:nth-child({place})[aria-current], #start-training", timeout=TRAINS_WITHIN
        )
        steps.done(step)
    page.wait_for_selector("#start-training", timeout=TRAINS_WITHIN)
    expect(page.locator("#training .badge")).to_have_text("Done")
    steps.done("measure and compare")

    page.reload()
    page.click("#promote")
    page.click("#promote-now")
    page.wait_for_url("**/trainer/models")
    new = page.locator("#running-head code").inner_text()
    assert not first[1].startswith(new)
    expect(page.locator("#models")).to_contain_text(f"runs {new}", timeout=60_000)
    steps.done("promote, until it is live")
    total = time.monotonic() - steps.began

    desk.text("+12025550172", TEXT)
    intent, model = desk.answered("+12025550172")
    assert (intent, model[:8]) == ("office_hours", new)
    steps.done("a text is understood")

    page.click("#roll-back-data")
    expect(page.locator("#running-head code")).to_have_text(first[1][:8])
    expect(page.locator("#models")).to_contain_text(f"runs {first[1][:8]}", timeout=60_000)
    assert {path: path.read_bytes() for path in (desk.data / "data").rglob("*.yml")} == before
    steps.done("roll back with its data")
    print(f"\nlabel to live: {total:.0f} s")


def sign_in(page: Page, desk: Running) -> None:
    page.goto(f"{desk.url}/sign-in")
    page.fill("[name=email]", "grace@example.com")
    page.fill("[name=password]", "grace-demo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workspace**")
