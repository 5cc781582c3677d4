"""Consent in Chromium: the composer shows at once why a number cannot be texted, and an agent
records consent by hand.
"""

from playwright.sync_api import expect

from tests.e2e.accessibility import problems
from tests.e2e.people import Story


def test_stop_and_start_change_the_open_composer_at_once(story: Story) -> None:
    phone, mia = story.talking()
    mia.locator("#draft").fill("Is the light on?")
    phone.text("STOP")
    expect(mia.locator("#no-texts")).to_contain_text(
        "by texting STOP. Only they can opt back in, by texting START."
    )
    expect(mia.get_by_role("button", name="Send")).to_be_disabled()
    expect(mia.locator("#segments")).to_have_text("No texts can be sent")
    expect(phone.texts.last).to_contain_text("You've opted out of texts from Northwind IT")
    mia.keyboard.press("Alt+n")
    expect(mia.get_by_role("button", name="Add note")).to_be_enabled()
    mia.keyboard.press("Alt+n")
    phone.text("START")
    expect(mia.locator("#no-texts")).to_be_hidden()
    expect(mia.locator("#draft")).to_have_value("Is the light on?")
    mia.get_by_role("button", name="Send").click()
    expect(phone.texts.last).to_have_text("Is the light on?")


def test_an_agent_opts_a_number_out_and_in_again(story: Story) -> None:
    _, mia = story.talking()
    mia.locator("#consent-it").click()
    dialog = mia.locator("dialog[open]")
    expect(dialog).to_contain_text("Stop texts to Ann Lee")
    dialog.get_by_label("How did the requester ask?").fill("On the phone")
    dialog.get_by_role("button", name="Stop texts").click()
    expect(mia.locator("#no-texts")).to_contain_text("recorded by Mia Chen")
    expect(mia.locator("#thread")).to_contain_text(
        "Recorded by Mia Chen. Opted out: no texts can be sent: On the phone"
    )
    mia.locator("#consent-it").click()
    dialog.get_by_role("button", name="Allow texts again").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Write how the requester asked")
    dialog.get_by_label("How did the requester ask?").fill("A mistake of mine")
    dialog.get_by_role("button", name="Allow texts again").click()
    expect(mia.locator("#no-texts")).to_be_hidden()


def test_the_consent_page_is_accessible_and_fits(story: Story) -> None:
    phone, mia = story.talking()
    phone.text("STOP")
    expect(mia.locator("#no-texts")).to_be_visible()
    options = {
        "bypass_csp": True,
        "reduced_motion": "reduce",
        "viewport": {"width": 390, "height": 844},
    }
    inside = story.context(storage_state=mia.context.storage_state(), **options).new_page()
    assert problems(inside, mia.url) == []
