"""The HTTP API of the running service, with a fake Twilio."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.fake_twilio import FakeTwilio
from tests.support.pictures import picture
from tests.support.service import Service, free_port, running_service
from tests.support.story import ANN, BOB, DIRECT, MAIN, STRANGER

ACCOUNT, AUTH = "AC" + "0" * 32, "12345678901234567890123456789012"


class Client:
    """A program that calls the API as one agent."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "") -> None:
        self.session, self.url, self.token = session, url, token

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Make the call, check the status, and return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.request(
            method, f"{self.url}/api/v1{path}", json=body, headers=headers
        ) as answer:
            text = await answer.text()
            assert answer.status == status, f"{method} {path}: {answer.status} {text}"
            return json.loads(text)

    async def until(self, path: str, right: Any) -> Any:
        """Repeat a GET until ``right`` accepts its answer. Some effects come a moment after the
        answer to the request that caused them.
        """
        async with asyncio.timeout(10):
            while not right(found := await self.call("GET", path)):
                await asyncio.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def service(
    module_database: str, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    settings = {
        "DATABASE_URL": module_database,
        "SMS_PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH,
        "TWILIO_API_URL": f"http://127.0.0.1:{ports[1]}",
    }
    with running_service(tmp_path_factory.mktemp("home"), port=ports[0], **settings) as running:
        yield running


@pytest.fixture
async def twilio(ports: tuple[int, int]) -> AsyncIterator[FakeTwilio]:
    fake = FakeTwilio(account_sid=ACCOUNT, auth_token=AUTH)
    await fake.start(port=ports[1])
    yield fake
    await fake.close()


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, service.url)


async def sign_in(anyone: Client, name: str) -> Client:
    signed = await anyone.call(
        "POST", "/login", {"email": f"{name}@example.com", "password": f"demo-{name}"}
    )
    return Client(anyone.session, anyone.url, signed["token"])


@pytest.fixture
async def mia(anyone: Client) -> Client:
    return await sign_in(anyone, "mia")


async def text(
    twilio: FakeTwilio, service: Service, body: str, *, number: str = ANN, to: str = DIRECT
) -> None:
    answer = await twilio.send_inbound(f"{service.url}/webhooks/twilio/sms", number, to, body)
    assert answer.status == 200


