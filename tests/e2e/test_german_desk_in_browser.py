"""A desk in German, from the empty database to a closed conversation. Each page is in German and
fits into the window. ``make screenshot`` takes the pictures of docs/how-to/a-desk-in-german.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import PAGES, catalog
from tests.e2e import pictures
from tests.e2e.accessibility import WIDTHS
from tests.e2e.conftest import Troubles
from tests.e2e.languages import English
from tests.support.service import Service, running_service

NUMBER, JANA = "+49305550100", "+4915112345678"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path, DEMO="0") as service:
        yield service


def de(english: str, **values: str) -> str:
    """Return the German sentence of the pages."""
    words = catalog(PAGES, Language.GERMAN).gettext(english)
    return words % values if values else words


@dataclass(frozen=True, slots=True)
class GermanDesk:
    """The browser of a person who uses the German pages."""

    service: Service
    context: BrowserContext
    troubles: Troubles

    def open(self, path: str) -> Page:
        page = self.troubles.watch(self.context.new_page())
        page.goto(f"{self.service.url}{path}")
        return page

    def picture(self, page: Page, name: str) -> None:
        """Check the current page, and take its picture for the documentation."""
        self.check(page)
        pictures.take(page, f"german-{name}")

    def check(self, page: Page) -> None:
        assert self.faults(page) == [], page.url

    def faults(self, page: Page) -> list[str]:
        """Return the page's texts that are not in German, and the elements that scroll sideways."""
        page.wait_for_load_state()
        found = English.without(Language.GERMAN).on(page)
        language = page.locator("html").get_attribute("lang")
        found += [] if language == "de" else [f"lang={language}"]
        for box in ("document.documentElement", "document.querySelector('.page')"):
            extra = page.evaluate(f"() => {box} ? {box}.scrollWidth - {box}.clientWidth : 0")
            found += [f"{box} is {extra} px too wide"] if extra > 0 else []
        return found


@pytest.fixture
def german(empty: Service, browser: Browser, troubles: Troubles) -> GermanDesk:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="de-DE", timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(20_000)
    return GermanDesk(empty, context, troubles)


def button(page: Page | Locator, english: str) -> Locator:
    return page.get_by_role("button", name=de(english), exact=True)


def fill(page: Page | Locator, **fields: str) -> None:
    """Fill fields by their names in the form."""
    for name, words in fields.items():
        page.locator(f"[name={name}]:visible").fill(words)


def text(phone: Page, body: str) -> None:
    field = phone.get_by_label(de("Text"), exact=True)
    field.fill(body)
    field.press("Enter")
    expect(phone.locator(".talk .bubble").filter(has_text=body)).to_be_visible()


def test_a_german_desk_from_the_setup_to_a_closed_conversation(german: GermanDesk) -> None:
    page = set_up(german)
    phone = german.open(f"/phone?from=%2B{JANA[1:]}&to=%2B{NUMBER[1:]}")
    text(phone, "Hallo, mein Laptop startet nicht mehr. Der Bildschirm bleibt schwarz.")
    expect(phone.locator(".talk .bubble").last).to_contain_text("Warteschlange")

    page.goto(f"{german.service.url}/workspace")
    offer = page.locator(".offer")
    expect(offer).to_contain_text("Jana Richter")
    german.picture(page, "offer")
    offer.get_by_role("button", name=de("Accept")).click()
    expect(page.locator("#head h1")).to_have_text("Jana Richter")
    answer(page, phone, "Guten Morgen, Frau Richter, hier ist Miriam. Blinkt ein Licht?")
    text(phone, "Ja, dreimal orange")
    expect(page.locator("#thread")).to_contain_text("Ja, dreimal orange")
    open_case(german, page)
    german.picture(page, "conversation")
    german.picture(phone, "phone")
    look_around(german, page)
    close(german, page, phone)
    look_at_each_page(german, page)


def set_up(german: GermanDesk) -> Page:
    """Go through the set-up, answer its test text, and add a user."""
    link = re.search(r"/setup\?token=\w+", german.service.log.read_text())
    assert link is not None, "serve prints the link"
    page = german.open("/")
    german.check(page)
    page.goto(f"{german.service.url}{link[0]}")
    fill(page, name="Miriam Vogt", email="miriam@example.com", password="ein paar gute Wörter")
    german.picture(page, "account")
    button(page, "Create my account").click()
    expect(page.get_by_label(de("Country"))).to_have_value("DE")  # the browser's
    expect(page.get_by_label(de("Time zone"))).to_have_value("Europe/Berlin")
    fill(page, name="Nordwind IT")
    german.check(page)
    button(page, "Save and continue").click()
    fill(page, number=NUMBER, label="IT-Hilfe")
    german.picture(page, "number")
    button(page, "Save and continue").click()
    fill(page, name="Jonas Weber", email="jonas@example.com")
    button(page, "Invite this agent").click()
    expect(page.get_by_text("Jonas Weber").first).to_be_visible()
    german.check(page)
    button(page, "Continue").click()
    fill(page, name="IT-Hilfe")
    german.picture(page, "queue")
    button(page, "Save and continue").click()
    answer_test_text(german, page)
    page.goto(f"{german.service.url}/setup/test")
    button(page, "Finish").click()
    expect(page.get_by_role("heading", name=de("Checklist"))).to_be_visible()
    german.picture(page, "checklist")
    page.goto(f"{german.service.url}/workspace/admin/users/new")
    fill(page, name="Jana Richter", external_id="4711", email="jana@example.com", numbers=JANA)
    german.check(page)
    button(page, "Save").click()
    expect(page.get_by_text("Jana Richter").first).to_be_visible()
    return page


