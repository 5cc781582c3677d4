"""A stateful fake of Twilio. Tests can make it fail, and Twilio's official client can call it.
People can also run it to try the product by hand.

In a test::

    async with FakeTwilio() as twilio:
        settings = read({"PATCHBOARD_TWILIO_API_URL": twilio.url, ...})
        twilio.fail_next(status=429, code=20429)
        ...
        await twilio.settled()          # every status callback was sent

By hand: ``python -m tests.support.fake_twilio --port 4010`` prints the settings and the curl lines.
"""

import asyncio
import base64
import contextlib
import json
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from handoff_service import clock as real_clock
from handoff_service.rules.delivery.sms_text import segments
from tests.support.fake_twilio_shapes import (
    VERSION,
    Message,
    as_json,
    error,
    inbound_form,
    media_json,
    new_sid,
    page,
    refusal,
    status_form,
)

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "fake-auth-token"
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
PUBLIC = "https://sms.example.com"  # an address where no service listens
START = frozenset({"START", "YES", "UNSTOP"})
# statuses in which a text cannot be redacted yet
ON_ITS_WAY = frozenset({"queued", "sending", "accepted", "scheduled"})


def sid(number: int) -> str:
    """Return a message's id in Twilio's format."""
    return f"SM{number:032x}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A webhook's answer; status 0 if nothing answered."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A posted webhook: the signed address, the form and the answer."""

    url: str
    form: Mapping[str, str]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to the API with the raw values of its parameters, and its answer."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    status: int
    answer: Any


@dataclass(frozen=True, slots=True)
class _Fault:
    status: int = 500
    code: int | None = 20500
    accept: bool = False
    how: str = "answer"  # answer, close, stall


def _number_sid(number: str) -> str:
    return f"PN{number.lstrip('+'):0>32}"


class FakeTwilio:
    """One Twilio account. A test may change its attributes at any time.

    Attributes:
        messages: SID -> message, in the order of creation, including inbound ones.
        callbacks: The status callbacks and inbound webhooks that were posted.
        opted_out: Numbers that refuse texts (21610). An inbound STOP adds one, START removes it.
        undelivered: Number -> error code. Texts to this number end as ``undelivered``.
        steps: The statuses of the callbacks, in order. They may repeat and go backward.
        callbacks_first: Whether callbacks come before the answer to the send.
        exchanges: Requests to the API and their answers.
        segment_price: The price of a segment in Twilio's format. None: not known yet.
        consents: (number, sender) -> the opt-in or opt-out that the service pushed.
        consent_items: Every pushed item.
        consent_faults: Number -> its error message.
        consent_status: If not 201, every push gets this status.
        keeps: Numbers whose texts Twilio refuses to erase.
        consent_refused: Numbers that make a whole request fail with 400.
        services: Messaging services by id, with the fields of ``/v1/Services``; ``pool`` has their
            numbers.
        numbers: The account's numbers, each with its ``sms_url`` and similar fields.
        account_status: The account's status in Twilio's words.
        list_lag: How long a new message is missing from lists.
        answer_delay, callback_delay: Seconds before a send's answer and before each callback.
        media: Media SID -> content and type; see ``keep_media``.
        media_faults: Faults of the next media downloads: a status, ``stall``, or the address of a
            redirect.
        credentials_leaked: Whether the media store received the account's credentials.
        reroute: Start of the signed address -> start of the address that the fake calls instead.
    """

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        clock: Callable[[], datetime] = real_clock.now,
    ) -> None:
        self.account_sid, self.auth_token, self.clock = account_sid, auth_token, clock
        self.url = ""
        self.numbers: dict[str, dict[str, str]] = {}
        self.account_status = "active"
        self.exchanges: list[Exchange] = []
        self.segment_price: str | None = None
        self.consents: dict[tuple[str, str], str] = {}
        self.consent_items: list[dict[str, str]] = []
        self.consent_faults: dict[str, str] = {}
        self.consent_status = 201
        self.consent_refused: set[str] = set()
        self.keeps: set[str] = set()
        self.services: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, Message] = {}
        self.callbacks: list[Callback] = []
        self.opted_out: set[str] = set()
        self.undelivered: dict[str, int] = {}
        self.steps: Sequence[str] = ("sent", "delivered")
        self.callbacks_first = False
        self.answer_delay = self.callback_delay = 0.0
        self.list_lag = timedelta(0)
        self.reroute: dict[str, str] = {}
        self.media: dict[str, tuple[bytes, str]] = {}
        self.media_faults: deque[int | str] = deque()
        self.credentials_leaked = False
        self._faults: deque[_Fault] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_call = asyncio.Event()
        self._may_call.set()
        self._closing = asyncio.Event()

    # Running --------------------------------------------------------------------------------------

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        # as long as Twilio waits
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))

    async def close(self) -> None:
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        await self._client.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def environ(self, home: Path) -> dict[str, str]:
        """Return the environment of a service that uses this fake as its provider."""
        return {
            "PATCHBOARD_HOME": str(home),
            "PATCHBOARD_PUBLIC_URL": PUBLIC,
            **{f"PATCHBOARD_{name}": value for name, value in self.settings.items()},
        }

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that select this provider, without the prefix PATCHBOARD_, for
        ``running_service``.
        """
        return {
            "SMS_PROVIDER": "twilio",
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "TWILIO_API_URL": self.url,
        }

    # Control --------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[Message]:
        """Return the messages that the service sent through the API."""
        return [m for m in self.messages.values() if m.direction == "outbound-api"]

    def fail_next(self, n: int = 1, *, status: int, code: int | None) -> None:
        """Reject the next ``n`` sends with this error."""
        self._faults.extend([_Fault(status, code)] * n)

    def break_next(self, n: int = 1, *, how: str = "close") -> None:
        """Accept the next ``n`` sends, but ``close`` the connection, answer ``500``, or ``stall``
        until the fake closes.
        """
        self._faults.extend([_Fault(accept=True, how="answer" if how == "500" else how)] * n)

    @property
    def faults_wait(self) -> bool:
        """Return whether a planned fault has not happened yet."""
        return bool(self._faults)

    def hold_callbacks(self) -> None:
        """Hold back status callbacks. Messages stay ``queued``."""
        self._may_call.clear()

    def release_callbacks(self) -> None:
        self._may_call.set()

    async def settled(self) -> None:
        """Wait until the fake has sent every pending callback."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def keep_media(self, content: bytes, content_type: str = "image/png") -> tuple[str, str]:
        """Store a file that a phone has sent. Return its address, which requires credentials, and
        its type.
        """
        sid = f"ME{secrets.token_hex(16)}"
        self.media[sid] = (content, content_type)
        message = f"MM{secrets.token_hex(16)}"
        return (
            f"{self.url}/{VERSION}/Accounts/{self.account_sid}/Messages/{message}/Media/{sid}",
            content_type,
        )

    async def send_inbound(
        self,
        url: str,
        from_: str,
        to: str,
        body: str,
        media: Sequence[tuple[str, str]] = (),
        *,
        sid: str | None = None,
        **extra: str,
    ) -> Answer:
        """Send a phone's text as a signed webhook.

        ``media``: (address, type) of each picture. ``extra``: parameters to change or add.
        """
        message = Message(
            sid=sid or new_sid(media), account_sid=self.account_sid, direction="inbound", to=to,
            sender=from_,
            body=body, status="received", created_at=self.clock(), date_sent=self.clock(),
            media=media,
        )  # fmt: skip
        self.messages.setdefault(message.sid, message)
        word = body.strip().upper()
        if word in STOP:
            self.opted_out.add(from_)
        elif word in START:
            self.opted_out.discard(from_)
        return await self.post(url, inbound_form(message) | extra)

    async def post(
        self, url: str, form: Mapping[str, str], *, signature: str | None = None
    ) -> Answer:
        """Post a form to a webhook, signed as Twilio signs unless a signature is given."""
        target = url
        for signed, real in self.reroute.items():
            if url.startswith(signed):
                target = real + url.removeprefix(signed)
        headers = {
            "X-Twilio-Signature": self.signature(url, form) if signature is None else signature
        }
        try:
            async with self._client.post(target, data=dict(form), headers=headers) as response:
                answer = Answer(response.status, await response.text())
        except (aiohttp.ClientError, TimeoutError) as failed:
            answer = Answer(0, type(failed).__name__)
        self.callbacks.append(Callback(url, dict(form), answer))
        return answer

    def signature(self, url: str, form: Mapping[str, str]) -> str:
        """Return Twilio's signature, computed by its own library."""
        return str(RequestValidator(self.auth_token).compute_signature(url, dict(form)))

    # Twilio's API ---------------------------------------------------------------------------------

    def _app(self) -> web.Application:
        app = web.Application()
        list_path = f"/{VERSION}/Accounts/{{account}}/Messages.json"
        account = f"/{VERSION}/Accounts/{{account}}"
        app.router.add_get(f"{account}.json", self._signed_in(self._account))
        app.router.add_get(f"{account}/IncomingPhoneNumbers.json", self._signed_in(self._numbers))
        app.router.add_post(
            f"{account}/IncomingPhoneNumbers/{{sid}}.json", self._signed_in(self._change_number)
        )
        app.router.add_post(list_path, self._signed_in(self._create))
        app.router.add_get(list_path, self._signed_in(self._list))
        app.router.add_get(
            f"/{VERSION}/Accounts/{{account}}/Messages/{{sid}}.json", self._signed_in(self._one)
        )
        app.router.add_post(
            f"/{VERSION}/Accounts/{{account}}/Messages/{{sid}}.json", self._signed_in(self._redact)
        )
        media_path = f"/{VERSION}/Accounts/{{account}}/Messages/{{sid}}/Media/{{media}}"
        app.router.add_get(media_path.replace("/{media}", ".json"), self._signed_in(self._media_of))
        app.router.add_get(media_path, self._signed_in(self._media))
        app.router.add_delete(f"{media_path}.json", self._signed_in(self._delete_media))
        app.router.add_get("/store/{media}", self._stored)
        app.router.add_post("/v1/Consents/Bulk", self._signed_in(self._consents))
        app.router.add_get("/v1/Services/{service}", self._signed_in(self._service))
        app.router.add_get("/v1/Services/{service}/PhoneNumbers", self._signed_in(self._pool))
        return app

    def _signed_in(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            credentials = f"{self.account_sid}:{self.auth_token}".encode()
            expected = f"Basic {base64.b64encode(credentials).decode()}"
            if request.headers.get("Authorization") != expected:
                return web.json_response(error(20003, 401), status=401)
            if request.match_info.get("account", self.account_sid) != self.account_sid:
                return web.json_response(error(20404, 404), status=404)
            answer = await handler(request)
            if isinstance(answer, web.Response) and answer.content_type == "application/json":
                self.exchanges.append(await _exchange(request, answer))
            return answer

        return guarded

    async def _create(self, request: web.Request) -> web.StreamResponse:
        posted = await request.post()
        form = {name: str(value) for name, value in posted.items()}
        media_urls = [str(url) for url in posted.getall("MediaUrl", [])]
        fault = self._faults.popleft() if self._faults else None
        if self.answer_delay:
            await asyncio.sleep(self.answer_delay)
        if fault and not fault.accept:
            return web.json_response(error(fault.code, fault.status), status=fault.status)
        to, sender = form.get("To", ""), form.get("From", "")
        if code := 21623 if len(media_urls) > 10 else refusal(form, self.opted_out):
            return web.json_response(error(code, 400, to=to, sender=sender), status=400)
        message = await self._accept(form, media_urls)
        if fault:
            return await self._break(request, fault)
        return web.json_response(as_json(message), status=201)

    async def _accept(self, form: Mapping[str, str], media_urls: Sequence[str]) -> Message:
        message = Message(
            sid=new_sid(media_urls), media_urls=media_urls, account_sid=self.account_sid,
            direction="outbound-api", to=form["To"], sender=form["From"], body=form.get("Body", ""),
            status="queued", created_at=self.clock(), callback=form.get("StatusCallback"),
            service=form.get("MessagingServiceSid"), price=self._price(form.get("Body", "")),
        )  # fmt: skip
        self.messages[message.sid] = message
        task = asyncio.create_task(self._report(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.callbacks_first:
            await asyncio.wait([task])
        return message

    async def _break(self, request: web.Request, fault: _Fault) -> web.StreamResponse:
        if fault.how == "stall":
            await self._closing.wait()
        if fault.how == "close" and request.transport is not None:
            request.transport.abort()
        return web.json_response(error(fault.code, fault.status), status=fault.status)

    async def _report(self, message: Message) -> None:
        """Advance a message through its statuses and call back, except for ``queued``."""
        await self._may_call.wait()
        code = self.undelivered.get(message.to)
        for step in self.steps:
            if self.callback_delay:
                await asyncio.sleep(self.callback_delay)
            message.status = "undelivered" if code and step == "delivered" else step
            message.statuses.append(message.status)
            message.date_sent = message.date_sent or self.clock()
            if message.status == "undelivered":
                message.error_code = code
            if message.callback:
                await self.post(
                    message.callback, status_form(message, message.status, self.clock())
                )

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """Redirect to the file in the store. ``media_faults`` come first."""
        if self.media_faults:
            fault = self.media_faults.popleft()
            if fault == "stall":
                await self._closing.wait()
            if isinstance(fault, str) and fault.startswith("http"):
                raise web.HTTPTemporaryRedirect(fault)
            return web.Response(status=int(fault) if fault != "stall" else 500)
        raise web.HTTPTemporaryRedirect(f"/store/{request.match_info['media']}")

    async def _media_of(self, request: web.Request) -> web.Response:
        """List a message's media; https://www.twilio.com/docs/messaging/api/media-resource"""
        message = self.messages.get(request.match_info["sid"])
        media = message.media if message else ()
        return web.json_response({"media_list": [media_json(url, kind) for url, kind in media]})

    async def _stored(self, request: web.Request) -> web.StreamResponse:
        """Serve a file of Twilio's store, which needs no credentials and must not receive any."""
        self.credentials_leaked |= "Authorization" in request.headers
        content, content_type = self.media[request.match_info["media"]]
        # in chunks, without a Content-Length
        answer = web.StreamResponse(headers={"Content-Type": content_type})
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):  # the client may hang up early
            for start in range(0, len(content), 65_536):
                await answer.write(content[start : start + 65_536])
        return answer

    async def _account(self, _request: web.Request) -> web.Response:
        return web.json_response({"sid": self.account_sid, "status": self.account_status})

    async def _numbers(self, request: web.Request) -> web.Response:
        """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""
        asked = request.query.get("PhoneNumber", "")
        found = [
            {"phone_number": number, "sid": _number_sid(number)} | how
            for number, how in self.numbers.items()
            if asked in ("", number)
        ]
        return web.json_response({"incoming_phone_numbers": found})

    async def _change_number(self, request: web.Request) -> web.Response:
        """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""
        sid = request.match_info["sid"]
        number = next((n for n in self.numbers if _number_sid(n) == sid), None)
        if number is None:
            return web.json_response(error(20404, 404), status=404)
        for name, value in (await request.post()).items():
            # SmsUrl is sms_url in answers
            self.numbers[number][re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()] = str(value)
        return web.json_response({"phone_number": number, "sid": sid} | self.numbers[number])

    def _price(self, body: str) -> str | None:
        return (
            f"{float(self.segment_price) * segments(body).count:.5f}"
            if self.segment_price
            else None
        )

    async def _consents(self, request: web.Request) -> web.Response:
        """https://www.twilio.com/docs/messaging/features/consent-api"""
        if self.consent_status != 201:
            return web.json_response(error(20003, self.consent_status), status=self.consent_status)
        items = [json.loads(str(item)) for item in (await request.post()).getall("Items", [])]
        if len(items) > 25 or self.consent_refused & {item["contact_id"] for item in items}:
            return web.json_response(error(20001, 400), status=400)
        answers = []
        for item in items:
            self.consent_items.append(item)
            fault = self.consent_faults.get(item["contact_id"])
            if fault is None:
                self.consents[item["contact_id"], item["sender_id"]] = item["status"]
            code, said = (30646, [fault]) if fault else (0, [])
            answers.append(
                {
                    "correlation_id": item["correlation_id"],
                    "error_code": code,
                    "error_messages": said,
                }
            )
        return web.json_response({"items": answers}, status=201)

    async def _service(self, request: web.Request) -> web.Response:
        """https://www.twilio.com/docs/messaging/api/service-resource"""
        found = self.services.get(request.match_info["service"])
        if found is None:
            return web.json_response(error(20404, 404), status=404)
        return web.json_response({"sid": request.match_info["service"]} | found)

    async def _pool(self, request: web.Request) -> web.Response:
        """https://www.twilio.com/docs/messaging/api/phonenumber-resource"""
        pool = self.services[request.match_info["service"]]["pool"]
        return web.json_response({"phone_numbers": [{"phone_number": number} for number in pool]})

    async def _one(self, request: web.Request) -> web.Response:
        message = self.messages.get(request.match_info["sid"])
        if message is None:
            return web.json_response(error(20404, 404), status=404)
        return web.json_response(as_json(message))

    async def _redact(self, request: web.Request) -> web.Response:
        """Replace a message's text. Twilio allows only an empty text, and only after the message
        has arrived.
        """
        message = self.messages.get(request.match_info["sid"])
        form = await request.post()
        if message is None:
            return web.json_response(error(20404, 404), status=404)
        if form.get("Body") != "":
            return web.json_response(error(21617, 400), status=400)
        if message.status in ON_ITS_WAY:
            return web.json_response(error(20009, 400), status=400)
        if message.to in self.keeps or message.sender in self.keeps:
            return web.json_response(error(20403, 403), status=403)
        message.body = ""
        return web.json_response(as_json(message))

    async def _delete_media(self, request: web.Request) -> web.Response:
        message = self.messages.get(request.match_info["sid"])
        sid = request.match_info["media"].removesuffix(".json")
        if message is not None:
            message.media = [one for one in message.media if not one[0].endswith(sid)]
        if self.media.pop(sid, None) is None:
            return web.json_response(error(20404, 404), status=404)
        return web.Response(status=204)

    async def _list(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        size, number = min(int(query.get("PageSize", 50)), 1000), int(query.get("Page", 0))
        seen = self.clock() - self.list_lag
        found = [
            m
            for m in reversed(self.messages.values())
            if _listed(m, query) and m.created_at <= seen
        ]
        if token := query.get("PageToken"):
            found = found[[f"PA{m.sid}" for m in found].index(token) + 1 :]
        body = page(self.account_sid, query, found[:size], number, size, more=len(found) > size)
        return web.json_response(body)


async def _exchange(request: web.Request, answer: web.Response) -> Exchange:
    form = await request.post()
    return Exchange(
        method=request.method,
        path=request.path,
        query={name: request.query.getall(name) for name in request.query},
        form={name: [str(value) for value in form.getall(name)] for name in form},
        status=answer.status,
        answer=json.loads(answer.text or "null"),
    )


def _listed(message: Message, query: Mapping[str, str]) -> bool:
    """Return whether a list contains a message. A waiting message has no DateSent, so a filter by
    it excludes the message."""
    if any(query.get(n, v) != v for n, v in (("To", message.to), ("From", message.sender))):
        return False
    days = {
        name: query[f"DateSent{name}"][:10] for name in ("", "<", ">") if f"DateSent{name}" in query
    }
    if not days:
        return True
    sent = f"{message.date_sent:%Y-%m-%d}" if message.date_sent else None
    return sent is not None and (
        days.get("", sent) == sent and days.get("<", sent) >= sent and days.get(">", sent) <= sent
    )


if __name__ == "__main__":
    from tests.support.fake_twilio_board import main

    main()
