"""The desk file, the API and the admin pages refuse the same value with the same sentence."""

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import aiohttp

from handoff_service.errors import SetupError
from handoff_service.operations.desk_file import read_desk_file
from tests.web.admin_browser import Admin
from tests.web.test_api import Client
from tests.web.workspace_server import Running

LONG = "x" * 201


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """A kind of record and its place on three surfaces: the desk file's table, the API's path and
    the page's address. The path is None if the API cannot change this kind.
    """

    table: str
    api: str | None
    page: str
    #: Fields of an entry that all three surfaces accept.
    valid: dict[str, Any]


NOUNS = {
    "user": RecordKind(
        table="[[users]]", api="/users", page="/users/new",
        valid={"external_id": "E77", "name": "Zoe Park"},
    ),
    "agent": RecordKind(
        table="[[agents]]", api="/agents", page="/agents/new",
        valid={
            "email": "zoe@example.com", "name": "Zoe", "password": "a long one",
            "roles": ["agent"], "capacity": 4,
        },
    ),
    "group": RecordKind(
        table="[[groups]]", api="/groups", page="/groups/new", valid={"name": "Night"}
    ),
    "queue": RecordKind(
        table="[[queues]]", api="/queues", page="/queues/new",
        valid={
            "name": "Night", "match": "all", "assignment": "most_capacity", "accept_seconds": 60,
            "affinity_days": 7,
        },
    ),
    "number": RecordKind(
        table="[[provider_numbers]]", api="/provider-numbers", page="/provider-numbers/new",
        valid={
            "number": "+18885550399", "queue": "Service desk", "segments_per_second": 1,
            "first_responder": "virtual_agent",
        },
    ),
    "template": RecordKind(
        table="[[templates]]", api="/templates", page="/templates/new",
        valid={"name": "Hello", "body": "Hello."},
    ),
    "outage": RecordKind(
        table="[[outages]]", api="/outages", page="/outages/new",
        valid={"title": "Mail", "text": "Mail is down.", "since": "2026-11-23T09:00:00Z"},
    ),
    "provider": RecordKind(
        table="[[identity_providers]]", api="/identity-providers", page="/identity-providers/new",
        valid={"name": "Contoso", "issuer": "https://login.example.com", "client_id": "desk"},
    ),
    "presence": RecordKind(
        table="[[presence_states]]", api=None, page="/presence-states/new", valid={"name": "Lunch"}
    ),
    "reason": RecordKind(
        table="[[reject_reasons]]", api=None, page="/reject-reasons/new", valid={"words": "Busy"}
    ),
}  # fmt: skip

BAD: list[tuple[str, str, Any]] = [
    ("user", "external_id", ""),
    ("user", "external_id", LONG),
    ("user", "name", ""),
    ("user", "name", LONG),
    ("user", "name", "Zoe\tPark"),
    ("user", "email", "zoe"),
    ("user", "email", "z" * 321),
    ("user", "numbers", ["12"]),
    ("user", "numbers", ["+12025550107 ext. 5"]),
    ("user", "numbers", ["+12025550107"] * 51),
    ("user", "attributes", {"site": ""}),
    ("user", "attributes", {"site": LONG}),
    ("user", "facts", {"pin": ""}),
    ("agent", "name", ""),
    ("agent", "email", "zoe"),
    ("agent", "email", ""),
    ("agent", "password", "x"),
    ("agent", "password", "x" * 1001),
    ("agent", "roles", ["boss"]),
    ("agent", "capacity", -1),
    ("agent", "capacity", 1001),
    ("agent", "capacity", "four"),
    ("agent", "skills", [LONG]),
    ("agent", "groups", [LONG]),
    ("group", "name", ""),
    ("group", "capacity", 1001),
    ("group", "capacity", "four"),
    ("queue", "name", ""),
    ("queue", "name", LONG),
    ("queue", "assignment", "magic"),
    ("queue", "schedule", "weekdays"),
    ("queue", "schedule", "off"),
    ("queue", "schedule", "x" * 501),
    ("queue", "time_zone", "Mars"),
    ("queue", "country", "XX"),
    ("queue", "accept_seconds", 4),
    ("queue", "accept_seconds", 3601),
    ("queue", "accept_seconds", "soon"),
    ("queue", "affinity_days", 366),
    ("queue", "alarm_seconds", 0),
    ("queue", "satisfaction_after_hours", 73),
    ("queue", "satisfaction_after_hours", "soon"),
    ("queue", "satisfaction_every_days", 366),
    ("queue", "skills", [LONG]),
    ("number", "number", "12"),
    ("number", "label", LONG),
    ("number", "queue", ""),
    ("number", "first_responder", "cat"),
    ("number", "segments_per_second", 0),
    ("number", "messaging_service", "MG1"),
    ("template", "name", ""),
    ("template", "body", "x" * 1601),
    ("template", "body", "{name}"),
    ("outage", "title", ""),
    ("outage", "text", "Reply STOP"),
    ("provider", "name", ""),
    ("provider", "issuer", "login.example.com"),
    ("provider", "issuer", "https://login.example.com?a=b"),
    ("provider", "client_id", ""),
    ("provider", "domains", ["example"]),
    ("provider", "creates_accounts", True),
    ("presence", "name", ""),
    ("presence", "name", "Away"),
    ("presence", "name", "x" * 31),
    ("reason", "words", LONG),
]


