"""The work queue in Chromium: a scheduled text, and bulk actions."""

from playwright.sync_api import expect

from tests.e2e.people import BOB, DIRECT, Story


def test_an_agent_schedules_the_text_in_the_composer(story: Story) -> None:
    ann, mia = story.talking()
    mia.locator("#draft").fill("Does it work now?")
    mia.get_by_role("button", name="Schedule this text").click()
    dialog = mia.get_by_role("dialog", name="later")
    expect(dialog.get_by_label("Text", exact=True)).to_have_value("Does it work now?")
    expect(dialog.locator("output")).to_contain_text("09:00 for Ann")
    dialog.get_by_label("In 3 hours").check()
    expect(dialog.locator("output")).not_to_contain_text("09:00 for Ann")
    dialog.get_by_role("button", name="Schedule").click()
    expect(dialog).to_be_hidden()
    expect(mia.locator("#draft")).to_have_value("")
    waits = mia.get_by_role("list", name="Scheduled texts")
    expect(waits).to_contain_text("Does it work now?")
    ann.text("It works!")
    expect(waits).to_contain_text("Ann has texted since.")
    waits.get_by_role("button", name="Cancel this text").click()
    expect(waits).to_be_hidden()
    expect(mia.locator("#thread")).to_contain_text("Mia Chen canceled a scheduled text")
    mia.keyboard.press("Alt+n")
    mia.locator("#draft").fill("She sounds upset")
    expect(mia.get_by_role("button", name="Schedule this text")).to_be_hidden()
    mia.keyboard.press("Control+k")
    mia.keyboard.type("send later")
    expect(mia.locator("#palette-said")).to_contain_text("1 result")
    mia.keyboard.press("Enter")
    expect(dialog.get_by_label("Text", exact=True)).to_have_value("")


def test_an_agent_puts_several_conversations_on_hold_and_undoes_it(story: Story) -> None:
    _, mia = story.talking()
    story.text_many(["my badge is broken"], number=BOB, to=DIRECT)
    mia.get_by_role("button", name="Accept").first.click()
    items = mia.locator("#ongoing > li")
    expect(items.filter(has_text="Bob Ruiz")).to_be_visible()
    mia.get_by_role("button", name="Select several").click()
    for name in ("Ann Lee", "Bob Ruiz"):
        items.filter(has_text=name).get_by_role("checkbox").check()
    bar = mia.get_by_role("toolbar", name="Selected conversations")
    expect(bar).to_contain_text("2 selected")
    story.text_many(["still broken"], number=BOB, to=DIRECT)
    expect(items.filter(has_text="still broken")).to_be_visible()
    expect(items.filter(has_text="Bob Ruiz").get_by_role("checkbox")).to_be_checked()
    bar.get_by_role("button", name="Hold").click()
    mia.locator("#loaded-dialog").get_by_label("In 1 hour").check()
    mia.get_by_role("dialog", name="Put 2 conversations on hold").get_by_role(
        "button", name="Put on hold"
    ).click()
    expect(items.filter(has_text="On hold until")).to_have_count(2)
    expect(bar).to_be_hidden()
    mia.get_by_role("button", name="Undo", exact=True).click()
    expect(items.filter(has_text="On hold until")).to_have_count(0)
    mia.keyboard.press("X")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    items.filter(has_text="Ann Lee").get_by_role("checkbox").check()
    bar.get_by_role("button", name="Select all").click()
    mia.locator("body").press("e")
    expect(mia.get_by_role("dialog")).to_contain_text("Close 2 conversations")
    mia.keyboard.press("Control+Enter")
    expect(mia.get_by_text("2 conversations closed")).to_be_visible()


def test_notices_do_not_cover_the_bar_of_bulk_actions(story: Story) -> None:
    _, mia = story.talking(to=DIRECT)
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    omar.get_by_label("More actions").click()
    omar.locator("#label-it").click()
    omar.get_by_role("dialog").get_by_label("VIP").check()
    expect(mia.locator(".toast")).to_contain_text("Omar Haddad added the label “VIP”")
    mia.set_viewport_size({"width": 1024, "height": 480})
    mia.keyboard.press("Shift+X")
    box = mia.get_by_role("toolbar", name="Selected conversations").bounding_box()
    notice = mia.locator(".toasts > ol").bounding_box()
    assert box is not None
    assert notice is not None
    assert notice["x"] >= box["x"] + box["width"]
    for one in ("Assign", "Close"):
        mia.get_by_role("toolbar").get_by_role("button", name=one).click()
        expect(mia.get_by_role("dialog")).to_be_visible()
        mia.keyboard.press("Escape")


def test_one_click_adds_a_reminder_of_a_promise(story: Story) -> None:
    _, mia = story.talking()
    mia.locator("#draft").fill("I'll text you in an hour")
    mia.get_by_role("button", name="Send", exact=True).click()
    mia.get_by_role("button", name="Remind me").click()
    promises = mia.get_by_role("list", name="Promises")
    expect(promises).to_contain_text("Promised for")
    expect(mia.locator("#promise-offer")).to_be_hidden()
    expect(mia.locator("#ongoing > li").first).to_contain_text("Promised for")
    promises.get_by_role("button", name="Cancel this promise").click()
    expect(promises).to_be_hidden()
    expect(mia.locator("#thread")).to_contain_text("Mia Chen canceled the promise")


def test_the_list_scrolls_to_the_open_conversation(story: Story) -> None:
    _, mia = story.talking()
    mia.set_viewport_size({"width": 1440, "height": 340})
    mia.locator("#list-scroll").evaluate("(list) => list.scrollTo(0, 10000)")
    story.text_many(["my badge is broken"], number=BOB, to=DIRECT)
    expect(mia.get_by_role("button", name="Accept")).to_have_count(1)
    mia.reload()
    expect(mia.locator("#ongoing .item")).to_be_in_viewport(ratio=0.9)
