"""The workspace and the phone page in Chromium, without the bot: live updates and keyboard use."""

import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import APIResponse, Browser, Route, expect

from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES, WRITTEN_ALIKE, described
from handoff_service.rules.delivery.sms_text import narrowed, segments, split
from tests.e2e.accessibility import problems
from tests.e2e.conftest import Troubles
from tests.e2e.people import BOB, DIRECT, LONG, Phone, Story, opened
from tests.support.demo_home import demo_home
from tests.support.service import free_port, running_service


def test_a_conversation_from_the_first_text_to_the_closing_text(story: Story) -> None:
    mia = story.agent()
    expect(mia.get_by_text("No offers right now")).to_be_visible()
    phone = Phone(story.page(story.context(), "/phone"))
    phone.page.get_by_label("Whose phone").select_option(label="Ann Lee · +1 202 555 0101")
    phone.page.get_by_role("button", name="Open the phone").click()
    phone.text("hi, my laptop won't start")

    offer = mia.locator(".offer")
    expect(offer).to_contain_text("Ann Lee")
    expect(offer).to_contain_text("There is no virtual agent.")
    expect(offer.get_by_role("timer")).to_have_text(re.compile(r"^\d+ s$"))
    offer.get_by_role("button", name="Accept Ann Lee").click()
    opened(mia, "Ann Lee")
    expect(mia.locator("#thread")).to_contain_text("hi, my laptop won't start")
    expect(mia.locator("#thread .marker")).to_contain_text("Mia Chen accepted")

    mia.get_by_label("Text message to Ann Lee").fill("Hi Ann, does it make a sound?")
    mia.keyboard.press("Control+Enter")
    expect(phone.texts.last).to_have_text("Hi Ann, does it make a sound?")
    mine = mia.locator('#thread .msg[data-from="agent"]')
    expect(mine).to_contain_text("Delivered")
    expect(mine.locator("use")).to_have_attribute("href", re.compile("#ticks$"))
    expect(mia.locator("#draft")).to_have_value("")

    mia.get_by_role("button", name="Close", exact=True).click()
    dialog = mia.get_by_role("dialog")
    expect(dialog.get_by_label("Short description")).to_have_value("hi, my laptop won't start")
    expect(dialog.get_by_label("Closing text to the requester")).to_have_value(
        "Mia has closed this conversation. Text us any time."
    )
    dialog.get_by_role("button", name="Close the conversation").click()
    expect(phone.texts.last).to_have_text("Mia has closed this conversation. Text us any time.")
    expect(mia.locator("#closed")).to_contain_text("This conversation is closed.")
    expect(mia.locator("#composer")).to_have_count(0)
    expect(mia.get_by_role("heading", name="No ongoing conversations")).to_be_visible()


def test_a_text_appears_in_the_open_conversation_and_marks_another_as_unread(
    story: Story,
) -> None:
    ann, mia = story.talking()
    bob = story.phone(BOB)
    bob.text("scanner 7 is dead")
    mia.get_by_role("button", name="Accept Bob Ruiz").click()
    opened(mia, "Bob Ruiz")
    bob.text("no light at all")
    expect(mia.locator("#thread")).to_contain_text("no light at all")
    item = mia.locator("#ongoing .item", has_text="Bob Ruiz")
    expect(item).not_to_have_attribute("data-unread", "")

    ann.text("still nothing")
    ann.text("anyone?")
    new = mia.locator("#ongoing .item[data-unread]")
    expect(new).to_contain_text("Ann Lee")
    expect(new).to_contain_text("anyone?")
    expect(new.locator(".count")).to_have_text("2 new messages")
    expect(mia).to_have_title("(1) Bob Ruiz · Patchboard")
    expect(mia.locator("#count-unread")).to_contain_text("1")
    # The newest activity comes first.
    expect(mia.locator("#ongoing .item").first).to_contain_text("Ann Lee")

    new.click()
    expect(mia.locator("#unread-line")).to_have_text("2 new messages")
    # A text counts as read after a second on the screen.
    expect(mia.locator("#ongoing .item[data-unread]")).to_have_count(0)
    expect(mia).to_have_title("Ann Lee · Patchboard")
    expect(mia.locator("#unread-line")).to_have_text("2 new messages")


