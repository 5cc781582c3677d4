"""A supervisor edits outages and an admin sets up the case webhook, both with plain forms."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.store.cases import outage_texts, outages
from handoff_service.store.engine import tables as t
from handoff_service.store.webhooks import webhooks
from tests.support.story import DIRECT, MIA
from tests.support.ticket_system import SECRET, ticket_system
from tests.web.admin_browser import Admin
from tests.web.workspace_server import Running, shown


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Admin]:
    async with desk.visitor() as one:
        await one.sign_in("omar@example.com", "demo-omar")
        yield Admin(one.address, one.client)


async def send(visitor: Admin, page: str, path: str, **fields: str) -> tuple[int, str]:
    """Post the form on this page, with the page's form token."""
    found = re.search(
        r'<meta name="csrf" content="(\w+)">', (await visitor.get(f"/workspace/admin{page}")).text
    )
    assert found is not None
    answer = await visitor.post(f"/workspace/admin{path}", csrf=found[1], **fields)
    return answer.status, answer.text


async def until_called(desk: Running, *, status: int) -> None:
    while [call.status for call in await desk.desk.store.read(webhooks.calls, 1, most=1)] != [
        status
    ]:
        await asyncio.sleep(0.02)


async def test_a_supervisor_edits_outages_and_sees_no_other_admin_page(
    desk: Running,
    omar: Admin,
) -> None:
    assert 'href="/workspace/admin/outages"' in (await omar.get("/workspace/supervisor")).text
    page = (await omar.get("/workspace/admin/outages")).text
    assert "No outages" in page
    assert "/workspace/admin/users" not in page
    assert (await omar.get("/workspace/admin/templates")).status == 403
    assert (await omar.get("/workspace/admin/webhooks")).status == 403
    new = {
        "title": "VPN",
        "text": "The VPN is down.",
        "since": "2026-11-01T09:00",
        "until": "",
        "active": "1",
    }
    status, text = await send(
        omar, "/outages", "/outages/new", **new | {"text": "x" * 161, "until": "2026-10-01T09:00"}
    )
    assert status == 400
    assert "Must fit in one segment; it takes 2" in text
    assert "Must be later than “Since”" in text
    status, text = await send(omar, "/outages", "/outages/new", **new | {"since": "soon"})
    assert (status, "Enter a date and time" in text) == (400, True)
    assert (await send(omar, "/outages", "/outages/new", **new))[0] == 303
    (outage,) = await desk.desk.store.read(outages.list_)
    assert (str(outage.since), outage.until) == ("2026-11-01 14:00:00+00:00", None), (
        "in the desk's zone until then"
    )
    form = (await omar.get("/workspace/admin/outages/1")).text
    assert 'value="2026-11-01 09:00"' in form, "in 24 hours"
    assert (await send(omar, "/outages", "/outages/1", **new | {"active": ""}))[0] == 303
    assert "VPN The VPN is down." in shown((await omar.get("/workspace/admin/outages")).text)
    assert (await send(omar, "/outages", "/outages/1/delete"))[0] == 303
    assert await desk.desk.store.read(outages.list_) == []


async def test_an_admin_sets_up_a_webhook_sees_its_secret_and_resends_its_events(
    desk: Running,
    grace: Admin,
) -> None:
    here = "/webhooks"
    form = {"name": "Tickets", "events": "case.created", "with_texts": "1", "active": "1"}
    assert "No webhooks yet" in (await grace.get(f"/workspace/admin{here}")).text
    wrong = form | {"url": "ftp://x/y", "secret": "hunter2", "events": ""}
    status, text = await send(grace, here, f"{here}/new", **wrong)
    assert (status, "Must be an http or https address" in text, "Must be whsec_" in text) == (
        400,
        True,
        True,
    )
    assert "Must name at least one event" in text
    assert "hunter2" not in text
    inside = form | {"url": "http://10.0.0.5", "secret": ""}
    status, text = await send(grace, here, f"{here}/new", **inside)
    assert (status, "unless PATCHBOARD_WEBHOOK_HOSTS names its host" in shown(text)) == (400, True)
    async with ticket_system() as tickets:
        given = form | {"url": tickets.address, "secret": ""}
        assert (await send(grace, here, f"{here}/new", **given))[0] == 303
        one = f"{here}/1"
        assert "whsec_" not in (await grace.get(f"/workspace/admin{one}")).text
        status, text = await send(grace, one, f"{one}/secret")
        made = re.search(r'id="made-secret">(whsec_[\w+/=]+)<', text)
        assert (status, made is not None) == (200, True)
        seen = await desk.story.rows(t.audit_log, t.audit_log.c.action == "viewed")
        assert [(row.subject, row.name, row.agent) for row in seen] == [
            ("webhook", "Tickets", "Grace Okafor")
        ]
        status, text = await send(grace, one, f"{one}/secret", new="1")
        assert (status, made and made[1] in text, "both secrets" in text) == (200, False, True)

        case = OpenByHand(agent_id=MIA, description="Dock", user_id=1)
        await desk.desk.store.write(open_by_hand, case)
        await asyncio.wait_for(until_called(desk, status=401), 10)
        page = shown((await grace.get(f"/workspace/admin{one}")).text)
        assert "This address is not encrypted" in page
        assert "case.created" in page
        assert "Waiting It answered 401. Again" in page
        given["secret"] = SECRET
        assert (await send(grace, one, one, **given))[0] == 303
        assert (await send(grace, one, f"{one}/calls/1/again"))[0] == 303
        await asyncio.wait_for(until_called(desk, status=204), 10)
        assert (tickets.forged, len(tickets.events)) == (1, 1)
        page = shown((await grace.get(f"/workspace/admin{one}/calls/1")).text)
        assert '"description": "Dock"' in page
        assert "The response had no body." in page
        assert (await send(grace, one, f"{one}/test"))[0] == 303
    log = shown((await grace.get(f"/workspace/admin{one}/calls?state=delivered")).text)
    assert "case.created" in log
    assert (await send(grace, one, f"{one}/calls/9/again"))[0] == 404
    assert (await send(grace, one, f"{one}/missed"))[0] == 303
    assert (await send(grace, one, f"{one}/delete"))[0] == 303
    assert "No webhooks yet" in (await grace.get(f"/workspace/admin{here}")).text


