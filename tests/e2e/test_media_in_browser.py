"""Pictures in Chromium: requesters and agents exchange pictures, and agents attach them by button,
paste and drop.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import problems
from tests.e2e.people import Phone, Story
from tests.support.pictures import PDF, picture


def file(name: str, kind: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": content}


PNG = file("dock.png", "image/png", picture("PNG", (640, 360)))


def send_picture(phone: Phone, one: dict[str, Any], words: str = "") -> None:
    phone.page.get_by_label("Picture", exact=True).set_input_files(one)
    phone.page.get_by_label("Text", exact=True).fill(words)
    phone.page.get_by_role("button", name="Send").click()


def is_seen(page: Page, selector: str) -> None:
    """Check that the browser has drawn the picture."""
    expect(page.locator(selector).last).to_be_visible()
    page.wait_for_function(
        "(s) => [...document.querySelectorAll(s)].at(-1).naturalWidth > 0", arg=selector
    )


def chips(mia: Page) -> Any:
    return mia.locator("#attached > li")


def test_a_requester_and_an_agent_exchange_pictures(story: Story) -> None:
    phone, mia = story.talking()
    send_picture(phone, file("photo.jpg", "image/jpeg", picture("JPEG", (480, 640))))
    is_seen(mia, ".medium img")
    expect(mia.locator(".medium figcaption").last).to_have_text(
        re.compile(r"^Picture · JPEG · \d+ KB$")
    )
    is_seen(phone.page, ".talk .mine img")
    expect(mia.locator("#ongoing .item")).to_contain_text("Picture")
    with mia.context.expect_page() as opened:
        mia.locator(".medium a").click()
    assert opened.value.url.startswith(f"{story.desk.url}/workspace/media/")

    with mia.expect_file_chooser() as chooser:
        mia.get_by_role("button", name="Attach a picture").click()
    chooser.value.set_files([PNG])  # type: ignore[list-item]
    is_seen(mia, "#attached img")
    expect(mia.locator("#segments")).to_have_text("One MMS with 1 picture")
    mia.get_by_role("button", name="Send").click()
    is_seen(phone.page, ".talk li:not(.mine) img")
    is_seen(mia, '.msg[data-from="agent"] .medium img')
    expect(mia.locator('#thread .msg[data-from="agent"]').last).to_contain_text("Delivered")
    expect(chips(mia)).to_have_count(0)
    expect(mia.locator("#ongoing .item")).to_contain_text("You: Picture")


def test_a_refused_picture_shows_the_reason_and_the_text_stays(story: Story) -> None:
    phone, mia = story.talking()
    problem, draft = mia.locator("#not-sent"), mia.locator("#draft")
    draft.fill("look at this")
    chooser = mia.locator("#attach-files")
    chooser.set_input_files(file("big.png", "image/png", b"x" * 5_000_001))
    expect(problem).to_have_text(
        "big.png was not attached. Pictures in one text can total 5 MB; these total 5.0 MB."
    )
    chooser.set_input_files(file("notes.pdf", "application/pdf", PDF))
    expect(problem).to_have_text(
        "notes.pdf was not attached. Only JPEG, PNG and GIF pictures can be sent."
    )
    chooser.set_input_files(file("fake.png", "image/png", PDF))  # The service checks the content.
    expect(problem).to_have_text(
        "fake.png was not attached. Only JPEG, PNG and GIF pictures can be sent."
    )
    expect(chips(mia)).to_have_count(0)
    expect(draft).to_have_value("look at this")

    send_picture(phone, file("run.png", "image/png", b"MZ"), "and this")
    expect(mia.locator('.medium[data-status="refused"]')).to_have_text(
        "The picture was rejected. Its content does not match its type (image/png)."
    )
    expect(mia.locator("#thread")).to_contain_text("and this")


def test_an_agent_removes_attached_pictures_and_the_draft_keeps_them(story: Story) -> None:
    _, mia = story.talking()
    mia.locator("#attach-files").set_input_files([PNG, {**PNG, "name": "second.png"}])
    expect(mia.locator("#segments")).to_have_text("One MMS with 2 pictures")
    mia.get_by_role("button", name="Remove dock.png").click()
    expect(mia.get_by_role("button", name="Attach a picture")).to_be_focused()
    mia.get_by_text("Private note", exact=True).click()
    expect(chips(mia)).to_be_hidden()
    mia.locator("#draft").fill("only for us")
    mia.get_by_role("button", name="Add note").click()
    expect(mia.locator("#thread .note")).to_contain_text("only for us")
    mia.get_by_text("Text message", exact=True).click()
    expect(chips(mia)).to_have_count(1)
    mia.reload()
    is_seen(mia, "#attached img")
    expect(chips(mia)).to_contain_text("second.png")
    mia.keyboard.press("Escape")
    mia.locator("#draft").focus()
    mia.keyboard.press("Control+Enter")
    is_seen(mia, '.msg[data-from="agent"] .medium img')
    mia.reload()
    expect(chips(mia)).to_have_count(0)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_an_agent_pastes_or_drops_a_picture(story: Story, way: str) -> None:
    _, mia = story.talking()
    mia.evaluate(
        """async ([way, type]) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
          const blob = await new Promise((done) => canvas.toBlob(done, type));
          const data = new DataTransfer();
          data.items.add(new File([blob], "shot.png", { type }));
          const event = way === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.getElementById(way === "paste" ? "draft" : "thread").dispatchEvent(event);
          if (!event.defaultPrevented) throw new Error("the browser would have left the page");
        }""",
        [way, "image/png"],
    )
    is_seen(mia, "#attached img")
    expect(chips(mia)).to_contain_text("shot.png")


def test_pages_with_pictures_are_accessible_and_fit(story: Story) -> None:
    phone, mia = story.talking()
    send_picture(phone, file("wide.png", "image/png", picture("PNG", (3000, 200))), "so wide")
    expect(phone.texts.last).to_have_text("so wide")
    send_picture(phone, file("paper.pdf", "application/pdf", PDF))
    expect(mia.get_by_role("link", name="Save the file")).to_be_visible()
    send_picture(phone, file("run.exe", "application/x-msdownload", b"MZ"))
    send_picture(
        phone, file("tall.jpg", "image/jpeg", picture("JPEG", (400, 1200), color="salmon"))
    )
    is_seen(mia, "#line-7 img")
    mia.locator("#attach-files").set_input_files(
        [{**PNG, "name": f"{'long ' * 30}{n}.png"} for n in range(10)]
    )
    expect(mia.locator("#segments")).to_have_text("One MMS with 10 pictures")
    # Bypasses the content security policy, because axe needs that. The other tests run under the
    # policy.
    context = story.context(
        storage_state=mia.context.storage_state(), bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    wrong = [problem for url in (mia.url, phone.page.url) for problem in problems(page, url)]
    assert wrong == []
    mia.set_viewport_size({"width": 390, "height": 844})
    for button in (
        *mia.locator("#attached button").all(),
        mia.get_by_role("link", name="Save the file"),
    ):
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