def test_new_texts_do_not_move_visible_lines(story: Story) -> None:
    phone, mia = story.talking()
    for n in range(30):
        phone.text(f"line {n}")
    expect(mia.locator("#thread")).to_contain_text("line 29")
    scroller = mia.locator("#thread-scroll")
    # The page follows new texts if the agent is at the end.
    expect(mia.locator("#thread .msg").last).to_be_in_viewport()
    scroller.evaluate("(e) => { e.scrollTop = 0 }")
    phone.text("the newest")
    expect(mia.locator("#jump")).to_have_text("1 new message")
    assert scroller.evaluate("(e) => e.scrollTop") == 0
    mia.locator("#jump").click()
    expect(mia.locator("#thread .msg").last).to_be_in_viewport()
    expect(mia.locator("#jump")).to_be_hidden()


def test_the_list_keeps_its_order_while_the_pointer_is_over_it(story: Story) -> None:
    ann, mia = story.talking()
    bob = story.phone(BOB)
    bob.text("me too")
    mia.get_by_role("button", name="Accept Bob Ruiz").click()
    expect(mia.locator("#ongoing .item").first).to_contain_text("Bob Ruiz")
    mia.locator("#ongoing .item").first.hover()
    ann.text("anyone?")
    # The item has changed without moving.
    expect(mia.locator("#ongoing .item").nth(1)).to_contain_text("anyone?")
    mia.mouse.move(800, 400)
    expect(mia.locator("#ongoing .item").first).to_contain_text("anyone?")


def test_an_offer_that_a_colleague_took_stays_for_a_moment_as_one_line(story: Story) -> None:
    mia = story.agent()
    phone = story.phone()
    phone.text("hello")
    expect(mia.locator(".offer")).to_contain_text("Ann Lee")
    other = mia.context.new_page()
    other.goto(f"{story.desk.url}/workspace")
    other.get_by_role("button", name="Accept").click()
    expect(mia.locator(".offer")).to_have_text("You accepted it")
    expect(mia.locator(".offer")).to_have_count(0)
    expect(mia.locator("#ongoing .item")).to_contain_text("Ann Lee")


def test_rejecting_requires_a_reason_and_the_next_agent_gets_the_offer(story: Story) -> None:
    mia, phone = story.agent(), story.phone()
    phone.text("hello")
    expect(mia.locator(".offer")).to_be_visible()
    omar = story.agent("Omar Haddad")
    mia.get_by_role("button", name="Reject Ann Lee").click()
    mia.get_by_role("dialog").get_by_label("Not my subject").check()
    mia.get_by_role("button", name="Reject the offer").click()
    expect(mia.locator(".offer")).to_have_text("You rejected this offer")
    expect(omar.locator(".offer")).to_contain_text("Ann Lee")


def test_an_agent_sets_the_presence_in_the_menu(story: Story) -> None:
    mia = story.agent()
    mia.locator("#me").click()
    # Live updates may redraw the choice before the answer arrives.
    mia.get_by_role("radio", name="Away").click()
    expect(mia.locator("#me")).to_contain_text("Away")
    mia.keyboard.press("Escape")
    expect(mia.locator("#inbox-empty")).to_contain_text("while your presence is Away")
    mia.get_by_role("button", name="Become available").click()
    expect(mia.locator("#me")).to_contain_text("Available")


