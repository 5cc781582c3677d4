"""The whole story in a browser, with the real bot: from a text to a live agent and back.

The README's picture is a screenshot of its first conversation (``pictures.py``).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import pictures
from tests.e2e.people import DIRECT, Story, Watcher
from tests.support.rasa_server import start_rasa
from tests.support.service import Service, free_port, running_service

TOKEN = "story-token"
WIDE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demo desk with the phone simulator and a trained Rasa model."""
    home, port = tmp_path_factory.mktemp("story"), free_port()
    models = Path(__file__).parents[2] / ".cache" / "rasa"
    actions = f"http://127.0.0.1:{port}/bot/actions"
    with (
        start_rasa(models, actions_url=actions, token=TOKEN) as rasa,
        running_service(
            home,
            port=port,
            program=True,
            DEMO="1",
            BOT_URL=rasa.url,
            BOT_TOKEN=TOKEN,
            BURST_WINDOW="0.3",
            LOG="debug",
        ) as service,
    ):
        yield service


def page_of(browser: Browser, errors: list[str]) -> Page:
    """Open a page in a separate browser, as for another person. Record its errors."""
    page = browser.new_context(viewport=WIDE, color_scheme="light").new_page()
    page.on(
        "console",
        lambda said: errors.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page


class Phone:
    """The phone page of one requester."""

    def __init__(self, page: Page, service: Service, person: str) -> None:
        self.page = page
        page.goto(f"{service.url}/phone")
        label = page.locator("option", has_text=person).first.inner_text()
        page.get_by_label("Whose phone").select_option(label=label)
        page.get_by_role("button", name="Open the phone").click()

    def text(self, body: str) -> None:
        self.page.get_by_placeholder("Text message").fill(body)
        self.page.keyboard.press("Enter")

    def shows(self, body: str) -> None:
        expect(self.page.get_by_text(body).last).to_be_visible(timeout=15_000)


def test_a_conversation_goes_from_bot_to_live_agent_and_back(
    browser: Browser, desk: Service
) -> None:
    errors: list[str] = []
    ann = Phone(page_of(browser, errors), desk, "Ann Lee")

    ann.text("hi, my laptop won't start")
    ann.shows("How much does this affect you?")
    ann.text("1")
    ann.shows("I've opened case CS0000001")
    ann.text("can I talk to someone")
    ann.shows("You're in line")

    mia = page_of(browser, errors)
    mia.goto(f"{desk.url}/sign-in")
    mia.get_by_role("button", name="Mia Chen").click()
    offer = mia.locator(".offer").first
    expect(offer).to_contain_text("Ann Lee")
    expect(offer).to_contain_text("Asked for a person.")
    expect(offer.get_by_role("timer")).to_contain_text(" s")
    offer.get_by_role("button", name="Accept").click()

    thread = mia.locator("#thread")
    expect(thread).to_contain_text("hi, my laptop won't start")
    expect(thread).to_contain_text("I've opened case CS0000001")
    expect(thread.locator(".marker").last).to_contain_text("Mia Chen accepted")
    expect(mia.locator("#context")).to_contain_text("CS0000001")
    expect(mia.locator("#context")).to_contain_text("laptop")

    ann.text("it blinks orange now 😩")
    expect(thread).to_contain_text("it blinks orange now 😩")
    mia.locator(".composer textarea").fill("Hi Ann, Mia here. I see your case, no need to repeat.")
    mia.keyboard.press("Control+Enter")
    ann.shows("Hi Ann, Mia here.")
    answer = thread.locator(".msg[data-from=agent]").last
    expect(answer).to_contain_text("Delivered", timeout=15_000)
    expect(mia.locator(".composer textarea")).to_have_value("")

    bob = Phone(page_of(browser, errors), desk, "Bob Ruiz")
    bob.text("agent")
    offer = mia.locator(".offer").first
    expect(offer).to_contain_text("Bob Ruiz", timeout=15_000)
    offer.get_by_role("button", name="Accept").click()
    expect(mia.locator("main.conversation h1")).to_contain_text("Bob Ruiz")
    ann.text("hello? still there?")
    marked = mia.locator(".item[data-unread]")
    expect(marked).to_contain_text("Ann Lee", timeout=15_000)
    expect(marked).to_contain_text("hello? still there?")
    marked.click()
    expect(mia.locator("main.conversation h1")).to_contain_text("Ann Lee")
    expect(mia.locator(".unread-line")).to_contain_text("1 new message")
    pictures.take(mia, "workspace")
    expect(mia.locator(".item[data-unread]")).to_have_count(0, timeout=15_000)

    mia.get_by_role("button", name="Close").first.click()
    mia.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    ann.shows("Mia has closed this conversation. Text us any time.")
    expect(mia.locator(".item").filter(has_text="Ann Lee")).to_have_count(0, timeout=15_000)
    ann.text("thanks")
    ann.shows("You're welcome.")
    assert errors == []


def test_an_agent_requests_an_identity_check_and_the_code_arrives_by_email(
    browser: Browser, desk: Service, troubles: Watcher
) -> None:
    story = Story(desk, browser, troubles)
    mia, priya = story.agent(), story.phone("+12025550103", DIRECT)
    priya.text("i need my payslip")
    offer = mia.locator(".offer").filter(has_text="Priya")
    offer.get_by_role("button", name="Accept").click()
    head, about, thread = mia.locator("#head"), mia.locator("#about"), mia.locator("#thread")
    expect(head.locator("h1")).to_have_text("Priya Natarajan")
    expect(head.locator(".badge")).to_have_text("Matched")
    about.get_by_role("button", name="Check identity").click()
    expect(priya.texts.last).to_contain_text("Mia asked me to confirm who you are.")
    expect(mia.locator("#composer")).to_contain_text("virtual agent")
    priya.text("priya@example.com")
    expect(priya.texts.last).to_contain_text("e-mailed a 6-digit code")

    mailbox = story.page(story.context(), "/mailbox")
    mail = mailbox.locator("article").filter(has_text="priya@example.com").first
    code = re.search(r"is (\d{6})", mail.inner_text())
    assert code
    priya.page.get_by_label("Text", exact=True).fill(code[1])
    priya.page.keyboard.press("Enter")
    expect(priya.texts.last).to_have_text(re.compile("Thanks, Priya"))
    expect(head.locator(".badge")).to_have_text("Verified")
    expect(about).to_contain_text("Code by e-mail")
    expect(thread).to_contain_text("******")
    expect(thread).not_to_contain_text(code[1])
    expect(thread.locator(".marker").last).to_contain_text("Mia Chen")
    mia.locator(".composer textarea").fill("Thanks, Priya. I'll e-mail it to you.")
    mia.keyboard.press("Control+Enter")
    expect(priya.texts.last).to_contain_text("I'll e-mail it to you.")
