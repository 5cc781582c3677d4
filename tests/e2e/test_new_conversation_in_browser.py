"""An agent starts a conversation in Chromium: search in the dialog, live updates, refused numbers
and kept input.
"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.people import ANN, Story, opened

SHARED = "+12025550199"  # the number of Bob and Priya


def new_message(page: Page, to: str, body: str = "") -> Locator:
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Recipient", exact=True).fill(to)
    if body:
        dialog.get_by_label("Message", exact=True).fill(body)
    return dialog


def test_an_agent_starts_a_conversation_by_keyboard(story: Story) -> None:
    mia, phone = story.agent(), story.phone()
    dialog = new_message(mia, "ann")
    expect(dialog.locator("#new-effect")).to_have_text(
        "Starts a new conversation, assigned to you."
    )
    mia.keyboard.press("Enter")  # This moves the focus to the message.
    expect(dialog.get_by_label("Message", exact=True)).to_be_focused()
    mia.keyboard.insert_text("Hi Ann, Mia from IT ê")
    expect(dialog.locator("#new-segments")).to_have_text(
        "21 / 70 · 1 segment · UCS\u20112 because of ê"
    )
    mia.keyboard.press("Control+Enter")
    opened(mia, "Ann Lee")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_contain_text("Hi Ann, Mia from IT ê")
    expect(phone.texts.last).to_have_text("Hi Ann, Mia from IT ê")
    phone.text("hello Mia")
    expect(mia.locator("#thread")).to_contain_text("hello Mia")
    dialog = new_message(mia, "ann")
    expect(dialog.get_by_label("Message", exact=True)).to_have_value("")


def test_the_dialog_updates_when_the_conversation_changes(story: Story) -> None:
    omar, mia, phone = story.agent("Omar Haddad"), story.agent(), story.phone()
    dialog = new_message(omar, "(202) 555-0101", "Omar here")
    expect(dialog.get_by_text("Read as +1 202 555 0101")).to_be_visible()
    expect(dialog.get_by_role("button", name="Send", exact=True)).to_be_visible()
    phone.text("my laptop is dead")
    expect(dialog.get_by_role("button", name="Take over and send")).to_be_visible()
    expect(
        dialog.get_by_role("heading", name="A conversation with this number is open")
    ).to_be_visible()
    expect(dialog).to_contain_text("my laptop is dead")
    take_as_mia(story, mia)
    expect(dialog.get_by_role("button", name="Join and send")).to_be_visible()
    expect(dialog).to_contain_text("Mia Chen stays in charge")
    expect(dialog.get_by_label("Message", exact=True)).to_have_value("Omar here")
    dialog.get_by_role("button", name="Join and send").click()
    expect(omar.locator("#head")).to_contain_text("with Mia Chen")
    expect(omar.locator("#owner")).to_contain_text("Mia Chen is replying.")
    expect(mia.locator("#head")).to_contain_text("with Omar Haddad")
    expect(mia.locator("#about")).to_contain_text("Mia Chen (you) assigned")
    expect(phone.texts.last).to_have_text("Omar here")


def take_as_mia(story: Story, mia: Page) -> None:
    """Let Mia take over the conversation by texting in it."""
    one = mia.request.get(f"{story.desk.url}/workspace/new/look?q=%2B{ANN[1:]}").text()
    found = re.search(r'href="(/workspace/conversations/\d+)">Open it', one)
    assert found is not None
    mia.goto(story.desk.url + found[1])
    mia.locator("#draft").fill("Hi Ann")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator("#owner")).to_contain_text("You are replying")


def test_a_form_with_an_outdated_state_changes_nothing(story: Story) -> None:
    mia, phone = story.agent(), story.phone()
    # The page gets no events.
    mia.route("**/workspace/new/events*", lambda route: route.abort())
    dialog = new_message(mia, "Ann", "Is this a bad time?")
    expect(dialog.locator("#new-effect")).to_contain_text("Starts a new conversation")
    phone.text("hello?")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text(
        "Not sent, because this conversation has changed."
    )
    expect(dialog.get_by_role("alert")).to_contain_text("Your draft is kept.")
    expect(dialog.get_by_label("Message", exact=True)).to_have_value("Is this a bad time?")
    expect(
        dialog.get_by_role("heading", name="A conversation with this number is open")
    ).to_be_visible()
    expect(phone.texts.filter(has_text="Is this a bad time?")).to_have_count(0)
    dialog.get_by_role("button", name="Take over and send").click()
    opened(mia, "Ann Lee")
    expect(phone.texts.last).to_have_text("Is this a bad time?")


def test_an_agent_texts_a_different_person_on_the_number(story: Story) -> None:
    phone, mia = story.talking(SHARED)
    mia.locator("#about").get_by_role("button", name="Verify Bob").click()
    opened(mia, "Bob Ruiz")
    before = mia.url
    dialog = new_message(mia, "Priya", "Hi Priya")
    expect(dialog.get_by_text("Choose one.")).to_be_visible()
    dialog.get_by_label("+1 202 555 0199").check()
    expect(dialog).to_contain_text(
        "Closes the conversation with Bob Ruiz, links the number to Priya Natarajan"
    )
    dialog.get_by_role("button", name="Close the old one and send").click()
    opened(mia, "Priya Natarajan")
    expect(phone.texts.last).to_have_text("Hi Priya")
    assert mia.url != before
    mia.goto(before)
    expect(mia.locator("#closed")).to_contain_text("This conversation is closed.")


def test_closing_the_dialog_keeps_the_draft_and_returns_the_focus(story: Story) -> None:
    mia = story.agent()
    mia.locator("#to-new").click()
    dialog = mia.get_by_role("dialog")
    dialog.get_by_label("Recipient", exact=True).fill("Bob")
    dialog.get_by_label("+1 202 555 0199").check()
    expect(dialog.locator("#new-effect")).to_contain_text("Starts a new conversation")
    dialog.get_by_label("Message", exact=True).fill("half a text")
    mia.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(mia.locator("#to-new")).to_be_focused()
    # The agent clicks before the page's scripts are loaded.
    mia.goto(f"{story.desk.url}/workspace/new")
    mia.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(mia.locator("#to-new")).to_be_focused()
    expect(mia).to_have_url(re.compile("/workspace$"))
    mia.reload()
    mia.keyboard.press("n")
    expect(dialog.get_by_label("Message", exact=True)).to_have_value("half a text")
    expect(dialog.get_by_label("+1 202 555 0199")).to_be_checked()
    dialog.get_by_label("Recipient", exact=True).fill("+44 20 7946 0000")
    expect(dialog).to_contain_text("looks like a landline, which may not get texts")
    mia.keyboard.press("Escape")
    mia.goto(f"{story.desk.url}/workspace/new?user_id=1")
    expect(dialog.get_by_label("Recipient", exact=True)).to_have_value("Ann Lee")
    dialog.get_by_role("link", name="Close").click()
    expect(mia).to_have_url(f"{story.desk.url}/workspace")


def test_the_dialogs_are_accessible_and_fit(story: Story) -> None:
    _, mia = story.talking(ANN)
    mia.locator("#draft").fill("Hi")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator("#timer-chip")).to_be_visible()
    page = story.context(
        storage_state=mia.context.storage_state(), bypass_csp=True, reduced_motion="reduce"
    ).new_page()
    page.goto(mia.url)
    wrong = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            for key, name in (("n", "new-dialog"), ("h", "hold-dialog"), ("", "timers-dialog")):
                page.keyboard.press(key) if key else page.locator("#timer-chip").click()
                if key == "n":
                    page.get_by_label("Recipient", exact=True).fill("a")
                    page.get_by_label("+1 202 555 0101").check()
                    expect(page.locator("#new-active")).to_be_visible()
                expect(page.locator(f"#{name}")).to_be_visible()
                wrong += [
                    f"{width} {scheme} {name}: {problem}" for problem in _problems(page, width)
                ]
                page.keyboard.press("Escape")
                expect(page.get_by_role("dialog")).to_have_count(0)
    assert wrong == []


def _problems(page: Page, width: int) -> list[str]:
    found = violations(page)
    if width < 760:
        found += page.evaluate(
            """() => [...document.querySelectorAll(
              "dialog[open] :is(a, button, input, select, textarea, summary)")]
              .filter((e) => e.checkVisibility() && !e.closest("label"))
              .filter((e) => e.getBoundingClientRect().height < 44)
              .map((e) => `small: ${e.outerHTML.slice(0, 120)}`)"""
        )
    wide = page.evaluate("() => document.querySelector('dialog[open]').scrollWidth - innerWidth")
    return found + ([f"{wide} px too wide"] if wide > 0 else [])


def test_signing_out_leaves_no_draft_in_the_browser(story: Story) -> None:
    mia = story.agent()
    mia.locator("#to-new").click()
    dialog = mia.get_by_role("dialog")
    dialog.get_by_label("Message", exact=True).fill("half a text")
    mia.wait_for_function("Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
    mia.evaluate("localStorage.setItem('theme', 'dark')")
    mia.keyboard.press("Escape")
    mia.locator('form[action="/sign-out"]').evaluate("form => form.requestSubmit()")
    expect(mia).to_have_url(re.compile("/sign-in$"))
    kept = mia.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if key.startswith(("draft:", "attached:"))] == []
    assert "theme" in kept