def answer_test_text(german: GermanDesk, page: Page) -> None:
    with german.context.expect_page() as opened:
        page.get_by_role("link", name=de("Open the phone")).click()
    phone = german.troubles.watch(opened.value)
    text(phone, "Test")
    expect(page.locator("#test-state")).to_contain_text("„Test“")
    german.picture(page, "test")
    phone.close()
    page.locator("#test-state a").click()
    page.get_by_role("button", name=re.compile(f"^{de('Accept')}")).click()
    fill(page, body="Der Test ist angekommen.")
    button(page, "Send").click()
    expect(page.locator("#thread .msg[data-from=agent]")).to_contain_text(de("Delivered"))
    page.locator("#head").get_by_role("button", name=de("Close"), exact=True).click()
    button(page.get_by_role("dialog"), "Close the conversation").click()
    expect(page.locator("#ongoing .item")).to_have_count(0)


def answer(page: Page, phone: Page, body: str) -> None:
    page.locator("#draft").fill(body)
    button(page, "Send").click()
    expect(phone.locator(".talk .bubble").filter(has_text=body)).to_be_visible()


def open_case(german: GermanDesk, page: Page) -> None:
    page.locator("#about").get_by_role("button", name=de("Open a case")).click()
    dialog = page.get_by_role("dialog")
    fill(dialog, description="Laptop startet nicht, ein Licht blinkt dreimal orange")
    german.picture(page, "case")
    button(dialog, "Open the case").click()
    expect(page.locator("#context")).to_contain_text("CS0000001")


def look_around(german: GermanDesk, page: Page) -> None:
    """Open the dialogs of a conversation, and the pages with a live conversation."""
    here = page.url
    for path in ("/workspace/supervisor", "/workspace/mentions", "/workspace/search?q=Laptop"):
        page.goto(f"{german.service.url}{path}")
        german.check(page)
        if path.endswith("supervisor"):
            pictures.take(page, "german-supervisor")
    page.goto(here)
    for key in "hti?":  # hold, transfer, panel, keys
        page.locator("body").press(key)
        german.check(page)
        page.keyboard.press("Escape")
    page.goto(here)


def close(german: GermanDesk, page: Page, phone: Page) -> None:
    page.locator("#head").get_by_role("button", name=de("Close"), exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    german.picture(page, "close")
    button(dialog, "Close the conversation").click()
    expect(page.locator("#ongoing .item")).to_have_count(0)
    german.check(page)
    expect(phone.locator(".talk .bubble").last).to_contain_text("Miriam")


def look_at_each_page(german: GermanDesk, page: Page) -> None:
    """Open each page that a link of the workspace leads to, wide and narrow."""
    waiting = ["/workspace", "/workspace/admin", "/workspace/supervisor/reports"]
    waiting += ["/workspace/account"]
    seen: set[str] = set()
    wrong: dict[str, list[str]] = {}
    while waiting:
        path = waiting.pop()
        if path in seen or AS_WRITTEN.match(path):
            continue
        seen.add(path)
        page.goto(f"{german.service.url}{path}")
        waiting += page.evaluate(LINKS)
        found = []
        for width in (max(WIDTHS), min(WIDTHS)):
            page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            faults = [one for one in german.faults(page) if not IN_ENGLISH.search(one)]
            found += [f"{width}: {fault}" for fault in faults]
        if found:
            wrong[path] = found
    assert wrong == {}, wrong
    assert len(seen) > 30


#: pages that show texts to requesters in English, and training data
AS_WRITTEN = re.compile(r"/workspace/(admin/texts|trainer/(intents|replies|teach))\b")
#: what admins read as it is: default texts that they can edit, and the names of scopes
IN_ENGLISH = re.compile(r"has been waiting for|has closed this conversation|^conversations$")
#: the pages of the workspace that the page links to, without files, streams and lists with a filter
LINKS = """() => [...document.querySelectorAll('a[href^="/workspace"]')]
  .map((a) => new URL(a.getAttribute("href"), location).pathname)
  .filter((path) => !/\\/(csv|export|events)$|[.]toml$|media|personal-data\\//.test(path))"""
