"""Notices in Chromium: toasts, sounds, system notifications, several tabs, typing notices,
drafts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.accessibility import problems
from tests.e2e.conftest import Troubles
from tests.e2e.people import ANN, BOB, LONG, Story, opened
from tests.support.demo_home import demo_home
from tests.support.service import Service, free_port, running_service

OFFER, MESSAGE = [784, 1047], [587]  # hertz
# This script records the sounds and notifications of a page, and lets a test hide a tab. A browser
# without a screen never hides tabs, and some such browsers allow no notifications.
WATCH = """
window.heard = [];
window.told = [];
window.OscillatorNode = class extends OscillatorNode {
  constructor(context, how) { super(context, how); window.heard.push(how.frequency); }
};
window.Notification = class extends Notification {
  static get permission() { return "granted"; }
  constructor(title, how) { super(title, how); window.told.push([title, how.body]); }
};
window.out = sessionStorage.getItem("out") === "true";
Object.defineProperty(document, "hidden", { get: () => window.out });
window.look = (out) => {
  window.out = out;
  sessionStorage.setItem("out", out);
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
REMIND = {
    "name": "Soon",
    "event": "requester_message_without_agent_response",
    "duration": "1s",
    "action": "prompt_agent",
    "text": "{requester.name} has been waiting for {waiting}.",
}


@contextmanager
def reminding(desk: Service) -> Iterator[None]:
    """Until the block ends, a messaging action prompts agents after a second."""
    login = {"email": "grace@example.com", "password": "grace-demo"}
    token = requests.post(f"{desk.url}/api/v1/login", json=login, timeout=10).json()["token"]
    me = {"Authorization": f"Bearer {token}"}
    url = f"{desk.url}/api/v1/messaging-actions"
    made = requests.post(url, json=REMIND, headers=me, timeout=10)
    made.raise_for_status()
    try:
        yield
    finally:
        requests.delete(f"{url}/{made.json()['id']}", headers=me, timeout=10).raise_for_status()


@pytest.fixture
def prompts_after_a_second(story: Story) -> Iterator[None]:
    with reminding(story.desk):
        yield


def watched(story: Story, name: str = "Mia Chen", **options: object) -> Page:
    """Return a signed-in agent whose tabs record their sounds and notifications."""
    context = story.context(**options)
    context.add_init_script(WATCH)
    context.grant_permissions(["notifications"])
    page = story.page(context, "/sign-in")
    page.get_by_role("button", name=name).click()
    expect(page).to_have_url(f"{story.desk.url}/workspace")
    page.wait_for_load_state()
    return page


def tab(story: Story, context: BrowserContext, path: str) -> Page:
    page = story.page(context, path)
    expect(page.locator("#stream > div")).to_have_count(1)
    return page


def played_sounds(*pages: Page) -> list[int]:
    return [pitch for page in pages for pitch in page.evaluate("() => window.heard")]


def notifications(*pages: Page) -> list[list[str]]:
    return [said for page in pages for said in page.evaluate("() => window.told")]


def accept(mia: Page, who: str) -> None:
    mia.get_by_role("button", name=f"Accept {who}").click()
    opened(mia, who)


# Prompts ------------------------------------------------------------------------------------------


def test_a_prompt_stays_on_every_page_until_the_agent_answers(
    story: Story, prompts_after_a_second: None
) -> None:
    phone, mia = story.talking()
    toast = mia.locator(".toast")
    expect(toast).to_contain_text("Ann Lee has been waiting for")
    other = tab(story, mia.context, "/workspace")
    expect(other.locator(".toast")).to_contain_text("Ann Lee")
    mia.reload()
    expect(toast).to_have_count(1)
    mia.locator("#draft").fill("Here I am")
    mia.keyboard.press("Control+Enter")
    expect(toast).to_have_count(0)
    expect(other.locator(".toast")).to_have_count(0)

    phone.text("and another thing")
    expect(other.locator(".toast")).to_have_count(1)
    other.get_by_role("link", name=re.compile("Open it ?: Ann Lee")).click()
    opened(other, "Ann Lee")
    expect(other.locator(".toast")).to_have_count(1)
    other.get_by_role("button", name=re.compile("Dismiss ?: Ann Lee")).click()
    expect(other.locator(".toast")).to_have_count(0)
    expect(toast).to_have_count(0)


def test_the_focus_stays_near_a_dismissed_toast(story: Story, prompts_after_a_second: None) -> None:
    _, mia = story.talking()
    story.phone(BOB).text("hi")
    accept(mia, "Bob Ruiz")
    expect(mia.locator(".toast")).to_have_count(2)
    mia.get_by_role("button", name=re.compile("Dismiss ?: Bob Ruiz")).focus()
    mia.keyboard.press("Enter")
    expect(mia.get_by_role("link", name=re.compile("Open it ?: Ann Lee"))).to_be_focused()
    mia.get_by_role("button", name=re.compile("Dismiss ?: Ann Lee")).focus()
    mia.keyboard.press("Enter")
    expect(mia.locator("#thread-scroll")).to_be_focused()


def test_admin_pages_also_show_live_prompts(story: Story, prompts_after_a_second: None) -> None:
    phone, mia = story.talking()
    grace = watched(story, "Grace Okafor")
    grace.goto(mia.url)
    grace.locator("#draft").fill("Grace here")
    grace.keyboard.press("Control+Enter")
    expect(grace.locator('#thread .msg[data-from="agent"]')).to_contain_text("Grace here")
    grace.goto(f"{story.desk.url}/workspace/admin/users")
    expect(grace).to_have_title("Users · Patchboard")
    phone.text("anyone?")
    expect(grace).to_have_title("(1) Users · Patchboard")
    expect(grace.locator("#count-unread")).to_contain_text("1")
    expect(grace.locator(".toast")).to_contain_text("Ann Lee has been waiting for")
    grace.reload()
    expect(grace).to_have_title("(1) Users · Patchboard")
    mia.locator("#draft").fill("Yes")
    mia.keyboard.press("Control+Enter")
    expect(grace.locator(".toast")).to_have_count(0)


def test_an_admin_page_shows_that_its_connection_broke_and_returned(
    browser: Browser, troubles: Troubles, tmp_path: Path
) -> None:
    port = free_port()
    with running_service(demo_home(tmp_path), port=port, DEMO="1") as desk:
        story = Story(desk, browser, troubles)
        grace = story.agent("Grace Okafor")
        grace.goto(f"{desk.url}/workspace/admin/users")
        expect(grace.locator("#stream > div")).to_have_count(1)
    expect(grace.locator("#connection")).to_contain_text("Connection lost at")
    with running_service(tmp_path, port=port, DEMO="1"):
        expect(grace.locator("#connection")).to_be_hidden(timeout=20_000)


# Sounds and system notifications ------------------------------------------------------------------


def test_an_offer_plays_one_sound_with_any_number_of_tabs(story: Story) -> None:
    mia = watched(story)
    tabs = [mia, *(tab(story, mia.context, "/workspace") for _ in range(2))]
    for page in tabs:
        # Browsers play no sound on a page that the user has not clicked.
        page.locator(".list-head").first.click()
    speaks = tabs.pop()  # the most recently visible tab
    story.phone().text("hi")
    speaks.wait_for_function("() => window.heard.length")
    for page in tabs:
        expect(page.locator(".offer")).to_be_visible()
    assert (played_sounds(speaks), played_sounds(*tabs)) == (OFFER, [])
    speaks.close()
    story.phone(BOB).text("me too")
    for page in tabs:
        expect(page.locator(".offer")).to_have_count(2)
    tabs[0].wait_for_function("() => window.heard.length")  # the tab that was opened first
    assert played_sounds(*tabs) == OFFER
    assert notifications(*tabs) == []  # The tabs are visible, so there are no system notifications.


def test_messages_play_a_soft_sound_rarely_and_none_in_the_open_conversation(story: Story) -> None:
    mia = watched(story)
    ann, bob = story.phone(ANN), story.phone(BOB)
    ann.text("hi")
    accept(mia, "Ann Lee")
    bob.text("hi")
    accept(mia, "Bob Ruiz")
    mia.evaluate("() => { window.heard.length = 0; localStorage.removeItem('sounded') }")
    bob.text("in the open conversation")
    expect(mia.locator("#thread")).to_contain_text("in the open conversation")
    assert played_sounds(mia) == []
    for n in range(3):
        ann.text(f"elsewhere {n}")
        unread = mia.locator("#ongoing .item[data-unread]", has_text="Ann Lee").locator(".count")
        expect(unread).to_contain_text(f"{n + 1} new message")
    mia.wait_for_function("() => window.heard.length")
    assert played_sounds(mia) == MESSAGE
    mia.evaluate(
        "() => { window.heard.length = 0; localStorage.removeItem('sounded'); window.look(true) }"
    )
    bob.text("nobody looks now")
    mia.wait_for_function("() => window.heard.length")
    assert played_sounds(mia) == MESSAGE


@pytest.mark.parametrize("how", ["Sounds are turned off", "She is away"])
def test_there_is_no_sound_when(story: Story, how: str) -> None:
    mia = watched(story)
    story.phone().text("hi")
    accept(mia, "Ann Lee")
    story.phone(BOB).text("hi")
    accept(mia, "Bob Ruiz")
    mia.locator("#me").click()
    if how == "She is away":
        mia.get_by_role("radio", name="Away").click()
        expect(mia.locator("#me")).to_contain_text("Away")
    else:
        mia.get_by_label("Sounds").uncheck()
        mia.reload()
        mia.locator("#me").click()
        expect(mia.get_by_label("Sounds")).not_to_be_checked()
    mia.evaluate("() => { window.heard.length = 0; localStorage.removeItem('sounded') }")
    story.phone(ANN).text("hello?")
    expect(mia.locator("#ongoing .item[data-unread]")).to_contain_text("hello?")
    mia.wait_for_timeout(300)
    assert played_sounds(mia) == []
    mia.locator("#sounds-on").check()


def test_hidden_pages_show_offers_and_prompts_as_system_notifications(
    story: Story,
) -> None:
    mia = watched(story)
    mia.evaluate("() => window.look(true)")
    phone = story.phone()
    phone.text("my secret is 42")
    mia.wait_for_function("() => window.told.length")
    assert notifications(mia) == [["Offer: Ann Lee", "There is no virtual agent."]]
    mia.get_by_role("button", name="Accept").click()
    opened(mia, "Ann Lee")
    mia.locator("#draft").fill("What is it?")
    mia.keyboard.press("Control+Enter")
    expect(phone.texts.filter(has_text="What is it?")).to_be_visible()
    # This starts only now, because otherwise a prompt could come before the page is loaded.
    with reminding(story.desk):
        phone.text("it still is")
        mia.wait_for_function("() => window.told.length")
    (prompt,) = notifications(mia)
    assert prompt[0] == "Prompt: Ann Lee"
    assert re.fullmatch(r"Ann Lee has been waiting for \d+ seconds?\.", prompt[1])


def test_there_is_no_notification_while_another_tab_is_visible(story: Story) -> None:
    mia = watched(story)
    other = tab(story, mia.context, "/workspace")
    other.locator(".list-head").first.click()
    other.evaluate("() => window.look(true)")
    story.phone().text("hi")
    other.wait_for_function("() => window.heard.length")
    assert notifications(mia, other) == []


# Typing notices -------------------------------------------------------------------


def test_other_agents_see_who_is_typing_until_the_text_is_sent(story: Story) -> None:
    _, mia = story.talking()
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    expect(omar.locator("#stream > div")).to_have_count(1)
    # Only members of the live group write notes here.
    omar.get_by_role("button", name="Join").click()
    expect(mia.locator("#thread")).to_contain_text("Omar Haddad joined")
    box = mia.locator("#composer").bounding_box()
    omar.locator("#draft").press_sequentially("I know this")
    said = mia.locator("#writing")
    expect(said).to_have_text("Omar is typing a text…")
    assert mia.locator("#composer").bounding_box() == box
    expect(omar.locator("#writing")).to_be_empty()
    omar.keyboard.press("Alt+n")
    omar.locator("#draft").press_sequentially(" one")
    expect(said).to_have_text("Omar is typing a note…")
    mia.locator("#draft").press_sequentially("me too")
    expect(omar.locator("#writing")).to_have_text("Mia is typing a text…")
    omar.locator("#draft").press("Control+Enter")
    expect(said).to_be_empty()
    # Omar's note appears before Mia sends her note.
    expect(mia.locator("#thread .note")).to_contain_text("I know this one")
    omar.locator("#draft").press_sequentially("x")
    expect(said).to_have_text("Omar is typing a note…")
    # The typing notice ends five seconds after the last key.
    expect(said).to_be_empty(timeout=8_000)


def test_the_page_reports_typing_at_most_every_three_seconds(story: Story) -> None:
    _, mia = story.talking()
    asked: list[str | None] = []
    mia.on(
        "request",
        lambda request: (
            asked.append(request.post_data) if request.url.endswith("/writing") else None
        ),
    )
    mia.locator("#draft").press_sequentially("one, two, three, four", delay=20)
    mia.locator("#draft").fill("")
    mia.wait_for_timeout(100)
    assert asked == ["kind=text", "kind="]


def test_two_agents_who_send_at_the_same_time_lose_no_text(story: Story) -> None:
    phone, mia = story.talking()
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    mia.locator("#draft").fill("from Mia")
    omar.locator("#draft").fill("from Omar")
    for page in (mia, omar):
        page.evaluate("() => document.getElementById('composer').requestSubmit()")
    for page in (mia, omar):
        expect(page.locator("#thread")).to_contain_text("from Mia")
        expect(page.locator("#thread")).to_contain_text("from Omar")
    expect(phone.texts.filter(has_text="from ")).to_have_count(2)


# Drafts -------------------------------------------------------------------------------------------


def test_drafts_survive_closing_the_tab(story: Story) -> None:
    _, mia = story.talking()
    ann = mia.url
    story.phone(BOB).text("hi")
    mia.locator("#draft").fill("half a text to Ann")
    accept(mia, "Bob Ruiz")
    bob = mia.url
    mia.locator("#draft").fill("half a text to Bob")
    marked = mia.locator("#ongoing .item[data-draft]")
    # There is only one mark, because the open conversation shows its own draft.
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("Ann Lee")
    context = mia.context
    mia.close()
    again = story.page(context, "/workspace")
    expect(again.locator("#ongoing .item[data-draft]")).to_have_count(2)
    for url, text in ((ann, "half a text to Ann"), (bob, "half a text to Bob")):
        again.goto(url)
        expect(again.locator("#draft")).to_have_value(text)


def test_an_empty_composer_shows_another_tabs_draft_until_it_is_sent(
    story: Story,
) -> None:
    _, mia = story.talking()
    other = tab(story, mia.context, mia.url.removeprefix(story.desk.url))
    mia.locator("#draft").fill("half a sentence")
    expect(other.locator("#draft")).to_have_value("half a sentence")
    other.locator("#draft").fill("half a sentence, and more")
    expect(mia.locator("#draft")).to_have_value("half a sentence, and more")
    other.locator("#draft").press("Control+Enter")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_contain_text("and more")
    expect(mia.locator("#draft")).to_have_value("")


# Layout -------------------------------------------------------------------------------------


def test_toasts_and_the_bar_fit_and_are_accessible(
    story: Story, prompts_after_a_second: None
) -> None:
    _, mia = story.talking(LONG)
    story.phone(BOB).text("hi")
    accept(mia, "Bob Ruiz")
    expect(mia.locator(".toast")).to_have_count(2)
    mia.set_viewport_size({"width": 390, "height": 844})
    heights = mia.locator(".toast .btn").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    covered = "() => prompts.getBoundingClientRect().bottom - main.getBoundingClientRect().top"
    assert mia.evaluate(covered) <= 0
    options = {"bypass_csp": True, "reduced_motion": "reduce"}
    inside = story.context(storage_state=mia.context.storage_state(), **options).new_page()
    for path in ("/workspace", mia.url.removeprefix(story.desk.url)):
        assert problems(inside, story.desk.url + path) == []
