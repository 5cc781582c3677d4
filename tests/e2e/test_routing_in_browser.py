"""Transfers, hand-back, offers to all agents, and the supervisor's page, in several browsers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import WIDTHS, violations
from tests.e2e.conftest import Troubles, clear
from tests.e2e.people import ANN, BOB, DIRECT, LONG, Story, opened
from tests.support.demo_home import demo_home
from tests.support.service import running_service


@pytest.fixture
def omar(story: Story) -> Page:
    """Sign in the supervisor Omar, after Mia has her conversations."""
    return story.agent("Omar Haddad")


def away(*agents: Page) -> None:
    for page in agents:
        page.locator("#me").click()
        page.get_by_role("radio", name="Away").check()
        page.keyboard.press("Escape")


def transfer_to_omar(mia: Page, note: str = "Knows the dock.") -> None:
    mia.keyboard.press("t")
    dialog = mia.get_by_role("dialog")
    omar = dialog.get_by_role("radio", name=re.compile("Omar Haddad"))
    expect(omar).to_be_focused()
    omar.press("Space")
    dialog.get_by_label("Note").fill(note)
    dialog.get_by_role("button", name="Ask Omar Haddad").click()
    expect(mia.locator("#strip")).to_contain_text(
        re.compile(r"Waiting for Omar Haddad, \d+ s left")
    )


def test_a_transfer_is_accepted_in_another_browser(story: Story) -> None:
    ann, mia = story.talking(ANN, DIRECT)
    omar = story.agent("Omar Haddad")
    transfer_to_omar(mia)
    card = omar.locator(".offer")
    expect(card).to_contain_text("Mia Chen is transferring this to you.")
    expect(card).to_contain_text("Knows the dock.")
    ann.text("one more thing")
    card.get_by_role("button", name="Accept Ann Lee").click()
    expect(omar.locator("#thread")).to_contain_text("one more thing")
    expect(omar.locator(".owner")).to_contain_text("You are replying")
    expect(mia.locator(".owner")).to_contain_text("Omar Haddad is replying")
    expect(mia.locator("#strip")).to_contain_text("Omar Haddad has this conversation.")
    expect(mia.locator("#ongoing .item")).to_have_count(0)


def test_a_declined_or_withdrawn_transfer_stays_with_the_sender(story: Story) -> None:
    _, mia = story.talking(ANN, DIRECT)
    omar = story.agent("Omar Haddad")
    transfer_to_omar(mia)
    omar.get_by_role("button", name="Reject Ann Lee").click()
    dialog = omar.get_by_role("dialog")
    expect(dialog).to_contain_text("Mia Chen keeps the conversation and sees why.")
    expect(dialog).to_contain_text("You will not get this offer again.")
    dialog.get_by_label("In your own words").fill("On my way home")
    dialog.get_by_role("button", name="Reject the offer").click()
    expect(mia.locator("#thread")).to_contain_text("Omar Haddad rejected: On my way home")
    expect(mia.locator("#strip")).to_be_hidden()
    expect(mia.locator(".owner")).to_contain_text("You are replying")
    transfer_to_omar(mia, "Please.")
    expect(omar.locator("[data-offer]")).to_contain_text("Please.")
    mia.get_by_role("button", name="Cancel transfer").click()
    expect(mia.locator("#strip")).to_be_hidden()
    expect(omar.locator(".offer")).to_have_count(0)
    expect(mia.locator("#thread")).to_contain_text("Mia Chen canceled the transfer")


def test_a_transfer_to_a_queue_leaves_at_once(story: Story) -> None:
    _, mia = story.talking(ANN, DIRECT)
    omar = story.agent("Omar Haddad")
    mia.locator("#more-actions").click()
    mia.get_by_role("button", name="Transfer").click()
    dialog = mia.get_by_role("dialog")
    dialog.get_by_text("To a queue").click()
    dialog.get_by_role("radio", name=re.compile("Service desk")).check()
    dialog.get_by_role("button", name="Put into Service desk").click()
    expect(mia.locator("#ongoing .item")).to_have_count(0)
    expect(omar.locator(".offer")).to_contain_text("Ann Lee")


def test_a_supervisor_watches_a_queue_observes_joins_and_leaves(story: Story) -> None:
    ann, mia = story.talking(ANN, DIRECT)
    omar = story.agent("Omar Haddad")
    omar.locator("#to-supervisor").click()
    service_desk = omar.locator("#queue-rows tr", has_text="Service desk")
    expect(service_desk.locator('[data-label="Waiting"]')).to_have_text("0")
    story.phone(BOB, DIRECT).text("scanner 7 is dead")
    expect(service_desk.locator('[data-label="Waiting"]')).to_have_text("1")
    row = omar.locator("#live-rows tr", has_text="Bob Ruiz")
    expect(row).to_contain_text("Offered to")
    expect(row.locator("time[data-since]")).to_have_text(re.compile(r"^0:\d\d$"))
    expect(omar.locator("#tile-waiting")).to_have_text("1")

    ann.text("anyone?")
    omar.locator("#live-rows").get_by_role("link", name="Ann Lee").click()
    expect(omar.locator("#strip")).to_contain_text("You're observing. Nobody can see you.")
    expect(omar.locator("#thread")).to_contain_text("anyone?")
    expect(mia.locator("#thread")).not_to_contain_text("Omar Haddad joined")
    omar.get_by_role("button", name="Join", exact=True).click()
    expect(mia.locator("#thread")).to_contain_text("Omar Haddad joined")
    expect(omar.locator("#strip")).to_be_hidden()
    expect(omar.locator("#ongoing .item")).to_contain_text("Ann Lee")
    omar.locator("#more-actions").click()
    omar.get_by_role("button", name="Leave the live group").click()
    expect(mia.locator("#thread")).to_contain_text("Omar Haddad left")


def test_a_supervisor_assigns_by_hand_and_takes_over(story: Story) -> None:
    mia, omar = story.agent(), story.agent("Omar Haddad")
    away(mia, omar)
    story.phone(ANN, DIRECT).text("hello")
    omar.goto(f"{story.desk.url}/workspace/supervisor")
    act = omar.get_by_role("button", name="Join, take over or assign Ann Lee")
    act.click()
    dialog = omar.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody is online")
    expect(dialog.get_by_role("button", name="Join")).to_have_count(0)
    dialog.get_by_role("radio", name=re.compile("Mia Chen")).check()
    dialog.get_by_role("button", name="Assign to Mia Chen").click()
    expect(dialog).to_be_hidden()
    expect(act).to_be_focused()
    expect(omar.locator("#live-rows tr", has_text="Ann Lee")).to_contain_text("Mia Chen")
    expect(mia.locator("#ongoing .item")).to_contain_text("Ann Lee")
    act.click()
    omar.get_by_role("dialog").get_by_role("button", name="Take over").click()
    opened(omar, "Ann Lee")
    expect(omar.locator("#thread")).to_contain_text("Omar Haddad took over")
    expect(mia.locator("#ongoing .item")).to_have_count(0)


def test_the_focus_returns_to_a_row_that_changed_under_its_dialog(story: Story) -> None:
    mia, omar = story.agent(), story.agent("Omar Haddad")
    away(mia, omar)
    story.phone(ANN, DIRECT).text("hello")
    omar.goto(f"{story.desk.url}/workspace/supervisor")
    row = omar.locator("#live-rows tr", has_text="Ann Lee")
    act = row.get_by_role("button", name="Join, take over or assign Ann Lee")
    act.click()
    expect(omar.get_by_role("dialog")).to_contain_text("Nobody is online")
    mia.locator("#me").click()
    mia.get_by_role("radio", name="Available").check()
    expect(row).to_contain_text("Offered to Mia Chen")
    omar.keyboard.press("Escape")
    expect(omar.get_by_role("dialog")).to_be_hidden()
    expect(act).to_be_focused()


def test_the_focus_stays_in_a_refused_dialog_and_returns_to_its_menu(story: Story) -> None:
    _, mia = story.talking(ANN, DIRECT)
    mia.locator("#more-actions").click()
    mia.get_by_role("button", name="Transfer").click()
    send = mia.get_by_role("dialog").get_by_role("button", name="Transfer")
    send.press("Enter")
    expect(mia.get_by_role("alert").filter(has_text="Choose the agent")).to_be_visible()
    expect(send).to_be_focused()
    mia.keyboard.press("Escape")
    expect(mia.get_by_role("dialog")).to_be_hidden()
    expect(mia.locator("#more-actions")).to_be_focused()


def test_the_page_shows_why_this_agent_has_the_conversation(story: Story) -> None:
    _, mia = story.talking(ANN, DIRECT)
    why = mia.locator("#fold-why")
    why.locator("summary").click()
    expect(why).to_contain_text("Offered to Mia Chen")
    expect(why).to_contain_text("Omar Haddad is offline")


def test_supervisors_pages_are_accessible_at_every_width_in_both_themes(
    story: Story, omar: Page
) -> None:
    story.phone(LONG, DIRECT).text("hello")
    for path in ("/workspace/supervisor", "dialog"):
        if path == "dialog":
            omar.locator("#live-rows [data-load]").first.click()
            expect(omar.get_by_role("dialog")).to_be_visible()
        else:
            omar.goto(story.desk.url + path)
            expect(omar.locator("#live-rows tr")).to_have_count(1)
        for width, height in WIDTHS.items():
            omar.set_viewport_size({"width": width, "height": height})
            for theme in ("light", "dark") if width in (max(WIDTHS), min(WIDTHS)) else ():
                omar.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
                assert violations(omar) == [], (path, width, theme)
            assert omar.evaluate("document.documentElement.scrollWidth") == width, path
            if width == 390:
                small = omar.evaluate(
                    "[...document.querySelectorAll('main button, main a, dialog[open] button, "
                    "dialog[open] a')].filter(e => e.checkVisibility() && "
                    "e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)"
                )
                assert small == [], path


# A separate desk -------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path, browser: Browser, troubles: Troubles) -> Iterator[Story]:
    """A separate desk with a queue that offers work to all free agents, and a virtual agent that
    never answers.
    """
    with running_service(
        demo_home(tmp_path), DEMO="1", BOT_URL="http://127.0.0.1:9/never"
    ) as service:
        _offer_to_all(tmp_path)
        yield Story(service, browser, troubles)
        clear(service)


def _offer_to_all(home: Path) -> None:
    path = home / "all.toml"
    queue = (
        '[[queues]]\nname = "Service desk"\ngroups = ["Service desk"]\nassignment = '
        '"first_to_accept"\n'
    )
    path.write_text(queue)
    program = [sys.executable, "-m", "handoff_service.cli", "import", str(path)]
    subprocess.run(
        program, env={**os.environ, "PATCHBOARD_HOME": str(home)}, check=True, timeout=60
    )


def test_the_first_agent_to_accept_an_offer_gets_it_and_hands_back(shared: Story) -> None:
    mia, omar = shared.agent(), shared.agent("Omar Haddad")
    shared.phone(ANN, DIRECT).text("hello")
    expect(mia.locator(".offer")).to_contain_text("Ann Lee")
    expect(omar.locator(".offer")).to_contain_text("Ann Lee")
    omar.get_by_role("button", name="Accept Ann Lee").click()
    expect(mia.locator(".offer")).to_have_text("Omar Haddad accepted it")
    expect(mia.locator(".offer")).to_have_count(0)

    opened(omar, "Ann Lee")
    omar.locator("#more-actions").click()
    omar.get_by_role("button", name="Hand back to the virtual agent").click()
    dialog = omar.get_by_role("dialog")
    dialog.get_by_label("Outcome").fill("New dock ordered")
    dialog.get_by_role("button", name="Hand back").click()
    expect(omar.locator("#thread")).to_contain_text(
        "Omar Haddad handed this back to the virtual agent"
    )
    expect(omar.locator("#thread")).to_contain_text("New dock ordered")
    expect(omar.locator(".owner")).to_contain_text("The virtual agent is replying")


def test_an_agent_previews_an_offer_then_uses_brief_and_timeline(
    story: Story,
) -> None:
    mia, phone = story.agent(bypass_csp=True), story.phone()
    phone.text("hi")
    phone.text("my dock is dead, I already restarted it")
    mia.locator("[data-offer]").focus()
    mia.keyboard.press(" ")
    preview = mia.locator("#loaded-dialog")
    expect(preview.locator(".bubble").last).to_have_text("my dock is dead, I already restarted it")
    assert violations(mia) == []
    preview.get_by_role("button", name="Reject").click()
    expect(mia.locator("#reject-dialog")).to_be_visible()
    mia.keyboard.press("Escape")
    mia.locator("[data-offer]").focus()
    mia.keyboard.press(" ")
    preview.get_by_role("button", name="Accept").click()
    opened(mia, re.compile("Ann"))

    brief = mia.locator("#brief")
    expect(brief).to_contain_text("my dock is dead, I already restarted it")
    assert violations(mia) == []
    brief.get_by_role("button", name="Close the brief").click()
    expect(brief).to_be_hidden()
    mia.reload()
    expect(mia.locator("#thread .msg").first).to_be_visible()
    expect(brief).to_be_hidden()  # The agent has seen the brief within the last hour.
    here = mia.url
    mia.goto(f"{story.desk.url}/workspace")
    # This simulates that an hour has passed.
    mia.evaluate("localStorage.removeItem(`seen:${document.body.dataset.me}`)")
    mia.goto(here)
    expect(brief).to_contain_text("my dock is dead")

    mia.locator("#thread-scroll").focus()
    mia.keyboard.press("v")
    bar = mia.get_by_label("Moment of the conversation")
    expect(bar).to_be_focused()
    expect(brief).to_be_hidden()
    shown = mia.locator("#moment-list > li:visible")
    expect(shown).to_contain_text("Mia Chen accepted")
    mia.keyboard.press("Home")
    expect(shown).to_contain_text("Requester: hi")
    expect(shown).to_contain_text("Waiting in")
    expect(mia.locator("#line-1")).to_have_attribute("data-pointed", "")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("Requester: hi"))
    assert violations(mia) == []
    mia.keyboard.press("v")
    expect(mia.locator("#timeline")).to_be_hidden()
