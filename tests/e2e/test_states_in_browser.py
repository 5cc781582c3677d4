"""Hold and timers in Chromium: the header shows the current state."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.people import BOB, DIRECT, Story
from tests.e2e.test_macros_in_browser import make_over_api


def test_a_hold_with_a_reason_ends_when_the_requester_texts(story: Story) -> None:
    phone, mia = story.talking()
    mia.keyboard.press("h")
    dialog = mia.get_by_role("dialog")
    dialog.get_by_label("In your own words").fill("The part is on order")
    dialog.get_by_role("button", name="Put on hold").click()
    expect(mia.locator("#state")).to_have_text("On hold: The part is on order")
    expect(mia.locator("#thread")).to_contain_text(
        "Mia Chen put this on hold: The part is on order"
    )
    expect(mia.locator("#ongoing .item")).to_contain_text("On hold")
    phone.text("any news?")
    expect(mia.locator("#state")).to_have_text("Work in progress")
    mia.get_by_role("button", name="Hold", exact=True).click()
    dialog.get_by_role("button", name="Put on hold").click()
    expect(mia.locator("#state")).to_have_text("On hold: Waiting for the requester")
    mia.keyboard.press("h")
    expect(mia.locator("#state")).to_have_text("Work in progress")
    expect(mia.locator("#thread")).to_contain_text("Mia Chen took this off hold")


def test_narrow_windows_have_hold_and_close_in_the_menu_more(story: Story) -> None:
    _, mia = story.talking()
    mia.set_viewport_size({"width": 390, "height": 844})
    expect(mia.locator("#hold-it")).to_be_hidden()
    mia.get_by_label("More actions").click()
    mia.keyboard.press("Escape")
    expect(mia.locator("#more-hold")).to_be_hidden()
    expect(mia.locator("#more-actions")).to_be_focused()
    mia.get_by_label("More actions").click()
    mia.get_by_role("button", name="Put on hold").click()
    mia.get_by_role("dialog").get_by_role("button", name="Put on hold").click()
    expect(mia.locator("#state")).to_contain_text("On hold")
    mia.get_by_label("More actions").click()
    mia.get_by_role("button", name="Close", exact=True).click()
    expect(mia.get_by_role("dialog")).to_contain_text("Close the conversation with Ann Lee")


def test_an_agent_postpones_a_timer_and_an_answer_ends_it(story: Story) -> None:
    phone, mia = story.talking()
    chip = mia.locator("#timer-chip")
    expect(chip).to_have_text(re.compile(r"^(30:00|29:\d\d)$"))
    expect(mia.locator("#fold-timers")).to_contain_text("Remind the agent")
    chip.click()
    dialog = mia.get_by_role("dialog")
    expect(dialog).to_contain_text("Reminds you")
    dialog.get_by_label("Until").fill("2099-01-01")
    dialog.get_by_label("Time, 24 hours").fill("9:00")
    dialog.get_by_role("button", name="Postpone Remind the agent").click()
    expect(dialog.get_by_role("alert")).to_have_text(
        "That is more than a year away. Choose an earlier time."
    )
    phone.text("hello?")  # Typed text stays while texts arrive.
    expect(mia.locator("#thread")).to_contain_text("hello?")
    expect(dialog.get_by_label("Until")).to_have_value("2099-01-01")
    expect(dialog.get_by_label("Time, 24 hours")).to_have_value("9:00")
    dialog.get_by_role("button", name="15 min later").click()
    expect(chip).to_have_text(re.compile(r"^(45:00|44:\d\d)$"))
    dialog.get_by_role("button", name="1 h later").click()
    expect(chip).to_have_text(re.compile(r"^1 h 4\d min$"))
    dialog.get_by_role("button", name="Done").click()
    expect(mia.locator("#thread")).to_contain_text("Mia Chen postponed “Remind the agent” until")
    mia.locator("#draft").fill("Here I am")
    mia.locator("#draft").press("Control+Enter")
    # Now the requester has to reply, so the timer "close when abandoned" runs.
    expect(chip).to_have_text(re.compile(r"^(2 d|1 d 23 h)$"))
    mia.locator("#change-timers").click()
    dialog.get_by_role("button", name="Cancel this timer").click()
    expect(dialog).to_contain_text("No timers.")
    expect(chip).to_have_count(0)
    expect(mia.locator("#fold-timers")).to_have_count(0)


def test_closing_requires_a_description(story: Story) -> None:
    _, mia = story.talking(BOB)
    mia.keyboard.press("e")
    dialog = mia.get_by_role("dialog")
    dialog.get_by_label("Short description").fill("  ")
    dialog.get_by_role("button", name="Close the conversation").click()
    expect(dialog.get_by_role("alert")).to_have_text("Describe in a few words what it was about.")
    dialog.get_by_label("Short description").fill("Laptop")
    dialog.get_by_role("button", name="Close the conversation").click()
    expect(mia.locator("#closed")).to_contain_text("Laptop")


def test_an_action_on_a_colleagues_conversation_asks_joins_and_notifies_the_owner(
    story: Story,
) -> None:
    _, mia = story.talking("+12025550188")
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    strip = omar.locator("#strip")
    expect(strip).to_contain_text("Mia Chen has this conversation")
    omar.locator("#identify").click()
    dialog = omar.get_by_role("dialog", name="Who is this?")
    expect(dialog).to_contain_text(
        "This is \u2068Mia Chen\u2069's conversation. Identify the requester anyway?"
    )
    dialog.get_by_label("Name, employee number").fill("Bob")
    dialog.get_by_role("button", name="Verify Bob").click()
    expect(mia.get_by_text("Omar Haddad verified the requester as Bob Ruiz")).to_be_visible()
    expect(omar.locator("#join-it")).to_have_count(0)
    omar.locator("#open-case").click()  # A member of the live group gets no question.
    expect(omar.get_by_role("dialog").locator("[data-anyway]")).to_be_hidden()


@pytest.fixture
def topics_wanted(story: Story) -> Iterator[None]:
    login = {"email": "grace@example.com", "password": "grace-demo"}
    api = f"{story.desk.url}/api/v1"
    token = requests.post(f"{api}/login", json=login, timeout=10).json()["token"]

    def set_ask_topic(asked: bool) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.patch(
            f"{api}/desk", json={"ask_topic": asked}, headers=headers, timeout=10
        )
        answer.raise_for_status()

    set_ask_topic(True)
    yield
    set_ask_topic(False)


@pytest.mark.usefixtures("topics_wanted")
def test_an_agent_closes_with_a_typed_topic_and_undoes_it(story: Story) -> None:
    for name in ("Accounts", "Laptops", "Mail", "Phones", "Printers", "Télétravail", "VPN"):
        make_over_api(story, "labels", name=name, topic=True)
    _, mia = story.talking(to=DIRECT)
    mia.locator("#close-it").click()
    topics = mia.get_by_role("radiogroup", name="Topic")
    mia.get_by_label("Find a topic").fill("tele")
    expect(topics.get_by_role("radio")).to_have_count(1)
    mia.keyboard.press("Enter")
    expect(topics.get_by_role("radio", name="Télétravail")).to_be_checked()
    mia.keyboard.press("Control+Enter")
    expect(mia.locator("#closed")).to_contain_text("This conversation is closed.")
    mia.get_by_role("button", name="Undo closing").click()
    expect(mia.locator("#draft")).to_be_visible()
    expect(mia.locator("#thread")).to_contain_text("Mia Chen reopened this conversation")


def test_typing_an_at_sign_in_a_note_lists_colleagues(story: Story) -> None:
    _, mia = story.talking(to=DIRECT)
    draft, names = mia.locator("#draft"), mia.locator("#naming [role=option]")
    draft.press_sequentially("@om")
    expect(names).to_have_count(0)  # In a text to the requester, @ lists no colleagues.
    draft.fill("")
    mia.keyboard.press("Alt+n")
    draft.press_sequentially("Please look, @")
    expect(names).to_have_text(["GOGrace Okafor", "OHOmar Haddad"])
    mia.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_have_attribute("aria-selected", "true")
    expect(draft).to_have_attribute("aria-activedescendant", names.nth(1).get_attribute("id") or "")
    mia.keyboard.press("Enter")
    expect(draft).to_have_value("Please look, @Omar Haddad ")
    draft.press_sequentially("and @gr")
    expect(names).to_have_count(1)
    mia.keyboard.press("Escape")
    expect(names).to_have_count(0)
    expect(draft).to_be_focused()
    mia.keyboard.press("Enter")  # Without the list, Enter adds a new line.
    mia.set_viewport_size({"width": 320, "height": 568})
    draft.press_sequentially("@gr")
    names.click()
    expect(draft).to_have_value("Please look, @Omar Haddad and @gr\n@Grace Okafor ")


def test_the_composer_of_a_small_screen_stays_below_the_brief_and_a_banner(story: Story) -> None:
    _, mia = story.talking(to=DIRECT)
    expect(mia.locator("#brief")).to_be_visible()  # The brief opens for the agent who accepts.
    mia.set_viewport_size({"width": 320, "height": 568})
    mia.locator("#connection").evaluate("(banner) => { banner.hidden = false; }")
    expect(mia.locator("#draft")).to_be_in_viewport(ratio=1)
    expect(mia.get_by_role("button", name="Send", exact=True)).to_be_in_viewport(ratio=1)
    mia.locator("#draft").fill("line\n" * 12)
    expect(mia.get_by_role("button", name="Send", exact=True)).to_be_in_viewport(ratio=1)
    expect(mia.locator("#head")).to_be_in_viewport(ratio=1)
    mia.get_by_label("More actions").click()
    mia.get_by_role("button", name="Transfer").click()
    expect(mia.get_by_role("dialog", name="Transfer Ann Lee")).to_be_visible()
