"""Macros and the command palette: an agent finds a macro by typing, runs it by keyboard and undoes
it within seconds.
"""

import requests
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.people import ANN, DIRECT, Story


def make_over_api(story: Story, noun: str, **fields: object) -> int:
    login = {"email": "omar@example.com", "password": "omar-demo"}
    api = f"{story.desk.url}/api/v1"
    token = requests.post(f"{api}/login", json=login, timeout=10).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{api}/{noun}", json=fields, headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def palette(page: Page, typed: str = "") -> Page:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find a conversation, a person")
    expect(field).to_be_focused()
    expect(page.locator("#palette").get_by_role("option").first).to_be_visible()
    if typed:
        page.keyboard.type(typed)
        expect(page.locator("#palette-said")).to_contain_text("result")
    return page


def test_an_agent_runs_and_undoes_a_macro_and_the_palette_opens_pages(story: Story) -> None:
    text = make_over_api(
        story, "templates", name="Quokka", body="Hi {requester.first_name}, a quokka."
    )
    label = make_over_api(story, "labels", name="Quokkas")
    closes = {"template_id": text, "label_id": label, "state": "closed_complete"}
    make_over_api(story, "macros", name="Quokka, then close", then="next", **closes)
    make_over_api(story, "macros", name="Quokka, then hold", note="Quokka!", state="on_hold")
    _, mia = story.talking(to=DIRECT)
    here = mia.url

    mia.locator("#thread-scroll").focus()
    mia.keyboard.press("m")
    found = mia.locator("#picker-found").get_by_role("option")
    mia.get_by_role("combobox", name="Find a macro").fill("quokka")
    expect(found).to_have_count(2)
    expect(mia.locator("#picker-preview")).to_contain_text("Hi Ann, a quokka.")
    expect(mia.locator("#picker-preview")).to_contain_text("1 segment")
    mia.keyboard.press("Escape")
    expect(mia.locator("#thread-scroll")).to_be_focused()

    option = palette(mia, "quokka").locator("#palette").get_by_role("option")
    expect(option).to_have_count(2)
    expect(option.first).to_have_attribute("aria-selected", "true")
    mia.keyboard.press("ArrowDown")
    mia.keyboard.press("Enter")
    expect(mia.get_by_text("1 conversation changed by the macro “")).to_be_visible()
    expect(mia.locator("#state")).to_have_text("On hold")
    mia.get_by_role("button", name="Undo").click()
    expect(mia.locator("#state")).to_have_text("Work in progress")
    expect(mia.locator("#thread")).to_contain_text("Mia Chen ran the macro “Quokka, then hold”")

    option = palette(mia, "quokka then close").locator("#palette").get_by_role("option")
    expect(option).to_have_count(1)
    mia.keyboard.press("Enter")
    mia.wait_for_url(lambda url: url != here)
    mia.get_by_role("button", name="Undo").click()
    expect(mia.get_by_text("1 conversation restored.")).to_be_visible()
    mia.goto(here)
    expect(mia.locator("#thread")).to_contain_text("before this text was sent")
    expect(mia.locator("#state")).to_have_text("Work in progress")

    palette(mia, "close the").keyboard.press("Enter")
    closing = mia.locator("#closing-text")
    closing.fill("")
    closing.press("/")
    mia.get_by_role("combobox", name="Find a template").fill("quokka")
    expect(mia.locator("#picker-found").get_by_role("option")).to_have_count(1)
    mia.keyboard.press("Enter")
    expect(closing).to_have_value("Hi Ann, a quokka.")
    expect(mia.locator("#closing-segments")).to_contain_text("17 / 160")
    expect(closing).to_be_focused()
    mia.keyboard.press("Escape")

    grace = story.agent("Grace Okafor", bypass_csp=True)  # axe needs the bypass
    grace.goto(f"{story.desk.url}/workspace/admin/users")
    palette(grace, "sign-in passwords")  # words of the page's name and of the setting's name
    off = grace.locator("#palette").get_by_role("option")
    expect(off).to_contain_text(["Passwords are off for"])
    grace.keyboard.press("Escape")
    palette(grace, "quiet hours").keyboard.press("Enter")
    grace.wait_for_url("**/admin/desk#quiet_hours")
    expect(grace.get_by_label("Quiet hours")).to_be_focused()
    palette(grace, ANN[-4:])
    expect(grace.locator("#palette").get_by_role("option", name="Ann Lee").first).to_be_visible()
    assert violations(grace) == []
    grace.keyboard.press("Escape")
    expect(grace.get_by_label("Quiet hours")).to_be_focused()
