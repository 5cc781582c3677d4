"""The workspace and the phone in Chromium, without the bot: what agents and requesters see, live and by keyboard."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from handoff_service.rules.sms_text import segments
from tests.e2e.conftest import DeskServer, Troubles

ANN, BOB, LONG = "+12025550101", "+12025550102", "+12025550144"
MAIN, DIRECT = "+18885550100", "+18885550200"
WIDTHS = {1440: 900, 1280: 800, 1024: 768, 390: 844}


@dataclass(frozen=True, slots=True)
class Story:
    """Agents and requesters, each in a browser of their own."""

    desk: DeskServer
    browser: Browser
    troubles: Troubles

    async def context(self, **options: object) -> BrowserContext:
        context = await self.browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        return context

    async def page(self, context: BrowserContext, path: str) -> Page:
        page = self.troubles.watch(await context.new_page())
        await page.goto(self.desk.url + path)
        return page

    async def agent(self, name: str = "Mia Chen", **options: object) -> Page:
        """Signed in by one click of the demo."""
        page = await self.page(await self.context(**options), "/sign-in")
        await page.get_by_role("button", name=name).click()
        await expect(page).to_have_url(f"{self.desk.url}/workspace")
        return page

    async def phone(self, number: str = ANN, to: str = MAIN) -> "Phone":
        query = f"/phone?from=%2B{number[1:]}&to=%2B{to[1:]}"
        return Phone(await self.page(await self.context(), query))

    async def talking(self, number: str = ANN, to: str = MAIN) -> tuple["Phone", Page]:
        """A requester whose conversation Mia has accepted and has open."""
        mia, phone = await self.agent(), await self.phone(number, to)
        await phone.text("hi, my laptop won't start")
        await mia.get_by_role("button", name="Accept").click()
        await expect(mia.locator("#head h1")).to_be_visible()
        return phone, mia


@dataclass(frozen=True, slots=True)
class Phone:
    page: Page

    async def text(self, body: str) -> None:
        field = self.page.get_by_label("Text", exact=True)
        await field.fill(body)
        await field.press("Enter")
        await expect(self.texts.filter(has_text=body).last).to_be_visible()
        await expect(field).to_have_value("")

    @property
    def texts(self) -> Locator:
        return self.page.locator(".talk .bubble")


@pytest.fixture
async def story(desk_server: DeskServer, browser: Browser, troubles: Troubles) -> AsyncIterator[Story]:
    yield Story(desk_server, browser, troubles)


async def test_the_whole_way_from_the_first_text_to_the_closing_line(story: Story) -> None:
    mia = await story.agent()
    await expect(mia.get_by_role("heading", name="Nothing is offered to you")).to_be_visible()
    phone = Phone(await story.page(await story.context(), "/phone"))
    await phone.page.get_by_label("Whose phone").select_option(label="Ann Lee · +1 202 555 0101")
    await phone.page.get_by_role("button", name="Open the phone").click()
    await phone.text("hi, my laptop won't start")

    offer = mia.locator(".offer")
    await expect(offer).to_contain_text("Ann Lee")
    await expect(offer).to_contain_text("There is no virtual agent.")
    await expect(offer.get_by_role("timer")).to_have_text(re.compile(r"^\d+ s$"))
    await offer.get_by_role("button", name="Accept Ann Lee").click()
    await expect(mia.locator("#head h1")).to_have_text("Ann Lee")
    await expect(mia.locator("#thread")).to_contain_text("hi, my laptop won't start")
    await expect(mia.locator(".marker")).to_contain_text("Mia Chen accepted")

    await mia.get_by_label("Text message to Ann Lee").fill("Hi Ann, does it make a sound?")
    await mia.keyboard.press("Control+Enter")
    await expect(phone.texts.last).to_have_text("Hi Ann, does it make a sound?")
    mine = mia.locator('.msg[data-from="agent"]')
    await expect(mine).to_contain_text("Delivered")
    await expect(mine.locator("use")).to_have_attribute("href", re.compile("#ticks$"))
    await expect(mia.locator("#draft")).to_have_value("")

    await mia.get_by_role("button", name="Close", exact=True).click()
    dialog = mia.get_by_role("dialog")
    await expect(dialog.get_by_label("Short description")).to_have_value("hi, my laptop won't start")
    await expect(dialog.get_by_label("The requester gets this line")).to_have_value(
        "Mia has closed this conversation. Text us any time."
    )
    await dialog.get_by_role("button", name="Close the conversation").click()
    await expect(phone.texts.last).to_have_text("Mia has closed this conversation. Text us any time.")
    await expect(mia.locator("#closed")).to_contain_text("This conversation is closed.")
    await expect(mia.locator("#composer")).to_have_count(0)
    await expect(mia.get_by_role("heading", name="No ongoing conversations")).to_be_visible()


async def test_a_text_is_in_the_open_conversation_at_once_and_marks_another_one_as_new(story: Story) -> None:
    ann, mia = await story.talking()
    bob = await story.phone(BOB)
    await bob.text("scanner 7 is dead")
    await mia.get_by_role("button", name="Accept Bob Ruiz").click()
    await expect(mia.locator("#head h1")).to_have_text("Bob Ruiz")
    await bob.text("no light at all")
    await expect(mia.locator("#thread")).to_contain_text("no light at all")
    item = mia.locator("#ongoing .item", has_text="Bob Ruiz")
    await expect(item).not_to_have_attribute("data-unread", "")

    await ann.text("still nothing")
    await ann.text("anyone?")
    new = mia.locator("#ongoing .item[data-unread]")
    await expect(new).to_contain_text("Ann Lee")
    await expect(new).to_contain_text("anyone?")
    await expect(new.locator(".count")).to_have_text("2 new")
    await expect(mia).to_have_title("(1) Bob Ruiz · Patchboard")
    await expect(mia.locator("#count-unread")).to_contain_text("1")
    await expect(mia.locator("#ongoing .item").first).to_contain_text("Ann Lee")  # newest activity first

    await new.click()
    await expect(mia.locator("#unread-line")).to_have_text("2 new messages")
    await expect(mia.locator("#ongoing .item[data-unread]")).to_have_count(0)  # read after a second on the screen
    await expect(mia).to_have_title("Ann Lee · Patchboard")
    await expect(mia.locator("#unread-line")).to_have_text("2 new messages")


async def test_what_is_being_read_does_not_move(story: Story) -> None:
    phone, mia = await story.talking()
    for n in range(30):
        await phone.text(f"line {n}")
    await expect(mia.locator("#thread")).to_contain_text("line 29")
    scroller = mia.locator("#thread-scroll")
    await expect(mia.locator(".msg").last).to_be_in_viewport()  # who reads the end sees the newest
    await scroller.evaluate("(e) => { e.scrollTop = 0 }")
    await phone.text("the newest")
    await expect(mia.locator("#jump")).to_have_text("1 new message")
    assert await scroller.evaluate("(e) => e.scrollTop") == 0
    await mia.locator("#jump").click()
    await expect(mia.locator(".msg").last).to_be_in_viewport()
    await expect(mia.locator("#jump")).to_be_hidden()


async def test_the_list_keeps_its_order_while_the_pointer_is_in_it(story: Story) -> None:
    ann, mia = await story.talking()
    bob = await story.phone(BOB)
    await bob.text("me too")
    await mia.get_by_role("button", name="Accept Bob Ruiz").click()
    await expect(mia.locator("#ongoing .item").first).to_contain_text("Bob Ruiz")
    await mia.locator("#ongoing .item").first.hover()
    await ann.text("anyone?")
    await expect(mia.locator("#ongoing .item").nth(1)).to_contain_text("anyone?")  # in place
    await mia.mouse.move(800, 400)
    await expect(mia.locator("#ongoing .item").first).to_contain_text("anyone?")


async def test_an_offer_that_was_taken_stays_for_a_moment_as_one_line(story: Story) -> None:
    mia = await story.agent()
    phone = await story.phone()
    await phone.text("hello")
    await expect(mia.locator(".offer")).to_contain_text("Ann Lee")
    other = await mia.context.new_page()
    await other.goto(f"{story.desk.url}/workspace")
    await other.get_by_role("button", name="Accept").click()
    await expect(mia.locator(".offer")).to_have_text("You took it")
    await expect(mia.locator(".offer")).to_have_count(0)
    await expect(mia.locator("#ongoing .item")).to_contain_text("Ann Lee")


async def test_rejecting_asks_why_and_the_next_agent_is_asked(story: Story) -> None:
    mia, phone = await story.agent(), await story.phone()
    await phone.text("hello")
    await expect(mia.locator(".offer")).to_be_visible()
    omar = await story.agent("Omar Haddad")
    await mia.get_by_role("button", name="Reject Ann Lee").click()
    await mia.get_by_role("dialog").get_by_label("Not my subject").check()
    await mia.get_by_role("button", name="Reject the offer").click()
    await expect(mia.locator(".offer")).to_have_text("You rejected it")
    await expect(omar.locator(".offer")).to_contain_text("Ann Lee")


async def test_presence_is_set_from_the_sheet(story: Story) -> None:
    mia = await story.agent()
    await mia.locator("#me").click()
    await mia.get_by_role("radio", name="Away").check()
    await expect(mia.locator("#me")).to_contain_text("Away")
    await mia.keyboard.press("Escape")
    await expect(mia.locator("#inbox-empty")).to_contain_text("You are away")
    await mia.get_by_role("button", name="Become available").click()
    await expect(mia.locator("#me")).to_contain_text("Available")


COUNTED = {
    "nothing": "",
    "one GSM-7 segment, full": "x" * 160,
    "one over": "x" * 161,
    "extension characters take two": "€" * 80,
    "an extension character is not cut in two": "x" * 152 + "€" + "x" * 152,
    "line ends": "one\ntwo",
    "an accent of the alphabet": "é è ñ Ω",
    "an accent that is not in it": "ê",
    "an emoji takes two units": "👋" * 35,
    "one emoji more": "👋" * 36,
    "an emoji is not cut in two": "x" * 66 + "👋" + "x" * 10,
    "ten segments": "x" * 1500,
    "spaces around are not sent": "  hi  ",
}


async def test_the_counter_counts_as_the_service_does(story: Story) -> None:
    _, mia = await story.talking()
    output = mia.locator("#segments")
    for body in COUNTED.values():
        await mia.locator("#draft").fill(body)
        right = segments(body.strip())
        room = right.per_segment * right.count
        plural = "segment" if right.count == 1 else "segments"
        because = f" because of {right.forced_by}" if right.forced_by else ""
        await expect(output).to_have_text(
            f"{right.units} / {room} · {right.count} {plural} · {right.encoding}{because}"
        )
        await expect(output).to_have_class(re.compile(r"\bwait\b") if right.count > 1 else re.compile(r"end\s*$"))


async def test_a_text_that_is_too_long_is_blocked_and_a_note_is_not(story: Story) -> None:
    _, mia = await story.talking()
    await mia.locator("#draft").fill("😀" * 1600)
    await expect(mia.get_by_role("button", name="Send")).to_be_enabled()
    await mia.locator("#draft").fill("x" * 1603)
    await expect(mia.locator("#segments")).to_have_text("Too long by 3: a text has at most 1600 characters")
    await expect(mia.get_by_role("button", name="Send")).to_be_disabled()
    await mia.locator("#draft").press("Control+Enter")
    await mia.keyboard.press("Alt+n")
    await mia.get_by_role("button", name="Add note").click()
    await expect(mia.locator(".note")).to_contain_text("xxx")
    await expect(mia.locator('.msg[data-from="agent"]')).to_have_count(0)


async def test_what_is_written_while_a_send_is_under_way_stays(story: Story) -> None:
    _, mia = await story.talking()

    async def slowly(route):  # type: ignore[no-untyped-def]
        await mia.locator("#draft").fill("and something else")
        await route.continue_()

    await mia.route("**/messages", slowly)
    await mia.locator("#draft").fill("first")
    await mia.locator("#draft").press("Control+Enter")
    await expect(mia.locator('.msg[data-from="agent"]')).to_contain_text("first")
    await expect(mia.locator("#draft")).to_have_value("and something else")


async def test_a_send_that_fails_says_why_and_keeps_the_text(story: Story) -> None:
    _, mia = await story.talking()
    await mia.route("**/messages", lambda route: route.abort())
    await mia.locator("#draft").fill("can you hear me?")
    await mia.locator("#draft").press("Control+Enter")
    await expect(mia.locator("#not-sent")).to_have_text("Not sent. No connection. What you wrote is kept.")
    await expect(mia.locator("#draft")).to_have_value("can you hear me?")
    await mia.unroute("**/messages")
    await mia.locator("#draft").press("Control+Enter")
    await expect(mia.locator('.msg[data-from="agent"]')).to_contain_text("can you hear me?")
    await expect(mia.locator("#not-sent")).to_be_hidden()


async def test_a_draft_is_kept_for_each_conversation_with_its_kind(story: Story) -> None:
    _, mia = await story.talking()
    await mia.locator("#draft").fill("half a note")
    await mia.keyboard.press("Alt+n")
    await mia.goto(f"{story.desk.url}/workspace")
    await mia.locator("#ongoing .item").click()
    await expect(mia.locator("#draft")).to_have_value("half a note")
    await expect(mia.get_by_role("radio", name="Private note")).to_be_checked()


async def test_all_of_it_by_keyboard(story: Story) -> None:
    mia, ann, bob = await story.agent(), await story.phone(), await story.phone(BOB)
    await ann.text("hi")
    await expect(mia.locator(".offer")).to_be_visible()
    await mia.keyboard.press("r")
    await expect(mia.get_by_role("dialog")).to_contain_text("Reject Ann Lee")
    await mia.keyboard.press("Escape")
    await expect(mia.get_by_role("dialog")).to_have_count(0)
    await mia.keyboard.press("a")
    await expect(mia.locator("#head h1")).to_have_text("Ann Lee")
    await bob.text("hi")
    await expect(mia.locator(".offer")).to_contain_text("Bob Ruiz")
    await mia.keyboard.press("a")
    await expect(mia.locator("#head h1")).to_have_text("Bob Ruiz")
    await ann.text("anyone?")
    await expect(mia.locator("#ongoing .item[data-unread]")).to_contain_text("Ann Lee")
    await mia.keyboard.press("g")
    await mia.keyboard.press("u")
    await expect(mia.locator("#head h1")).to_have_text("Ann Lee")
    await mia.keyboard.press("j")
    await expect(mia.locator("#ongoing .item", has_text="Bob Ruiz")).to_be_focused()
    await mia.keyboard.press("k")
    await expect(mia.locator("#ongoing .item", has_text="Ann Lee")).to_be_focused()
    await mia.keyboard.press("Enter")
    await expect(mia.locator("#draft")).to_be_focused()
    await mia.keyboard.type("jkaer? I am here")  # single keys do nothing while typing
    await expect(mia.locator("#draft")).to_have_value("jkaer? I am here")
    await mia.keyboard.press("Control+Enter")
    await expect(ann.texts.last).to_have_text("jkaer? I am here")
    await mia.keyboard.press("Escape")
    await expect(mia.locator("#draft")).not_to_be_focused()
    await mia.keyboard.press("i")
    await expect(mia.locator("#context-scroll")).to_be_focused()
    await mia.keyboard.press("?")
    await expect(mia.get_by_role("dialog")).to_contain_text("Keyboard")
    await mia.keyboard.press("Escape")
    await mia.keyboard.press("e")
    await expect(mia.get_by_role("dialog")).to_contain_text("Close the conversation with Ann Lee")
    await mia.get_by_role("button", name="Close the conversation").focus()
    await mia.keyboard.press("Enter")
    await expect(mia.locator("#closed")).to_be_visible()


async def test_single_keys_can_be_turned_off(story: Story) -> None:
    mia = await story.agent()
    await mia.locator("#me").click()
    await mia.get_by_label("Single-key shortcuts").uncheck()
    await mia.reload()
    await mia.keyboard.press("?")
    await mia.locator("#me").click()
    await expect(mia.get_by_label("Single-key shortcuts")).not_to_be_checked()
    await expect(mia.get_by_role("dialog")).to_have_count(0)


async def test_a_restart_loses_nothing_and_says_so_meanwhile(story: Story) -> None:
    phone, mia = await story.talking()
    await mia.locator("#draft").fill("half a sentence")
    await story.desk.stop()
    await expect(mia.locator("#connection")).to_contain_text("Connection lost at")
    await expect(mia.locator("#connection")).to_contain_text("What you write is kept.")
    await story.desk.start()
    await expect(mia.locator("#connection")).to_be_hidden(timeout=20_000)
    await expect(mia.locator("#draft")).to_have_value("half a sentence")
    await expect(phone.page.locator("#connection")).to_be_hidden(timeout=20_000)
    await phone.text("are you back?")
    await expect(mia.locator("#thread")).to_contain_text("are you back?")
    seen = await mia.locator("#thread > [data-seq]").evaluate_all("lines => lines.map((line) => line.dataset.seq)")
    assert seen == [str(n + 1) for n in range(len(seen))]


async def test_a_session_that_has_ended_leads_to_the_sign_in_page(story: Story) -> None:
    mia = await story.agent()
    other = await mia.context.new_page()
    await other.goto(f"{story.desk.url}/workspace")
    await other.locator("#me").click()
    await other.get_by_role("button", name="Sign out").click()
    await expect(other).to_have_url(f"{story.desk.url}/sign-in")
    await expect(mia).to_have_url(f"{story.desk.url}/sign-in", timeout=20_000)


async def test_the_theme_is_kept(story: Story) -> None:
    mia = await story.agent(color_scheme="light")
    await mia.locator("#me").click()
    for theme in ("light", "dark"):
        await mia.locator("#theme").click()
        await expect(mia.locator("#theme")).to_contain_text(f"Theme: {theme}")
    await mia.reload()
    await expect(mia.locator("html")).to_have_attribute("data-theme", "dark")


async def test_the_context_is_a_drawer_where_there_is_no_room(story: Story) -> None:
    _, mia = await story.talking()
    await expect(mia.locator("#context")).to_contain_text("There is no virtual agent.")
    await mia.set_viewport_size({"width": 1024, "height": 768})
    await expect(mia.locator("#context")).to_be_hidden()
    await mia.keyboard.press("i")
    await expect(mia.locator("#context")).to_be_visible()
    await mia.keyboard.press("Escape")
    await expect(mia.locator("#context")).to_be_hidden()


async def test_nothing_scrolls_sideways_and_nothing_violates_accessibility(story: Story) -> None:
    phone, mia = await story.talking(LONG, DIRECT)
    await phone.text("https://example.com/" + "x" * 300)
    await mia.locator("#draft").fill("Hi 👋")
    await mia.keyboard.press("Control+Enter")
    await expect(mia.locator('.msg[data-from="agent"]')).to_contain_text("Delivered")
    bob = await story.phone(BOB)
    await bob.text("hello")
    await expect(mia.locator(".offer")).to_be_visible()
    state = await mia.context.storage_state()
    paths = ["/workspace", "/workspace/conversations/1", "/workspace/conversations/99", "/sign-in", "/phone"]
    paths.append(f"/phone?from=%2B{LONG[1:]}&to=%2B{DIRECT[1:]}")
    wrong: list[str] = []
    for width, height in WIDTHS.items():
        for scheme in ("light", "dark"):
            for path in paths:
                context = await story.context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    storage_state=None if path == "/sign-in" else state,
                    bypass_csp=True,  # for axe alone; the other tests run under the policy
                    reduced_motion="reduce",
                )
                page = await context.new_page()
                await page.goto(story.desk.url + path)
                for problem in await _problems(page):
                    wrong.append(f"{path} {width} {scheme}: {problem}")
                await context.close()
    assert wrong == []


async def _problems(page: Page) -> list[str]:
    room = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = [f"{room} px wider than the window"] if room > 0 else []
    axe = _axe()
    if axe is not None:
        await page.evaluate(axe)
        result = await page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        found += [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in result["violations"]]
    return found


def _axe() -> str | None:
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "axe.min.js").read_text()


async def test_what_a_finger_touches_is_large_enough_on_narrow(story: Story) -> None:
    _, mia = await story.talking()
    await mia.set_viewport_size({"width": 390, "height": 844})
    for path in ("/workspace/conversations/1", "/workspace"):
        await mia.goto(story.desk.url + path)
        small = await mia.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
              .filter((e) => e.checkVisibility() && !e.closest(".tabs, label") && e.matches(":not(.skip)"))
              .filter((e) => e.getBoundingClientRect().height < 44 && e.getBoundingClientRect().width > 1)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == []


async def test_a_hostile_text_runs_nothing(story: Story) -> None:
    phone, mia = await story.talking()
    for body in ("<script>document.title='pwned'</script>", '<img src=x onerror="document.title=1">', "</li><b>x"):
        await phone.text(body)
        await expect(mia.locator(".msg .bubble").last).to_have_text(body)
        await expect(mia.locator("#ongoing .snippet")).to_have_text(body)
    await expect(mia).to_have_title("Ann Lee · Patchboard")
    await expect(mia.locator("#thread img, #thread script, #ongoing img")).to_have_count(0)
