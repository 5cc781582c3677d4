"""Cases and outages over the HTTP API: calls of a ticket system and of a supervisor."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.story import DIRECT
from tests.web.test_actions_api import delete
from tests.web.test_api import Client
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import Running, running

OUTAGE = {"title": "VPN", "text": "The VPN is down.", "since": "2026-11-23T09:00:00-05:00"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def mia(desk: Running, session: aiohttp.ClientSession) -> Client:
    return await sign_in(desk, session, "mia")


async def test_an_agent_opens_lists_and_changes_a_case(desk: Running, mia: Client) -> None:
    ann = (await desk.story.text("my dock is dead", to=DIRECT)).interaction_id
    made = await mia.call(
        "POST", "/cases", {"description": " Dock ", "interaction_id": ann}, status=201
    )
    assert (made["number"], made["kind"], made["state"], made["priority"]) == (
        "CS0000001",
        "problem",
        "open",
        3,
    )
    assert (made["description"], made["user"]["name"], made["interaction"]["id"]) == (
        "Dock",
        "Ann Lee",
        ann,
    )
    assert [entry["by"]["name"] for entry in made["history"]] == ["Mia Chen"]
    bobs = await mia.call(
        "POST", "/cases", {"description": "Mouse", "user_id": 2, "kind": "request"}, status=201
    )
    assert (bobs["user"]["name"], bobs["interaction"]) == ("Bob Ruiz", None)

    one = f"/cases/{made['id']}"
    change = {"state": "in_progress", "external_number": "JIRA-7", "note": "Ordered"}
    changed = await mia.call("PATCH", one, change)
    assert (changed["state"], changed["external_number"], changed["version"]) == (
        "in_progress",
        "JIRA-7",
        2,
    )
    assert changed["history"][1]["note"] == "Ordered"
    assert changed["history"][1]["changes"]["external_number"] == {
        "before": None,
        "after": "JIRA-7",
    }
    assert await mia.call("PATCH", one, {"external_number": "JIRA-7"}) == changed, (
        "the repeated call changes nothing"
    )
    assert (await mia.call("PATCH", one, {"note": "Arrived"}))["version"] == 3

    async def listed(query: str) -> list[int]:
        return [case["id"] for case in (await mia.call("GET", f"/cases?{query}"))["items"]]

    assert await listed("") == [2, 1]
    assert (
        await listed("state=in_progress")
        == await listed("user_id=1")
        == await listed(f"interaction_id={ann}")
        == [1]
    )
    assert await listed("external_number=JIRA-7") == [1]
    assert await listed("kind=request&state=open") == await listed("user_id=2") == [2]
    page = await mia.call("GET", "/cases?limit=1")
    assert [
        c["id"] for c in (await mia.call("GET", f"/cases?limit=1&cursor={page['next']}"))["items"]
    ] == [1]


async def test_a_refusal_names_the_field(mia: Client) -> None:
    one = (await mia.call("POST", "/cases", {"description": "Dock", "user_id": 1}, status=201))[
        "id"
    ]
    for body, field in (
        ({"description": "x"}, "user_id"),
        ({"description": " ", "user_id": 1}, "description"),
        ({"description": "x", "user_id": 1, "kind": "cat"}, "kind"),
        ({"description": "x", "user_id": 1, "priority": 6}, "priority"),
        ({"description": "x", "user_id": 1, "state": "closed"}, "state"),
    ):
        assert field in (await mia.call("POST", "/cases", body, status=400))["errors"], body
    for body, field in (
        ({"state": None}, "state"), ({"description": " "}, "description"),
        ({"version": 9}, "version"),
    ):  # fmt: skip
        assert field in (await mia.call("PATCH", f"/cases/{one}", body, status=400))["errors"], body
    await mia.call("POST", "/cases", {"description": "x", "user_id": 99}, status=404)
    await mia.call("PATCH", f"/cases/{one}", {"user_id": 99}, status=404)
    await mia.call("PATCH", "/cases/99", {"state": "closed"}, status=404)


async def test_only_supervisors_can_change_outages(
    desk: Running, session: aiohttp.ClientSession, mia: Client
) -> None:
    omar = await sign_in(desk, session, "omar")
    await mia.call("POST", "/outages", OUTAGE, status=403)
    made = await omar.call("POST", "/outages", OUTAGE, status=201)
    assert (made["since"], made["until"], made["active"]) == ("2026-11-23T14:00:00Z", None, True)
    await omar.call("POST", "/outages", OUTAGE, status=409)
    one = f"/outages/{made['id']}"
    assert await mia.call("GET", one) == made
    assert (await omar.call("PATCH", one, {"active": False}))["current"] is False
    for body, field in (
        ({"text": "x" * 161}, "text"), ({"text": "Reply STOP"}, "text"), ({"text": " "}, "text"),
        ({"until": "2026-11-23T13:59:00Z"}, "until"), ({"since": "2026-11-23T09:00:00"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"), ({"since": None}, "since"),
        ({"title": ""}, "title"),
    ):  # fmt: skip
        assert field in (await omar.call("PATCH", one, body, status=400))["errors"], body
    assert [outage["title"] for outage in (await mia.call("GET", "/outages"))["items"]] == ["VPN"]
    await delete(omar, one)
    await mia.call("GET", one, status=404)


async def test_resolving_a_case_texts_the_requester_once(desk: Running, mia: Client) -> None:
    ann = (await desk.story.text("my dock is dead", to=DIRECT)).interaction_id or 0
    case = {"description": "Dock", "interaction_id": ann}
    made = await mia.call("POST", "/cases", case, status=201)
    one, text = f"/cases/{made['id']}", "Your dock works again."
    wrong = await mia.call("PATCH", one, {"state": "in_progress", "text": text}, status=400)
    assert wrong["errors"] == {"text": "is allowed only when the state is resolved"}
    for _ in range(2):
        changed = await mia.call("PATCH", one, {"state": "resolved", "text": text})
    assert changed["history"][1]["note"] == f"Texted “{text}”"
    assert len(changed["history"]) == 2
    assert (await desk.story.texted(ann)).count(text) == 1


async def test_ending_an_outage_texts_its_reporters(
    desk: Running, session: aiohttp.ClientSession, mia: Client
) -> None:
    omar = await sign_in(desk, session, "omar")
    one = f"/outages/{(await omar.call('POST', '/outages', OUTAGE, status=201))['id']}"
    ann = (await desk.story.text("the vpn is down", to=DIRECT)).interaction_id or 0
    await mia.call("GET", f"{one}/dry-run", status=403)
    run = await omar.call("GET", f"{one}/dry-run")
    assert run["body"] == "VPN is working again. Still broken for you? Just reply."
    assert (run["texted"], run["segments"], run["costs"]) == (1, 1, {})
    assert [one["language"] for one in run["versions"]] == ["en", "es", "de", "fr"]
    assert run["versions"][2]["body"].startswith("VPN: läuft wieder.")
    typed = (await omar.call("GET", f"{one}/dry-run?text=OK&text_fr=Bon"))["versions"]
    assert [typed[0]["body"], typed[3]["body"]] == ["OK", "Bon"]
    body = {"text": run["body"], "text_es": "Funciona", "text_fr": "Il marche", "most": 1}
    wrong = await omar.call("POST", f"{one}/end", {"text": "Reply STOP"}, status=400)
    assert "text" in wrong["errors"]
    wrong = await omar.call("POST", f"{one}/end", {"text": "OK", "text_de": "STOP"}, status=400)
    assert "text_de" in wrong["errors"]
    await omar.call("POST", f"{one}/end", {"text": "OK", "text_it": "Va"}, status=400)
    ended = await omar.call("POST", f"{one}/end", body)
    assert ended["outage"]["current"] is False
    assert (ended["text"]["people"], ended["text"]["by"]["name"]) == (1, "Omar Haddad")
    (text,) = (await omar.call("GET", f"{one}/texts"))["items"]
    assert text["id"] == ended["text"]["id"]
    assert text["translations"] == {"es": "Funciona", "fr": "Il marche"}
    await delete(omar, f"/outages/99/texts/{text['id']}", status=404)
    await omar.call("POST", f"{one}/end", body, status=409)
    assert ann > 0


async def test_an_agent_makes_and_cancels_a_promise_over_the_api(
    desk: Running, mia: Client
) -> None:
    ann = (await desk.story.text("my dock is dead", to=DIRECT)).interaction_id or 0
    path = f"/interactions/{ann}/promises"
    said = await mia.call(
        "POST", f"/interactions/{ann}/messages", {"body": "I'll text you in an hour"}, status=201
    )
    offer = (await mia.call("GET", path))["offer"]
    assert offer["message_id"] == said["id"]
    made = await mia.call("POST", path, {"message_id": said["id"]}, status=201)
    assert (made["promised_at"], made["state"]) == (offer["promised_at"], "open")
    assert (await mia.call("GET", path)) == {"items": [made], "offer": None}
    await mia.call("POST", path, {"message_id": said["id"]}, status=409)
    await mia.call("POST", path, {}, status=400)
    await delete(mia, f"{path}/{made['id']}")
    assert (await mia.call("GET", path))["items"] == []