COUNTED = {
    "nothing": "",
    "a full GSM-7 segment": "x" * 160,
    "one over": "x" * 161,
    "look-alikes": "it’s “here” – now…",
    "look-alikes that do not help": "it’s 👋",
    "extension characters take two units": "€" * 80,
    "an extension character is not cut in two": "x" * 152 + "€" + "x" * 152,
    "line ends": "one\ntwo",
    "an accent in the alphabet": "é è ñ Ω",
    "an accent outside the alphabet": "ê",
    "a separate accent": "cafe\u0301 x\u030c",
    "a combining mark at the start": "\u0327",
    "composed letters": "cafe\u0301",
    "spaces and invisible characters": "a\tb\u2003c\u200b\ufeffd\u00ade",
    "styled letters": "\uff28\uff49 \ufb01ne \U0001d5db\U0001d5f6",
    "joined pictures": "\U0001f469\u200d\U0001f4bb 1\ufe0f\u20e3 \U0001f1e9\U0001f1ea",
    "right to left, with marks": "\u200f\u05e9\u05dc\u05d5\u05dd \u00ad\u2067x\u2069",
    "Persian": "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627",
    "a private character": "\ue000",
    "a space character outside the alphabet": "\u1680x",
    "look-alikes and a character without one": "\u2013 \u200b \u043a",
    "all look-alikes": "".join(WRITTEN_ALIKE),
    "everything invisible": "x" + "".join(INVISIBLE_NAMES)[40:400],
    "an emoji takes two units": "👋" * 35,
    "one emoji too many": "👋" * 36,
    "an emoji is not cut in two": "x" * 66 + "👋" + "x" * 10,
    "ten segments": "x" * 1500,
    "surrounding spaces are not sent": "  hi  ",
}


def test_the_counter_of_the_composer_agrees_with_the_service(story: Story) -> None:
    _, mia = story.talking()
    output = mia.locator("#segments")
    for body in COUNTED.values():
        mia.locator("#draft").fill(body)
        right = segments(narrowed(body.strip()))
        room = right.per_segment * right.count
        plural = "segment" if right.count == 1 else "segments"
        encoding = right.encoding.replace("-", "\u2011")  # no-break hyphens
        because = f" because of {described(right.forced_by)}" if right.forced_by else ""
        expect(output).to_have_text(
            f"{right.units} / {room} · {right.count} {plural} · {encoding}{because}"
        )
        expect(output).to_have_class(
            re.compile(r"\bwait\b") if right.count > 1 else re.compile(r"end\s*$")
        )


def test_the_page_blocks_a_long_text_but_not_a_long_note(story: Story) -> None:
    _, mia = story.talking()
    long = "It’s here. " * 150 + "Nothing forces UCS-2, and a sentence ends.\n" * 20
    mia.locator("#draft").fill(long)
    parts = split(long)
    count = sum(segments(part).count for part in parts)
    expect(mia.locator("#segments")).to_have_text(f"{len(parts)} messages · {count} segments")
    mia.locator("#draft").fill("😀" * 1600)
    expect(mia.get_by_role("button", name="Send")).to_be_enabled()
    mia.locator("#draft").fill("x" * 16_003)
    expect(mia.locator("#segments")).to_have_text(
        "3 characters too long: a text can have up to 16,000 characters"
    )
    expect(mia.get_by_role("button", name="Send")).to_be_disabled()
    mia.locator("#draft").press("Control+Enter")
    mia.locator("#draft").fill("x" * 9000)
    mia.keyboard.press("Alt+n")
    mia.get_by_role("button", name="Add note").click()
    expect(mia.locator("#thread .note")).to_contain_text("xxx")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_have_count(0)


def test_a_draft_typed_during_a_send_stays(story: Story) -> None:
    _, mia = story.talking()

    def slowly(route: Route) -> None:
        mia.locator("#draft").fill("and something else")
        route.continue_()

    mia.route("**/messages", slowly)
    mia.locator("#draft").fill("first")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_contain_text("first")
    expect(mia.locator("#draft")).to_have_value("and something else")


def test_a_failed_send_shows_the_reason_and_keeps_the_text(story: Story) -> None:
    _, mia = story.talking()
    mia.route("**/messages", lambda route: route.abort())
    mia.locator("#draft").fill("can you hear me?")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator("#not-sent")).to_have_text(
        "Not sent. No connection. Check your network and try again. Your draft is kept."
    )
    expect(mia.locator("#draft")).to_have_value("can you hear me?")
    mia.unroute("**/messages")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_contain_text("can you hear me?")
    expect(mia.locator("#not-sent")).to_be_hidden()