async def test_desk_file_api_and_pages_refuse_with_the_same_sentence(desk: Running) -> None:
    differences = {}
    login = {"email": "grace@example.com", "password": "demo-grace"}
    async with desk.visitor() as visitor, aiohttp.ClientSession() as session:
        await visitor.sign_in(**login)
        admin = Admin(visitor.address, visitor.client)
        token = (await Client(session, desk.address).call("POST", "/login", login))["token"]
        for noun, field, bad in BAD:
            said = {
                "desk file": _by_file(noun, field, bad),
                "page": await _by_page(admin, noun, field, bad),
            }
            if NOUNS[noun].api is not None:
                said["API"] = await _by_api(session, desk.address, token, noun, field, bad)
            if len(set(said.values())) > 1 or "" in said.values():
                differences[f"{noun}.{field} = {str(bad)[:20]!r}"] = said
    assert differences == {}, "\n".join(f"{case}: {said}" for case, said in differences.items())


async def test_a_page_accepts_a_national_number(desk: Running) -> None:
    async with desk.visitor() as visitor:
        await visitor.sign_in("grace@example.com", "demo-grace")
        admin = Admin(visitor.address, visitor.client)
        fields = _form(NOUNS["number"].valid | {"number": "(888) 555-0399"})
        assert (await admin.send("/provider-numbers/new", **fields)).status == 303
        assert "+1 888 555 0399" in (await admin.get("/workspace/admin/provider-numbers")).text


def _by_file(noun: str, field: str, bad: Any) -> str:
    values = NOUNS[noun].valid | {field: bad}
    keys = "\n".join(f"{name} = {_toml(value)}" for name, value in values.items())
    try:
        read_desk_file.read_bytes(f"{NOUNS[noun].table}\n{keys}\n".encode(), "desk.toml", "US")
    except SetupError as error:
        first = str(error).split("\n")[0]
        return _plain(re.sub(r"^desk\.toml:\d+: [\w.\[\]]+: ", "", first))
    return ""


async def _by_api(
    session: aiohttp.ClientSession, address: str, token: str, noun: str, field: str, bad: Any
) -> str:
    async with session.post(
        f"{address}/api/v1{NOUNS[noun].api}",
        json=NOUNS[noun].valid | {field: bad},
        headers={"Authorization": f"Bearer {token}"},
    ) as answer:
        said = await answer.json()
    return _plain(said.get("errors", {}).get(field, "")) if answer.status == 400 else ""


async def _by_page(admin: Admin, noun: str, field: str, bad: Any) -> str:
    answer = await admin.send(NOUNS[noun].page, **_form(NOUNS[noun].valid | {field: bad}))
    found = re.search(rf'id="{field}-wrong">.*?<span>(.*?)</span>', answer.text, re.DOTALL)
    return _plain(unescape(found[1])) if found and answer.status == 400 else ""


def _form(values: dict[str, Any]) -> dict[str, str]:
    return {name: _typed(value) for name, value in values.items() if name != "since"}


def _typed(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} = {one}" for name, one in value.items())
    return "\n".join(value) if isinstance(value, list) else str(value)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    return json.dumps(value)


def _plain(words: str) -> str:
    """Remove the capital and the full stop that pages add to the sentence."""
    return words[:1].lower() + words[1:].removesuffix(".")