async def test_an_agent_handles_a_conversation_from_the_first_text_to_its_close(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
    await text(twilio, service, "hi, my laptop won't start")
    offers = await mia.until("/inbox", lambda found: found["items"])
    offer = offers["items"][0]
    assert offer["reason"] == "Live agents answer this number first."
    assert offer["interaction"]["user"]["name"] == "Ann Lee"
    taken = await mia.call("POST", f"/work-items/{offer['id']}/accept")
    assert (taken["owner"]["kind"], taken["state"], taken["epoch"]) == (
        "agent",
        "work_in_progress",
        2,
    )
    one = f"/interactions/{taken['id']}"

    await text(twilio, service, "are you there? 😩")
    ongoing = await mia.call("GET", "/ongoing")
    assert (ongoing["unread_conversations"], ongoing["items"][0]["unread"]) == (1, 1)
    await mia.call("POST", f"{one}/read", {})
    assert (await mia.call("GET", "/ongoing"))["unread_conversations"] == 0

    sent = await mia.call("POST", f"{one}/messages", {"body": "Hi Ann, Mia here."}, status=201)
    assert sent["status"] in ("queued", "sending", "sent"), "the worker is quick"
    assert (sent["author"]["name"], sent["segments"]) == ("Mia Chen", 1)
    done = await mia.until(
        f"{one}/messages",
        lambda found: any(
            m["id"] == sent["id"] and m["status"] == "delivered" for m in found["items"]
        ),
    )
    assert [m["kind"] for m in done["items"]].count("message") == 3
    await mia.call("POST", f"{one}/notes", {"body": "Orange blink"}, status=201)

    closed = await mia.call("POST", f"{one}/close", {})
    assert (closed["state"], closed["short_description"], closed["owner"]["kind"]) == (
        "closed_complete", "hi, my laptop won't start", "none",
    )  # fmt: skip
    assert (await mia.call("GET", "/ongoing"))["items"] == []
    await asyncio.wait_for(
        until_sent(twilio, "Mia has closed this conversation. Text us any time."), 10
    )
    assert [m.body for m in twilio.sent if m.to == ANN] == [
        "You're in line for Service desk. We'll reply here.",
        "Hi Ann, Mia here.",
        "Mia has closed this conversation. Text us any time.",
    ]
    await text(twilio, service, "me again")
    active = await mia.call(
        "GET", f"/interactions?state=active&requester_number={ANN.replace('+', '%2B')}"
    )
    assert [i["id"] != taken["id"] for i in active["items"]] == [True]


async def test_a_requester_and_an_agent_exchange_pictures(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    """The service fetches an MMS from Twilio with credentials. Twilio fetches an answer's picture
    without credentials.
    """
    await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
    twilio.media_faults.append(404)  # Twilio may store the picture later than the text
    kept = [twilio.keep_media(picture()), twilio.keep_media(b"MZ", "application/x-msdownload")]
    answer = await twilio.send_inbound(
        f"{service.url}/webhooks/twilio/sms", STRANGER, DIRECT, "", kept
    )
    assert answer.status == 200

    def strangers(found: Any) -> list[Any]:
        return [o for o in found["items"] if o["interaction"]["requester_number"] == STRANGER]

    (offer,) = strangers(await mia.until("/inbox", strangers))
    taken = await mia.call("POST", f"/work-items/{offer['id']}/accept")
    lines = f"/interactions/{taken['id']}/messages"
    found = await mia.until(
        lines, lambda found: all(m["status"] != "waiting" for m in found["items"][0]["media"])
    )
    came, refused = found["items"][0]["media"]
    assert (came["content_type"], came["size"], came["width"], came["status"]) == (
        "image/png", len(picture()), 64, "stored",
    )  # fmt: skip
    assert refused["why"] == "This file type isn't supported (application/x-msdownload)."
    assert not twilio.credentials_leaked
    assert came["url"].startswith(f"{service.url}/api/v1/media/")
    async with mia.session.get(
        came["url"], headers={"Authorization": f"Bearer {mia.token}"}
    ) as bytes_of_it:
        assert (await bytes_of_it.read(), bytes_of_it.content_type) == (picture(), "image/png")
    async with mia.session.get(came["url"]) as nobody:
        assert nobody.status == 401

    made = [await upload(mia, picture("JPEG")), await upload(mia, picture("GIF"), form=True)]
    assert [m["content_type"] for m in made] == ["image/jpeg", "image/gif"]
    ids = [m["id"] for m in made]
    sent = await mia.call("POST", lines, {"body": "Like these?", "media": ids}, status=201)
    assert ([m["id"] for m in sent["media"]], sent["segments"], sent["encoding"]) == (ids, 1, None)
    again = await mia.call("POST", lines, {"body": "Like these?", "media": ids}, status=400)
    assert "has expired or was already sent" in again["errors"]["media"]
    await asyncio.wait_for(until_sent(twilio, "Like these?"), 10)
    (message,) = [m for m in twilio.sent if m.body == "Like these?"]
    assert [url.partition("?")[0] for url in message.media_urls] == [
        f"{service.url}/media/{i}" for i in ids
    ]
    for url, content, kind in zip(
        message.media_urls, ("JPEG", "GIF"), ("image/jpeg", "image/gif"), strict=True
    ):
        for method in ("HEAD", "GET"):
            async with mia.session.request(method, url) as as_twilio:
                assert (as_twilio.status, as_twilio.content_type) == (200, kind)
                assert await as_twilio.read() == (picture(content) if method == "GET" else b"")
        for forged in (
            url.replace("expires=", "expires=9"),
            url.replace("signature=", "signature=0"),
            url.split("?")[0],
        ):
            async with mia.session.get(forged) as other:
                assert (other.status, other.content_type) == (403, "application/problem+json")
    await mia.call("POST", f"/interactions/{taken['id']}/close", {"closing_text": ""})


async def upload(mia: Client, content: bytes, *, form: bool = False) -> Any:
    """Post to ``/media``, with the bytes as the body or as a form field. Return the answer."""
    headers = {"Authorization": f"Bearer {mia.token}"}
    data: Any = content
    if form:
        data = aiohttp.FormData()
        data.add_field("file", content, filename="a.gif", content_type="image/gif")
    async with mia.session.post(f"{mia.url}/api/v1/media", data=data, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        return await answer.json()


async def until_sent(twilio: FakeTwilio, body: str) -> None:
    while not any(m.body == body for m in twilio.sent):
        await asyncio.sleep(0.02)


async def test_events_arrive_and_a_new_connection_continues_where_the_last_ended(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
    headers = {"Authorization": f"Bearer {mia.token}"}
    url = f"{service.url}/api/v1/events"
    async with asyncio.timeout(20), mia.session.get(url, headers=headers) as stream:
        events = read_events(stream)
        assert (await anext(events))["event"] == "hello"
        await text(twilio, service, "my badge", number=BOB)
        offer = await wait_for(events, "offer", of=BOB)
        taken = await mia.call("POST", f"/work-items/{offer['data']['id']}/accept")
        await wait_for(events, "offer_ended", id=offer["data"]["id"])
        await text(twilio, service, "first", number=BOB)
        first = await wait_for(events, "message", body="first")
    await text(twilio, service, "second", number=BOB)
    async with (
        asyncio.timeout(20),
        mia.session.get(url, headers={**headers, "Last-Event-ID": first["id"]}) as stream,
    ):
        events = read_events(stream)
        assert (await wait_for(events, "message", body="second"))["data"][
            "interaction_id"
        ] == taken["id"]
        await text(twilio, service, "third", number=BOB)
        assert (await wait_for(events, "message", body="third"))["data"]["seq"] > first["data"][
            "seq"
        ]
    await mia.call("POST", f"/interactions/{taken['id']}/close", {"closing_text": ""})


async def test_an_agent_texts_a_national_number_first(twilio: FakeTwilio, mia: Client) -> None:
    recipient = {"to": "(202) 555-0142", "user_id": 2}
    seen = await mia.call("POST", "/conversations/preview", recipient)
    assert (seen["to"], seen["row"], seen["interaction"]) == (
        "+12025550142",
        "no active interaction",
        None,
    )
    started = await mia.call(
        "POST", "/conversations", {**recipient, "body": "Hi Bob, Mia here."}, status=201
    )
    assert (started["row"], started["interaction"]["user"]["name"]) == (
        "no active interaction",
        "Bob Ruiz",
    )
    assert started["interaction"]["assigned_to"]["name"] == "Mia Chen"
    await asyncio.wait_for(until_sent(twilio, "Hi Bob, Mia here."), 10)
    again = await mia.call("POST", "/conversations/preview", {"to": "+12025550142", "from": MAIN})
    assert again["interaction"]["id"] == started["interaction"]["id"]
    await mia.call(
        "POST", f"/interactions/{started['interaction']['id']}/close", {"closing_text": ""}
    )


async def test_verifying_a_user_moves_interaction_and_profile_and_can_be_undone(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    shared = "+12025550199"
    await text(twilio, service, "who am I", number=shared, to=MAIN)
    listed = await mia.call("GET", "/interactions?state=active&requester_number=%2B12025550199")
    one = f"/interactions/{listed['items'][0]['id']}"
    assert [c["name"] for c in listed["items"][0]["candidates"]] == ["Bob Ruiz", "Cy Ruiz"]
    (cy,) = (await mia.call("GET", "/users?q=e1003"))["items"]
    verified = await mia.call(
        "POST", f"{one}/verify", {"user_id": cy["id"], "method": "agent", "note": "badge"}
    )
    assert (verified["user"]["name"], verified["identity"]["level"],
        verified["identity"]["verified_by"]) == (
        "Cy Ruiz", "verified", "Mia Chen",
    )  # fmt: skip
    assert [c["name"] for c in verified["candidates"]] == ["Bob Ruiz"]
    (profile,) = (await mia.call("GET", "/profiles?number=%2B12025550199"))["items"]
    assert profile["user"]["name"] == "Cy Ruiz"
    undone = await mia.call("POST", f"{one}/verify/undo")
    assert (undone["guest"], undone["identity"]["level"]) == (True, "guest")
    await mia.call("POST", f"{one}/verify/undo", status=409)
    await mia.call("POST", f"{one}/verify", {"user_id": 999}, status=404)
    refused = await mia.call("POST", f"{one}/verify", {"user_id": 1, "method": "guess"}, status=400)
    assert refused["errors"] == {"method": "must be 'agent'"}
    await mia.call("POST", f"{one}/close", {"closing_text": ""})


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("12", "too short"),
        ("hello", "must be a phone number"),
        ("+1202555010199", "too long"),
    ],
)
async def test_an_invalid_number_is_refused_with_the_reason(
    mia: Client, to: str, says: str
) -> None:
    problem = await mia.call("POST", "/conversations", {"to": to, "body": "hi"}, status=400)
    assert says in problem["errors"]["to"]


async def read_events(stream: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for raw in stream.content:
        line = raw.decode().rstrip("\n")
        if not line:
            yield event
            event = {}
            continue
        name, _, value = line.partition(": ")
        event[name] = json.loads(value) if name == "data" else value


async def wait_for(
    events: AsyncIterator[dict[str, Any]], name: str, *, of: str | None = None, **data: Any
) -> dict[str, Any]:
    """Return the next event with this name. ``of``: only events about interactions with this
    number.
    """
    async for event in events:
        number = event["data"].get("interaction", {}).get("requester_number")
        right = all(event["data"].get(k) == v for k, v in data.items()) and of in (None, number)
        if event["event"] == name and right:
            return event
    raise AssertionError(f"the stream ended before {name}")


REFUSALS = [
    ("no token", "GET", "/inbox", None, 401, None),
    ("unknown interaction", "GET", "/interactions/999", None, 404, None),
    ("blank text", "POST", "/interactions/1/messages", {"body": " "}, 400, "body"),
    ("no body", "POST", "/interactions/1/messages", {}, 400, "body"),
    ("unknown field", "POST", "/interactions/1/messages", {"body": "x", "bodi": "y"}, 400, "bodi"),
    ("wrong type", "POST", "/interactions/1/messages", {"body": 7}, 400, "body"),
    ("unknown presence", "PUT", "/agents/me/presence", {"presence": "asleep"}, 400, "presence"),
    ("limit too large", "GET", "/interactions?limit=1000", None, 400, "limit"),
    ("bad cursor", "GET", "/interactions?cursor=xx", None, 400, "cursor"),
    ("bad state", "GET", "/interactions?state=open", None, 400, "state"),
    ("huge search", "GET", "/interactions?q=" + "x" * 201, None, 400, "q"),
    ("unknown query", "GET", "/interactions?stat=active", None, 400, "stat"),
    ("reject without reason", "POST", "/work-items/1/reject", {}, 400, "reason"),
    ("unknown work item", "POST", "/work-items/999/accept", None, 404, None),
    ("not JSON", "POST", "/login", b"email=mia", 400, None),
    ("an upload that is not a picture", "POST", "/media", b"MZ", 400, None),
    ("an empty upload", "POST", "/media", b"", 400, None),
    ("an upload without a token", "POST", "/media", b"MZ", 401, None),
    ("a picture that does not exist", "GET", "/media/999", None, 404, None),
    ("a picture with a huge id", "GET", "/media/99999999999999999999", None, 404, None),
    (
        "a first text with an unknown upload",
        "POST",
        "/conversations",
        {"to": "+12025550142", "body": "", "media": [999]},
        400,
        "media",
    ),
    (
        "a text with an invalid upload id",
        "POST",
        "/interactions/1/messages",
        {"body": "", "media": ["a"]},
        400,
        "media",
    ),
    (
        "a text with a huge upload id",
        "POST",
        "/interactions/1/messages",
        {"body": "", "media": [2**70]},
        400,
        "media",
    ),
    (
        "a note with a picture",
        "POST",
        "/interactions/1/notes",
        {"body": "x", "media": [1]},
        400,
        "media",
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [r[1:] for r in REFUSALS],
    ids=[r[0] for r in REFUSALS],
)
async def test_a_refusal_is_a_problem_document(
    service: Service, mia: Client, method: str, path: str, body: Any, status: int, field: str | None
) -> None:
    headers = {"Authorization": f"Bearer {mia.token}"} if status != 401 else {}
    given = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with mia.session.request(
        method, f"{service.url}/api/v1{path}", headers=headers, **given
    ) as answer:
        problem = await answer.json(content_type=None)
        assert (answer.status, answer.content_type) == (status, "application/problem+json"), problem
    assert {"type", "title", "status", "detail"} <= set(problem)
    if field:
        assert field in problem["errors"]


async def test_a_wrong_password_error_shows_the_tries_left_and_then_the_wait(
    anyone: Client,
) -> None:
    wrong = {"email": "omar@example.com", "password": "nope"}
    said = [(await anyone.call("POST", "/login", wrong, status=401))["detail"] for _ in range(5)]
    assert said[0] == "E-mail or password is wrong. 4 attempts left."
    assert said[3] == "E-mail or password is wrong. 1 attempt left."
    assert said[-1] == "E-mail or password is wrong. 0 attempts left."
    await anyone.call("POST", "/login", {**wrong, "password": "demo-omar"}, status=429)
    nobody = {"email": "nobody@example.com", "password": "x"}
    unknown = await anyone.call("POST", "/login", nobody, status=401)
    assert unknown["detail"] == said[0], "an unknown address gets the same error"


async def test_a_search_finds_new_texts_combines_filters_and_returns_pages(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    for n in range(5):
        await text(
            twilio,
            service,
            f"the dockingstation {n} is broken",
            number=f"+1202555{7100 + n}",
            to=MAIN,
        )
    seen, cursor = [], ""
    while True:
        page = await mia.call("GET", f"/interactions?q=docking&state=active&limit=2{cursor}")
        seen += [one["requester_number"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"+1202555{7100 + n}" for n in reversed(range(5))]
    for query, right in {
        'q="dockingstation 3"': 1,
        "q=(202) 555-7104": 1,
        "q=docking&requester_number=%2B12025557102": 1,
        "q=docking&state=closed_complete": 0,
        "q=docking&provider_number=%2B18885550200": 0,
        "q=docking&assigned_to=1": 0,
        "q=d": 0,
        "q=%ff%fe": 0,
        "q=(": 0,
    }.items():
        assert (query, len((await mia.call("GET", f"/interactions?{query}"))["items"])) == (
            query,
            right,
        )


async def test_lists_are_paged_to_the_end(
    twilio: FakeTwilio, service: Service, mia: Client
) -> None:
    for n in range(5):
        await text(twilio, service, "hi", number=f"+1202555{7000 + n}", to=MAIN)
    seen, cursor = [], ""
    while True:
        page = await mia.call("GET", f"/interactions?limit=2{cursor}")
        seen += [i["id"] for i in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 5
    assert [
        u["name"] for u in (await mia.call("GET", "/users?number=%2B12025550199"))["items"]
    ] == [
        "Bob Ruiz",
        "Cy Ruiz",
    ]
    for path in ("/agents", "/provider-numbers", "/queues", "/profiles"):
        assert (await mia.call("GET", path))["items"]
    for path in ("/agents/1", "/users/1", "/provider-numbers/1", "/queues/1"):
        assert (await mia.call("GET", path))["id"] == 1


async def test_the_openapi_document_defines_each_schema_that_it_names(
    service: Service, mia: Client
) -> None:
    document = await mia.call("GET", "/openapi.json")
    assert document["openapi"].startswith("3.")
    assert "/api/v1/interactions/{id}/messages" in document["paths"]
    refs = {r for r in json.dumps(document).split('"') if r.startswith("#/components/schemas/")}
    assert {r.rsplit("/", 1)[1] for r in refs} <= set(document["components"]["schemas"])
    async with mia.session.get(f"{service.url}/api/docs") as page:
        assert page.status == 200
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]


async def test_only_the_bots_token_opens_the_bots_calls(service: Service, mia: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer nope"}):
        async with mia.session.post(
            f"{service.url}/bot/actions", json={}, headers=headers
        ) as answer:
            assert answer.status == 401


def test_more_than_one_worker_needs_postgresql_and_redis(tmp_path: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "handoff_service.cli", "serve"],
        env={**os.environ, "PATCHBOARD_WORKERS": "2", "PATCHBOARD_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "PATCHBOARD_WORKERS above 1 needs PostgreSQL" in done.stderr