def test_a_recovered_text_appears_in_its_place_on_an_open_page(story: Story) -> None:
    phone, mia = story.talking()
    phone.text("and it smells")
    expect(mia.locator("#thread .bubble").last).to_have_text("and it smells")
    with sqlite3.connect(story.desk.log.parent / "patchboard.db", timeout=20) as desk:
        interaction, seq, sent = desk.execute(
            "SELECT i.id, i.last_seq + 1, m.created_at FROM interactions i JOIN messages m ON "
            "m.interaction_id = i.id WHERE m.body = 'and it smells' ORDER BY m.id DESC"
        ).fetchone()
        before = str(datetime.fromisoformat(sent) - timedelta(milliseconds=20))
        desk.execute(
            "INSERT INTO messages (interaction_id, seq, kind, direction, author, body, event, "
            "reason, status, owner, epoch, created_at, sent_at) SELECT interaction_id, ?, kind, "
            "direction, author, 'lost before that', 'recovered', 'sent just now', status, owner, "
            "epoch, created_at, ? FROM messages WHERE interaction_id = ? AND body = 'and it "
            "smells'",
            (seq, before, interaction),
        )
        desk.execute("UPDATE interactions SET last_seq = ? WHERE id = ?", (seq, interaction))
    phone.text("hello?")
    texts = mia.locator('#thread [data-from="requester"] .bubble')
    after_a_reload = ["hi, my laptop won't start", "lost before that", "and it smells", "hello?"]
    expect(texts).to_have_text(after_a_reload)
    expect(mia.locator("#thread [data-recovered]")).to_contain_text("Recovered: sent just now")
    mia.reload()
    expect(texts).to_have_text(after_a_reload)


def test_sending_again_after_a_lost_answer_sends_the_text_once(story: Story) -> None:
    _, mia = story.talking()

    def lose_the_answer(route: Route) -> None:
        assert route.fetch().ok
        route.abort()

    mia.route("**/messages", lose_the_answer)
    mia.locator("#draft").fill("on my way")
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator("#not-sent")).to_have_text(
        "Not sent. No connection. Check your network and try again. Your draft is kept."
    )
    mia.unroute("**/messages")
    mine = mia.locator('#thread .msg[data-from="agent"]')
    mia.locator("#draft").press("Control+Enter")
    expect(mia.locator("#draft")).to_have_value("")
    expect(mine).to_have_count(1)
    # The agent sends the same text a second time on purpose.
    mia.locator("#draft").fill("on my way")
    mia.locator("#draft").press("Control+Enter")
    expect(mine).to_have_count(2)


def test_a_text_that_waits_for_an_earlier_text_is_sent(story: Story) -> None:
    _, mia = story.talking()
    answers: list[tuple[Route, APIResponse]] = []
    mia.route("**/messages", lambda route: answers.append((route, route.fetch())), times=1)
    for _ in range(2):
        mia.locator("#draft").fill("on my way")
        mia.locator("#draft").press("Control+Enter")
    mine = mia.locator('#thread .msg[data-from="agent"]:not(#pending)')
    expect(mine).to_have_count(1)
    while not answers:  # The stream may be faster than the answer.
        mia.wait_for_timeout(10)
    [(route, answer)] = answers
    route.fulfill(response=answer)
    expect(mine).to_have_count(2)
    expect(mia.locator("#pending")).to_have_count(0)


def test_each_conversation_keeps_its_draft_and_the_drafts_kind(story: Story) -> None:
    _, mia = story.talking()
    mia.locator("#draft").fill("half a note")
    mia.keyboard.press("Alt+n")
    mia.goto(f"{story.desk.url}/workspace")
    mia.locator("#ongoing .item").click()
    expect(mia.locator("#draft")).to_have_value("half a note")
    expect(mia.get_by_role("radio", name="Private note")).to_be_checked()


def test_a_pressed_button_stays_until_the_click_ends(story: Story) -> None:
    _, mia = story.talking()
    mia.locator("#close-it").hover()
    mia.mouse.down()
    omar = story.agent("Omar Haddad")
    omar.goto(mia.url)
    omar.locator("#draft").fill("Omar here")
    omar.locator("#draft").press("Control+Enter")
    expect(mia.locator("#thread")).to_contain_text("Omar here")
    mia.mouse.up()
    expect(mia.get_by_role("dialog")).to_contain_text("Close the conversation with Ann Lee")
    expect(mia.locator("#head")).to_contain_text("with Omar Haddad")


