"""The first hour: from an empty database to an answered text, in one browser without the demo."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Troubles
from tests.e2e.people import Phone
from tests.support.service import Service, running_service


@dataclass
class Counted:
    """A page that counts clicks and keys."""

    page: Page
    clicks: int = 0
    started: float = field(default_factory=time.monotonic)

    def step(self, name: str) -> None:
        """Print the clicks, keys and seconds up to this step: ``PATCHBOARD_TIMED=1`` with ``pytest
        -s`` makes the table of docs/how-to/your-first-hour.md.
        """
        if os.environ.get("PATCHBOARD_TIMED"):
            print(
                f"\n{name}: {self.clicks} clicks, {time.monotonic() - self.started:.1f} s", end=""
            )

    def click(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.clicks += 1

    def fill(self, **fields: str) -> None:
        for label, words in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(words)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path, DEMO="0") as service:
        yield service


def test_from_an_empty_database_to_an_answered_text(
    empty: Service, browser: Browser, troubles: Troubles
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-DE")
    link = re.search(r"http://\S+/setup\?token=\w+", empty.log.read_text())
    assert link is not None, "serve prints the link"
    page = troubles.watch(context.new_page())
    page.goto(empty.url)
    expect(page.get_by_text("open the link that the service prints")).to_be_visible()

    page.goto(link[0])
    here = Counted(page)
    here.fill(Your_name="Ada Lovelace", Password="a few good words")
    page.get_by_label("E-mail").fill("ada@example.com")
    here.click("Create my account")
    # The page preselects these from the browser's settings.
    expect(page.get_by_label("Country")).to_have_value("DE")
    here.step("account")
    here.click("Save and continue")
    expect(page.get_by_label("Number", exact=True)).to_have_value("+18885550100")
    here.step("desk")
    here.click("Save and continue")
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    here.step("number")
    page.goto(f"{empty.url}/setup")  # The admin leaves the setup and continues later.
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    here.click("Continue")
    here.click("Save and continue")

    expect(page.get_by_text("Waiting for your text.")).to_be_visible()
    here.step("agents and queue")
    with context.expect_page() as opened:
        here.click("Open the phone", role="link")
    phone = Phone(troubles.watch(opened.value))
    phone.text("My screen is dark")
    expect(page.get_by_text("“My screen is dark” arrived")).to_be_visible()
    here.step("test text")
    here.click("Accept it in the workspace", role="link")
    here.click(re.compile("^Accept"))
    page.locator("#draft").fill("Good morning, this is Ada.")
    here.click("Send")
    expect(phone.texts.filter(has_text="this is Ada")).to_be_visible()
    here.step("answered")

    page.goto(f"{empty.url}/setup/test")
    expect(page.get_by_text("Ada Lovelace answered: “Good morning, this is Ada.”")).to_be_visible()
    page.get_by_role("button", name="Finish", exact=True).click()
    expect(page.get_by_role("heading", name="Checklist")).to_be_visible()
    expect(page.get_by_text("An agent gets offers")).to_be_visible()
    expect(page.get_by_text("Setup is not finished.")).to_have_count(0)
