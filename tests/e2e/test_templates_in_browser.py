"""Templates in the composer: an agent finds them by typing and chooses one by keyboard or mouse.
The page fills in their placeholders.
"""

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.people import DIRECT, Story

STRANGER = "+12025550177"


@pytest.fixture(autouse=True)
def _templates(story: Story) -> None:
    """Add two templates to those of the demo."""
    login = {"email": "omar@example.com", "password": "omar-demo"}
    token = requests.post(f"{story.desk.url}/api/v1/login", json=login, timeout=10).json()["token"]
    for name, body in (
        (
            "Zebra",
            "Hi {requester.first_name}, {agent.first_name} here about "
            "{interaction.number}.\n<b>&amp;",
        ),
        ("Zebra crossing", "Look left, {requester.name}."),
    ):
        made = requests.post(
            f"{story.desk.url}/api/v1/templates",
            json={"name": name, "body": body},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        assert made.status_code in (201, 409), made.text


def picker(page: Page) -> Page:
    expect(page.locator("#picker")).to_be_visible()
    expect(page.locator("#picker-find")).to_be_focused()
    return page


def test_a_slash_in_an_empty_composer_opens_the_templates(story: Story) -> None:
    _, mia = story.talking(to=DIRECT)
    draft = mia.locator("#draft")
    draft.focus()
    draft.press("/")
    options = picker(mia).locator("#picker-found").get_by_role("option")
    mia.get_by_role("combobox", name="Find a template").fill("zebra")
    expect(options).to_have_count(2)
    expect(options.first).to_have_attribute("aria-selected", "true")
    mia.keyboard.press("ArrowDown")
    expect(options.last).to_have_attribute("aria-selected", "true")
    active = mia.get_by_role("combobox", name="Find a template").get_attribute(
        "aria-activedescendant"
    )
    assert active == options.last.get_attribute("id")
    mia.keyboard.press("ArrowUp")
    mia.keyboard.press("Enter")
    expect(mia.get_by_role("dialog")).to_have_count(0)
    expect(draft).to_be_focused()
    filled = draft.input_value()
    assert filled.startswith("Hi Ann, Mia here about INT0")
    assert filled.endswith(".\n<b>&amp;")
    expect(mia.locator("#segments")).to_contain_text(f"{len(filled)} / 160")
    mia.keyboard.type(" Bye")
    expect(draft).to_have_value(filled + " Bye")
    mia.keyboard.press("/")
    expect(mia.get_by_role("dialog")).to_have_count(0)
    for _ in range(9):
        mia.keyboard.press("Control+z")
    expect(draft).to_have_value("")


def test_the_button_inserts_a_template_at_the_cursor_and_esc_changes_nothing(
    story: Story,
) -> None:
    _, mia = story.talking(STRANGER, DIRECT)
    draft = mia.locator("#draft")
    draft.fill("Before. ")
    mia.get_by_role("button", name="Template").click()
    picker(mia).keyboard.press("Escape")
    expect(draft).to_have_value("Before. ")
    mia.get_by_role("button", name="Template").click()
    picker(mia).get_by_role("combobox", name="Find a template").fill("crossing")
    mia.locator("#picker-found").get_by_role("option", name="Zebra crossing").click()
    expect(draft).to_have_value("Before. Look left, there.")
    draft.fill("")
    mia.keyboard.press("Alt+n")
    mia.get_by_role("button", name="Template").click()
    picker(mia).get_by_role("combobox", name="Find a template").fill("no such thing")
    expect(mia.get_by_text("No template contains “no such thing”.")).to_be_visible()
    mia.keyboard.press("Enter")
    mia.get_by_role("combobox", name="Find a template").fill("crossing")
    expect(mia.locator("#picker-found").get_by_role("option")).to_have_count(1)
    mia.keyboard.press("Enter")
    expect(draft).to_have_value("Look left, there.")
    expect(mia.locator("#segments")).to_have_text("Not sent to the requester")


def test_an_agent_can_type_a_text_that_begins_with_a_slash(story: Story) -> None:
    _, mia = story.talking(to=DIRECT)
    draft = mia.locator("#draft")
    draft.focus()
    mia.keyboard.type("/Users/ann/report.pdf is empty")  # no template matches
    expect(mia.get_by_role("dialog")).to_have_count(0)
    expect(draft).to_be_focused()
    expect(draft).to_have_value("/Users/ann/report.pdf is empty")
    draft.fill("")
    draft.press("/")
    picker(mia).get_by_role("combobox", name="Find a template").fill("zeb")
    expect(mia.locator("#picker-found").get_by_role("option")).to_have_count(2)
    mia.keyboard.press("Escape")
    expect(draft).to_have_value("/zeb")
    expect(draft).to_be_focused()
    mia.keyboard.type("ra/1")
    expect(draft).to_have_value("/zebra/1")


def test_an_agent_starts_a_new_message_with_a_template(story: Story) -> None:
    mia = story.agent()
    mia.keyboard.press("n")
    new = mia.locator("#new-dialog")
    new.get_by_label("Recipient", exact=True).fill("ann")
    expect(new.locator("#new-effect")).to_have_text("Starts a new conversation, assigned to you.")
    body = new.get_by_label("Message", exact=True)
    body.press("/")
    picker(mia).locator("#picker-find").fill("crossing")
    expect(mia.locator("#picker-found").get_by_role("option")).to_have_count(1)
    mia.keyboard.press("Enter")
    expect(body).to_have_value("Look left, Ann Lee.")
    expect(body).to_be_focused()
    body.press("End")
    new.get_by_role("button", name="Template").click()
    picker(mia).locator("#picker-find").fill("zebra")
    expect(mia.get_by_text("1 template is not shown")).to_be_visible()
    mia.keyboard.press("Escape")
    expect(body).to_have_value("Look left, Ann Lee.")
    expect(new).to_be_visible()


WIDE = (
    "() => [...document.querySelectorAll('#picker, #picker *')].filter("
    "(e) => e.checkVisibility() && getComputedStyle(e).overflowX !== 'hidden' && "
    "e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map((e) => e.outerHTML.slice(0, 90))"
)


def test_the_picker_never_scrolls_sideways(story: Story) -> None:
    login = {"email": "omar@example.com", "password": "omar-demo"}
    token = requests.post(f"{story.desk.url}/api/v1/login", json=login, timeout=10).json()["token"]
    requests.post(
        f"{story.desk.url}/api/v1/templates",
        json={"name": "W" * 80, "body": "https://acme.example/" + "w" * 700},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    _, mia = story.talking(to=DIRECT)
    mia.locator("#draft").focus()
    mia.keyboard.press("/")
    picker(mia)
    for width in (1440, 320):
        mia.set_viewport_size({"width": width, "height": 640})
        expect(mia.get_by_role("option").filter(has_text="WWWW")).to_be_visible()
        assert mia.evaluate(WIDE) == []
        box = mia.locator("#picker").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
