"""Measures ten tasks of an agent's day, each by mouse and by keyboard. It counts clicks, keys and
seconds.

    PATCHBOARD_LONG_TESTS=1 pytest -s tests/e2e/test_ten_tasks.py

With PATCHBOARD_PICTURES=docs/how-to, the test writes its table to docs/how-to/an-agents-day.md.
"""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import clear
from tests.e2e.people import DIRECT, Story, opened
from tests.e2e.pictures import FOLDER
from tests.e2e.test_macros_in_browser import make_over_api

pytestmark = pytest.mark.skipif(
    not os.environ.get("PATCHBOARD_LONG_TESTS"), reason="takes minutes; `make screenshot` runs it"
)
ROUNDS = 3
PAGE = "an-agents-day.md"
BEGINS, ENDS = "<!-- ten tasks: begin -->\n", "<!-- ten tasks: end -->\n"


@dataclass(slots=True)
class Hand:
    """The mouse and keyboard of one agent, with counts of their use. A key with Ctrl, Alt or Shift
    counts as one press. Typed text counts separately, in characters.
    """

    page: Page
    clicks: int = 0
    keys: int = 0
    typed: int = 0
    began: float | None = None

    def click(self, what: Locator) -> None:
        self.begin()
        self.clicks += 1
        what.click()

    def press(self, *keys: str) -> None:
        self.begin()
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.begin()
        self.typed += len(text)
        self.page.keyboard.type(text)

    def choose(self, select: Locator, label: str) -> None:
        """Choose from a list, and count two clicks, one on the field and one on the choice. A test
        cannot click on the choices, because the browser draws them outside the page.
        """
        self.begin()
        self.clicks += 2
        select.select_option(label=label)

    def begin(self) -> None:
        self.began = self.began or time.monotonic()


@dataclass(slots=True)
class Day:
    """Prepares Mia's workspace for each task."""

    story: Story
    mia: Page
    omar: Page | None = None
    undone: bool = False

    def fresh(self) -> None:
        """Let Mia accept and open Ann's new conversation. Mia has no other conversation, and
        nothing has the focus.
        """
        self.offer()
        self.mia.get_by_role("button", name="Accept").click()
        opened(self.mia, "Ann Lee")
        self.mia.mouse.move(0, 0)

    def offer(self) -> None:
        self.empty()
        self.story.text_many(["hi, my laptop won't start"], to=DIRECT)
        expect(self.mia.locator("[data-accept] button")).to_be_visible()

    def two(self) -> None:
        """Open Ann's conversation. Bob's conversation is next in the list."""
        self.fresh()
        write(self.story, "+12025550102")
        expect(self.mia.locator("#ongoing .item")).to_have_count(2)

    def ten(self) -> None:
        # Wait for the ten conversations of the previous round, which Mia closed less than 15
        # seconds ago.
        if self.undone:
            self.mia.get_by_role("button", name="Undo").click()
        else:
            self.empty()
            for n in range(10):
                write(self.story, f"+120255501{60 + n}")
            self.undone = True
        expect(self.mia.locator("#ongoing .item")).to_have_count(10)
        self.mia.goto(f"{self.story.desk.url}/workspace")
        self.mia.wait_for_load_state()

    def asks_topic(self) -> None:
        with sqlite3.connect(self.story.desk.log.parent / "patchboard.db", timeout=20) as desk:
            desk.execute("UPDATE desk SET ask_topic = 1")
        self.fresh()
        expect(self.mia.locator("#topics")).to_have_count(1)

    def can_transfer(self) -> None:
        """Make a transfer to Omar possible. Each round cancels the transfer of the previous round,
        so that Mia can ask Omar again.
        """
        if self.omar is None:
            self.fresh()
            self.omar = self.story.agent("Omar Haddad")
        else:
            self.mia.get_by_role("button", name="Cancel transfer").click()
            expect(self.mia.locator("#strip")).to_be_hidden()
        self.mia.reload()
        opened(self.mia, "Ann Lee")

    def empty(self) -> None:
        """Make Mia available with no open conversation."""
        mia = token(self.story, "mia")
        url = f"{self.story.desk.url}/api/v1/interactions"
        items = requests.get(f"{url}?state=active", headers=mia, timeout=10).json()["items"]
        for one in items:
            requests.post(f"{url}/{one['id']}/join", headers=mia, timeout=10)
            body = {"closing_text": "", "topic_id": 1}
            closed = requests.post(f"{url}/{one['id']}/close", json=body, headers=mia, timeout=10)
            closed.raise_for_status()
        self.mia.goto(f"{self.story.desk.url}/workspace")
        self.mia.wait_for_load_state()
        expect(self.mia.locator("#me")).to_contain_text("Available")


def token(story: Story, name: str) -> dict[str, str]:
    login = {"email": f"{name}@example.com", "password": f"{name}-demo"}
    answer = requests.post(f"{story.desk.url}/api/v1/login", json=login, timeout=10)
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def write(story: Story, number: str) -> None:
    """Let Mia start the conversation, so that Mia gets it without an offer."""
    body = {"to": number, "from": DIRECT, "body": "Mia from IT here."}
    url = f"{story.desk.url}/api/v1/conversations"
    requests.post(url, json=body, headers=token(story, "mia"), timeout=10).raise_for_status()


