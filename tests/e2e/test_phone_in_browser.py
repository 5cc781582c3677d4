"""The phone simulator in Chromium: a phone that is switched off."""

from playwright.sync_api import expect

from tests.e2e.people import Story


def test_the_agent_sees_that_a_phone_is_off(story: Story) -> None:
    phone, mia = story.talking()
    how = phone.page.get_by_label("How the phone of Ann Lee behaves")
    with phone.page.expect_response("**/phone/behavior"):
        how.select_option("Switched off")
    mia.locator("#draft").fill("Are you there?")
    mia.keyboard.press("Control+Enter")
    problem = mia.locator("#thread .problem")
    expect(problem).to_contain_text("The phone is off or has no signal. (30003)")
    expect(problem).to_contain_text("It is sent again within 30 minutes.")
    with phone.page.expect_response("**/phone/behavior"):
        how.select_option("Every text arrives twice")
    phone.text("now I am")
    expect(mia.locator("#thread .msg", has_text="now I am")).to_have_count(1)
    phone.page.reload()
    expect(how).to_have_value("twice")
    with phone.page.expect_response("**/phone/behavior"):
        how.select_option("Works as usual")