def test_an_agent_uses_the_whole_workspace_by_keyboard(story: Story) -> None:
    mia, ann, bob = story.agent(), story.phone(), story.phone(BOB)
    ann.text("hi")
    expect(mia.locator(".offer")).to_be_visible()
    mia.keyboard.press("r")
    expect(mia.get_by_role("dialog")).to_contain_text("Reject Ann Lee")
    mia.keyboard.press("Escape")
    expect(mia.get_by_role("dialog")).to_have_count(0)
    mia.keyboard.press("a")
    opened(mia, "Ann Lee")
    expect(mia.locator("#thread-scroll")).to_be_focused()
    bob.text("hi")
    expect(mia.locator(".offer")).to_contain_text("Bob Ruiz")
    mia.keyboard.press("a")
    opened(mia, "Bob Ruiz")
    ann.text("anyone?")
    expect(mia.locator("#ongoing .item[data-unread]")).to_contain_text("Ann Lee")
    mia.keyboard.press("g")
    mia.keyboard.press("u")
    opened(mia, "Ann Lee")
    mia.keyboard.press("j")
    expect(mia.locator("#ongoing .item", has_text="Bob Ruiz")).to_be_focused()
    mia.keyboard.press("k")
    expect(mia.locator("#ongoing .item", has_text="Ann Lee")).to_be_focused()
    mia.keyboard.press("Enter")
    expect(mia.locator("#draft")).to_be_focused()
    mia.keyboard.type("jkaer? I am here")  # Single keys do nothing while typing.
    expect(mia.locator("#draft")).to_have_value("jkaer? I am here")
    mia.keyboard.press("Control+Enter")
    expect(ann.texts.last).to_have_text("jkaer? I am here")
    mia.keyboard.press("Escape")
    expect(mia.locator("#thread-scroll")).to_be_focused()
    mia.keyboard.press("i")
    expect(mia.locator("#context-scroll")).to_be_focused()
    mia.keyboard.press("Alt+n")
    expect(mia.get_by_label("Private note about")).to_be_focused()
    mia.locator("#composer").get_by_text("Text message", exact=True).click()
    expect(mia.get_by_label("Text message to")).to_be_focused()
    mia.keyboard.press("Escape")
    mia.keyboard.press("?")
    expect(mia.get_by_role("dialog")).to_contain_text("Keyboard")
    mia.keyboard.press("Escape")
    mia.keyboard.press("e")
    expect(mia.get_by_role("dialog")).to_contain_text("Close the conversation with Ann Lee")
    mia.get_by_label("Closing text to the requester").focus()
    mia.keyboard.press("Control+Enter")
    expect(mia.locator("#closed")).to_be_visible()


def test_an_agent_can_turn_single_keys_off(story: Story) -> None:
    mia = story.agent()
    mia.locator("#me").click()
    mia.get_by_label("Single-key shortcuts").uncheck()
    mia.reload()
    mia.keyboard.press("?")
    mia.locator("#me").click()
    expect(mia.get_by_label("Single-key shortcuts")).not_to_be_checked()
    expect(mia.get_by_role("dialog")).to_have_count(0)


def test_the_page_announces_a_restart_that_loses_no_text(
    browser: Browser, troubles: Troubles, tmp_path: Path
) -> None:
    port = free_port()
    with running_service(demo_home(tmp_path), port=port, DEMO="1") as desk:
        phone, mia = Story(desk, browser, troubles).talking()
        mia.locator("#draft").fill("half a sentence")
    expect(mia.locator("#connection")).to_contain_text("Connection lost at")
    expect(mia.locator("#connection")).to_contain_text("Your draft is kept.")
    with running_service(tmp_path, port=port, DEMO="1"):
        expect(mia.locator("#connection")).to_be_hidden(timeout=20_000)
        expect(mia.locator("#draft")).to_have_value("half a sentence")
        expect(phone.page.locator("#connection")).to_be_hidden(timeout=20_000)
        phone.text("are you back?")
        expect(mia.locator("#thread")).to_contain_text("are you back?")
        seen = mia.locator("#thread > [data-seq]").evaluate_all(
            "lines => lines.map((line) => line.dataset.seq)"
        )
        assert seen == [str(n + 1) for n in range(len(seen))]


