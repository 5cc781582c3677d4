"""Notifications for agents without an open page: content, recipients, frequency and sending."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import http_ece
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, b64urlencode

from handoff_service.connections import Connections
from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.gateways.push.web_push import WebPush, first_key
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.routing.change_notification_targets import (
    MOST_TARGETS,
    AddTarget,
    RemoveTarget,
    add_target,
    remove_target,
)
from handoff_service.operations.routing.notify_agents import (
    DueNotification,
    SendResult,
    begin_notifications,
    finish_notifications,
    send_one,
)
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.push import PushMessage
from handoff_service.rules.routing.notifications import (
    News,
    NewsKind,
    NotificationMethod,
    news_since,
    notification,
)
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import Presence, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.routing import notification_targets
from tests.conftest import MovedClock
from tests.support.action_story import REQUESTER, Rules
from tests.support.story import BOB, DIRECT, MIA, OMAR, Story

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOOK = "https://chat.example.com/hook"
SECRET = "my printer is on fire"


def news(kind: NewsKind, interaction: int = 7, minute: int = 0) -> News:
    at = AT + timedelta(minutes=minute)
    return News(kind=kind, interaction_id=interaction, who="Ann Lee", where="Main line", at=at)


@pytest.mark.parametrize(
    ("several", "title", "body", "path"),
    [
        ([news(NewsKind.TEXT)], "New text: Ann Lee", "Main line", "/workspace/conversations/7"),
        (
            [news(NewsKind.TEXT), news(NewsKind.OFFER, 8)],
            "Offer: Ann Lee",
            "Main line. Also 1 conversation with new texts.",
            "/workspace#inbox-head",
        ),
        (
            [news(NewsKind.NOTICE), news(NewsKind.MENTION)],
            "Ann Lee mentioned you",
            "Main line",
            "/workspace/conversations/7",
        ),
        (
            [news(NewsKind.MENTION), news(NewsKind.TEXT, 8, 1), news(NewsKind.TEXT, 9, 0)],
            "New text: Ann Lee",
            "Main line. Also 1 conversation with new texts, 1 mention.",
            "/workspace/conversations/9",
        ),
    ],
)
def test_one_notification_covers_all_events_and_the_most_urgent_comes_first(
    several: list[News], title: str, body: str, path: str
) -> None:
    made = notification(several)
    assert (made.title, made.body, made.path) == (title, body, path)


def test_mail_waits_ten_minutes_and_notifications_leave_out_old_events() -> None:
    early, later = AT - timedelta(hours=1), AT + timedelta(minutes=9)
    assert news_since(NotificationMethod.PUSH, None, early, AT) == AT - timedelta(minutes=15)
    assert news_since(NotificationMethod.MAIL, AT, AT, later) == later
    assert news_since(NotificationMethod.MAIL, AT, AT, AT + timedelta(minutes=10)) == AT
    assert news_since(NotificationMethod.PUSH, AT, AT, later) == AT


async def add_webhook_target(story: Story, agent_id: int = MIA, address: str = HOOK) -> int:
    command = AddTarget(agent_id=agent_id, way=NotificationMethod.WEBHOOK, address=address)
    return await story.store.write(add_target, command)


async def run_notifications(story: Story, clock: MovedClock) -> list[DueNotification]:
    clock.move(5)
    return await story.store.write(begin_notifications, None)


async def test_each_event_is_sent_once_and_without_the_requesters_text(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA, OMAR)
    await add_webhook_target(story)
    clock.move(1)
    ann = (await story.text(SECRET, to=DIRECT)).interaction_id or 0
    await story.offer()
    (offer,) = await run_notifications(story, clock)
    assert offer.notification.title.startswith("Offer: ")
    assert await run_notifications(story, clock) == []
    await story.accept((await story.inbox(MIA))[0].id, MIA)
    await story.text(SECRET, to=DIRECT)
    await story.text(SECRET + "!", to=DIRECT)
    (text,) = await run_notifications(story, clock)
    assert text.notification.title.startswith("New text: ")
    assert text.notification.path == f"/workspace/conversations/{ann}"
    note = Write(interaction_id=ann, agent_id=OMAR, body="@Mia Chen please look")
    await story.store.write(write_note, note)
    (mention,) = await run_notifications(story, clock)
    assert mention.notification.title == "Omar Haddad mentioned you"
    for one in (offer, text, mention):
        assert SECRET not in f"{one.notification}"
        assert "please look" not in f"{one.notification}"


async def test_supervisors_get_alerts_while_away_but_not_while_offline(
    story: Story, clock: MovedClock, store: Store
) -> None:
    rules = Rules(store, clock)
    await rules.none()
    late = [{"field": "first_response_left", "at_most": 5}]
    await rules.add("Late", REQUESTER, "1m", "alert_supervisors", text="Late", conditions=late)
    targets = (QueueTargets(priority=3, first_response=20),)
    await store.write(change_queue, ChangeQueue(id=1, values={"targets": targets}))
    ann = await story.with_agent()
    await store.write(set_presence, SetPresence(agent_id=OMAR, presence=Presence.AWAY))
    await add_webhook_target(story, OMAR)
    await story.text(SECRET, to=DIRECT)
    assert await run_notifications(story, clock) == [], "this text belongs to Mia"
    await rules.wait(minutes=15)
    (alarm,) = await run_notifications(story, clock)
    assert alarm.notification.title.startswith("Supervisor alert: ")
    assert (alarm.target.agent_id, SECRET in str(alarm)) == (OMAR, False)
    assert alarm.notification.path == f"/workspace/conversations/{ann}"
    assert await run_notifications(story, clock) == []
    await store.write(set_presence, SetPresence(agent_id=OMAR, presence=Presence.OFFLINE))
    await story.text(number=BOB, to=DIRECT)
    assert await run_notifications(story, clock) == [], "Omar is off duty"


async def test_agents_with_an_open_page_get_no_notification(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await add_webhook_target(story)
    clock.move(1)
    connections = Connections(story.store, clock)
    async with connections.hold(MIA):
        await story.text("hi", to=DIRECT)
        await story.offer()
        assert await run_notifications(story, clock) == []
    await connections.tick()
    clock.move(4)
    assert len(await run_notifications(story, clock)) == 1, (
        "the last page was closed five seconds ago"
    )


async def test_each_agent_can_have_ten_notification_targets(story: Story) -> None:
    first = await add_webhook_target(story)
    assert await add_webhook_target(story) == first, "the same address is not added twice"
    with pytest.raises(NotFound):
        await story.store.write(remove_target, RemoveTarget(agent_id=OMAR, target_id=first))
    for number in range(MOST_TARGETS - 1):
        await add_webhook_target(story, address=f"{HOOK}/{number}")
    with pytest.raises(Conflict):
        await add_webhook_target(story, address=f"{HOOK}/more")
    for address in ("", "chat.example.com", "ftp://chat.example.com", HOOK + "x" * 2000):
        with pytest.raises(BadInput) as refused:
            await add_webhook_target(story, address=address)
        assert "web address" in refused.value.errors["address"]


async def test_the_scheduled_work_ends_with_the_last_target(
    story: Story, clock: MovedClock
) -> None:
    d = t.due_work
    target = await add_webhook_target(story)
    assert await story.count(d, d.c.kind == Work.NOTIFY) == 1
    await story.store.write(remove_target, RemoveTarget(agent_id=MIA, target_id=target))
    await run_notifications(story, clock)
    assert await story.count(d, d.c.kind == Work.NOTIFY) == 0


async def test_a_browser_notifies_its_last_agent_until_its_subscription_ends(
    story: Story,
) -> None:
    push = AddTarget(agent_id=MIA, way=NotificationMethod.PUSH, address=HOOK, p256dh="k", auth="a")
    await story.store.write(add_target, push)
    theirs = AddTarget(
        agent_id=OMAR, way=NotificationMethod.PUSH, address=HOOK, p256dh="k", auth="a"
    )
    taken = await story.store.write(add_target, theirs)
    assert await story.store.read(notification_targets.of_agent, MIA) == []
    failed = [SendResult(taken, CallResult(status=500, why="It answered 500."))]
    await story.store.write(finish_notifications, failed)
    (kept,) = await story.store.read(notification_targets.of_agent, OMAR)
    assert kept.error == "It answered 500."
    gone = [SendResult(taken, CallResult(status=410, why="It answered 410."))]
    await story.store.write(finish_notifications, gone)
    assert await story.store.read(notification_targets.of_agent, OMAR) == []


class PushService:
    """A fake push service and chat that records the requests it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=201)


