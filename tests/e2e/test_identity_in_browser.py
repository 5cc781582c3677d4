"""An agent verifies the requester by hand, undoes that, and sees both in the conversation."""

from playwright.sync_api import APIResponse, Route, expect

from tests.e2e.people import ANN, BOB, Story, opened

STRANGER = "+12025550177"


def test_an_agent_verifies_a_guest_and_undoes_the_verification(story: Story) -> None:
    phone, mia = story.talking(STRANGER)
    about = mia.locator("#about")
    expect(about).to_contain_text("This number is on no user's record")
    about.get_by_role("button", name="Identify").click()
    dialog = mia.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("nobody at all")
    expect(dialog).to_contain_text("No match.")
    dialog.get_by_role("searchbox").fill("e1002")
    dialog.get_by_role("button", name="Verify Bob").click()
    expect(dialog).to_have_count(0)
    opened(mia, "Bob Ruiz")
    expect(about.locator(".badge")).to_have_text("Verified")
    expect(about).to_contain_text("by Mia Chen")
    expect(about).to_contain_text("+1 202 555 0102")
    expect(mia.locator("#thread")).to_contain_text("Bob Ruiz was verified by Mia Chen")
    phone.text("so?")
    expect(phone.texts.filter(has_text="verified")).to_have_count(0)

    about.get_by_role("button", name="Undo").click()
    opened(mia, "+1 202 555 0177")
    expect(about.get_by_role("button", name="Undo")).to_have_count(0)
    expect(mia.locator("#thread")).to_contain_text("Mia Chen undid the verification")


def test_an_agent_confirms_a_match_with_one_click_and_rejects_it_with_two(story: Story) -> None:
    _, mia = story.talking(ANN)
    about = mia.locator("#about")
    expect(about).to_contain_text("not verified")
    about.get_by_role("button", name="Verify Ann").click()
    expect(about.locator(".badge").first).to_have_text("Verified")
    expect(mia.locator("#head .badge")).to_have_text("Verified")
    about.get_by_role("button", name="Change person").click()
    mia.get_by_role("dialog").get_by_role("button", name="Not Ann, unknown person").click()
    expect(mia.locator("#head .badge")).to_have_text("Guest")
    expect(about).to_contain_text("Also on this number")
    about.get_by_role("button", name="Verify Ann").click()
    opened(mia, "Ann Lee")


def test_the_panel_shows_several_people_on_one_number_and_their_history(story: Story) -> None:
    phone, mia = story.talking("+12025550199")
    about = mia.locator("#about")
    opened(mia, "+1 202 555 0199")
    expect(about).to_contain_text("This number is on several users' records")
    expect(about).to_contain_text("Also on this number 2")
    about.get_by_role("button", name="Verify Bob").click()
    opened(mia, "Bob Ruiz")
    expect(about).to_contain_text("+1 202 555 0102")
    expect(about.get_by_role("button", name="Verify Bob")).to_have_count(0)
    about.get_by_role("button", name="Verify Priya").click()
    opened(mia, "Priya Natarajan")
    about.get_by_text("History").click()
    history = about.locator("#fold-history li")
    expect(history.first).to_contain_text("Bob Ruiz → Priya Natarajan")
    expect(history.first).to_contain_text("Manually, by Mia Chen")
    about.get_by_role("button", name="Undo").dblclick()  # A double click undoes only once.
    opened(mia, "Bob Ruiz")
    expect(history.first).to_contain_text("Undone")  # The collapsible section is still open.
    expect(history.nth(1)).to_contain_text("Nobody → Bob Ruiz")
    phone.text("it is Bob")
    expect(mia.locator("#thread .msg").last).to_contain_text("Bob Ruiz")
    about.get_by_role("button", name="Undo").click()
    opened(mia, "+1 202 555 0199")


def test_a_button_works_again_after_the_page_changed_before_its_answer(story: Story) -> None:
    """The stream of events may replace the button before the answer arrives. htmx then no longer
    knows the button.
    """
    _, mia = story.talking(BOB)
    about = mia.locator("#about")
    answers: list[tuple[Route, APIResponse]] = []
    mia.route("**/verify", lambda route: answers.append((route, route.fetch())))
    about.get_by_role("button", name="Verify Bob").click()
    expect(about.locator(".badge").first).to_have_text("Verified")
    while not answers:  # Hold the answer back until the stream has changed the page.
        mia.wait_for_timeout(10)
    [(route, answer)] = answers
    with mia.expect_response("**/verify"):
        route.fulfill(response=answer)
    mia.unroute("**/verify")
    about.get_by_role("button", name="Change person").click()
    mia.get_by_role("dialog").get_by_role("button", name="Not Bob, unknown person").click()
    expect(mia.locator("#head .badge")).to_have_text("Guest")
    about.get_by_role("button", name="Verify Bob").click()
    opened(mia, "Bob Ruiz")