def test_the_page_of_an_ended_session_opens_the_sign_in_page(story: Story) -> None:
    mia = story.agent()
    other = mia.context.new_page()
    other.goto(f"{story.desk.url}/workspace")
    other.locator("#me").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{story.desk.url}/sign-in")
    expect(mia).to_have_url(f"{story.desk.url}/sign-in?next=%2Fworkspace", timeout=20_000)


def test_the_browser_keeps_the_theme(story: Story) -> None:
    mia = story.agent(color_scheme="light")
    mia.locator("#me").click()
    for theme in ("light", "dark"):
        mia.locator("#theme").click()
        expect(mia.locator("#theme")).to_contain_text(f"Theme: {theme}")
    mia.reload()
    expect(mia.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_context_panel_is_a_drawer_in_narrow_windows(story: Story) -> None:
    _, mia = story.talking()
    expect(mia.locator("#context")).to_contain_text("There is no virtual agent.")
    mia.set_viewport_size({"width": 1024, "height": 768})
    expect(mia.locator("#context")).to_be_hidden()
    mia.keyboard.press("i")
    expect(mia.locator("#context")).to_be_visible()
    mia.keyboard.press("Escape")
    expect(mia.locator("#context")).to_be_hidden()


def test_every_page_fits_and_is_accessible(story: Story) -> None:
    phone, mia = story.talking(LONG, DIRECT)
    phone.text("https://example.com/" + "x" * 300)
    mia.locator("#draft").fill("Hi 👋")
    mia.keyboard.press("Control+Enter")
    expect(mia.locator('#thread .msg[data-from="agent"]')).to_contain_text("Delivered")
    story.phone(BOB).text("hello")
    expect(mia.locator(".offer")).to_be_visible()
    # Bypasses the content security policy, because axe needs that. The other tests run under the
    # policy.
    options = {"bypass_csp": True, "reduced_motion": "reduce"}
    inside = story.context(storage_state=mia.context.storage_state(), **options).new_page()
    outside = story.context(**options).new_page()
    paths = {
        mia.url.removeprefix(story.desk.url): inside,
        "/workspace": inside,
        "/workspace/conversations/99999": inside,
        "/sign-in": outside,
        "/phone": outside,
        f"/phone?from=%2B{LONG[1:]}&to=%2B{DIRECT[1:]}": outside,
    }
    wrong = [
        f"{path} {problem}"
        for path, page in paths.items()
        for problem in problems(page, story.desk.url + path)
    ]
    assert wrong == []


def test_touch_targets_are_large_enough_on_narrow_screens(story: Story) -> None:
    _, mia = story.talking()
    mia.set_viewport_size({"width": 390, "height": 844})
    for address in (mia.url, f"{story.desk.url}/workspace"):
        mia.goto(address)
        small = mia.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
              .filter((e) => e.checkVisibility() && !e.closest(".tabs, label")
                && e.matches(":not(.skip)"))
              .filter((e) => e.getBoundingClientRect().height < 44
                && e.getBoundingClientRect().width > 1)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == []


def test_a_text_with_markup_runs_no_script(story: Story) -> None:
    phone, mia = story.talking()
    for body in (
        "<script>document.title='pwned'</script>",
        '<img src=x onerror="document.title=1">',
        "</li><b>x",
    ):
        phone.text(body)
        expect(mia.locator("#thread .msg .bubble").last).to_have_text(body)
        expect(mia.locator("#ongoing .snippet")).to_have_text(body)
    expect(mia).to_have_title("Ann Lee · Patchboard")
    expect(mia.locator("#thread img, #thread script, #ongoing img")).to_have_count(0)