@pytest.fixture
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    app = web.Application()
    app.router.add_post("/{rest:.*}", service.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


async def test_only_the_browser_can_decrypt_a_push_message(push_service: PushService) -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    message = PushMessage(
        address=f"{push_service.url}/send/1",
        p256dh=b64urlencode(point),
        auth=b64urlencode(auth),
        body='{"title": "Offer: Ann"}',
    )
    push = WebPush(first_key("desk secret"), "https://desk.example.com", ["127.0.0.1"])
    assert (await push.push(message)).why is None
    bad = PushMessage(address=message.address, p256dh="no key", auth="", body="{}")
    assert "Turn notifications on again" in ((await push.push(bad)).why or "")
    await push.close()
    ((headers, body),) = push_service.got
    assert b"Ann" not in body
    read = http_ece.decrypt(body, private_key=browser, auth_secret=auth, version="aes128gcm")
    assert json.loads(read) == {"title": "Offer: Ann"}
    assert headers["Content-Encoding"] == "aes128gcm"
    assert push.public_key in headers["Authorization"], "the key with which the browser subscribed"
    assert Vapid02.verify(auth=headers["Authorization"])


@pytest.mark.parametrize(
    ("public_url", "contact"),
    [
        ("https://desk.example.com", "https://desk.example.com"),
        ("https://desk.example.com:8443/it", "https://desk.example.com"),
        ("http://127.0.0.1:8000", "https://127.0.0.1"),  # the setting's default
        ("http://localhost:8000", "https://localhost"),
        ("http://desk:8000", "https://localhost"),
        ("http://[::1]:8000", "https://localhost"),
    ],
)
async def test_every_public_url_gives_a_contact_that_push_services_accept(
    push_service: PushService, public_url: str, contact: str
) -> None:
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    message = PushMessage(
        address=f"{push_service.url}/send/1",
        p256dh=b64urlencode(point),
        auth=b64urlencode(b"0123456789abcdef"),
        body="{}",
    )
    push = WebPush(first_key("desk secret"), public_url, ["127.0.0.1"])
    assert (await push.push(message)).why is None
    odd = replace(message, address="https://[::1]/send")
    assert "Turn notifications on again" in ((await push.push(odd)).why or "")
    await push.close()
    ((headers, _),) = push_service.got
    claims = headers["Authorization"].split("t=")[1].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"] == contact


def test_all_processes_of_a_desk_share_a_key_and_each_desk_has_its_own() -> None:
    assert len({first_key(secret) for secret in ("one", "one", "two")}) == 2


async def test_a_webhook_gets_a_text_that_a_chat_can_show(
    story: Story, clock: MovedClock, push_service: PushService
) -> None:
    await story.available(MIA)
    await add_webhook_target(story, address=f"{push_service.url}/hook")
    clock.move(1)
    await story.text(SECRET, to=DIRECT)
    await story.offer()
    (one,) = await run_notifications(story, clock)
    push = WebPush(first_key("desk secret"), "https://desk.example.com", ["127.0.0.1"])
    assert (await send_one(one, push, None)).why is None
    await push.close()
    ((_, body),) = push_service.got
    sent = json.loads(body)
    assert sent["text"].startswith("Offer: ")
    assert sent["url"].endswith("/workspace#inbox-head")
    assert SECRET not in body.decode()


async def test_an_address_is_encrypted_and_found_again(story: Story) -> None:
    address = "https://chat.example.com/hook/secret"
    first = await add_webhook_target(story, address=address)
    assert await add_webhook_target(story, address=address) == first, (
        "the same address is the same target"
    )
    (row,) = await story.rows(t.notification_targets)
    assert "secret" not in row.address
    (one,) = await story.store.read(notification_targets.of_agent, MIA)
    assert one.address == address
