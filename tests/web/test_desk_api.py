"""Queues, provider numbers, templates and system messages over the HTTP API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handoff_service.errors import BadInput
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.shared.outside_addresses import PRIVATE
from handoff_service.store.desk_file.export_desk import export_desk
from tests.support.ticket_system import SECRET
from tests.web.admin_browser import GRACE
from tests.web.test_actions_api import delete
from tests.web.test_api import Client
from tests.web.workspace_server import Running, running

QUEUE = {
    "name": "Escalations",
    "groups": ["Service desk", {"name": "Service desk 2", "after_seconds": 60}],
    "skills": [{"name": "hardware", "mandatory": False}],
    "conditions": [{"field": "user.department", "is": "Sales"}],
    "schedule": "Mo-Fr 08:00-18:00; PH off",
    "texts": {"closed": "{queue} opens {opens}."},
}
NUMBER = {"number": "+18885550300", "queue": "Service desk"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "admin.toml"
    path.write_text(GRACE + '[[queues]]\nname = "Other"\ngroups = ["Service desk 2"]\n')
    async with running(tmp_path) as service:
        await service.desk.store.write(import_desk, read_desk_file.read(path))
        yield service


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


async def sign_in(desk: Running, session: aiohttp.ClientSession, name: str) -> Client:
    login = {"email": f"{name}@example.com", "password": f"demo-{name}"}
    token = (await Client(session, desk.address).call("POST", "/login", login))["token"]
    return Client(session, desk.address, token)


@pytest.fixture
async def grace(desk: Running, session: aiohttp.ClientSession) -> Client:
    return await sign_in(desk, session, "grace")


@pytest.fixture
async def mia(desk: Running, session: aiohttp.ClientSession) -> Client:
    return await sign_in(desk, session, "mia")


async def test_admins_create_change_and_delete_queues(mia: Client, grace: Client) -> None:
    await mia.call("POST", "/queues", QUEUE, status=403)
    made = await grace.call("POST", "/queues", QUEUE, status=201)
    assert made["groups"] == ["Service desk", "Service desk 2"]
    assert made["pools"][1] == {"group": "Service desk 2", "after_seconds": 60}
    assert made["conditions"] == [{"field": "user.department", "operator": "is", "value": "Sales"}]
    assert made["texts"] == {"in_line": None, "waiting": None, "closed": "{queue} opens {opens}."}
    assert (made["position"], made["assignment"], made["problems"]) == (3, "most_capacity", [])
    one = f"/queues/{made['id']}"
    assert await mia.call("GET", one) == made
    changed = await grace.call(
        "PATCH", one, {"schedule": None, "groups": [], "position": 1, "texts": {}}
    )
    assert (changed["open_now"], changed["problems"]) == (True, ["No group gets offers: add one."])
    assert (changed["texts"]["closed"], changed["conditions"]) == (None, made["conditions"])
    names = [queue["name"] for queue in (await mia.call("GET", "/queues"))["items"]]
    assert names == ["Service desk", "Escalations", "Other"], (
        "the queues are in the order that the admin chose"
    )
    page = await mia.call("GET", "/queues?limit=2")
    page = await mia.call("GET", f"/queues?limit=2&cursor={page['next']}")
    assert [queue["name"] for queue in page["items"]] == ["Other"]
    await grace.call("POST", "/queues", QUEUE, status=409)
    await delete(grace, one)
    await delete(grace, one, 404)
    await delete(grace, "/queues/1", 409)


async def test_an_admin_reads_and_changes_the_desk(mia: Client, grace: Client) -> None:
    await mia.call("GET", "/desk", status=403)
    await mia.call("PATCH", "/desk", {"ask_topic": True}, status=403)
    was = await grace.call("GET", "/desk")
    assert (was["name"], was["time_zone"], was["ask_topic"]) == (
        "Northwind IT",
        "America/New_York",
        False,
    )
    assert "agent" in was["commands"]["agent"], "the answer also has the default texts"
    given = {"ask_topic": True, "quiet_hours": "21:00-08:00", "countries": ["US", "DE"]}
    changed = await grace.call("PATCH", "/desk", given)
    assert changed == was | given
    assert await grace.call("GET", "/desk") == changed
    assert await grace.call("PATCH", "/desk", {}) == changed
    assert (await grace.call("PATCH", "/desk", {"quiet_hours": None}))["quiet_hours"] is None
    words = {"commands": {"agent": ["colleague"]}}
    commands = (await grace.call("PATCH", "/desk", words))["commands"]
    assert (commands["agent"], commands["help"]) == (["colleague"], was["commands"]["help"])


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"name": ""}, "name", "must not be empty"),
        ({"name": None}, "name", "must be text"),
        ({"time_zone": "Mars"}, "time_zone", "America/New_York"),
        ({"away_after_seconds": 4}, "away_after_seconds", "must be at least 5"),
        ({"away_after_seconds": "60"}, "away_after_seconds", "must be a whole number"),
        ({"commands": {"agent": ["STOP"]}}, "commands", "STOP"),
        ({"colour": "red"}, "colour", "there is no such key"),
    ],
    ids=[
        "empty",
        "null",
        "unknown zone",
        "too short",
        "not a number",
        "reserved word",
        "unknown key",
    ],
)
async def test_a_refused_desk_setting_names_its_field(
    grace: Client, given: dict[str, Any], field: str, says: str
) -> None:
    refused = await grace.call("PATCH", "/desk", given, status=400)
    assert says in refused["errors"][field]


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("group", {"groups": ["None"]}, "groups", "there is no group “None”"),
    (
        "pool",
        {"groups": [{"name": "Service desk", "after_seconds": -1}]},
        "groups",
        "must be at least 0",
    ),
    (
        "condition",
        {"conditions": [{"field": "state", "is": "new"}]},
        "conditions",
        "there is no field “state”",
    ),
    (
        "operator",
        {"conditions": [{"field": "topic", "at_least": 1}]},
        "conditions",
        "cannot be compared with",
    ),
    ("schedule", {"schedule": "soon"}, "schedule", "cannot be read as opening hours"),
    ("zone", {"time_zone": "Mars"}, "time_zone", "America/New_York"),
    ("country", {"country": "us"}, "country", "two capitals"),
    ("assignment", {"assignment": "random"}, "assignment", "longest_idle"),
    ("accept", {"accept_seconds": 4}, "accept_seconds", "must be at least 5"),
    ("text", {"texts": {"waiting": "Reply STOP"}}, "texts", "“Waiting”: asks people to reply STOP"),
    ("unknown text", {"texts": {"hello": "x"}}, "texts", "there is no such key"),
    ("empty name", {"name": "  "}, "name", "must not be empty"),
    ("null", {"name": None}, "name", ""),
]


@pytest.mark.parametrize(
    ("how", "field", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_refusal_names_the_field(
    grace: Client, how: dict[str, Any], field: str, says: str
) -> None:
    for method, path, body in (("POST", "/queues", {**QUEUE, **how}), ("PATCH", "/queues/1", how)):
        problem = await grace.call(method, path, body, status=400)
        assert says in problem["errors"][field]


async def test_admins_manage_provider_numbers(mia: Client, grace: Client) -> None:
    await mia.call("POST", "/provider-numbers", NUMBER, status=403)
    made = await grace.call("POST", "/provider-numbers", NUMBER, status=201)
    assert (made["label"], made["first_responder"]) == (NUMBER["number"], "virtual_agent")
    one = f"/provider-numbers/{made['id']}"
    service = "MG" + "0123456789abcdef" * 2
    wrong = await grace.call("PATCH", one, {"messaging_service": "MG1"}, status=400)
    assert wrong["errors"] == {
        "messaging_service": "must be a messaging service's id: MG and 32 digits or letters from "
        "a to f"
    }
    for given in (service, None):
        assert (await grace.call("PATCH", one, {"messaging_service": given}))[
            "messaging_service"
        ] == given
    assert (await grace.call("PATCH", one, {"label": "Spare", "queue": "Other"}))["queue"][
        "name"
    ] == "Other"
    problem = await grace.call("PATCH", one, {"queue": "None"}, status=400)
    assert problem["errors"] == {"queue": "there is no queue “None”"}
    assert "label" in (await grace.call("PATCH", one, {"label": None}, status=400))["errors"]
    assert "number" in (await grace.call("PATCH", one, {"number": "123"}, status=400))["errors"]
    await delete(grace, one)
    await grace.call("GET", one, status=404)


async def test_only_supervisors_can_change_templates(
    desk: Running, session: aiohttp.ClientSession, mia: Client
) -> None:
    omar = await sign_in(desk, session, "omar")
    body = {"name": "VPN", "body": "Hi {requester.first_name}"}
    await mia.call("POST", "/templates", body, status=403)
    made = await omar.call("POST", "/templates", body, status=201)
    await omar.call("POST", "/templates", body, status=409)
    assert (await mia.call("GET", "/templates?q=first_name"))["items"] == [made]
    one = f"/templates/{made['id']}"
    assert "{x}" in (await omar.call("PATCH", one, {"body": "{x}"}, status=400))["errors"]["body"]
    assert await omar.call("PATCH", one, {"name": "Network"}) == {**made, "name": "Network"}
    await delete(omar, one)
    await mia.call("GET", one, status=404)


async def test_admins_create_macros_and_agents_run_them(
    desk: Running, mia: Client, grace: Client
) -> None:
    ann = await desk.story.with_agent()
    macro = {"name": "Ask", "note": "Asked {requester.name}.", "state": "on_hold", "hold_for": "2d"}
    await mia.call("POST", "/macros", macro, status=403)
    made = await grace.call("POST", "/macros", macro, status=201)
    assert (made["state"], made["hold_for"], made["template"]) == ("on_hold", "2d", None)
    wrong = await grace.call("PATCH", f"/macros/{made['id']}", {"state": None}, status=400)
    assert "hold_for" in wrong["errors"]
    held = await mia.call("POST", f"/interactions/{ann}/macros/{made['id']}")
    assert (held["state"], held["hold_until"] is None) == ("on_hold", False)
    changed = {"note": None, "hold_for": None, "state": "closed_complete", "then": "next"}
    await grace.call("PATCH", f"/macros/{made['id']}", changed)
    closed = await mia.call("POST", f"/interactions/{ann}/macros/{made['id']}")
    assert closed["closed_at"] is not None
    again = await mia.call("POST", f"/interactions/{ann}/macros/{made['id']}", status=409)
    assert "Its step “Change the state” was refused" in again["detail"]
    assert [one["name"] for one in (await mia.call("GET", "/macros?q=as"))["items"]] == ["Ask"]
    await delete(grace, f"/macros/{made['id']}")


async def test_admins_change_system_messages_and_restore_the_default(
    mia: Client, grace: Client
) -> None:
    texts = {text["name"]: text for text in (await mia.call("GET", "/texts"))["items"]}
    assert texts["closed"]["placeholders"] == ["queue", "opens"]
    edit = {"name": "waiting", "body": "{queue} is busy."}
    await mia.call("PUT", "/texts", edit, status=403)
    edited = await grace.call("PUT", "/texts", edit)
    assert (edited["body"], edited["edited"], edited["default"]) == (
        edit["body"],
        True,
        texts["waiting"]["body"],
    )
    assert (
        "one segment"
        in (await grace.call("PUT", "/texts", {**edit, "body": "x" * 161}, status=400))["errors"][
            "body"
        ]
    )
    await grace.call("PUT", "/texts", {**edit, "name": "hello"}, status=400)
    assert await grace.call("PUT", "/texts", {**edit, "body": None}) == texts["waiting"]


async def test_an_admin_manages_webhooks_and_a_desk_file_restores_them(
    desk: Running, mia: Client, grace: Client, tmp_path: Path
) -> None:
    hook = {"name": "Tickets", "url": "http://127.0.0.1:9/hook", "events": ["case.created"]}
    await mia.call("POST", "/webhooks", hook, status=403)
    wrong = await grace.call("POST", "/webhooks", hook | {"url": "x", "events": []}, status=400)
    assert set(wrong["errors"]) == {"url", "events"}
    for inside in ("http://10.0.0.5/hook", "https://0xa.5/hook", "https://[::ffff:10.0.0.5]/"):
        wrong = await grace.call("POST", "/webhooks", hook | {"url": inside}, status=400)
        assert wrong["errors"] == {"url": PRIVATE}
    made = await grace.call("POST", "/webhooks", hook, status=201)
    assert made["secret"].startswith("whsec_")
    await grace.call("POST", "/webhooks", hook, status=409)
    one = f"/webhooks/{made['id']}"
    found = await grace.call("GET", one)
    assert (found["active"], found["with_texts"], "secret" in found) == (True, False, False)
    assert (await grace.call("GET", "/webhooks"))["items"] == [found]
    wrong = await grace.call("PATCH", one, {"url": "https://169.254.169.254/"}, status=400)
    assert wrong["errors"] == {"url": PRIVATE}
    changed = await grace.call("PATCH", one, {"with_texts": True, "events": ["case.changed"]})
    assert (changed["events"], changed["with_texts"]) == (["case.changed"], True)
    new = await grace.call("POST", f"{one}/secret")
    assert new["secret"] != made["secret"]
    assert (await grace.call("GET", one))["former_until"]
    test = await grace.call("POST", f"{one}/test")
    assert '"type":"webhook.test"' in test["body"]
    tried = await grace.until(f"{one}/calls", lambda found: found["items"][0]["why"])
    assert (tried["items"][0]["why"], "body" in tried["items"][0]) == (
        "It could not be reached.",
        False,
    )
    call = f"{one}/calls/{test['id']}"
    assert (await grace.call("GET", call))["body"] == test["body"]
    assert (await grace.call("POST", f"{call}/send"))["state"] == "waiting"
    assert (await grace.call("POST", f"{one}/missed")) == {"count": 0}
    text = await desk.desk.store.read(export_desk)
    assert "whsec_" not in text
    await delete(grace, one)
    path = tmp_path / "again.toml"
    path.write_text(text.replace('name = "Tickets"', f'name = "Tickets"\nsecret = "{SECRET}"'))
    await desk.desk.store.write(import_desk, read_desk_file.read(path))
    path.write_text(path.read_text().replace("http://127.0.0.1:9", "https://localhost"))
    with pytest.raises(BadInput) as refused:
        await desk.desk.store.write(import_desk, read_desk_file.read(path))
    assert refused.value.errors == {"webhooks.Tickets.url": PRIVATE}
    (again,) = (await grace.call("GET", "/webhooks"))["items"]
    ids = {"id", "former_until", "failing_since", "waiting"}
    assert {k: v for k, v in again.items() if k not in ids} == {
        k: v for k, v in changed.items() if k not in ids
    }
