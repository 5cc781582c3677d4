"""The thread in Chromium. Loading pictures do not move the end of the thread out of view. A text is
visible while the page sends it. Nothing covers the menu of a narrow window.
"""

from playwright.sync_api import Page, Route, expect

from tests.e2e.people import Story
from tests.e2e.test_media_in_browser import file, send_picture
from tests.support.pictures import picture

PHOTO = file("photo.png", "image/png", picture("PNG", (900, 1600)))
TO_END = """() => {
  const scroller = document.getElementById("thread-scroll");
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 2;
}"""
NARROW = {"width": 390, "height": 844}


def at_end(page: Page) -> None:
    page.wait_for_function(TO_END)


def hold(page: Page, requests: str) -> list[Route]:
    """Hold back the answers to these requests. Return the list of requests that the page makes."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(requests, keep)
    return held


def test_the_end_of_the_thread_stays_visible_while_pictures_load_and_texts_send(
    story: Story,
) -> None:
    phone, mia = story.talking()
    for n in range(3):
        send_picture(phone, PHOTO, f"photo {n}")
        expect(phone.texts.filter(has_text=f"photo {n}")).to_be_visible()
    expect(mia.locator(".medium img")).to_have_count(3)
    at_end(mia)
    # A conversation without unread lines opens at its end.
    expect(mia.locator("#count-unread")).to_have_attribute("data-unread", "0")
    hold(mia, "**/workspace/media/*")  # These pictures never load.
    mia.reload()
    box = mia.locator(".medium img").last.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (135, 240), (
        "the page reserves space for the pictures"
    )
    at_end(mia)

    sends = hold(mia, "**/messages")
    mia.locator("#draft").fill("We have them, case CS0000012")
    mia.keyboard.press("Control+Enter")
    expect(mia.locator("#pending")).to_contain_text("We have them")
    expect(mia.locator("#pending")).to_contain_text("Sending")
    expect(mia.locator("#draft")).to_have_value("")
    sends.pop().abort()
    expect(mia.locator("#not-sent")).to_contain_text(
        "Not sent. No connection. Check your network and try again."
    )
    expect(mia.locator("#draft")).to_have_value("We have them, case CS0000012")
    expect(mia.locator("#pending")).to_have_count(0)
    mia.unroute("**/messages")
    mia.keyboard.press("Control+Enter")
    expect(phone.texts.last).to_have_text("We have them, case CS0000012")
    expect(mia.locator("#pending")).to_have_count(0)
    at_end(mia)


def test_a_notice_does_not_cover_the_menu_of_a_narrow_window(story: Story) -> None:
    _, mia = story.talking()
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    omar.locator("#hold-it").click()
    dialog = omar.locator("#hold-dialog")
    expect(dialog).to_contain_text("'s conversation. Put it on hold anyway?")
    dialog.get_by_role("button", name="Put on hold").click()
    expect(mia.locator(".toast")).to_contain_text("Omar Haddad put this on hold")
    mia.set_viewport_size(NARROW)
    mia.locator("#more-actions").click()
    expect(mia.locator("#more-hold")).to_contain_text("Take off hold")
    mia.locator("#more-hold").click()
    expect(mia.locator("#thread")).to_contain_text("Mia Chen took this off hold")
    # The toast disappears because Mia has acted on the conversation.
    expect(mia.locator(".toast")).to_have_count(0)