async def test_ending_an_outage_shows_a_dry_run_and_texts(desk: Running, omar: Admin) -> None:
    new = {"title": "VPN", "text": "The VPN is down.", "since": "2026-11-01T09:00", "active": "1"}
    assert (await send(omar, "/outages", "/outages/new", until="", **new))[0] == 303
    await desk.story.text("the vpn is down")
    assert "End this outage…" in (await omar.get("/workspace/admin/outages/1")).text
    page = shown((await omar.get("/workspace/admin/outages/1/end")).text)
    assert "Expected cost not known" in page
    assert "End the outage and text 1 person" in page
    assert "texted “the vpn is down”" in page
    here = ("/outages/1/end", "/outages/1/end")
    status, text = await send(omar, *here, send="1", text="Reply STOP", most="1")
    assert status == 400
    assert "The text asks people to reply STOP" in shown(text)
    status, text = await send(omar, *here, send="1", text="It works", most="0")
    assert (status, "Check the list" in text) == (409, True)
    assert (await send(omar, *here, send="1", text="It works", most="1"))[0] == 303
    status, text = await send(omar, *here, send="1", text="It works", most="1")
    assert status == 409
    assert re.search("texted already|being sent already", shown(text))
    assert "of 1." in shown((await omar.get("/workspace/admin/outages/1/texts")).text)
    (outage,) = await desk.desk.store.read(outages.list_)
    assert not outage.current


async def test_an_admin_writes_the_text_in_each_language_of_the_reporters(
    desk: Running, omar: Admin
) -> None:
    new = {"title": "VPN", "text": "The VPN is down.", "since": "2026-11-01T09:00", "active": "1"}
    assert (await send(omar, "/outages", "/outages/new", until="", **new))[0] == 303
    for n, text in enumerate(("the vpn is down", "das VPN geht nicht", "le VPN ne marche pas")):
        await desk.story.text(text, number=f"+1202555019{n}", to=DIRECT)
    here = "/workspace/admin/outages/1/end"
    page = (await omar.get(here)).text
    assert re.findall(r'<textarea[^>]* id="(\w+)"', page) == ["text", "text_de", "text_fr"]
    assert "VPN: läuft wieder." in page
    assert "1 in English, 1 in German, 1 in French" in shown(page)
    typed = shown((await omar.get(f"{here}?text=OK&text_de={'x' * 161}&text_fr=")).text)
    assert "2 in English, 1 in German" in typed
    assert "4 (1 each in English, 2 each in German)" in typed
    sent = {"send": "1", "most": "3", "text": "It works", "text_fr": ""}
    status, page = await send(
        omar, "/outages/1/end", "/outages/1/end", text_de="Antworten Sie STOP", **sent
    )
    assert status == 400
    assert "The text in German asks people to reply STOP" in shown(page)
    status, _ = await send(
        omar, "/outages/1/end", "/outages/1/end", text_de="Es geht wieder", **sent
    )
    assert status == 303
    (text,) = await desk.desk.store.read(outage_texts.of_outage, 1)
    assert (text.body, text.translations) == ("It works", {"de": "Es geht wieder"})
    assert "Es geht wieder" in (await omar.get("/workspace/admin/outages/1/texts")).text
