"""Teach in Chromium: a trainer labels a text with only the keyboard, and every page is accessible
at each width.
"""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from handoff_service.bot_control.rasa_cli import ROOT
from tests.e2e import pictures
from tests.e2e.accessibility import WIDTHS, checked
from tests.e2e.people import ANN, BOB, Story
from tests.support.demo_home import demo_home
from tests.support.service import Service, running_service

MISSED = {
    "intent": "nlu_fallback", "confidence": 0.3, "did": ["action_fallback"], "slots": {},
    "model": "m1", "ranking": [["thanks", 0.3], ["bye", 0.2], ["greet", 0.1]], "asked": {},
}  # fmt: skip


class Bot(BaseHTTPRequestHandler):
    """A bot that understands nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = [{"recipient_id": asked["sender"], "text": "Could you say that in other words?"}]
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Patchboard-Turn", json.dumps(MISSED))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the training data in a git repository, as trainers use it."""
    made = tmp_path_factory.mktemp("bot-data")
    shutil.copytree(ROOT / "data", made / "data")
    for name in ("domain.yml", "config.yml", "sms_check.yml"):
        shutil.copy(ROOT / name, made)
    git(made, "init", "-q")
    git(made, "add", ".")
    return made


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def desk_server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Service]:
    bot = ThreadingHTTPServer(("127.0.0.1", 0), Bot)
    threading.Thread(target=bot.serve_forever, daemon=True).start()
    given = {
        "DEMO": "1",
        "BOT_URL": f"http://127.0.0.1:{bot.server_port}/",
        "BOT_DATA": str(folder),
        # This key decides which texts the audit samples. With it, the audit samples none of the
        # first texts.
        "SECRET_KEY": "teach-in-browser",
    }
    with running_service(demo_home(tmp_path_factory.mktemp("desk")), **given) as service:
        yield service
    bot.shutdown()


def teach(story: Story, **options: object) -> Page:
    grace = story.agent("Grace Okafor", **options)
    grace.goto(f"{story.desk.url}/workspace/trainer")
    return grace


def test_a_trainer_labels_new_texts_with_only_the_keyboard(story: Story, folder: Path) -> None:
    grace = teach(story)
    expect(grace.get_by_text("No texts to label.")).to_be_visible()
    story.text_many(["you are a star, call 202 555 0101"], ANN)
    said = grace.locator(".utterance")
    expect(said).to_have_text("you are a star, call number")
    story.text_many(["kumquat zebra flux"], BOB)
    expect(grace.locator("#waiting .queue-item")).to_have_count(2)
    first = said.inner_text()

    grace.keyboard.press("2")
    expect(grace.locator("#diff .diff ins")).to_have_count(1)
    shown = grace.locator("#diff .diff ins").inner_text()
    pictures.take(grace, "teach")
    grace.keyboard.press("Enter")
    expect(grace.locator("#teach-said")).to_contain_text("Labeled as bye")
    expect(said).not_to_have_text(first)
    assert f"\n{shown}\n" in git(folder, "diff")
    grace.keyboard.press("Backspace")
    expect(said).to_have_text(first)
    assert git(folder, "diff") == ""

    grace.keyboard.press("0")
    grace.keyboard.type("office_hours")
    grace.keyboard.press("Enter")  # The trainer presses the key before the diff has arrived.
    expect(grace.locator("#teach-said")).to_contain_text("Labeled as office_hours")
    for key, leads_to in (("n", r"/trainer/intents/new\?item=\d+$"), ("c", r"/conversations/\d+")):
        grace.keyboard.press(key)
        expect(grace).to_have_url(re.compile(leads_to))
        grace.go_back()
        expect(said).to_be_visible()
    grace.keyboard.press("s")
    expect(grace.get_by_text("Nothing to label")).to_be_visible()
    grace.keyboard.press("?")
    expect(grace.get_by_role("dialog")).to_be_visible()


def test_a_trainer_without_other_roles_sees_new_texts_at_once(story: Story) -> None:
    api = f"{story.desk.url}/api/v1"
    login = {"email": "grace@example.com", "password": "grace-demo"}
    token = requests.post(f"{api}/login", json=login, timeout=10).json()["token"]
    tara = {"email": "tara@example.com", "name": "Tara Webb", "password": "a long password"}
    requests.post(
        f"{api}/agents",
        json=tara | {"roles": ["trainer"], "capacity": 1},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).raise_for_status()
    page = story.page(story.context(), "/sign-in")
    page.locator("#email").fill(tara["email"])
    page.locator("#password").fill(tara["password"])
    page.locator("#password").press("Enter")
    expect(page).to_have_url(f"{story.desk.url}/workspace/trainer")
    story.text_many(["the gizmo of the lobby hums"], "+12025550144")
    expect(page.locator("#waiting")).to_contain_text("the gizmo of the lobby hums")
    expect(page.get_by_role("link", name="Inbox")).to_have_count(0)


def test_every_page_is_accessible_at_each_width(story: Story) -> None:
    story.text_many(["the doodad does not doodle"], "+12025550103")
    pages = ("", "/intents", "/intents/thanks", "/intents/new", "/replies")
    for scheme in ("light", "dark"):
        grace = teach(story, color_scheme=scheme, bypass_csp=True)
        for path in pages:
            grace.goto(f"{story.desk.url}/workspace/trainer{path}")
            for width, height in WIDTHS.items():
                if scheme == "light" or width in (1440, 390):
                    grace.set_viewport_size({"width": width, "height": height})
                    checked(grace, f"{path} at {width}, {scheme}")
        grace.context.close()
