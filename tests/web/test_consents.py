"""Consent on pages and in the API: the reason that a number cannot be texted, the ledger, and the
changes that agents can make.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from handoff_service.operations.consent.change_consent import refused_for_consent
from tests.support.story import ANN, BOB, DIRECT
from tests.web.test_api import Client
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import Running, Visitor, running, shown

WHY = "Only they can opt back in, by texting START."


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as made:
        yield made


@pytest.fixture
async def api(desk: Running) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield await sign_in(desk, session, "mia")


async def test_the_composer_shows_the_opt_out_and_sends_nothing(
    desk: Running, mia: Visitor
) -> None:
    ann = await desk.story.with_agent()
    page = f"/workspace/conversations/{ann}"
    before = (await mia.get(page)).text
    assert 'id="no-texts" role="status" hidden' in before
    assert 'value="text" checked' in before
    await desk.story.text("stop", to=DIRECT)
    news = (await mia.get(f"{page}/news")).text
    assert 'id="no-texts" role="status">' in news
    assert "You cannot text this number. Opted out on" in shown(news)
    assert f"by texting stop. {WHY}" in shown(news)
    assert 'name="kind" value="note" checked' in (await mia.get(page)).text
    assert "Opted out" in shown((await mia.get("/workspace/lists")).text)
    refused = await mia.act(f"{page}/messages", body="Still there?")
    assert (refused.status, WHY in refused.text) == (409, True)


async def test_an_agent_opts_a_number_out_and_in_again(desk: Running, mia: Visitor) -> None:
    ann = await desk.story.with_agent()
    page = f"/workspace/conversations/{ann}"
    assert "Stop texts to Ann Lee" in (await mia.get(f"{page}/consent")).text
    await mia.act(f"{page}/consent", opted_out="1", note="Said so on the phone")
    assert "recorded by Mia Chen" in shown((await mia.get(page)).text)
    assert "Allow texts to Ann Lee again" in (await mia.get(f"{page}/consent")).text
    assert (await mia.act(f"{page}/consent", opted_out="", note=" ")).status == 400
    await mia.act(f"{page}/consent", opted_out="", note="A mistake")
    assert "Opted out on" not in shown((await mia.get(page)).text)


async def test_the_new_message_dialog_shows_the_opt_out_before_typing(
    desk: Running, mia: Visitor
) -> None:
    await desk.story.text("STOP", number=BOB)
    looked = (await mia.get(f"/workspace/new/look?choice=2%3A%2B{BOB[1:]}&q=Bob")).text
    assert WHY in shown(looked)
    assert "What sending will do" not in looked


async def test_the_api_returns_the_consent_ledger(desk: Running, api: Client) -> None:
    ann = await desk.story.with_agent()
    made = await api.call(
        "POST", "/consents", {"number": ANN, "opted_out": True, "note": "By mail"}, status=201
    )
    assert (made["source"], made["agent"]["name"], made["in_force"], made["provider_number"]) == (
        *("api", "Mia Chen", True),
        None,
    )
    seen = await api.call("GET", f"/interactions/{ann}")
    assert seen["opted_out"]["source"] == "api"
    refused = await api.call("POST", f"/interactions/{ann}/messages", {"body": "hello"}, status=409)
    assert "Opted out on" in refused["detail"]
    preview = await api.call("POST", "/conversations/preview", {"to": ANN, "from": DIRECT})
    assert preview["opted_out"]["why"].endswith("recorded by Mia Chen.")
    await api.call(
        "POST", "/conversations", {"to": ANN, "from": DIRECT, "body": "hello"}, status=409
    )
    await api.call("POST", "/consents", {"number": ANN, "opted_out": True}, status=409)
    await api.call("POST", "/consents", {"number": ANN, "opted_out": False}, status=400)
    wrong = await api.call(
        "POST", "/consents", {"number": ANN, "opted_out": True, "provider_number": BOB}, status=400
    )
    assert wrong["errors"] == {"provider_number": f"{BOB} is not a company number"}
    back = await api.call(
        "POST", "/consents", {"number": ANN, "opted_out": False, "note": "By mail"}, status=201
    )
    await desk.story.text("STOP", number=BOB)
    first = await api.call("GET", "/consents?limit=2")
    assert [one["number"] for one in first["items"]] == [BOB, ANN]
    rest = await api.call("GET", f"/consents?limit=2&cursor={first['next']}")
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([made["id"]], None)
    of_ann = (await api.call("GET", f"/consents?number=%2B{ANN[1:]}"))["items"]
    assert [one["id"] for one in of_ann] == [back["id"], made["id"]]


async def test_pages_show_the_ledger_and_its_totals(desk: Running) -> None:
    async with desk.visitor() as omar:
        await omar.sign_in("omar@example.com", "demo-omar")
        assert "Nobody has opted out" in shown((await omar.get("/workspace/admin/consents")).text)
        assert "There were no texts on these days" in shown(
            (await omar.get("/workspace/admin/figures")).text
        )
        await desk.story.text("STOP", number=BOB)
        ledger = shown((await omar.get("/workspace/admin/consents")).text)
        assert "Opted out (current) texted “STOP” all our numbers" in ledger
        assert "Main line" in shown((await omar.get("/workspace/admin/figures")).text)


async def test_an_agent_cannot_undo_an_opt_out_of_the_carrier(desk: Running, mia: Visitor) -> None:
    ann = await desk.story.with_agent()
    message = await desk.story.write(ann, "hello?")
    await desk.desk.store.write(refused_for_consent, [message])
    page = f"/workspace/conversations/{ann}"
    seen = (await mia.get(page)).text
    assert "reported by the carrier" in shown(seen)
    assert "consent-it" not in seen, (
        "the page has no button for a change that the service would refuse"
    )
    refused = await mia.act(f"{page}/consent", opted_out="", note="She wants to")
    assert (refused.status, "Only they can" in refused.text) == (409, True)