def expect_answer(page: Page, body: str) -> None:
    expect(page.locator('#thread .msg[data-from="agent"]').last).to_contain_text(body)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def focused(page: Page, selector: str) -> None:
    expect(page.locator(selector)).to_be_focused()


ANSWER = "Hi Ann, does it make a sound?"
NOTE = "@Omar Haddad has seen this before."


def accept_mouse(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("button", name="Accept"))
    opened(hand.page, "Ann Lee")
    hand.click(hand.page.locator("#draft"))
    hand.type(ANSWER)
    hand.click(hand.page.get_by_role("button", name="Send", exact=True))
    expect_answer(hand.page, ANSWER)


def accept_keys(hand: Hand) -> None:
    hand.press("a")
    opened(hand.page, "Ann Lee")
    hand.press("Enter")
    focused(hand.page, "#draft")
    hand.type(ANSWER)
    hand.press("Control+Enter")
    expect_answer(hand.page, ANSWER)


def template_mouse(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("button", name="Template"))
    hand.click(hand.page.locator("#picker-found").get_by_role("option", name="Quokka"))
    expect(hand.page.locator("#draft")).to_have_value("Hi Ann, a quokka.")
    hand.click(hand.page.get_by_role("button", name="Send", exact=True))
    expect_answer(hand.page, "Hi Ann, a quokka.")


def template_keys(hand: Hand) -> None:
    hand.press("Enter")
    focused(hand.page, "#draft")
    hand.press("/")
    focused(hand.page, "#picker-find")
    hand.type("quok")
    hand.press("Enter")
    expect(hand.page.locator("#draft")).to_have_value("Hi Ann, a quokka.")
    hand.press("Control+Enter")
    expect_answer(hand.page, "Hi Ann, a quokka.")


def expect_note(page: Page) -> None:
    expect(page.locator("#thread .note").last).to_contain_text("has seen this before")


def note_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#composer").get_by_text("Private note", exact=True))
    focused(hand.page, "#draft")
    hand.type(NOTE)
    hand.click(hand.page.get_by_role("button", name="Add note"))
    expect_note(hand.page)


def note_keys(hand: Hand) -> None:
    hand.press("Alt+n")
    focused(hand.page, "#draft")
    hand.type(NOTE)
    hand.press("Control+Enter")
    expect_note(hand.page)


def snooze_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#hold-it"))
    hand.click(dialog(hand.page).get_by_text("In 1 hour"))
    hand.click(dialog(hand.page).get_by_role("button", name="Put on hold"))
    expect(hand.page.locator("#hold-chip")).to_be_visible()


def snooze_keys(hand: Hand) -> None:
    hand.press("h")
    expect(dialog(hand.page)).to_be_visible()
    hand.press("Tab", "ArrowDown", "Control+Enter")
    expect(hand.page.locator("#hold-chip")).to_be_visible()


def expect_transfer(page: Page) -> None:
    expect(page.locator("#strip")).to_contain_text("Waiting for Omar Haddad")


def transfer_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#more-actions"))
    hand.click(hand.page.locator("#transfer-it"))
    hand.click(dialog(hand.page).get_by_text("Omar Haddad"))
    hand.click(dialog(hand.page).get_by_role("button", name="Ask Omar Haddad"))
    expect_transfer(hand.page)


def transfer_keys(hand: Hand) -> None:
    hand.press("t")
    expect(dialog(hand.page).get_by_role("radio", name=re.compile("Omar"))).to_be_focused()
    hand.press("Space", "Control+Enter")
    expect_transfer(hand.page)


def at_bobs(page: Page) -> None:
    expect(page.locator("#head h1")).to_have_text("Bob Ruiz")
    expect(page.get_by_text("1 conversation changed by the macro")).to_be_visible()


def macro_mouse(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("button", name="Macro"))
    hand.click(hand.page.locator("#picker-found").get_by_role("option", name="Quokka"))
    at_bobs(hand.page)


def macro_keys(hand: Hand) -> None:
    hand.press("m")
    focused(hand.page, "#picker-find")
    hand.type("quok")
    hand.press("Enter")
    at_bobs(hand.page)


def find_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#to-search"))
    focused(hand.page, "#search")
    hand.type("ann lee")
    hand.click(hand.page.locator("#results section").first.get_by_role("link", name="Ann").first)
    opened(hand.page, "Ann Lee")


def find_keys(hand: Hand) -> None:
    hand.press("Control+k")
    focused(hand.page, "#palette-find")
    hand.type("ann lee")
    hand.press("Enter")
    opened(hand.page, "Ann Lee")


def first_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#to-new"))
    focused(hand.page, "#new-to")
    hand.type("ann lee")
    hand.click(hand.page.locator("#new-body"))
    hand.type(ANSWER)
    expect(hand.page.locator("#new-effect")).to_contain_text("Starts a new conversation")
    hand.click(dialog(hand.page).get_by_role("button", name="Send", exact=True))
    opened(hand.page, "Ann Lee")


