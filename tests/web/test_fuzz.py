"""Sends random requests to every route of the app, on both databases. No answer may be a 500.

``PATCHBOARD_TEST_FUZZ=5000`` makes the long run of 20,000 requests (tests/chaos).
``PATCHBOARD_TEST_SEED`` sets another random seed.
"""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote, urlsplit

import pytest
import sqlalchemy as sa

from handoff_service.app.http_app import App
from handoff_service.gateways.twilio.signature import sign
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.web.shared.session import cookie_name
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, sid
from tests.web.workspace_server import Running, running

COUNT = int(os.environ.get("PATCHBOARD_TEST_FUZZ", "700"))
SEED = int(os.environ.get("PATCHBOARD_TEST_SEED", "11"))
PUBLIC = "http://127.0.0.1:8000"
STAFF = (
    '[[agents]]\nemail = "ada@example.com"\nname = "Ada"\npassword = "demo-ada"\n'
    'roles = ["agent", "supervisor", "trainer", "admin"]\n'
)
NAMES = re.findall(
    r'name="(\w+)"',
    " ".join(p.read_text() for p in Path("handoff_service/web/templates").rglob("*.html")),
)
TEXTS = [
    b"", b"1", b"0", b"-1", b"9" * 30, b"9223372036854775807", b"9223372036854775808",
    b"2147483648", b"1.5", b"a\x00b",
    b"\xff\xfe", "é\U0001f44d".encode(), b"\xed\xa0\x80", b"' OR 1=1 --", b"%", b"_", b"\\", b'"',
    b"<b>",
    b"+12025550101",
    b"2026-11-28T09:00", b"0001-01-01T00:00", b"9999-12-31T23:59", b"available", b"agent",
    b"x" * 5000, b"on", b"\r\n",
    b"\xc2\xb2", b"\xd9\xa3", b"[" * 3000, b"a=b", b"0 = 1", b"Mo-Fr 08:00-18:00", b"E1001", b"30m",
    b"state", b"{x}",
    b"\xe2\x80\xa8", b"*" * 300, b'"a', b"is:open from:mia", b"mia@example.com",
]  # fmt: skip
HEADERS = [
    (b"Authorization", b"Bearer \xff"), (b"Cookie", b"patchboard=\xff"),
    (b"Origin", b"http://[bad"),
    (b"Origin", b"\xff"),
    (b"Host", b"\xff"), (b"Accept-Language", b"q=;;\xff"), (b"Last-Event-ID", b"9" * 40),
    (b"Last-Event-ID", b"\xff"),
    (b"Accept", b"text/html"), (b"HX-Request", b"true"), (b"If-None-Match", b"\xff"),
    (b"Range", b"bytes=9-1"),
    (b"X-Forwarded-For", b"\xff"), (b"Forwarded", b"for=;;="), (b"Cookie", b"a=b; ;=; patchboard"),
    (b"Host", b"[bad"),
    (b"Content-Length", b"-1"), (b"Authorization", b"Basic eA=="), (b"Sec-Fetch-Site", b"\xff"),
    (b"Origin", b"null"),
    (b"Expect", b"100-continue"), (b"X-CSRF-Token", b"\xff"), (b"X-Twilio-Signature", b"\xff"),
]  # fmt: skip
TYPES = [
    b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"application/json",
    b"text/plain", b"\xff", b"multipart/form-data; boundary=", b"application/json; charset=\xff",
]  # fmt: skip
JSON = [
    b"null", b"[]", b'"a"', b"{", b"[" * 20_000, b'{"a": 1e999}', b'{"a": "\\u0000"}',
    b'{"a": "\\ud800"}', b"9" * 5000,
    b'{"next_action": "action_case"}', b'{"next_action": "action_case", "tracker": []}',
    b'{"next_action": "action_case", "tracker": {"sender_id": "x", "slots": []}}', b"\xff",

    b'{"next_action": "action_case", "tracker": {"sender_id": "1", "slots": {}, "events": '
    b'[1], "latest_message": 5}}',

    b'{"next_action": "action_case", "tracker": {"sender_id": "1", "slots": {"a": '
    b'"\\u0000"}}, "domain": 5}',

    b'{"next_action": "identity_form", "tracker": {"sender_id": "9999999999999999999999", '
    b'"latest_message": {}}}',
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    cookie: bytes
    csrf: bytes
    bearer: bytes


@asynccontextmanager
async def desk_on(url: str, home: Path, **extra: str) -> AsyncIterator[Running]:
    async with running(
        home, PATCHBOARD_DATABASE_URL=url, PATCHBOARD_BOT_TOKEN="bot", **extra
    ) as desk:
        path = home / "staff.toml"
        path.write_text(STAFF)
        await desk.desk.store.write(import_desk, read_desk_file.read(path))
        for number in ("+12025550101", "+12025550102", "+13035550199"):
            await desk.story.text("my laptop is broken", number=number)
        yield desk


async def person(desk: Running, email: str, password: str) -> Person:
    async with desk.visitor() as visitor:
        await visitor.sign_in(email, password)
        kept = {one.key: one.value for one in visitor.client.cookie_jar}
        csrf = await visitor.csrf()
        login = {"email": email, "password": password}
        async with visitor.client.post(f"{desk.address}/api/v1/login", json=login) as answer:
            token = (await answer.json())["token"]
    cookie = f"{cookie_name(desk.desk)}={kept[cookie_name(desk.desk)]}"
    return Person(cookie.encode(), csrf.encode(), token.encode())


Kept = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def signed_in_now(conn: sa.Connection) -> Kept:
    """Return the sessions and roles, for ``restore_sessions``."""
    read = (
        list(map(dict, conn.execute(sa.select(table)).mappings()))
        for table in (t.sessions, t.agent_roles)
    )
    return next(read), next(read)


def restore_sessions(tx: Transaction, kept: Kept) -> None:
    """Restore the sessions and roles after a random request deactivated an agent or changed a
    password.
    """
    ids = {row["agent_id"] for row in kept[0]}
    there = set(tx.conn.execute(sa.select(t.agents.c.id)).scalars())
    tx.conn.execute(sa.update(t.agents).where(t.agents.c.id.in_(ids)).values(active=True))
    for table, rows in zip((t.sessions, t.agent_roles), kept, strict=True):
        tx.conn.execute(sa.delete(table).where(table.c.agent_id.in_(ids)))
        tx.conn.execute(sa.insert(table), [row for row in rows if row["agent_id"] in ids & there])


def routes(app: App) -> list[tuple[str, str]]:
    """Return (method, path) of every route except sign-out."""
    found = {(method, f"/{route.path}") for route in app.router.routes for method in route.methods}
    return sorted(one for one in found if not one[1].endswith("/sign-out") and one[0] != "OPTIONS")


class Requests:
    """Makes random requests, as bytes."""

    def __init__(self, seed: int, people: list[Person], ways: list[tuple[str, str]]) -> None:
        self._chance, self._people, self._ways = random.Random(seed), people, ways

    def next(self) -> bytes:
        method, path = self._chance.choice(self._ways)
        target = re.sub(r"<[^>]+>", lambda _: self._id(), path).encode()
        if self._chance.random() < 0.4:
            target += b"?" + self._fields(self._chance.randint(1, 4))
        kind, body = (b"", b"") if method in ("GET", "HEAD") else self._body(path)
        headers = self._headers(path, body, kind)
        if path.startswith("/webhooks") and self._chance.random() < 0.8:
            kind, body = TYPES[0], self._webhook()
            query = f"?{urlsplit(target.decode()).query}" if b"?" in target else ""
            pairs = [tuple(map(_unquoted, field.split(b"=", 1))) for field in body.split(b"&")]
            signature = sign(PUBLIC + path + query, pairs, AUTH_TOKEN)  # type: ignore[arg-type]
            headers = [(b"Host", b"a"), (b"X-Twilio-Signature", signature.encode())]
        if body or method in ("POST", "PUT", "PATCH"):
            headers += [(b"Content-Type", kind), (b"Content-Length", str(len(body)).encode())]
        lines = [
            method.encode() + b" " + target + b" HTTP/1.1",
            *(name + b": " + value for name, value in headers),
        ]
        return b"\r\n".join([*lines, b"Connection: close", b"", body])

    def _id(self) -> str:
        usual = ["1", "2", "3"] * 3
        return self._chance.choice(
            [*usual, "0", "-1", "9223372036854775807", "9" * 25, "%00", "x", "2147483648", "%C2%B2"]
        )

    def _text(self) -> bytes:
        return self._chance.choice(TEXTS)

    def _fields(self, count: int) -> bytes:
        names = [
            *NAMES,
            "q",
            "after",
            "below",
            "cursor",
            "limit",
            "open",
            "user_id",
            "from",
            "to",
            "line",
            "watch",
        ]
        pairs = [(self._chance.choice(names), quote_from_bytes(self._text())) for _ in range(count)]
        return "&".join(f"{name}={value}" for name, value in pairs).encode()

    def _body(self, path: str) -> tuple[bytes, bytes]:
        kind = self._chance.choice([*TYPES, *TYPES[:1] * 8])
        if path.startswith(("/api", "/bot")) and self._chance.random() < 0.9:
            kind = TYPES[3]
        if b"json" in kind:
            return kind, self._chance.choice([*JSON, self._object(), self._object()])
        if kind.startswith(b"multipart"):
            names = [self._chance.choice([*NAMES, "file", "picture"]) for _ in range(3)]
            parts = [
                b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
                % (name.encode(), self._chance.choice([b"", b'; filename="f.toml"']), self._text())
                for name in names
            ]
            return kind, b"".join(parts) + self._chance.choice([b"--x--\r\n", b""])
        return kind, self._fields(self._chance.randint(1, 12))

    def _object(self) -> bytes:
        names = [
            "name",
            "body",
            "email",
            "numbers",
            "user_id",
            "to",
            "state",
            "presence",
            "url",
            "method",
            "agent_id",
        ]
        values = [
            "1",
            '"a\\u0000b"',
            "null",
            str(2**63),
            str(2**31),
            "[]",
            "{}",
            '"x"',
            "true",
            "1.5",
            '"+12025550101"',
        ]
        fields = [
            f'"{self._chance.choice(names)}": {self._chance.choice(values)}' for _ in range(3)
        ]
        return f"{{{', '.join(fields)}}}".encode()

    def _webhook(self) -> bytes:
        form = {
            "MessageSid": sid(self._chance.getrandbits(60)), "AccountSid": ACCOUNT_SID,
            "From": "+12025550101",
            "To": "+18885550100", "Body": "", "MessageStatus": "sent", "NumMedia": "1",
            "MediaUrl0": "",
        }  # fmt: skip
        fields = {name: quote(value).encode() for name, value in form.items()}
        for _ in range(2):
            fields[self._chance.choice(list(fields))] = quote_from_bytes(self._text()).encode()
        return b"&".join(name.encode() + b"=" + value for name, value in fields.items())

    def _headers(self, path: str, body: bytes, kind: bytes) -> list[tuple[bytes, bytes]]:
        who = self._chance.choice(self._people)
        given = {b"Host": b"127.0.0.1"}
        if path.startswith("/api"):
            given |= {b"Authorization": b"Bearer " + who.bearer}
        elif path.startswith("/bot"):
            given |= {b"Authorization": b"Bearer bot"}
        else:
            given |= {b"Cookie": who.cookie, b"X-CSRF-Token": who.csrf}
        if self._chance.random() < 0.25:
            given |= dict([self._chance.choice(HEADERS)])
        return list(given.items())


def _unquoted(text: bytes) -> str:
    return unquote(text.decode(), errors="replace")


async def answer_to(address: str, request: bytes) -> bytes:
    """Return the whole answer. For an event stream, which does not end, return its first event."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        async with asyncio.timeout(30):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"text/event-stream" in head:
                return head + await reader.readuntil(b"\n\n")
            return head + await reader.read()
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
        # the server closed the connection early, for example after a wrong Content-Length
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("provider", ["simulator", "twilio"])
async def test_no_random_request_gets_a_500(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, provider: str
) -> None:
    extra = {"PATCHBOARD_SMS_PROVIDER": provider}
    if provider == "twilio":
        extra |= {
            "PATCHBOARD_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "PATCHBOARD_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        }
    async with desk_on(database_url, tmp_path, **extra) as desk:
        people = [
            await person(desk, "ada@example.com", "demo-ada"),
            await person(desk, "mia@example.com", "demo-mia"),
        ]
        kept = await desk.desk.store.read(signed_in_now)
        made = Requests(SEED, people, routes(desk.app))
        wrong, statuses = [], Counter[bytes]()
        for _ in range(COUNT):
            asked = made.next()
            answer = await answer_to(desk.address, asked)
            statuses[answer[9:12]] += 1
            if answer.startswith(b"HTTP/1.1 401"):
                await desk.desk.store.write(restore_sessions, kept)
            if answer.startswith(b"HTTP/1.1 500"):
                wrong.append((asked[:600], answer[-300:]))
        print(statuses)
        assert statuses[b"200"] > COUNT / 10, "most requests must get past the first check"
        assert wrong == [], f"{len(wrong)} of {COUNT}\n{caplog.text[-3000:]}"
