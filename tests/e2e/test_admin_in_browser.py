"""The admin's pages in Chromium: every page of the menu at each width, and deletion by keyboard."""

from playwright.sync_api import expect

from tests.e2e.accessibility import WIDTHS, checked
from tests.e2e.people import ANN, Story

WITH_ONES = (
    "users",
    "profiles",
    "agents",
    "provider-numbers",
    "queues",
    "templates",
    "labels",
    "macros",
    "outages",
)


def test_every_page_of_the_menu_is_accessible_at_each_width(story: Story) -> None:
    story.phone(ANN).text("hello")
    # Bypasses the content security policy, because axe needs that. The other tests run under the
    # policy.
    grace = story.agent("Grace Okafor", bypass_csp=True)
    grace.goto(f"{story.desk.url}/workspace/admin")
    links = grace.locator("nav[aria-label^='Admin'] a").evaluate_all(
        "(all) => all.map((a) => a.href)"
    )
    ones = [f"{one}/1" for one in links if one.endswith(WITH_ONES)]
    for address in [*links, *ones, f"{story.desk.url}/workspace/admin/texts/closed"]:
        grace.goto(address)
        for width, height in WIDTHS.items():
            grace.set_viewport_size({"width": width, "height": height})
            checked(grace, f"{address} at {width}")
    for width, height in WIDTHS.items():
        if width < 760:
            grace.set_viewport_size({"width": width, "height": height})
            grace.get_by_text("All admin pages").click()
            grace.get_by_role("link", name="Messaging profiles").click()
            expect(grace.get_by_role("heading", name="Messaging profiles")).to_be_visible()


def test_deleting_asks_first_and_returns_the_focus(story: Story) -> None:
    grace = story.agent("Grace Okafor")
    grace.goto(f"{story.desk.url}/workspace/admin/users/new")
    grace.get_by_label("Name").fill("Dee Moss")
    grace.get_by_label("Employee number").fill("E7000")
    grace.get_by_role("button", name="Save").click()
    expect(grace.get_by_role("status").filter(has_text="Created")).to_be_visible()
    grace.wait_for_load_state()  # key bindings work once the scripts are loaded
    delete = grace.get_by_role("link", name="Delete this user")
    delete.focus()
    grace.keyboard.press("Enter")
    expect(grace.get_by_role("dialog", name="Delete Dee Moss?")).to_be_visible()
    grace.keyboard.press("Escape")
    expect(delete).to_be_focused()
    grace.keyboard.press("Enter")
    grace.get_by_role("button", name="Delete this user").click()
    expect(grace.get_by_role("status").filter(has_text="Deleted")).to_be_visible()
    expect(grace.get_by_text("Dee Moss")).to_have_count(0)


def test_two_tabs_with_one_form_and_leaving_the_page_lose_no_typed_values(story: Story) -> None:
    one = story.agent("Grace Okafor")
    address = f"{story.desk.url}/workspace/admin/templates/new"
    one.goto(address)
    one.get_by_label("Name").fill("Two tabs")
    one.get_by_label("Text").fill("Hello")
    one.get_by_role("button", name="Save").click()
    one.get_by_role("link", name="Two tabs").click()
    expect(one.get_by_role("heading", name="Two tabs")).to_be_visible()
    two = one.context.new_page()
    two.goto(one.url)

    one.get_by_label("Name").fill("Two windows")
    expect(one.get_by_text("1 unsaved change", exact=True)).to_be_visible()
    one.get_by_role("link", name="Queues").click()
    leave = one.get_by_role("dialog", name="Leave without saving?")
    expect(leave).to_contain_text("You will lose 1 unsaved change on this page.")
    leave.get_by_role("button", name="Stay here").click()
    with one.expect_event("dialog") as asked:
        one.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    one.get_by_role("button", name="Save").click()
    expect(one.get_by_role("status").filter(has_text="Saved")).to_be_visible()

    two.get_by_label("Name").fill("Two screens")
    two.get_by_label("Text").fill("Hello there")
    two.get_by_role("button", name="Save").click()
    merge = two.get_by_role("region", name="Changed by somebody else")
    expect(merge).to_contain_text("Grace Okafor")
    expect(merge).to_contain_text("Two tabs")
    expect(merge.get_by_role("deletion")).to_have_text("Two tabs")
    expect(two.get_by_label("Text")).to_have_value("Hello there")
    expect(two.get_by_text("2 unsaved changes", exact=True)).to_be_visible()
    merge.get_by_label("Take theirs").check()
    two.get_by_role("button", name="Save").click()
    two.get_by_role("link", name="Two windows").click()
    expect(two.get_by_label("Text")).to_have_value("Hello there")
    two.get_by_role("link", name="Delete this template").click()
    two.get_by_role("dialog").get_by_role("button", name="Delete this template").click()
    expect(two.get_by_role("status").filter(has_text="Deleted")).to_be_visible()
