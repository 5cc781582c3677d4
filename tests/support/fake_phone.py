"""A stateful fake of the app SMS Gateway for Android on a phone with two SIM cards.

Like the app's database, it keeps texts, webhooks, the inbox and the settings during a restart and
while the phone is away. It sends texts only when a test calls ``carry``, and posts webhooks only
when a test calls ``post_events``. The fields of its requests and answers come from the sources that
``handoff_service/gateways/android_phone/`` names.
"""

import asyncio
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import unused_port

from tests.support.fake_phone_events import KEY, PASSWORD, USER, PhoneEvents

SIM_1, SIM_2 = "+18885550100", "+18885550200"
ZONE = timezone(timedelta(hours=7))  # the time zone of the phone


@dataclass(slots=True)
class PhoneText:
    """A text in the app's queue."""

    asked: dict[str, Any]
    at: datetime
    state: str = "Pending"
    error: str | None = None

    @property
    def to(self) -> str:
        return str(self.asked["phoneNumbers"][0])

    @property
    def words(self) -> str:
        return str(self.asked["textMessage"]["text"])


@dataclass(slots=True)
class FakePhone(PhoneEvents):
    """``sent``: the texts that left the phone, in order, as requesters see them."""

    url: str = ""
    texts: dict[str, PhoneText] = field(default_factory=dict)
    sent: list[PhoneText] = field(default_factory=list)
    inbox: list[dict[str, Any]] = field(default_factory=list)
    health: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)
    # how many of the next requests take effect but get no answer
    loses_answers: int = 0
    failing: int = 0  # the status of every answer; 0: the usual statuses
    version: str = "1.66.0"
    is_strict: bool = True  # 409 for a repeated id, since 1.58
    _port: int = 0
    _runner: web.AppRunner | None = None

    def environ(self, home: object) -> dict[str, str]:
        return {
            "PATCHBOARD_HOME": str(home),
            "PATCHBOARD_SMS_PROVIDER": "android_phone",
            "PATCHBOARD_ANDROID_PHONE_URL": self.url,
            "PATCHBOARD_ANDROID_PHONE_PASSWORD": PASSWORD,
            "PATCHBOARD_ANDROID_PHONE_SIGNING_KEY": KEY,
            "PATCHBOARD_ANDROID_PHONE_NUMBERS": f"{SIM_1},{SIM_2}",
            "PATCHBOARD_PUBLIC_URL": "https://sms.example.com",
            "PATCHBOARD_BOT_URL": "",
        }

    # The network ----------------------------------------------------------------------------------

    async def __aenter__(self) -> "FakePhone":
        self._port = unused_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.settings = {
            "messages": {"processing_order": "LIFO"},
            "webhooks": {"signing_key": "made by the app"},
            "ping": {"interval_seconds": None},
        }
        await self.come_back()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.go_away()

    async def go_away(self) -> None:
        """Leave the Wi-Fi, or stop the app. The phone answers no request and posts no event."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def come_back(self) -> None:
        """Join the Wi-Fi again, or start the app again. The app keeps its database."""
        app = web.Application(middlewares=[self._answer])
        app.router.add_get("/health", self._health)
        app.router.add_post("/messages", self._take)
        app.router.add_get("/messages", self._list_messages)
        app.router.add_get("/messages/{id}", self._message)
        app.router.add_get("/inbox", self._list_inbox)
        app.router.add_get("/inbox/{id}/attachments/{part}", self._part)
        app.router.add_get("/webhooks", self._list_webhooks)
        app.router.add_post("/webhooks", self._register)
        app.router.add_get("/device", self._device)
        app.router.add_get("/settings", self._list_settings)
        app.router.add_patch("/settings", self._change_settings)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    @property
    def is_away(self) -> bool:
        return self._runner is None

    @web.middleware
    async def _answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if request.path != "/health" and given != encode_basic_auth(USER, PASSWORD):
            return web.json_response({"message": "Unauthorized"}, status=401)
        if self.failing:
            return web.json_response({"message": "broken"}, status=self.failing)
        answer: web.StreamResponse = await handler(request)
        if self.loses_answers:
            self.loses_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        answer.headers["Date"] = self.clock().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return answer

    # The local server -----------------------------------------------------------------------------

    async def _take(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if not asked.get("textMessage", {}).get("text") or not asked.get("phoneNumbers"):
            return web.json_response({"message": "Text message is empty"}, status=400)
        if asked["id"] in self.texts:
            if self.is_strict:
                said = "Message with the same ID already exists"
                return web.json_response({"message": said}, status=409)
        else:
            self.texts[asked["id"]] = PhoneText(asked, self.clock())
        return web.json_response(self._shown(asked["id"]), status=202)

    async def _message(self, request: web.Request) -> web.Response:
        sid = request.match_info["id"]
        if sid not in self.texts:
            return web.Response(status=404)
        return web.json_response(self._shown(sid))

    async def _list_messages(self, request: web.Request) -> web.Response:
        begins = datetime.fromisoformat(request.query["from"])
        return self._page(
            request, [self._shown(sid) for sid, one in self.texts.items() if one.at >= begins]
        )

    async def _list_inbox(self, request: web.Request) -> web.Response:
        begins = datetime.fromisoformat(request.query["from"])
        with_parts = request.query.get("includeAttachments") == "true"
        listed = [
            one if with_parts else {k: v for k, v in one.items() if k != "attachments"}
            for one in self.inbox
            if one["type"] == request.query["type"]
            and datetime.fromisoformat(one["createdAt"]) >= begins
        ]
        return self._page(request, listed)

    def _page(self, request: web.Request, listed: list[dict[str, Any]]) -> web.Response:
        begins, size = int(request.query["offset"]), int(request.query["limit"])
        assert size <= 500
        some = listed[begins : begins + size]
        return web.json_response(some, headers={"X-Total-Count": str(len(listed))})

    async def _part(self, request: web.Request) -> web.Response:
        content = self.parts.get(f"{request.match_info['id']}/{request.match_info['part']}")
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _health(self, _request: web.Request) -> web.Response:
        checks = {"battery:level": {"observedValue": 94, "status": "pass"}} | self.health
        failed = any(one["status"] == "fail" for one in checks.values())
        said = {"status": "fail" if failed else "pass", "version": self.version, "checks": checks}
        return web.json_response(said, status=500 if failed else 200)

    async def _list_webhooks(self, _request: web.Request) -> web.Response:
        return web.json_response(list(self.webhooks.values()))

    async def _register(self, request: web.Request) -> web.Response:
        hook = await request.json()
        if not hook["url"].startswith(("https://", "http://127.0.0.1")):
            return web.json_response({"message": "Invalid URL"}, status=400)
        self.webhooks[hook["id"]] = hook
        return web.json_response(hook, status=201)

    async def _device(self, _request: web.Request) -> web.Response:
        cards = [
            {"slotIndex": n, "simNumber": n + 1, "phoneNumber": number}
            for n, number in enumerate((SIM_1, None))
        ]
        return web.json_response([{"id": "device", "simCards": cards}])

    async def _list_settings(self, _request: web.Request) -> web.Response:
        # The app does not return secrets.
        return web.json_response({"messages": self.settings["messages"]})

    async def _change_settings(self, request: web.Request) -> web.Response:
        for section, values in (await request.json()).items():
            self.settings[section] |= values
        return web.json_response({})

    def _shown(self, sid: str) -> dict[str, Any]:
        one = self.texts[sid]
        recipient = {"phoneNumber": one.to, "state": one.state, "error": one.error}
        return {"id": sid, "state": one.state, "recipients": [recipient]}

    # The mobile network ---------------------------------------------------------------------------

    def text_in(
        self, sender: str, body: str, *, sim: int | None = 1, at: datetime | None = None
    ) -> None:
        """Let a requester text a SIM card. The phone needs no Wi-Fi for that."""
        at = at or self.clock()
        payload = {
            "messageId": hashlib.sha256(body.encode()).hexdigest()[:8], "message": body,
            "sender": sender, "phoneNumber": sender, "recipient": None, "simNumber": sim,
            "receivedAt": _local(at),
        }  # fmt: skip
        entry = {"id": f"text:{len(self.inbox)}", "type": "SMS", "contentPreview": body}
        self._received("sms:received", payload, entry, at)

    def picture_in(self, sender: str, body: str | None, content: bytes) -> None:
        at, part = self.clock().replace(microsecond=0), {"partId": 7, "contentType": "image/png"}
        payload = {
            "messageId": "57", "body": body, "subject": None, "sender": sender, "recipient": None,
            "simNumber": 1, "attachments": [part], "receivedAt": _local(at),
        }  # fmt: skip
        shown = body or "MMS content"
        entry = {
            "id": f"mms:{len(self.inbox)}", "type": "MMS_DOWNLOADED", "contentPreview": shown,
            "attachments": [part],
        }  # fmt: skip
        self.parts[f"{entry['id']}/7"] = content
        self._received("mms:downloaded", payload, entry, at)

    def _received(
        self, event: str, payload: dict[str, Any], entry: dict[str, Any], at: datetime
    ) -> None:
        shared = {name: payload[name] for name in ("sender", "recipient", "simNumber")}
        self.inbox.append(entry | shared | {"createdAt": _local(at)})
        self.emit(event, payload)

    def carry(self, *, parts: int = 1, fails: str | None = None, delivers: bool = True) -> None:
        """Let the mobile network send every text that waits on the phone, in the app's order."""
        waiting = [(sid, one) for sid, one in self.texts.items() if one.state == "Pending"]
        if self.settings["messages"]["processing_order"] == "LIFO":
            waiting.reverse()
        for sid, one in waiting:
            about = {"messageId": sid, "phoneNumber": one.to, "recipient": one.to}
            about |= {"simNumber": one.asked.get("simNumber")}
            if self.clock() - one.at > timedelta(seconds=one.asked["ttl"]):
                fails = "TTL expired"
            if fails:
                one.state, one.error = "Failed", fails
                self.emit("sms:failed", about | {"reason": fails})
                continue
            one.state = "Sent"
            self.sent.append(one)
            self.emit("sms:sent", about | {"partsCount": parts})
            if delivers:
                one.state = "Delivered"
                for _ in range(parts):
                    self.emit("sms:delivered", about)


def bodies(texts: Iterable[PhoneText]) -> list[str]:
    return [one.words for one in texts]


def _local(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="milliseconds")


async def _run() -> None:
    """Run a phone for a service on this computer. Each line of standard input is a text: the
    sender's number, then the words.
    """
    async with FakePhone() as phone:
        for name, value in phone.environ("").items():
            if "ANDROID_PHONE" in name or name.endswith("PROVIDER"):
                print(f"{name}={value}", flush=True)
        lines = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(lines)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        asking = asyncio.create_task(lines.readline())
        while True:
            await asyncio.wait([asking], timeout=1)
            if asking.done():
                sender, _, words = asking.result().decode().strip().partition(" ")
                if sender:
                    phone.text_in(sender, words, sim=2)
                asking = asyncio.create_task(lines.readline())
            for one in phone.texts.values():
                if one.state == "Pending":
                    print(f"to {one.to}: {one.words}", flush=True)
            phone.carry()
            await phone.post_events()


if __name__ == "__main__":
    asyncio.run(_run())
