"""Messaging actions and timers over the HTTP API, against the running service."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.service import Service, running_service
from tests.support.story import ANN, DIRECT
from tests.web.test_api import Client, sign_in

GRACE = """[[agents]]
email = "grace@example.com"
name = "Grace Okafor"
password = "demo-grace"
roles = ["admin"]
"""
REMIND = {
    "name": "Soon",
    "event": "requester_message_without_agent_response",
    "duration": "1s",
    "conditions": [{"field": "state", "is": "work_in_progress"}],
    "action": "prompt_agent",
    "text": "{requester.first_name} waits for {agent.first_name}",
}


@pytest.fixture(scope="module")
def service(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    admin = tmp_path_factory.mktemp("desk") / "admin.toml"
    admin.write_text(GRACE)

    async def add() -> None:
        store = Store(
            module_database,
            clock=MovedClock(),
            settings=OperationSettings(send_errors=ERRORS),
            after_commit=Heard(),
        )
        await store.write(import_desk, read_desk_file.read(admin))
        store.close()

    asyncio.run(add())
    with running_service(
        tmp_path_factory.mktemp("home"), DATABASE_URL=module_database, DEMO="1"
    ) as running:
        yield running


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, service.url)


@pytest.fixture
async def mia(anyone: Client) -> Client:
    return await sign_in(anyone, "mia")


@pytest.fixture
async def grace(anyone: Client) -> Client:
    return await sign_in(anyone, "grace")


async def delete(client: Client, path: str, status: int = 204) -> None:
    headers = {"Authorization": f"Bearer {client.token}"}
    async with client.session.delete(f"{client.url}/api/v1{path}", headers=headers) as answer:
        assert answer.status == status, await answer.text()
        assert status != 204 or await answer.read() == b""


async def test_every_agent_can_read_the_default_messaging_actions(mia: Client) -> None:
    first, second = (await mia.call("GET", "/messaging-actions"))["items"][:2]
    assert (first["name"], first["duration"], first["action"]) == (
        "Remind the agent",
        "30m",
        "prompt_agent",
    )
    assert first["conditions"] == [
        {"field": "owner", "operator": "is_not", "value": "virtual_agent"}
    ]
    assert second["will"] == "set the state to Closed abandoned"
    assert (second["state"], second["duration"], second["active"]) == (
        "closed_abandoned",
        "2d",
        True,
    )
    assert await mia.call("GET", f"/messaging-actions/{first['id']}") == first
    page = await mia.call("GET", "/messaging-actions?limit=1")
    assert (page["items"], page["next"] is None) == ([first], False)
    page = await mia.call("GET", f"/messaging-actions?limit=1&cursor={page['next']}")
    assert page["items"] == [second]


async def test_only_admins_change_messaging_actions(mia: Client, grace: Client) -> None:
    await mia.call("POST", "/messaging-actions", REMIND, status=403)
    await mia.call("PATCH", "/messaging-actions/1", {"active": False}, status=403)
    await delete(mia, "/messaging-actions/1", 403)
    made = await grace.call(
        "POST", "/messaging-actions", {**REMIND, "queues": ["Service desk"]}, status=201
    )
    assert (made["queues"], made["position"], made["match"]) == (["Service desk"], 3, "all")
    await grace.call("POST", "/messaging-actions", REMIND, status=409)
    one = f"/messaging-actions/{made['id']}"
    changed = await grace.call(
        "PATCH", one, {"duration": "2h", "queues": [], "provider_numbers": [DIRECT]}
    )
    assert (changed["duration"], changed["queues"], changed["provider_numbers"]) == (
        "2h",
        [],
        [DIRECT],
    )
    assert changed["text"] == REMIND["text"], "a field that the request leaves out keeps its value"
    assert (await grace.call("PATCH", one, {"business_hours": True}))["business_hours"] is True
    changed = await grace.call(
        "PATCH", one, {"action": "set_state", "state": "on_hold", "text": None}
    )
    assert (changed["action"], changed["text"], changed["state"]) == ("set_state", None, "on_hold")
    await delete(grace, one)
    await grace.call("GET", one, status=404)
    await delete(grace, one, 404)


REFUSED = [
    ("business hours", {"business_hours": "yes"}, "business_hours", "must be true or false"),
    ("placeholder", {"text": "{requester.nick}"}, "text", "{requester.nick}"),
    ("duration", {"duration": "soon"}, "duration", "30m or 2d"),
    (
        "condition",
        {"conditions": [{"field": "colour", "is": "red"}]},
        "conditions",
        "there is no field “colour”",
    ),
    ("event", {"event": "none"}, "event", "requester_message_without_agent_response"),
    ("unknown key", {"colour": "red"}, "colour", "there is no such key"),
    ("queue", {"queues": ["None"]}, "queues", "there is no queue “None”"),
    ("number", {"provider_numbers": ["+1"]}, "provider_numbers", "there is no company number"),
    ("segments", {"action": "prompt_requester", "text": "x" * 200}, "text", "one segment"),
    ("state", {"action": "set_state", "text": None}, "state", "must be one of"),
]


@pytest.mark.parametrize(
    ("how", "field", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_refusal_names_the_field(
    grace: Client, how: dict[str, Any], field: str, says: str
) -> None:
    problem = await grace.call("POST", "/messaging-actions", {**REMIND, **how}, status=400)
    assert says in problem["errors"][field]
    problem = await grace.call("PATCH", "/messaging-actions/1", how, status=400)
    assert says in problem["errors"][field]


async def test_only_admins_make_dry_runs_and_a_dry_run_saves_nothing(
    mia: Client, grace: Client
) -> None:
    await mia.call("POST", "/messaging-actions/dry-run", REMIND, status=403)
    before = await grace.call("GET", "/messaging-actions")
    seen = await grace.call(
        "POST", "/messaging-actions/dry-run", {**REMIND, "active": False, "queues": ["None"]}
    )
    assert (seen["times"], seen["busiest"], seen["conversations"]) == (0, None, [])
    assert len(seen["days"]) in (30, 31)  # 30 in the hour after clocks are set back
    assert seen["judged_by_today"] == ["queue"]
    assert await grace.call("GET", "/messaging-actions") == before
    for how, field in (
        ({"duration": "0m"}, "duration"),
        ({"text": "{nick}"}, "text"),
        ({"colour": "red"}, "colour"),
    ):
        problem = await grace.call(
            "POST", "/messaging-actions/dry-run", {**REMIND, **how}, status=400
        )
        assert set(problem["errors"]) == {field}


async def test_null_is_refused_for_fields_that_cannot_be_empty(grace: Client) -> None:
    problem = await grace.call("PATCH", "/messaging-actions/1", {"name": None}, status=400)
    assert problem["errors"] == {"name": "must not be null"}


async def ann_texts(mia: Client) -> None:
    form = {"from": ANN, "to": DIRECT, "body": "my badge"}
    async with mia.session.post(f"{mia.url}/phone/texts", data=form) as answer:
        assert answer.status < 400, await answer.text()


async def accept_ann(mia: Client) -> int:
    """Start a conversation with Ann that Mia accepts. Return its id."""
    await mia.call("PUT", "/agents/me/presence", {"presence": "available"})
    await ann_texts(mia)
    offer = (await mia.until("/inbox", lambda found: found["items"]))["items"][0]
    number: int = (await mia.call("POST", f"/work-items/{offer['id']}/accept"))["id"]
    return number


async def test_timers_are_listed_postponed_canceled_and_fired(mia: Client, grace: Client) -> None:
    later = {**REMIND, "name": "Later", "duration": "1h"}
    ids = [
        (await grace.call("POST", "/messaging-actions", a, status=201))["id"]
        for a in (REMIND, later)
    ]
    one = f"/interactions/{await accept_ann(mia)}"
    await mia.call("POST", f"{one}/messages", {"body": "hi"}, status=201)
    # This text begins a new run. Mia already has the conversation, so the condition of the action
    # matches even on a slow machine.
    await ann_texts(mia)
    timers = {
        timer["action"]["name"]: timer
        for timer in (await mia.call("GET", f"{one}/timers"))["items"]
    }
    assert {"Later", "Remind the agent"} <= set(timers)
    told = timers["Later"]
    assert told["will"] == "reminds you, if the state is Work in progress"
    assert told["when"].endswith(": 1 hour after the requester's first message without a response")
    until = (datetime.now(UTC) + timedelta(hours=3)).replace(microsecond=0)
    put_off = await mia.call("PATCH", f"{one}/timers/{told['id']}", {"due_at": until.isoformat()})
    assert datetime.fromisoformat(put_off["due_at"]) == until
    past = {"due_at": (until - timedelta(days=1)).isoformat()}
    problem = await mia.call("PATCH", f"{one}/timers/{told['id']}", past, status=400)
    assert problem["errors"] == {"due_at": "must be in the future"}
    await mia.call(
        "PATCH", f"{one}/timers/{told['id']}", {"due_at": "2030-01-01T00:00:00"}, status=400
    )
    await delete(mia, f"{one}/timers/{told['id']}")
    await delete(mia, f"{one}/timers/{told['id']}", 404)

    def prompted(found: Any) -> bool:
        return any(line["event"] == "prompt" for line in found["items"])

    lines = (await mia.until(f"{one}/messages", prompted))["items"]
    assert {line["body"] for line in lines if line["event"] == "prompt"} == {"Ann waits for Mia"}
    history = [line["body"] for line in lines if line["event"] == "timer"]
    assert history[0].startswith("Mia Chen postponed “Later” until ")
    assert history[1] == "Mia Chen canceled “Later”"
    await mia.call("POST", f"{one}/messages", {"body": "here"}, status=201)
    names = [timer["action"]["name"] for timer in (await mia.call("GET", f"{one}/timers"))["items"]]
    assert names == ["Close when abandoned"]
    await mia.call("POST", f"{one}/close", {})
    assert (await mia.call("GET", f"{one}/timers"))["items"] == []
    for action_id in ids:
        await delete(grace, f"/messaging-actions/{action_id}")


async def test_timers_of_missing_interactions_are_not_found(mia: Client) -> None:
    await mia.call("GET", "/interactions/999/timers", status=404)


async def test_the_openapi_document_describes_timers_and_messaging_actions(mia: Client) -> None:
    paths = (await mia.call("GET", "/openapi.json"))["paths"]
    assert set(paths["/api/v1/interactions/{id}/timers/{timer_id}"]) == {"patch", "delete"}
    assert set(paths["/api/v1/messaging-actions/{id}"]) == {"get", "patch", "delete"}
    assert "204" in paths["/api/v1/messaging-actions/{id}"]["delete"]["responses"]
