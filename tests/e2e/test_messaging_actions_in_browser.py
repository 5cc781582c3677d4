"""The form of a messaging action in Chromium: the panels beside it follow the typed values."""

from playwright.sync_api import expect

from tests.e2e.accessibility import problems
from tests.e2e.people import DIRECT, Story

LIST = "/workspace/admin/messaging-actions"


def test_the_panels_follow_the_form_before_it_is_saved(story: Story) -> None:
    story.phone(to=DIRECT).text("hi")
    grace = story.agent("Grace Okafor")
    grace.goto(f"{story.desk.url}{LIST}")
    grace.get_by_role("link", name="New messaging action").click()
    sentence = grace.locator(".sentence")
    expect(sentence).to_have_text(
        "When a requester has waited 30 minutes for an agent, the agent is prompted."
    )
    grace.wait_for_load_state()
    grace.get_by_label("Name").fill("Say sorry")
    grace.get_by_label("Number", exact=True).fill("1")
    grace.get_by_label("Unit").select_option("hours")
    grace.get_by_label("Count business hours only").check()
    expect(sentence).to_contain_text("waited 1 business hour for an agent")
    grace.get_by_role("button", name="Add a condition").click()
    grace.get_by_label("Field 1").select_option("Priority")
    expect(grace.get_by_label("Operator 1").locator("option")).to_have_count(6)
    grace.get_by_label("Operator 1").select_option("is one of")
    grace.get_by_role("group", name="Values 1").get_by_label("2", exact=True).check()
    expect(sentence).to_contain_text("and the priority is one of 1 or 2, ")
    grace.get_by_label("Prompt the requester").check()
    text = grace.get_by_label("Text for the requester")
    text.fill("Sorry, {requester.first_name}")
    expect(grace.locator("#panels .bubble")).to_have_text("Sorry, Ann")
    expect(grace.locator("#counted")).to_have_text("10 / 160 · 1 segment · GSM\u20117")
    expect(text).to_be_focused()
    expect(grace.locator(".ladder li")).to_have_text(
        [
            "30 minutes Prompt the agentRemind the agent",
            "1 business hour Prompt the requesterThis action",
        ]
    )
    grace.get_by_role("button", name="Run").click()
    expect(grace.locator("#dry-run")).to_contain_text(
        "Somebody waited for an answer 1 time. The action would not have run."
    )
    grace.get_by_role("button", name="Remove condition 1").click()
    expect(grace.get_by_label("Field 1")).to_have_count(0)
    expect(grace.get_by_role("button", name="Add a condition")).to_be_focused()
    grace.get_by_role("button", name="Save").click()
    expect(grace.get_by_role("status").filter(has_text="Created")).to_be_visible()
    expect(grace.get_by_role("link", name="Say sorry")).to_be_visible()


def test_moving_and_switching_keep_the_focus_and_deleting_asks_first(story: Story) -> None:
    grace = story.agent("Grace Okafor")
    grace.goto(f"{story.desk.url}{LIST}/new")
    grace.get_by_label("Name").fill("Soon")
    grace.get_by_role("button", name="Save").click()
    names = grace.locator(".ladder-list").first.locator("a")
    expect(names.last).to_have_text("Soon")
    grace.wait_for_load_state()
    earlier = grace.get_by_role("button", name="Soon: earlier")
    earlier.focus()
    while names.first.text_content() != "Soon":
        before = names.all_text_contents()
        grace.keyboard.press("Enter")
        expect(names).not_to_have_text(before)
        expect(earlier).to_be_focused()
    grace.get_by_role("switch", name="Soon: active").click()
    expect(grace.get_by_role("switch", name="Soon: active")).to_have_attribute(
        "aria-checked", "false"
    )
    expect(grace.get_by_role("switch", name="Soon: active")).to_be_focused()
    grace.get_by_role("link", name="Soon").click()
    expect(grace.get_by_label("Name")).to_have_value("Soon")
    grace.wait_for_load_state()
    grace.get_by_role("link", name="Delete this action").click()
    expect(grace.get_by_role("dialog")).to_contain_text("Its running timers end.")
    grace.get_by_role("button", name="Delete it").click()
    expect(grace.get_by_role("link", name="Soon")).to_have_count(0)


def test_the_pages_are_accessible_at_every_width(story: Story) -> None:
    grace = story.agent("Grace Okafor")
    # Bypasses the content security policy, because axe needs that.
    page = story.context(
        storage_state=grace.context.storage_state(), bypass_csp=True, reduced_motion="reduce"
    ).new_page()
    paths = (LIST, f"{LIST}/1", f"{LIST}/new", f"{LIST}/1/delete")
    wrong = [
        f"{path} {problem}" for path in paths for problem in problems(page, story.desk.url + path)
    ]
    assert wrong == []
    page.set_viewport_size({"width": 390, "height": 844})
    for path in paths:
        page.goto(story.desk.url + path)
        small = page.evaluate(
            """() => [...document.querySelectorAll(
              ".page :is(a, button, input, select, textarea, summary)")]
              .filter((e) => e.checkVisibility() && !e.closest(".tabs, label"))
              .filter((e) => e.getBoundingClientRect().height < 44
                && e.getBoundingClientRect().width > 1)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == [], path
