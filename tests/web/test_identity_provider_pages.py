"""Admins set up identity providers and choose how agents sign in, on pages and over the API."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from handoff_service.operations.desk.agents import ChangeAgent, change_agent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import identity_providers
from tests.web.admin_browser import Admin
from tests.web.sso_scene import Scene, person, sso_scene
from tests.web.test_api import Client
from tests.web.workspace_server import shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/workspace/admin/sign-in"
PAGES = "/identity-providers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with sso_scene(tmp_path_factory.mktemp("providers")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def grace(scene: Scene) -> AsyncIterator[Admin]:
    await scene.reset()
    async with scene.desk.visitor() as one:
        assert (await one.sign_in("grace@example.com", "demo-grace")).status == 303
        yield Admin(one.address, one.client)


def provider_fields(scene: Scene, **more: str) -> dict[str, str]:
    given = {"issuer": scene.contoso.issuer, "client_id": "patchboard", "active": "1"}
    given |= {"scopes": "email", "groups_claim": "groups"}
    return given | {"client_secret": scene.contoso.client_secret} | more


async def test_an_admin_sets_up_a_provider_and_agents_sign_in_with_it(
    scene: Scene, grace: Admin
) -> None:
    form = await grace.get(f"/workspace/admin{PAGES}/new")
    assert "/sign-in/sso/callback" in form.text
    given = provider_fields(
        scene,
        name="By page",
        creates_accounts="1",
        roles="leads = Agent, supervisor\ndesk = agent",
        groups="net = Network",
        domains="Example.com, example.org",
    )
    made = await grace.send(f"{PAGES}/new", **given)
    assert made.status == 303, shown(made.text)
    page = made.headers["Location"].partition("?")[0]
    assert page.startswith(f"/workspace/admin{PAGES}/")
    scene.ids["By page"] = number = int(page.rpartition("/")[2])
    one = await scene.desk.desk.store.read(identity_providers.get, number)
    assert one.roles == {"leads": [Role.AGENT, Role.SUPERVISOR], "desk": [Role.AGENT]}
    assert (one.groups, one.domains) == ({"net": ["Network"]}, ["example.com", "example.org"])
    assert "Leave empty to keep the current secret." in shown((await grace.get(page)).text)
    scene.contoso.person = person("Paula", groups=["leads", "net"])
    async with scene.desk.visitor() as paula:
        assert (await scene.sign_in(paula, "By page")).status == 303
    assert "By page" in shown((await grace.get(LIST)).text)
    agent = await scene.agent("paula@")
    about = shown((await grace.get(f"/workspace/admin/agents/{agent.id}")).text)
    assert "Linked to By page." in about
    unlinked = await grace.send(f"/agents/{agent.id}/unlink")
    assert unlinked.headers["Location"].endswith("?done=unlinked")
    gone = await grace.send(f"{PAGES}/{number}/delete")
    assert gone.headers["Location"].startswith(LIST)
    assert "By page" in (await grace.get("/workspace/admin/deleted/identity-providers")).text


async def test_an_admin_tests_the_connection_to_a_provider(scene: Scene, grace: Admin) -> None:
    number = scene.ids["Contoso"]
    good = await grace.send(f"{PAGES}/{number}/check")
    assert good.headers["Location"].endswith("?done=reached")
    await scene.change("Contoso", scene.contoso, issuer=f"{scene.contoso.issuer}/else")
    bad = await grace.send(f"{PAGES}/{number}/check")
    assert (bad.status, "cannot be read. It answered 404." in shown(bad.text)) == (400, True)


async def test_a_private_or_unencrypted_address_is_not_called(scene: Scene, grace: Admin) -> None:
    await scene.change("Contoso", scene.contoso, issuer="https://169.254.169.254")
    bad = await grace.send(f"{PAGES}/{scene.ids['Contoso']}/check")
    assert (bad.status, "private or reserved network" in shown(bad.text)) == (400, True)
    await scene.change("Contoso", scene.contoso, issuer="http://login.example.com")
    bad = await grace.send(f"{PAGES}/{scene.ids['Contoso']}/check")
    assert (bad.status, "It is not https." in shown(bad.text)) == (400, True)


async def test_passwords_can_be_off_for_admins_only_if_one_admin_can_still_sign_in(
    scene: Scene, grace: Admin
) -> None:
    off = await grace.send("/sign-in", password_off_roles="admin")
    assert (off.status, "No admin could sign in when" in shown(off.text)) == (409, True)
    one = await scene.agent("grace@")
    keep = ChangeAgent(id=one.id, by=None, values={"always_password": True})
    await scene.desk.desk.store.write(change_agent, keep)
    both = {"password_off_roles": "admin", "second_factor_roles": "trainer"}
    assert (await grace.send("/sign-in", **both)).status == 303
    page = (await grace.get(LIST)).text
    for name, role in both.items():
        assert re.search(rf'name="{name}"\s+value="{role}" checked', page), name
    about = (await grace.get(f"/workspace/admin/agents/{one.id}")).text
    assert "May always use the password" in about
    async with scene.desk.visitor() as again:
        assert (await again.sign_in("grace@example.com", "demo-grace")).status == 303
    assert (await grace.send("/sign-in")).status == 303


async def test_an_admin_sets_up_a_provider_over_the_api(scene: Scene, grace: Admin) -> None:
    login = {"email": "grace@example.com", "password": "demo-grace"}
    api = Client(grace.client, scene.desk.address)
    token = (await api.call("POST", "/login", login))["token"]
    api = Client(grace.client, scene.desk.address, token)
    given: dict[str, Any] = {
        "name": "By API",
        "issuer": scene.contoso.issuer,
        "client_id": "patchboard",
        "client_secret": "s3cret",
        "roles": {"desk": ["agent"]},
    }
    made = await api.call("POST", PAGES, given, status=201)
    assert (made["has_secret"], "client_secret" in made) == (True, False)
    path = f"{PAGES}/{made['id']}"
    changed = await api.call("PATCH", path, {"domains": ["example.com"], "client_secret": ""})
    assert (changed["has_secret"], changed["roles"]) == (False, {"desk": ["agent"]})
    wrong = await api.call("PATCH", path, {"domains": ["Example"]}, status=400)
    assert list(wrong["errors"]) == ["domains"]
    assert await _empty(api, "POST", f"{path}/check")
    await api.call("PATCH", path, {"issuer": "http://127.0.0.1:9"})
    assert list((await api.call("POST", f"{path}/check", status=400))["errors"]) == ["issuer"]
    names = [one["name"] for one in (await api.call("GET", PAGES))["items"]]
    assert names == ["By API", "Contoso", "Fabrikam"]
    assert await _empty(api, "DELETE", path)
    await api.call("GET", path, status=404)


async def _empty(api: Client, method: str, path: str) -> bool:
    headers = {"Authorization": f"Bearer {api.token}"}
    url = f"{api.url}/api/v1{path}"
    async with api.session.request(method, url, headers=headers) as answer:
        return answer.status == 204