def first_keys(hand: Hand) -> None:
    hand.press("n")
    focused(hand.page, "#new-to")
    hand.type("ann lee")
    hand.press("Enter")
    focused(hand.page, "#new-body")
    hand.type(ANSWER)
    expect(hand.page.locator("#new-effect")).to_contain_text("Starts a new conversation")
    hand.press("Control+Enter")
    opened(hand.page, "Ann Lee")


def close_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#close-it"))
    hand.click(dialog(hand.page).get_by_text("Quokkas"))
    hand.click(dialog(hand.page).get_by_role("button", name="Close the conversation"))
    expect(hand.page.locator("#closed")).to_contain_text("This conversation is closed.")


def close_keys(hand: Hand) -> None:
    hand.press("e")
    focused(hand.page, "#short-description")
    hand.press("Tab", "Space", "Control+Enter")
    expect(hand.page.locator("#closed")).to_contain_text("This conversation is closed.")


def closed_ten(page: Page) -> None:
    expect(page.locator("#bulk-done")).to_contain_text("10 conversations closed")
    expect(page.locator("#ongoing .item")).to_have_count(0)


def ten_mouse(hand: Hand) -> None:
    hand.click(hand.page.locator("#ongoing .pick").first)
    hand.click(hand.page.locator("#bulk-all"))
    hand.click(hand.page.locator("#bulk-close"))
    hand.click(dialog(hand.page).get_by_role("button", name="Close"))
    closed_ten(hand.page)


def ten_keys(hand: Hand) -> None:
    hand.press("X", "e")
    expect(dialog(hand.page)).to_contain_text("10 conversations")
    hand.press("Control+Enter")
    closed_ten(hand.page)


Way = Callable[[Hand], None]
#: Each row has a task, its preparation, the steps by mouse and the steps by keyboard. From the
#: ninth task on, the desk asks for a topic.
TASKS: list[tuple[str, Callable[[Day], None], Way, Way]] = [
    ("Accept and answer", Day.offer, accept_mouse, accept_keys),
    ("Send a template", Day.fresh, template_mouse, template_keys),
    ("Write a note with a mention", Day.fresh, note_mouse, note_keys),
    ("Hold for an hour", Day.fresh, snooze_mouse, snooze_keys),
    ("Run a macro and go to the next", Day.two, macro_mouse, macro_keys),
    ("Find a person", Day.empty, find_mouse, find_keys),
    ("New message", Day.empty, first_mouse, first_keys),
    ("Close ten at once", Day.ten, ten_mouse, ten_keys),
    ("Transfer to a colleague", Day.can_transfer, transfer_mouse, transfer_keys),
    ("Close with a topic", Day.asks_topic, close_mouse, close_keys),
]


@dataclass(slots=True)
class Table:
    lines: list[str] = field(
        default_factory=lambda: [
            "| task | by mouse: clicks | characters | seconds | by keyboard: keys | characters | "
            "seconds |",
            "|---|---|---|---|---|---|---|",
        ]
    )

    def add(self, task: str, mouse: Hand, mouse_took: float, keys: Hand, keys_took: float) -> None:
        assert mouse.keys == keys.clicks == 0
        self.lines.append(
            f"| {task} | {mouse.clicks} | {mouse.typed} | {mouse_took:.1f} "
            f"| {keys.keys} | {keys.typed} | {keys_took:.1f} |"
        )


def best(day: Day, before: Callable[[Day], None], way: Way) -> tuple[Hand, float]:
    took = []
    for _ in range(ROUNDS):
        before(day)
        hand = Hand(day.mia)
        way(hand)
        assert hand.began is not None
        took.append(time.monotonic() - hand.began)
    return hand, min(took)


@pytest.fixture
def day(story: Story) -> Iterator[Day]:
    label = make_over_api(story, "labels", name="Quokkas", topic=True)
    text = make_over_api(
        story, "templates", name="Quokka", body="Hi {requester.first_name}, a quokka."
    )
    make_over_api(
        story,
        "macros",
        name="Quokka",
        template_id=text,
        label_id=label,
        state="on_hold",
        then="next",
    )
    here = Day(story, story.agent())
    yield here
    with sqlite3.connect(story.desk.log.parent / "patchboard.db", timeout=20) as desk:
        desk.execute("UPDATE desk SET ask_topic = 0")
    clear(story.desk)


def test_ten_tasks_take_few_clicks_and_keys(day: Day) -> None:
    table = Table()
    for task, before, by_mouse, by_keys in TASKS:
        table.add(task, *best(day, before, by_mouse), *best(day, before, by_keys))
        print("\n" + table.lines[-1], end="")
    print("\n\n" + "\n".join(table.lines))
    if FOLDER:
        page = Path(FOLDER) / PAGE
        before, rest = page.read_text().split(BEGINS)
        after = rest.split(ENDS)[1]
        page.write_text(f"{before}{BEGINS}\n" + "\n".join(table.lines) + f"\n\n{ENDS}{after}")
