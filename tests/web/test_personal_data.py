"""Personal data on pages and over the API: the list, the archive, erasures with their receipts, and
retention limits.
"""

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.rules.shared.vocabulary import Role, Work
from tests.support.story import ANN, BOB, DIRECT, MIA
from tests.web.workspace_server import Running, Visitor, running, visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNDER = "/workspace/admin"
SCRIPT = "<script>alert(1)</script>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("personal")) as service:
        grace = MakeAgent(
            email="grace@example.com",
            name="Grace Okafor",
            password_hash=hash_password("demo-grace"),
            capacity=1,
            roles=[Role.ADMIN],
        )
        await service.desk.store.write(make_agent, grace)
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grace(here: Running) -> AsyncIterator[Visitor]:
    async with visitor(here.address) as browser:
        assert (await browser.sign_in("grace@example.com", "demo-grace")).status == 303
        yield browser


async def api(here: Running, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client:
        who = {"email": "grace@example.com", "password": "demo-grace"}
        async with client.post(f"{here.address}/api/v1/login", json=who) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with client.request(
            method, f"{here.address}/api/v1{path}", json=body, headers=headers
        ) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await (answer.json() if is_json else answer.read())


async def add_history(here: Running, number: str) -> int:
    interaction_id = await here.story.with_agent(number=number)
    await here.story.text(f"my zeppelin {SCRIPT}", number=number, to=DIRECT)
    case = OpenByHand(agent_id=MIA, description="The zeppelin", interaction_id=interaction_id)
    await here.desk.store.write(open_by_hand, case)
    return interaction_id


async def wait_for_receipt(here: Running, erasure_id: int) -> Any:
    """Wait until the service's worker has finished the erasure. Return its receipt."""
    (worker,) = [one for one in here.desk.workers if one.name == f"worker_{Work.ERASE}"]
    for _ in range(100):
        status, receipt = await api(here, "GET", f"/erasures/{erasure_id}")
        assert status == 200
        if receipt["state"] == "done":
            return receipt
        await worker.step()
    raise AssertionError(receipt)


async def test_the_archive_is_readable_and_contains_no_scripts(here: Running) -> None:
    await add_history(here, ANN)
    status, content = await api(here, "POST", "/hand-outs", {"number": ANN})
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        page, data = archive.read("index.html").decode(), json.loads(archive.read("data.json"))
    assert SCRIPT not in page
    assert "my zeppelin &lt;script&gt;" in page
    said = [line["text"] for line in data["conversations"][0]["lines"]]
    assert f"my zeppelin {SCRIPT}" in said
    assert data["cases"][0]["description"] == "The zeppelin"


async def test_an_admin_lists_exports_and_erases_personal_data(
    here: Running, grace: Visitor
) -> None:
    await add_history(here, BOB)
    listed = await grace.act(f"{UNDER}/personal-data/list", person=BOB)
    assert listed.status == 200
    assert "Open conversations, which are closed first without a text" in listed.text
    unsure = await grace.act(f"{UNDER}/personal-data/erase", person=BOB)
    assert (unsure.status, "Switch this on to confirm." in unsure.text) == (400, True)
    async with grace.client.post(
        f"{here.address}{UNDER}/personal-data/hand-out",
        data={"person": BOB, "csrf": await grace.csrf()},
        headers={"X-CSRF-Token": await grace.csrf()},
    ) as answer:
        assert answer.content_type == "application/zip"
        assert zipfile.ZipFile(io.BytesIO(await answer.read())).testzip() is None
    done = await grace.act(f"{UNDER}/personal-data/erase", person=BOB, sure="1")
    assert done.status in (200, 204, 303)
    _, erasures = await api(here, "GET", "/erasures")
    receipt = await wait_for_receipt(here, erasures["items"][0]["id"])
    assert receipt["removed"]["cases"] == 1
    page = await grace.get(f"{UNDER}/personal-data/{receipt['id']}")
    assert "Backups that were made before" in page.text
    assert BOB not in page.text
    gone = await grace.act(f"{UNDER}/personal-data/list", person=BOB)
    assert "nothing to erase" in gone.text


async def test_an_erasure_over_the_api_requires_a_known_person(here: Running) -> None:
    for body in ({}, {"number": ANN, "user_id": 1}):
        status, problem = await api(here, "POST", "/erasures", body)
        assert (status, list(problem["errors"])) == (400, ["number"])
    for call in ("/erasures", "/erasures/preview", "/hand-outs"):
        status, problem = await api(here, "POST", call, {"number": "banana"})
        assert status == 400, call
        assert problem["errors"]["number"].startswith("must be a phone number, ")
    assert (await api(here, "POST", "/erasures/preview", {"number": "40404"}))[0] == 404
    assert (await api(here, "POST", "/erasures/preview", {"user_id": 999_999}))[0] == 404
    status, found = await api(here, "POST", "/erasures/preview", {"user_id": 1})
    assert (status, found["name"]) == (200, "Ann Lee")


async def test_the_audit_log_has_no_export_of_a_person_without_data(here: Running) -> None:
    async def exports() -> list[int]:
        _, log = await api(here, "GET", "/audit")
        return [one["id"] for one in log["items"] if one["action"] == "exported"]

    before = await exports()
    status, _ = await api(here, "POST", "/hand-outs", {"number": "+12025550177"})
    assert (status, await exports()) == (404, before)


async def test_an_unknown_person_shows_an_error_at_the_field(grace: Visitor) -> None:
    answer = await grace.act(f"{UNDER}/personal-data/list", person="what")
    assert answer.status == 400
    assert re.search("Is no employee number or e-mail address of a user, and", answer.text)


async def test_retention_is_off_until_an_admin_sets_a_limit(here: Running, grace: Visitor) -> None:
    page = await grace.get(f"{UNDER}/retention")
    assert "forever" in page.text
    assert "Run now" not in page.text
    status, _ = await api(here, "PATCH", "/desk", {"keep_texts_days": 30})
    assert status == 200
    assert "30 days" in (await grace.get(f"{UNDER}/retention")).text
    status, found = await api(here, "GET", "/retention?count=true")
    texts = next(one for one in found["kinds"] if one["kind"] == "texts")
    assert (status, texts["days"], texts["would_remove"]) == (200, 30, 0)
    assert (await api(here, "POST", "/retention/stop"))[0] == 409
    assert (await api(here, "POST", "/retention/run"))[0] == 204


async def test_an_admin_merges_two_users_and_undoes_the_merge(
    here: Running, grace: Visitor
) -> None:
    made = []
    for number, name in (("+12025550661", "Uma Vale"), ("+12025550662", f"Uma {SCRIPT}")):
        person = {"external_id": number[-4:], "name": name, "numbers": [number]}
        status, user = await api(here, "POST", "/users", person)
        assert status == 201
        made.append(user["id"])
    stays, goes = made
    chosen = await grace.get(f"{UNDER}/users/{stays}/merge?q=uma")
    assert f"/users/{stays}/merge?other={goes}" in chosen.text
    preview = await grace.get(f"{UNDER}/users/{stays}/merge?other={goes}")
    assert "Phone numbers" in preview.text
    assert SCRIPT not in preview.text
    fields = {"other": str(goes), "take-name": "goes", "take-external_id": "stays"}
    assert (await grace.act(f"{UNDER}/users/{stays}/merge", **fields)).status == 204
    moved = await grace.get(f"{UNDER}/users/{goes}")
    assert (moved.status, moved.headers["location"]) == (302, f"{UNDER}/users/{stays}?done=moved")
    assert "Undo the merge" in (await grace.get(f"{UNDER}/users/{stays}")).text
    status, survivor = await api(here, "GET", f"/users/{goes}")
    assert (survivor["id"], survivor["name"]) == (stays, f"Uma {SCRIPT}")
    assert survivor["numbers"] == ["+12025550661", "+12025550662"]
    status, listed = await api(here, "GET", "/users?q=uma")
    assert [one["id"] for one in listed["items"]] == [stays]
    status, refused = await api(here, "POST", f"/users/{stays}/merge", {"user_id": goes})
    assert (status, refused["detail"].endswith("Use that user instead.")) == (409, True)
    again = await grace.act(f"{UNDER}/users/{stays}/merge", other=str(goes))
    assert (again.status, "was merged into" in again.text) == (409, True)
    assert (await grace.act(f"{UNDER}/users/{goes}/merge/undo")).status == 204
    status, back = await api(here, "GET", f"/users/{goes}")
    assert (back["id"], back["numbers"]) == (goes, ["+12025550662"])
    status, _ = await api(here, "POST", f"/users/{stays}/merge/undo")
    assert status == 409
