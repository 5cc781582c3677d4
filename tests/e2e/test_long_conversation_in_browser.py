"""The timeline's pages in a long conversation, and the filter Draft."""

import sqlite3

from playwright.sync_api import expect

from tests.e2e.people import ANN, BOB, DIRECT, Story, opened

# 300 copies of the first text, because the timeline shows 200 lines at once.
MORE_TEXTS = """
INSERT INTO messages (interaction_id, seq, kind, direction, author, body, status, owner, epoch,
  created_at)
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300)
SELECT i.id, i.last_seq + x, m.kind, m.direction, m.author, 'text ' || x, m.status, m.owner,
  m.epoch, m.created_at
FROM messages m JOIN interactions i ON i.id = m.interaction_id, n WHERE m.body = 'text 0'
"""


def test_an_agent_moves_back_and_forth_through_a_long_timeline(story: Story) -> None:
    story.text_many(["text 0"], to=DIRECT)
    with sqlite3.connect(story.desk.log.parent / "patchboard.db", timeout=20) as desk:
        desk.execute(MORE_TEXTS)
        desk.execute("UPDATE interactions SET last_seq = last_seq + 300 WHERE closed_at IS NULL")
    mia = story.agent()
    mia.get_by_role("button", name="Accept").click()
    opened(mia, "Ann Lee")
    mia.locator("#thread-scroll").focus()
    mia.keyboard.press("v")
    bar, shown = mia.get_by_label("Moment of the conversation"), mia.locator("#moment-list > li")
    earlier, later = (
        mia.get_by_role("button", name=name, exact=True)
        for name in ("Earlier moments", "Later moments")
    )
    expect(bar).to_be_focused()
    newest = shown.filter(visible=True).inner_text()
    expect(later).to_have_count(0)
    earlier.click()
    expect(earlier).to_have_count(0)
    expect(bar).to_be_focused()
    mia.keyboard.press("Home")
    expect(shown.filter(visible=True)).to_contain_text("Requester: text 0")
    later.click()
    expect(later).to_have_count(0)
    expect(bar).to_be_focused()
    expect(shown.filter(visible=True)).to_contain_text(newest.splitlines()[0])


def test_the_filter_draft_hides_conversations_without_one(story: Story) -> None:
    _, mia = story.talking(ANN)
    ann = mia.url
    story.text_many(["my badge is broken"], number=BOB, to=DIRECT)
    mia.get_by_role("button", name="Accept").click()
    opened(mia, "Bob Ruiz")
    items = mia.locator("#ongoing .item:visible")
    expect(items).to_have_count(2)
    mia.locator("#draft").fill("half a text to Bob")
    mia.goto(ann)
    mia.get_by_label("Show", exact=True).select_option(label="Draft")
    expect(items).to_have_count(1)
    expect(items).to_contain_text("Bob Ruiz")
    expect(items).to_have_attribute("data-draft", "Draft")
    word = "element => getComputedStyle(element, '::before').content"
    assert "Draft" in items.locator(".snippet").evaluate(word)
    mia.locator("#thread-scroll").focus()
    mia.keyboard.press("X")  # This selects only the conversations that the list shows.
    expect(mia.get_by_role("toolbar", name="Selected conversations")).to_contain_text("1 selected")
    mia.keyboard.press("Escape")
    # After a refresh, the list hides the same conversations.
    story.text_many(["and my chair"], number=ANN)
    expect(mia.locator("#ongoing .item", has_text="and my chair")).to_be_hidden()
    items.click()
    opened(mia, "Bob Ruiz")
    expect(items).to_have_count(1)
    mia.locator("#draft").press("Control+Enter")
    expect(mia.get_by_text("No drafts. Texts that you begin")).to_be_visible()
    expect(items).to_have_count(0)
    mia.get_by_label("Show", exact=True).select_option(label="All")
    expect(items).to_have_count(2)
