"""The audit log on its page, as a CSV file, over the API and on the command line."""

import asyncio
import csv
import io
import re
from pathlib import Path

import aiohttp
import pytest

from handoff_service import cli
from handoff_service.operations.desk.service_tokens import MakeToken, make_token, new_secret
from handoff_service.rules.desk.service_tokens import Scope
from tests.web.admin_browser import Admin
from tests.web.test_api import Client
from tests.web.workspace_server import Running, shown

HERE = "/workspace/admin/audit"


async def test_the_page_shows_who_did_what_and_filters_it(desk: Running, grace: Admin) -> None:
    await grace.send("/labels/new", name="VPN", color="gray")
    await grace.get("/workspace/admin/users/1")
    page = shown((await grace.get(HERE)).text)
    assert "Grace Okafor 127.0.0.1 Viewed User Ann" in page
    assert "Created Label VPN" in page
    assert "Grace Okafor 127.0.0.1 Signed in" in page
    assert "must be a day, such as" in (await grace.get(f"{HERE}?since=soon")).text.lower()
    viewed = shown((await grace.get(f"{HERE}?action=viewed&agent=grace")).text)
    assert ("Viewed User Ann" in viewed, "Label VPN" in viewed) == (True, False)
    assert "No entry matches" in shown((await grace.get(f"{HERE}?until=2020-01-01")).text)
    wrong = await grace.get(f"{HERE}?since=soon")
    assert (wrong.status, 'id="since-wrong"' in wrong.text) == (400, True)


async def test_details_use_the_labels_of_the_pages(desk: Running, grace: Admin) -> None:
    command = MakeToken(
        name="Wallboard", scopes=[Scope.READ], days=1, rate=100, secret=new_secret()
    )
    await desk.desk.store.write(make_token, command)
    await grace.send("/macros/new", name="Quiet", state="closed_abandoned", then="next")
    page = shown((await grace.get(f"{HERE}?action=created")).text)
    assert "State Closed abandoned Afterwards Go to the next conversation" in page
    assert re.search(r"Requests per minute 100 Expires at \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d", page)


async def test_a_field_has_the_label_of_its_kind_of_record(desk: Running, grace: Admin) -> None:
    await grace.send("/groups/new", name="Night", capacity="3")
    await grace.send("/outages/new", title="VPN", text="The VPN is down.", active="on")
    given = {"key": "asset", "name": "Asset", "owner": "conversation", "type": "text"}
    await grace.send("/attributes/new", **given, shown="panel")
    page = shown((await grace.get(f"{HERE}?action=created")).text)
    assert "Maximum conversations per agent 3" in page
    assert "What requesters read The VPN is down." in page
    assert "Announce to requesters on" in page
    assert "Belongs to Conversations" in page


async def test_a_wrong_password_is_logged(desk: Running, grace: Admin) -> None:
    async with desk.visitor() as stranger:
        await stranger.sign_in("mia@example.com", "not hers")
        await stranger.sign_in("nobody@example.com", "nothing")
    page = shown((await grace.get(f"{HERE}?action=sign_in_failed")).text)
    assert "Unknown 127.0.0.1 Sign in failed Agent mia@example.com" in page
    assert "nobody@example.com" not in page


async def test_the_csv_has_every_entry_and_its_download_is_logged(
    desk: Running, grace: Admin
) -> None:
    await grace.send("/labels/new", name="=HYPERLINK(1)", color="gray")
    answer = await grace.get(f"{HERE}/csv?action=created&subject=label")
    assert "audit-log.csv" in answer.headers["Content-Disposition"]
    heads, *rows = csv.reader(io.StringIO(answer.text))
    assert heads[:4] == ["place", "at", "agent_id", "agent"]
    assert [row[heads.index("name")] for row in rows] == ["'=HYPERLINK(1)"]
    page = shown((await grace.get(f"{HERE}?action=exported")).text)
    assert "Exported Audit log audit-log.csv" in page


async def test_a_program_reads_the_audit_log_with_a_scope_for_it(
    desk: Running, grace: Admin
) -> None:
    command = MakeToken(name="SIEM", scopes=[Scope.AUDIT], days=1, rate=100, secret=new_secret())
    token = (await desk.desk.store.write(make_token, command)).secret
    async with aiohttp.ClientSession() as session:
        client = Client(session, desk.address, token)
        found = await client.call("GET", "/audit?action=created&subject=service_token&limit=1")
        (one,) = found["items"]
        assert (one["name"], one["details"]["scopes"]) == ("SIEM", [None, ["audit"]])
        assert token not in str(found)
        wrong = await client.call("GET", "/audit?action=guessed", status=400)
        assert "action" in wrong["errors"]


async def test_new_entries_are_soon_chained_and_a_command_verifies_the_chain(
    desk: Running,
    grace: Admin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with aiohttp.ClientSession() as session:
        signed = await Client(session, desk.address).call(
            "POST", "/login", {"email": "grace@example.com", "password": "demo-grace"}
        )
        client = Client(session, desk.address, signed["token"])
        await client.until("/audit?limit=1", lambda found: found["items"][0]["place"])
    monkeypatch.setenv("PATCHBOARD_HOME", str(tmp_path))
    assert await asyncio.to_thread(cli.main, ["audit", "verify"]) == 0
    printed = capsys.readouterr().out
    assert "The audit log is complete and unchanged" in printed
    head = printed.split("Head: ")[1].split("\n")[0]
    assert await asyncio.to_thread(cli.main, ["audit", "verify", "--head", head]) == 0
    other = f"{head.partition(':')[0]}:{'0' * 64}"
    assert await asyncio.to_thread(cli.main, ["audit", "verify", "--head", other]) == 1
    assert "does not contain the head" in capsys.readouterr().err
