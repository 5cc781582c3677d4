"""A practice run in Chromium: from the form to the score, and one run in two browsers."""

import re

import requests
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import problems
from tests.e2e.people import BOB, DIRECT, Story, opened
from tests.e2e.test_ten_tasks import token

HERE = "/workspace/practice"
BANNER = "#practice-banner"
ASKED = '#thread .msg[data-from="requester"]'


def start_run(story: Story, mia: Page) -> None:
    """Start a run for Mia, and set her to Away."""
    mia.goto(f"{story.desk.url}{HERE}")
    mia.get_by_role("button", name="Set me to Away").click()
    mia.get_by_role("button", name="Open the practice desk").click()


def answer(page: Page, body: str) -> None:
    page.locator("#draft").fill(body)
    page.keyboard.press("Control+Enter")
    expect(page.locator('#thread .msg[data-from="agent"]').last).to_contain_text(body)


def test_a_new_agent_practices_and_reads_the_score(story: Story) -> None:
    mia = story.agent(bypass_csp=True, reduced_motion="reduce")  # the bypass is for axe
    # This speed is higher than the form allows.
    body = {"source": "demo", "conversations": 1, "speed": 60}
    url, me = f"{story.desk.url}/api/v1/practice-runs", token(story, "mia")
    requests.post(url, json=body, headers=me, timeout=20).raise_for_status()
    start_run(story, mia)
    expect(mia.locator(BANNER)).to_contain_text("0 of 1 done")
    mia.get_by_role("button", name="Accept").click()
    opened(mia, re.compile("Requester 1"))
    expect(mia.locator(ASKED)).to_have_count(2)
    answer(mia, "Good morning. I'll text you in 30 minutes.")
    expect(mia.locator("#promise-offer")).to_be_visible()
    # The next text follows the answer after a tenth of the original pause.
    expect(mia.locator(ASKED)).to_have_count(3)
    mia.keyboard.press("Escape")
    mia.keyboard.press("e")
    dialog = mia.get_by_role("dialog")
    dialog.get_by_text("Password", exact=True).click()
    mia.keyboard.press("Control+Enter")
    mia.wait_for_url(f"**{HERE}/*")  # The run ends with its only conversation.
    expect(mia.locator(BANNER)).to_be_hidden()
    expect(mia.get_by_role("heading", name="Practice of Mia Chen")).to_be_visible()
    tiles = mia.locator(".practice-tiles")
    expect(tiles).to_contain_text("1 of 1")
    expect(tiles).to_contain_text("0 of 1")
    expect(tiles).to_contain_text("1 not due yet")
    expect(mia.locator(".practice-sides")).to_contain_text("the password has expired")
    assert problems(mia, mia.url) == []


def test_two_browsers_show_one_run_and_can_still_use_the_real_desk(story: Story) -> None:
    mia, second, omar = story.agent(), story.agent(), story.agent("Omar Haddad")
    mia.goto(f"{story.desk.url}{HERE}")
    mia.get_by_label("Conversations").fill("2")
    mia.get_by_label("Speed").select_option(label="10× as fast")
    mia.get_by_role("button", name="Prepare with the demo set").click()
    start_run(story, mia)
    expect(mia.locator(BANNER)).to_contain_text("0 of 2 done")
    # The second browser stays on the real desk until Mia also opens the practice desk there.
    second.reload()
    expect(second.locator(BANNER)).to_contain_text("A practice run is ready for you")
    story.text_many(["my real badge is broken"], number=BOB, to=DIRECT)
    expect(omar.locator(".offer")).to_contain_text("my real badge is broken")
    offer = mia.locator(".offer", has_text="Requester 1")
    expect(offer).to_be_visible()
    expect(mia.locator("#list-scroll")).not_to_contain_text("badge")
    second.goto(f"{story.desk.url}{HERE}")
    second.get_by_role("button", name="Open the practice desk").click()
    expect(second.locator(".offer", has_text="Requester 1")).to_be_visible()

    offer.get_by_role("button", name="Accept").click()
    opened(mia, re.compile("Requester 1"))
    second.locator("#ongoing .item", has_text="Requester 1").click()
    opened(second, re.compile("Requester 1"))
    answer(mia, "Are you in the office?")
    expect(second.locator("#thread")).to_contain_text("Are you in the office?")
    answer(second, "Or at home?")
    expect(mia.locator("#thread")).to_contain_text("Or at home?")
    practice = second.url

    second.get_by_role("button", name="End practice").click()
    second.get_by_role("button", name=re.compile("^End")).last.click()
    expect(second.get_by_text("Ended early")).to_be_visible()
    mia.wait_for_url(f"**{HERE}/*")  # The page detects the end of the run by itself.
    expect(mia.get_by_text("Ended early")).to_be_visible()
    # On the real desk, the address of a practice conversation shows none of its content.
    second.goto(practice)
    expect(second.locator(BANNER)).to_be_hidden()
    expect(second.locator("body")).not_to_contain_text("Are you in the office?")
