"""Search and earlier messages in Chromium."""

from collections.abc import Iterable

from playwright.sync_api import Page, expect

from tests.e2e.accessibility import problems
from tests.e2e.conftest import clear
from tests.e2e.people import BOB, DIRECT, LONG, Story


def while_away(story: Story, mia: Page, bodies: Iterable[str]) -> None:
    """Send many texts while no page is open. An open page would redraw for each text."""
    conversation = mia.url
    mia.goto("about:blank")
    story.text_many(bodies)
    mia.goto(conversation)
    mia.wait_for_load_state()


def test_results_appear_while_typing_and_link_to_the_line(story: Story) -> None:
    _, mia = story.talking()
    while_away(
        story, mia, (f"line {n}" if n != 3 else "the docking station smokes" for n in range(40))
    )
    mia.keyboard.press("/")
    expect(mia).to_have_url(f"{story.desk.url}/workspace/search")
    expect(mia.locator("#search")).to_be_focused()
    expect(mia.locator("#results")).to_contain_text("Find a person or a conversation")
    mia.keyboard.type("d")
    expect(mia.locator("#results")).to_contain_text("Use at least two letters or digits")
    mia.keyboard.type("ockin")
    expect(mia.locator("#results mark")).to_have_text("docking")
    expect(mia).to_have_url(f"{story.desk.url}/workspace/search?q=dockin")
    mia.locator("#conversations .item").click()
    line = mia.locator("#thread .msg", has_text="the docking station smokes")
    expect(line).to_be_in_viewport()
    expect(mia.locator("#thread .msg").last).not_to_be_in_viewport()
    mia.go_back()
    expect(mia.locator("#search")).to_have_value("dockin")
    expect(mia.locator("#results mark")).to_have_text("docking")


def test_earlier_messages_load_on_scrolling_up_and_visible_lines_do_not_move(story: Story) -> None:
    for n in range(2):
        phone, mia = story.talking()
        while_away(story, mia, (f"talk {n}, line {k}" for k in range(70)))
        expect(mia.locator("#thread")).to_contain_text(f"talk {n}, line 69")
        mia.locator("#thread-scroll").evaluate("(e) => { e.scrollTop = e.scrollHeight }")
        # The test marks the texts as read, because otherwise the page would open at the first
        # unread line.
        expect(mia.locator("#count-unread")).to_be_hidden()
        if n == 0:
            clear(story.desk)
    mia.reload()
    scroller = mia.locator("#thread-scroll")
    expect(mia.locator("#thread .msg").last).to_be_in_viewport()
    first = mia.locator("#thread > li").nth(1)
    scroller.evaluate("(e) => { e.scrollTop = 150 }")
    before = first.bounding_box()
    expect(mia.locator(".past")).not_to_have_count(0)
    assert before is not None
    after = first.bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    expect(mia.locator(".past-end").last).to_contain_text("Closed complete")
    for _ in range(20):
        if not mia.locator("#earlier").count():
            break
        scroller.evaluate("(e) => { e.scrollTop = 0 }")
        mia.wait_for_load_state("networkidle")
    expect(mia.locator(".past").get_by_text("talk 0, line 0", exact=True)).to_have_count(1)
    expect(mia.locator("#earlier")).to_have_count(0)
    ids = mia.locator("#thread-scroll [id]").evaluate_all("all => all.map((e) => e.id)")
    assert len(ids) == len(set(ids))
    phone.text("and now?")
    expect(mia.locator("#thread")).to_contain_text("and now?")
    expect(mia.locator(".past", has_text="and now?")).to_have_count(0)


def test_the_pages_are_accessible_and_do_not_scroll_sideways(story: Story) -> None:
    phone, mia = story.talking(LONG, DIRECT)
    phone.text("docking https://example.com/" + "x" * 300)
    clear(story.desk)
    phone.text("again the docking station")
    story.phone(BOB).text("docking")
    inside = story.context(
        storage_state=mia.context.storage_state(), bypass_csp=True, reduced_motion="reduce"
    ).new_page()
    wrong = []
    for path in ("", "?q=docking", "?q=maximiliana", "?q=nothing+there", "?q=a"):
        url = f"{story.desk.url}/workspace/search{path}"
        wrong += [f"{path} {problem}" for problem in problems(inside, url)]
    assert wrong == []
    inside.set_viewport_size({"width": 390, "height": 844})
    inside.goto(f"{story.desk.url}/workspace/search?q=docking")
    small = inside.locator("#main").evaluate(
        """(main) => [...main.querySelectorAll("a, button, input")]
          .filter((e) => e.checkVisibility()
            && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"""
    )
    assert small == []
