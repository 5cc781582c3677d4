"""The workspace's pages in a browser without JavaScript: who may see each page, and its content."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from handoff_service.operations.shared import messages
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Presence, Status, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.web.shared import assets, list_query, rendering, template_filters
from handoff_service.web.shared.right_to_left import has_rtl
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, SHARED, STRANGER
from tests.web.workspace_server import PAGE, SCRIPT, Running, Visitor, running, shown

GETS = [
    "/workspace",
    "/workspace/conversations/1",
    "/workspace/lists",
    "/workspace/conversations/1/news",
]
FORM_ADDRESSES = [
    "/workspace/offers/1/accept",
    "/workspace/offers/1/reject",
    "/workspace/conversations/1/messages",
    "/workspace/conversations/1/notes",
    "/workspace/conversations/1/read",
    "/workspace/conversations/1/close",
    "/workspace/presence",
    "/sign-out",
]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg/onload=alert(1)>",
    "{{ 7*7 }}{% include 'me.html' %}",
    "' hx-on:click='alert(1)",
    "</li></ol><form action=//example.com>",
]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def visitor(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        yield one


@pytest.fixture
async def mia(visitor: Visitor) -> Visitor:
    assert (await visitor.sign_in()).status == 303
    return visitor


def set_final_status(
    tx: Transaction, message_id: int, status: Status = Status.FAILED, code: int | None = None
) -> None:
    """Set the final status of a text in the transaction that wrote it, so that the worker never
    sends it.
    """
    m, w = t.messages, t.due_work
    tx.conn.execute(sa.delete(w).where(w.c.kind == Work.DELIVER, w.c.key == str(message_id)))
    tx.conn.execute(sa.update(m).where(m.c.id == message_id).values(status=status, error_code=code))


async def wait_for_offer(desk: Running, agent: int = MIA) -> int:
    """Wait until the worker offers a work item to this agent. Return the item."""
    for _ in range(3000):
        if offers := await desk.story.inbox(agent):
            return offers[0].id
        await asyncio.sleep(0.01)
    raise AssertionError("the agent got no offer")


async def conversation(
    desk: Running, mia: Visitor, body: str = "my badge", number: str = ANN
) -> int:
    """Start a conversation that Mia accepts on the page."""
    received = await desk.story.text(body, number=number, to=DIRECT)
    assert (await mia.act(f"/workspace/offers/{await wait_for_offer(desk)}/accept")).status == 204
    assert received.interaction_id is not None
    return received.interaction_id


# Permissions --------------------------------------------------------------------------------


async def test_a_page_redirects_signed_out_visitors_to_the_sign_in_page(visitor: Visitor) -> None:
    for path in GETS:
        answer = await visitor.get(path)
        assert (path, answer.status, answer.headers["Location"].partition("?")[0]) == (
            path,
            303,
            "/sign-in",
        )


async def test_a_script_without_a_session_gets_401(visitor: Visitor) -> None:
    for path in [*GETS, "/workspace/events"]:
        for headers in (SCRIPT, {"Accept": "text/event-stream"}):
            assert (path, (await visitor.get(path, headers)).status) == (path, 401)


async def test_a_post_without_a_session_does_nothing(visitor: Visitor) -> None:
    for path in FORM_ADDRESSES:
        assert (path, (await visitor.post(path, SCRIPT)).status) == (path, 401)


async def test_a_post_without_this_sessions_token_is_refused(mia: Visitor) -> None:
    for path in FORM_ADDRESSES:
        for token in ("", "wrong"):
            answer = await mia.post(
                path, SCRIPT | {"X-CSRF-Token": token}, body="hi", presence="away"
            )
            assert (path, answer.status) == (path, 403)
            assert "Reload" in answer.text


async def test_a_page_of_another_site_cannot_sign_a_browser_in(visitor: Visitor) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.com"}):
        answer = await visitor.post(
            "/sign-in", PAGE | headers, email="mia@example.com", password="demo-mia"
        )
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


async def test_a_page_of_another_site_cannot_text_from_a_phone(
    desk: Running, visitor: Visitor
) -> None:
    fields = {"from": ANN, "to": MAIN, "body": "hi"}
    answer = await visitor.post("/phone/texts", SCRIPT | {"Sec-Fetch-Site": "cross-site"}, **fields)
    assert answer.status == 403
    assert await desk.story.count(t.messages) == 0


async def test_a_trainer_without_another_role_starts_at_teach(desk: Running, mia: Visitor) -> None:
    await desk.desk.store.write(
        lambda tx, _: tx.conn.execute(
            sa.update(t.agent_roles).where(t.agent_roles.c.agent_id == MIA).values(role="trainer")
        ),
        None,
    )
    answer = await mia.get("/workspace")
    assert (answer.status, answer.headers["location"]) == (302, "/workspace/trainer")
    answer = await mia.get("/workspace/supervisor")
    assert answer.status == 403
    assert "You don't have access" in shown(answer.text)


# Signing in and out -------------------------------------------------------------------------------


async def test_signing_in_sets_an_offline_agent_to_available_and_signing_out_to_offline(
    desk: Running, mia: Visitor
) -> None:
    assert "Available" in shown((await mia.get("/workspace")).text)
    answer = await mia.post("/sign-out", csrf=await mia.csrf())
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert (await mia.get("/workspace")).status == 303
    assert [row.presence for row in await desk.story.rows(t.agents, t.agents.c.id == MIA)] == [
        Presence.OFFLINE
    ]
    assert await desk.story.count(t.sessions) == 0


async def test_signing_in_again_returns_to_the_requested_page(
    desk: Running, visitor: Visitor
) -> None:
    for method, path, back in (
        ("GET", "/workspace/conversations/7?line=3", "/workspace/conversations/7?line=3"),
        ("GET", "/workspace/search?q=a%26b", "/workspace/search?q=a%26b"),
        ("POST", "/workspace/conversations/7/messages", "/workspace/conversations/7"),
        ("POST", "/workspace/conversations/7/timers/4/cancel", "/workspace/conversations/7"),
        ("POST", "/workspace/presence", "/workspace"),
        ("GET", "/workspace", "/workspace"),
    ):
        asked = await (visitor.get(path) if method == "GET" else visitor.post(path))
        page = await visitor.get(asked.headers["Location"])
        assert f'name="next" value="{back}"' in page.text
        wrong = await visitor.post("/sign-in", email="mia@example.com", password="", next=back)
        assert f'name="next" value="{back}"' in wrong.text
        answer = await visitor.post(
            "/sign-in", email="mia@example.com", password="demo-mia", next=back
        )
        assert (path, answer.headers["Location"]) == (path, back)
        # the agent signed in in another tab
        assert (await visitor.get(asked.headers["Location"])).headers["Location"] == back
        await visitor.post("/sign-out", csrf=await visitor.csrf())


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example/",
        "//evil.example/workspace",
        "/\\evil.example",
        "/workspace.evil.example",
        "/workspace\\@evil.example",
        "/workspace/\r\nX: 1",
        "/sign-out",
        "javascript:alert(1)",
    ],
)
async def test_signing_in_redirects_only_to_pages_of_this_service(
    desk: Running, visitor: Visitor, next_page: str
) -> None:
    answer = await visitor.post(
        "/sign-in", email="mia@example.com", password="demo-mia", next=next_page
    )
    assert answer.headers["Location"] == "/workspace"


async def test_signing_in_does_not_change_away(desk: Running, visitor: Visitor) -> None:
    away = sa.update(t.agents).values(presence=Presence.AWAY)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(away), None)
    await visitor.sign_in()
    assert "No offers while your presence is Away" in shown((await visitor.get("/workspace")).text)


async def test_a_wrong_password_error_shows_the_tries_left_and_then_the_wait(
    visitor: Visitor,
) -> None:
    said = []
    for _ in range(6):
        answer = await visitor.sign_in(password="wrong")
        assert 'aria-describedby="wrong"' in answer.text
        said.append((answer.status, shown(answer.text)))
    assert (said[0][0], said[5][0]) == (401, 429)
    assert "4 attempts left." in said[0][1]
    assert "1 attempt left." in said[3][1]
    assert "Too many attempts. Wait a minute" in said[5][1]
    assert (await visitor.sign_in()).status == 429  # Even the correct password has to wait.


async def test_a_failed_sign_in_keeps_the_address_and_not_the_password(visitor: Visitor) -> None:
    answer = await visitor.sign_in(email='"><b>x', password="secret-try")
    assert 'value="&#34;&gt;&lt;b&gt;x"' in answer.text
    assert "secret-try" not in answer.text


async def test_the_demo_lists_its_agents(visitor: Visitor) -> None:
    assert "Sign in as MC Mia Chen agent" in shown((await visitor.get("/sign-in")).text)


async def test_outside_the_demo_no_agents_are_listed_and_only_admins_use_phones(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, PATCHBOARD_DEMO="0") as desk, desk.visitor() as visitor:
        assert "demo" not in (await visitor.get("/sign-in")).text.lower()
        assert (await visitor.get("/phone")).headers["Location"] == "/sign-in?next=%2Fphone"
        await visitor.sign_in()
        assert (await visitor.get("/phone")).status == 403, "Mia is no admin"


async def test_the_root_address_redirects_to_sign_in_or_the_workspace(visitor: Visitor) -> None:
    assert (await visitor.get("/")).headers["Location"] == "/sign-in"
    await visitor.sign_in()
    assert (await visitor.get("/")).headers["Location"] == "/workspace"


# The list -----------------------------------------------------------------------------------------


async def test_an_offer_shows_requester_reason_and_time(desk: Running, mia: Visitor) -> None:
    await desk.story.text("my badge", to=DIRECT)
    item = await wait_for_offer(desk)
    page = await mia.get("/workspace")
    assert re.search(rf'id="offer-{item}".*?data-given="60"', page.text, re.S)
    said = shown(page.text)
    assert "Ann Lee" in said
    assert "Live agents answer this number first." in said
    assert re.search(r"\b(60|59|58) s\b", said)


async def test_a_page_reports_once_that_a_colleague_took_the_offer(
    desk: Running, mia: Visitor
) -> None:
    await desk.story.text("my badge", to=DIRECT)
    item = await wait_for_offer(desk)
    await mia.act(f"/workspace/offers/{item}/reject", reason="Not my subject")
    await desk.story.available(OMAR)
    await desk.story.accept(await wait_for_offer(desk, OMAR), OMAR)
    fragment = await mia.get(f"/workspace/lists?shown={item}", SCRIPT)
    assert "Omar Haddad accepted it" in shown(fragment.text)
    assert "took it" not in (await mia.get("/workspace/lists", SCRIPT)).text


async def test_accepting_a_lost_offer_is_refused(desk: Running, mia: Visitor) -> None:
    await desk.story.text("my badge", to=DIRECT)
    item = await wait_for_offer(desk)
    assert (await mia.act(f"/workspace/offers/{item}/accept")).headers[
        "HX-Redirect"
    ] == "/workspace/conversations/1"
    again = await mia.act(f"/workspace/offers/{item}/accept")
    assert (again.status, again.text) == (
        409,
        "This offer is no longer yours. It expired, or somebody else took it.",
    )


async def test_rejecting_requires_a_reason_and_stores_it(desk: Running, mia: Visitor) -> None:
    await desk.story.text("my badge", to=DIRECT)
    item = await wait_for_offer(desk)
    assert (await mia.act(f"/workspace/offers/{item}/reject")).status == 400
    assert (
        await mia.act(f"/workspace/offers/{item}/reject", reason="Busy", words="On the phone")
    ).status == 204
    rows = await desk.story.rows(t.offers)
    assert rows[0].outcome_reason == "On the phone"


async def test_an_agent_accepts_an_offer_without_javascript(desk: Running, mia: Visitor) -> None:
    await desk.story.text("my badge", to=DIRECT)
    accepted = await mia.post(
        f"/workspace/offers/{await wait_for_offer(desk)}/accept", csrf=await mia.csrf()
    )
    assert (accepted.status, accepted.headers["Location"]) == (303, "/workspace/conversations/1")
    path = "/workspace/conversations/1"
    answer = await mia.post(f"{path}/messages", csrf=await mia.csrf(), body="one\r\ntwo")
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (await desk.story.texted(1))[-1] == "one\ntwo"


async def test_colleagues_conversations_have_their_own_list(desk: Running, mia: Visitor) -> None:
    await desk.story.text("my badge", to=DIRECT, number=BOB)
    await mia.act("/workspace/presence", presence="away")
    await desk.story.available(OMAR)
    item = None
    while item is None:  # Mia may still get the offer for a moment.
        mine = await desk.story.inbox(MIA)
        if mine:
            await mia.act(f"/workspace/offers/{mine[0].id}/reject", reason="away")
        item = next((o.id for o in await desk.story.inbox(OMAR)), None)
        await asyncio.sleep(0.01)
    await desk.story.accept(item, OMAR)
    mine, others = await mia.get("/workspace"), await mia.get("/workspace?others=1")
    assert "Bob Ruiz" not in mine.text
    assert "Others 1" in shown(mine.text)
    assert "One is under Others" in shown(mine.text)
    assert "Bob Ruiz" in others.text
    opened = shown((await mia.get("/workspace/conversations/1?others=1")).text)
    assert "Omar Haddad is replying." in opened
    assert "Sending adds you to the conversation." in opened


async def test_a_long_list_shows_its_start_and_a_link_to_all(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_query, "LISTED_AT_FIRST", 1)
    oldest_first = [await conversation(desk, mia, number=number) for number in (ANN, BOB)]
    newest_first = oldest_first[::-1]

    async def listed(query: str = "") -> tuple[list[int], bool]:
        page = (await mia.get(f"/workspace{query}")).text
        ids = [int(number) for number in re.findall(r'<li id="item-(\d+)"', page)]
        return ids, 'id="ongoing-more" hidden' not in page

    assert await listed() == (newest_first[:1], True)
    assert await listed("?all=1") == (newest_first, False)
    assert "?all=1" in (await mia.get("/workspace?all=1")).text  # The links keep the filter.
    m, hour_ago = t.messages, desk.desk.clock() - timedelta(hours=1)
    of_oldest = m.c.interaction_id == oldest_first[0]
    oldest = sa.update(m).where(of_oldest).values(created_at=hour_ago)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(oldest), None)
    await mia.act("/workspace/list", sort="longest_waiting")
    assert await listed() == (oldest_first[:1], True), "the sort order covers all conversations"
    await mia.act("/workspace/list", sort="newest", shows="draft")
    assert await listed() == (newest_first, False), "only the browser stores the drafts"


# A conversation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", HOSTILE)
async def test_markup_in_a_text_is_escaped(desk: Running, mia: Visitor, body: str) -> None:
    one = await conversation(desk, mia, body)
    answers = [
        await mia.get(f"/workspace/conversations/{one}"),
        await mia.get(f"/workspace/conversations/{one}/news?after=0", SCRIPT),
        await mia.get("/workspace/lists", SCRIPT),
        await mia.get(f"/phone?from=%2B{ANN[1:]}&to=%2B{DIRECT[1:]}"),
    ]
    for answer in answers:
        assert answer.status == 200
        assert body not in answer.text
        assert " ".join(body.split()) in shown(answer.text)


async def test_markup_in_a_name_reason_or_description_is_escaped(
    desk: Running, mia: Visitor
) -> None:
    rename = sa.update(t.users).values(name="<b>Ann</b> & 'Co\"", email="<i>x</i>")
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(rename), None)
    one = await conversation(desk, mia, number=SHARED)
    await mia.act(
        f"/workspace/conversations/{one}/close",
        short_description="<u>dock</u>",
        closing_text="<s>bye</s>",
    )
    for path in (
        f"/workspace/conversations/{one}",
        f"/phone?from=%2B{SHARED[1:]}&to=%2B{DIRECT[1:]}",
    ):
        page = (await mia.get(path)).text
        for markup in ("<b>Ann", "<i>x", "<u>dock", "<s>bye"):
            assert markup not in page


async def test_an_unknown_conversation_shows_an_error_page(mia: Visitor) -> None:
    answer = await mia.get("/workspace/conversations/77")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Page not found There is no conversation 77." in shown(answer.text)
    assert (
        await mia.get("/workspace/conversations/77/news", SCRIPT)
    ).text == "There is no conversation 77."


async def test_the_panel_shows_a_very_long_name_in_full(desk: Running, mia: Visitor) -> None:
    name = "Maximiliana Alejandra Fernández-Castellanos de la Vega y Montemayor " * 3
    await desk.desk.store.write(
        lambda tx, _: tx.conn.execute(sa.update(t.users).values(name=name.strip())), None
    )
    one = await conversation(desk, mia)
    page = await mia.get(f"/workspace/conversations/{one}")
    assert f'title="{name.strip()}"' in page.text


async def test_the_panel_lists_the_candidates_on_a_shared_number(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia, number=SHARED)
    said = shown((await mia.get(f"/workspace/conversations/{one}")).text)
    assert "This number is on several users' records" in said
    assert "Also on this number 2" in said
    assert "Bob Ruiz E1002 · bob@example.com" in said


async def test_the_composer_shows_that_sending_takes_over(tmp_path: Path) -> None:
    bot = {
        "PATCHBOARD_BOT_URL": "http://127.0.0.1:9/webhooks/sms/webhook",
        "PATCHBOARD_BURST_WINDOW": "3599",
    }
    async with running(tmp_path / "bot", **bot) as desk, desk.visitor() as mia:
        await mia.sign_in()
        await desk.story.text("hi", number=STRANGER)
        page = shown((await mia.get("/workspace/conversations/1")).text)
        assert (
            "The virtual agent is replying. · Sending takes the conversation over from "
            "the virtual agent." in page
        )
        assert (
            await mia.act("/workspace/conversations/1/messages", body="Hi, Mia here")
        ).status == 204
        news = await mia.get("/workspace/conversations/1/news?after=1", SCRIPT)
        assert "Mia Chen took over" in shown(news.text)
        assert "You are replying." in shown(news.text)


async def test_a_closed_conversation_has_a_notice_in_place_of_the_composer(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)
    path = f"/workspace/conversations/{one}"
    assert 'id="composer"' in (await mia.get(path)).text
    await mia.act(
        f"{path}/close", short_description="Dock", closing_text="Bye.", state="closed_abandoned"
    )
    page = await mia.get(path)
    assert 'id="composer"' not in page.text
    assert "This conversation is closed as abandoned." in shown(page.text)
    assert (await desk.story.texted(one))[-1] == "Bye."
    refused = await mia.act(f"{path}/messages", body="one more")
    assert refused.status == 409
    assert "is closed" in refused.text


REFUSED = {
    "an empty message": ("messages", {"body": "  \r\n "}, "must not be empty"),
    "too long": (
        "messages",
        {"body": "x" * 16_001},
        "The text must be at most 16000 characters; it has 16001.",
    ),
    "a mask": (
        "messages",
        {"body": "Hi ‹name›"},
        "The text still has ‹name›. Replace it before you send this text.",
    ),
    "an empty note": ("notes", {"body": ""}, "must not be empty"),
    "read up to an invalid line": ("read", {"up_to": "soon"}, "The field “up_to” must be"),
    "an invalid state": ("close", {"state": "gone"}, "closed_complete"),
    "a closing line too long": ("close", {"closing_text": "x" * 1601}, "at most 1600"),
}


@pytest.mark.parametrize(("verb", "fields", "why"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_shows_the_reason(
    desk: Running, mia: Visitor, verb: str, fields: dict[str, str], why: str
) -> None:
    one = await conversation(desk, mia)
    answer = await mia.act(f"/workspace/conversations/{one}/{verb}", **fields)
    assert answer.status == 400
    assert why in answer.text
    assert "Something in the request" not in answer.text, (
        "the page leaves out the title that is meant for API clients"
    )


async def test_unread_messages_are_below_a_divider_until_read(desk: Running, mia: Visitor) -> None:
    one = await conversation(desk, mia)
    path = f"/workspace/conversations/{one}"
    await desk.story.text("hello?", to=DIRECT)
    await desk.story.text("anyone?", to=DIRECT)
    page = await mia.get(path)
    assert "2 new messages" in shown(page.text)
    assert "<title>(1) Ann Lee · Patchboard</title>" in page.text
    last = (await desk.story.lines(one))[-1].seq
    assert (await mia.act(f"{path}/read", up_to=str(last))).status == 204
    page = await mia.get(path)
    assert "new messages" not in shown(page.text)
    assert "<title>Ann Lee · Patchboard</title>" in page.text


async def test_an_update_has_the_lines_after_a_position_and_the_watched_lines(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)
    await mia.act(f"/workspace/conversations/{one}/messages", body="first")
    mine = next(line for line in await desk.story.lines(one) if line.body == "first")
    await desk.story.text("second", to=DIRECT)
    news = await mia.get(f"/workspace/conversations/{one}/news?after={mine.seq}", SCRIPT)
    assert re.findall(r'id="line-(\d+)"', news.text) == [str(mine.seq + 1)]
    news = await mia.get(
        f"/workspace/conversations/{one}/news?after={mine.seq + 1}&watch={mine.seq}", SCRIPT
    )
    assert re.findall(r'id="line-(\d+)"', news.text) == [str(mine.seq)]


async def test_the_page_shows_internal_lines_and_every_receipt_status(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)

    def add(tx: Transaction, _: None) -> None:
        row = interactions.lock(tx.conn, one)
        system = {"kind": Kind.SYSTEM, "author": Author.SYSTEM}
        late = {
            "event": Event.LATE_REPLY,
            "reason": "because the conversation had moved on",
            "body": "Anything else?",
        }
        case = {
            "event": Event.CASE_OPENED,
            "reason": "screen is dark",
            "body": "Case CS0000001 opened",
        }
        messages.append(tx, row, NewMessage(kind=Kind.NOTE, author=Author.VIRTUAL_AGENT, **late))
        messages.append(tx, row, NewMessage(**system, **case))
        messages.append(
            tx,
            row,
            NewMessage(kind=Kind.NOTE, author=Author.AGENT, agent_id=OMAR, body="Try the dock"),
        )
        for status, code in (
            (Status.FAILED, 30007),
            (Status.UNKNOWN, None),
            (Status.CANCELED, None),
        ):
            set_final_status(
                tx,
                messages.send_text(tx, row, f"text {status}", Author.AGENT, agent_id=MIA),
                status,
                code,
            )

    await desk.desk.store.write(add, None)
    said = shown((await mia.get(f"/workspace/conversations/{one}")).text)
    for words in (
        "A late answer from the virtual agent was not sent , because the conversation had "
        "moved on: “Anything else?”",
        "Case CS0000001 opened : screen is dark",
        "Omar Haddad Private note",
        # The text is already sent, or still to be sent.
        "ent to Ann: “You're in line for Service desk. We'll reply here.”",
        "Not delivered. The carrier filtered it. (30007) Rephrase it without links and send "
        "it again.",
        "We are checking with the provider whether this was sent.",
        "Not sent",
        "Mia Chen accepted after",
    ):
        assert words in said


async def test_the_page_does_not_show_the_providers_address_of_a_picture(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)
    shared = {"message_id": 1, "status": "waiting", "created_at": desk.desk.clock()}
    rows = [
        shared
        | {"position": 0, "url": "https://media.example.com/1", "content_type": "image/jpeg"},
        shared | {"position": 1, "url": "javascript:alert(1)", "content_type": "text/<b>"},
    ]
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(sa.insert(t.media), rows), None)
    page = await mia.get(f"/workspace/conversations/{one}")
    assert "Downloading the picture" in page.text
    for hidden in ("media.example.com", "javascript:", "text/<b>"):
        assert hidden not in page.text


async def test_a_long_conversation_opens_at_its_newest_lines(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.web.shared.thread_query.AT_FIRST", 5)
    one = await conversation(desk, mia, "the very first")
    for n in range(6):
        await desk.story.text(f"text {n}", to=DIRECT)
    page = await mia.get(f"/workspace/conversations/{one}")
    assert "Show earlier messages" in page.text
    assert "the very first</p>" not in page.text
    assert "the very first</p>" in (await mia.get(f"/workspace/conversations/{one}?all=1")).text


# The stream ---------------------------------------------------------------------------------------


async def test_the_stream_sends_hello_then_hints_and_ends_when_the_fanout_stops(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)
    async with mia.client.get(f"{mia.address}/workspace/events?open={one}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await stream.content.readline() == b"event: hello\n"
        await desk.story.text("more", to=DIRECT)
        heard: set[bytes] = set()
        while not heard >= {b"event: thread\n", b"event: lists\n"}:
            heard.add(await asyncio.wait_for(stream.content.readline(), 2))
        await desk.desk.fanout.close()
        await asyncio.wait_for(stream.read(), 2)


async def test_the_stream_ends_when_the_session_ends(
    desk: Running, mia: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.web.shared.sse.HEARTBEAT", 0.05)
    async with mia.client.get(f"{mia.address}/workspace/events") as stream:
        await stream.content.readuntil(b"event: heartbeat\n")
        await desk.desk.store.write(lambda tx, _: tx.conn.execute(sa.delete(t.sessions)), None)
        await asyncio.wait_for(stream.read(), 2)
    assert (await mia.get("/workspace/events", {"Accept": "text/event-stream"})).status == 401


# The phone ----------------------------------------------------------------------------------------


async def test_a_phone_shows_only_the_texts_that_reached_it(desk: Running, mia: Visitor) -> None:
    one = await conversation(desk, mia)

    def lose(tx: Transaction, _: None) -> None:
        set_final_status(
            tx,
            messages.send_text(
                tx, interactions.lock(tx.conn, one), "lost on the way", Author.AGENT, agent_id=MIA
            ),
        )

    await desk.desk.store.write(lose, None)
    await mia.act(f"/workspace/conversations/{one}/notes", body="not for Ann")
    phone = shown((await mia.get(f"/phone/texts?from=%2B{ANN[1:]}&to=%2B{DIRECT[1:]}")).text)
    assert "my badge" in phone
    for unseen in ("lost on the way", "not for Ann", "accepted"):
        assert unseen not in phone


async def test_the_address_of_the_phone_page_lists_its_phones(visitor: Visitor) -> None:
    page = await visitor.get(
        f"/phone?from=%2B{ANN[1:]}&to=%2B{DIRECT[1:]}&from=%2B{BOB[1:]}&from=much-too-long-a-name"
    )
    assert page.text.count('class="handset"') == 2
    said = shown(page.text)
    assert "+1 202 555 0101 to Direct line" in said
    assert "+1 202 555 0102 to Main line" in said


TYPED = {
    "E.164": ("+12025550177", 302),
    "a number in its usual format": ("+1 (202) 555-0177", 302),
    "national": ("(202) 555-0177", 302),
    "an extension": ("202 555 0177 x5", 200),
    "no number": ("Ann, at her desk", 200),
}


@pytest.mark.parametrize(("typed", "status"), TYPED.values(), ids=TYPED.keys())
async def test_a_typed_number_is_accepted_or_gets_an_error(
    visitor: Visitor, typed: str, status: int
) -> None:
    async with visitor.client.get(
        f"{visitor.address}/phone", params={"typed": typed}, allow_redirects=False
    ) as answer:
        assert answer.status == status
        if status == 302:
            assert answer.headers["Location"] == "/phone?from=%2B12025550177"
        else:
            assert "The number " in await answer.text()


@pytest.mark.parametrize("sender", ["CityBank", "77077"])
async def test_an_alphanumeric_sender_and_a_short_code_can_have_a_phone(
    visitor: Visitor, sender: str
) -> None:
    address = f"/phone?from={sender}&to=%2B{DIRECT[1:]}"
    async with visitor.client.get(
        f"{visitor.address}/phone", params={"typed": sender}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == f"/phone?from={sender}"
    await visitor.post(
        "/phone/texts", SCRIPT, **{"from": sender, "to": DIRECT, "body": "Your parcel waits"}
    )
    page = shown((await visitor.get(address)).text)
    assert "Your parcel waits" in page
    assert ("Cannot be answered" in page) is (sender == "CityBank")


async def test_a_text_that_cannot_be_answered_is_marked_and_has_no_owner(
    desk: Running, mia: Visitor
) -> None:
    one = (await desk.story.text("Your parcel waits", number="CityBank", to=DIRECT)).interaction_id
    for path in (
        "/workspace?others=1",
        f"/workspace/conversations/{one}",
        "/workspace/search?q=citybank",
    ):
        page = shown((await mia.get(path)).text)
        assert "CityBank" in page, path
        assert "Cannot be answered" in page, path
    thread = shown((await mia.get(f"/workspace/conversations/{one}")).text)
    assert "Nobody can answer" in thread
    assert "Hand back to the virtual agent" not in thread


BAD_TEXTS = {
    "from an invalid number": ({"from": "Ann, at her desk", "to": MAIN, "body": "hi"}, 400),
    "to a number that is not the company's": (
        {"from": ANN, "to": "+18885559999", "body": "hi"},
        404,
    ),
    "empty": ({"from": ANN, "to": MAIN, "body": " "}, 400),
    "too long": ({"from": ANN, "to": MAIN, "body": "x" * 1601}, 400),
}


@pytest.mark.parametrize(("fields", "status"), BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
async def test_a_phone_cannot_send_an_invalid_text(
    visitor: Visitor, fields: dict[str, str], status: int
) -> None:
    assert (await visitor.post("/phone/texts", SCRIPT, **fields)).status == status


# Static files -------------------------------------------------------------------------------------

PINNED = {
    "htmx.js": "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    "htmx-sse.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}


@pytest.mark.parametrize(("name", "digest"), PINNED.items())
async def test_htmx_has_the_tested_version(visitor: Visitor, name: str, digest: str) -> None:
    async with visitor.client.get(visitor.address + assets.address(name)) as answer:
        assert hashlib.sha256(await answer.read()).hexdigest() == digest


def test_no_section_of_the_stylesheet_begins_inside_a_block() -> None:
    """If a brace is missing, all later rules apply only to narrow windows. No tool reports that."""
    depth = 0
    for line in (
        (Path(assets.__file__).parents[1] / "static" / "workspace.css").read_text().splitlines()
    ):
        assert depth == 0 or not re.match(r"/\* \d", line), line
        depth += line.count("{") - line.count("}")
    assert depth == 0


async def test_browsers_cache_static_files_only_under_their_hash(
    visitor: Visitor,
) -> None:
    right = await visitor.get(assets.address("workspace.css"))
    assert (right.status, right.headers["Cache-Control"]) == (200, assets.A_YEAR)
    old = await visitor.get("/static/0123456789ab/workspace.css")
    assert (old.status, old.headers["Cache-Control"]) == (200, "no-cache")
    for path in (
        "/static/x/nothing.css",
        "/static/x/..%2f..%2fsession.py",
        "/static/x/%2fetc%2fpasswd",
    ):
        assert (await visitor.get(path)).status == 404


async def test_every_page_has_the_security_policy_and_no_inline_script_or_style(
    desk: Running, mia: Visitor
) -> None:
    one = await conversation(desk, mia)
    for path in (
        "/workspace",
        f"/workspace/conversations/{one}",
        f"/phone?from=%2B{ANN[1:]}",
        "/workspace/nothing",
    ):
        page = await mia.get(path)
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert not re.search(
            r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text
        )


# Formats --------------------------------------------------------------------------

NUMBERS = {"+12025550101": "+1 202 555 0101", "+447700900123": "+44 7700 900123", "odd": "odd"}
INITIALS = {"Ann Lee": "AL", "Ann": "A", "Ann van der Lee": "AL", "": "", "émile zola": "ÉZ"}
INITIALS |= {"יעל בן־דוד (IT-3)": "יב", "“Ann” [x] (Lee)": "A", "(IT)": "I", "-": "-"}


@pytest.mark.parametrize(("number", "written"), NUMBERS.items())
def test_a_phone_number_has_its_usual_format(number: str, written: str) -> None:
    assert template_filters.phone(number) == written


@pytest.mark.parametrize(("name", "letters"), INITIALS.items())
def test_an_avatar_shows_initials(name: str, letters: str) -> None:
    assert template_filters.initials(name) == letters


def test_a_page_shows_thirty_characters_of_a_first_name() -> None:
    assert template_filters.first_name("Maximiliana Alejandra Montemayor") == "Maximiliana"
    assert template_filters.first_name("x" * 180) == "x" * 29 + "…"


LATELY = {
    "now": ("2026-11-23T13:59:40", "now"),
    "minutes": ("2026-11-23T13:03:00", "57 min"),
    "a clock time after an hour": ("2026-11-23T12:30:00", "07:30"),
    "the day in the desk's time zone and not in UTC": ("2026-11-23T03:00:00", "Sun"),
    "the weekday": ("2026-11-19T12:00:00", "Thu"),
    "the day": ("2026-09-03T12:00:00", "3 Sep"),
    "another year": ("2025-09-03T12:00:00", "3 Sep 2025"),
}


@pytest.mark.parametrize(("at", "written"), LATELY.values(), ids=LATELY.keys())
def test_a_time_is_relative_for_an_hour_then_a_clock_time_then_a_date(
    at: str, written: str
) -> None:
    template = rendering.environment().from_string("{{ at | lately }}")
    now, then = (datetime.fromisoformat(f"{when}+00:00") for when in ("2026-11-23T14:00:00", at))
    assert template.render(at=then, now=now, zone=ZoneInfo("America/New_York")) == written


async def test_a_right_to_left_phone_sets_its_direction_and_offers_sample_texts(
    desk: Running, visitor: Visitor
) -> None:
    page = f"/phone?from=%2B{ANN[1:]}&to=%2B{MAIN[1:]}"
    assert 'dir="rtl"' not in (await visitor.get(page)).text
    fields = {"from": ANN, "behavior": "right_to_left", "query": page.partition("?")[2]}
    assert (await visitor.post("/phone/behavior", SCRIPT, **fields)).status == 204
    changed = (await visitor.get(page)).text
    assert '<div class="phone" dir="rtl">' in changed
    samples = re.findall(r"data-types>([^<]*)<", changed)
    assert all(has_rtl(sample) for sample in samples)
    assert len(samples) == 3
    await visitor.post("/phone/texts", SCRIPT, **{"from": ANN, "to": DIRECT, "body": samples[-1]})
    shown_text = (await visitor.get(page.replace(MAIN[1:], DIRECT[1:]))).text
    assert '<p class="bubble" dir="auto">ה-VPN' in shown_text
    assert 'href="https://vpn.example.com/help"' in shown_text
    assert '<bdi dir="ltr">054-123 4567</bdi>' in shown_text


async def test_an_agent_edits_a_failed_text_and_continues_a_closed_conversation(
    desk: Running, mia: Visitor
) -> None:
    ann = await desk.story.with_agent(MIA)

    def send(tx: Transaction, _: None) -> None:
        at = interactions.lock(tx.conn, ann)
        wrote = messages.send_text(tx, at, "Try it now", Author.AGENT, agent_id=MIA)
        set_final_status(tx, wrote or 0, code=30007)

    await desk.desk.store.write(send, None)
    path = f"/workspace/conversations/{ann}"
    page = (await mia.get(path)).text
    assert page.count('data-again="Try it now"') == 1
    assert 'id="text-again"' not in page
    await desk.story.close(ann)
    again = re.search(r'id="text-again"[^>]*href="([^"]*)"', (await mia.get(path)).text)
    assert again is not None
    assert "Ann Lee" in shown((await mia.get(again[1].replace("&amp;", "&"))).text)


async def test_the_new_message_dialog_reports_a_missing_company_number(
    desk: Running, mia: Visitor
) -> None:
    gone = sa.delete(t.provider_numbers)
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(gone), None)
    answer = await mia.get("/workspace/new")
    assert answer.status == 200
    assert "There is no company number yet. Ask an admin to add one." in shown(answer.text)
    refused = await mia.act("/workspace/new", q=ANN, body="hi")
    assert (refused.status, "no company number" in refused.text) == (400, True)
