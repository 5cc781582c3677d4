"""Single sign-on with an honest, real OpenID Connect provider."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa

from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t
from tests.support.identity_server import Claims, query_of
from tests.web.sso_scene import Scene, person, reason, sso_scene
from tests.web.workspace_server import shown

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with sso_scene(tmp_path_factory.mktemp("sso")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(running_scene: Scene) -> Scene:
    await running_scene.reset()
    return running_scene


async def test_a_new_person_gets_an_account_and_lands_on_the_requested_page(scene: Scene) -> None:
    scene.contoso.person = person("Nina")
    async with scene.desk.visitor() as nina:
        assert "Sign in with Contoso" in shown((await nina.get("/sign-in")).text)
        url = await scene.begin(nina, next_page="/workspace/search")
        answer = await scene.come_back(nina, await scene.allow(nina, url))
        assert (answer.status, answer.headers["Location"]) == (303, "/workspace/search")
        assert (await nina.get("/workspace/search")).status == 200
        assert "you have no password here" not in (await nina.get("/workspace/account")).text
    made = await scene.agent("nina@")
    assert (made.name, made.roles, made.capacity) == ("Nina Example", [Role.AGENT], 4)


async def test_a_verified_address_links_an_agent_and_the_subject_identifies_them(
    scene: Scene,
) -> None:
    scene.contoso.person = person("Mia", email="MIA@example.com")
    async with scene.desk.visitor() as mia:
        assert (await scene.sign_in(mia)).status == 303
    # The address changes at the provider, but the subject stays the same.
    scene.contoso.person |= {"email": "mia.chen@example.com"}
    async with scene.desk.visitor() as mia:
        assert (await scene.sign_in(mia)).status == 303
        assert "mia@example.com" in (await mia.get("/workspace/account")).text


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"email_verified": False}, "Only people with a verified address at example.com"),
        ({"email": "eve@example.org"}, "Only people with a verified address at example.com"),
        ({"email": "eve@evil.example.com"}, "Only people with a verified address at example.com"),
        ({"email": ["eve@example.com"]}, "Only people with a verified address at example.com"),
        ({"sub": None}, "refused"),
        ({"sub": 7}, "refused"),
        ({"sub": "x" * 256}, "sent no usable ID for you"),
    ],
)
async def test_sign_in_requires_a_verified_company_address_and_a_usable_id(
    scene: Scene, claims: Claims, why: str
) -> None:
    scene.contoso.person = person("Eve") | claims
    async with scene.desk.visitor() as eve:
        assert why in await reason(await scene.sign_in(eve))
        assert (await eve.get("/workspace")).status == 303


async def test_a_provider_that_creates_no_accounts_admits_only_known_people(scene: Scene) -> None:
    scene.fabrikam.person = person("Stranger")
    async with scene.desk.visitor() as visitor:
        said = await reason(await scene.sign_in(visitor, "Fabrikam"))
        assert (
            said == "Nobody here has the address stranger@example.com. Ask an admin for an account."
        )
        scene.fabrikam.person = person("Tom", email_verified=False)
        assert "has not verified your e-mail address" in await reason(
            await scene.sign_in(visitor, "Fabrikam")
        )


async def test_a_reassigned_address_does_not_open_the_former_owners_account(scene: Scene) -> None:
    scene.contoso.person = person("Reused")
    async with scene.desk.visitor() as first:
        assert (await scene.sign_in(first)).status == 303
    scene.contoso.person |= {"sub": "id of the next Reused"}
    async with scene.desk.visitor() as second:
        assert "is linked to another person at Contoso" in await reason(await scene.sign_in(second))


async def test_a_deactivated_agent_cannot_sign_in(scene: Scene) -> None:
    scene.contoso.person = person("Gone")
    async with scene.desk.visitor() as gone:
        assert (await scene.sign_in(gone)).status == 303
        one = await scene.agent("gone@")
        leave = ChangeAgent(id=one.id, by=None, values={"active": False})
        await scene.desk.desk.store.write(change_agent, leave)
        assert (await gone.get("/workspace")).status == 303
        assert "deactivated" in await reason(await scene.sign_in(gone))


async def test_claims_set_roles_and_groups_at_each_sign_in(scene: Scene) -> None:
    roles = {"desk": [Role.AGENT], "leads": [Role.SUPERVISOR]}
    mapped = {"roles": roles, "groups": {"net": ["Network"], "mail": ["Mail", "Network"]}}
    await scene.change("Contoso", scene.contoso, creates_accounts=True, **mapped)
    # the groups are in the user info, not in the token
    scene.contoso.person = person("Rosa", hidden={"groups": ["desk", "leads", "net", "other"]})
    async with scene.desk.visitor() as rosa:
        assert (await scene.sign_in(rosa)).status == 303
    one = await scene.agent("rosa@")
    assert ({*one.roles}, one.groups) == ({Role.AGENT, Role.SUPERVISOR}, ["Network"])
    by_hand = ChangeAgent(id=one.id, by=None, values={"groups": ["Network", "Night shift"]})
    await scene.desk.desk.store.write(change_agent, by_hand)
    scene.contoso.person |= {"hidden": {"groups": "desk"}}  # a single group, as a string
    async with scene.desk.visitor() as rosa:
        assert (await scene.sign_in(rosa)).status == 303
        one = await scene.agent("rosa@")
        assert (one.roles, one.groups) == ([Role.AGENT], ["Night shift"])
        scene.contoso.person |= {"hidden": {"groups": ["other"]}}
        assert "None of your groups at Contoso has a role" in await reason(
            await scene.sign_in(rosa)
        )


async def test_user_info_about_another_subject_is_ignored(scene: Scene) -> None:
    roles = {"roles": {"admins": [Role.ADMIN]}}
    await scene.change("Contoso", scene.contoso, creates_accounts=True, **roles)
    scene.contoso.person = person("Sly")
    scene.contoso.info = {"sub": "id of the boss", "groups": ["admins"]}
    async with scene.desk.visitor() as sly:
        assert "None of your groups" in await reason(await scene.sign_in(sly))


async def test_claims_cannot_remove_the_last_admin(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, roles={"desk": [Role.AGENT]})
    scene.contoso.person = person("Grace", groups=["desk"])
    async with scene.desk.visitor() as grace:
        assert (await scene.sign_in(grace)).status == 303
    assert Role.ADMIN in (await scene.agent("grace@")).roles


async def test_secrets_are_encrypted_in_the_database(scene: Scene) -> None:
    scene.contoso.person = person("Sealed")
    async with scene.desk.visitor() as visitor:
        assert (await scene.sign_in(visitor)).status == 303
    columns = (t.identity_providers.c.client_secret, t.sessions.c.id_token)
    for column in columns:
        query = sa.select(column).where(column.is_not(None))
        stored = await scene.desk.desk.store.read(
            lambda conn, q=query: conn.execute(q).scalars().all()
        )
        assert stored
        assert all(one.startswith("sealed:") for one in stored)


async def test_signing_out_redirects_to_the_providers_sign_out(scene: Scene) -> None:
    scene.contoso.person = person("Leaver")
    async with scene.desk.visitor() as leaver:
        assert (await scene.sign_in(leaver)).status == 303
        answer = await leaver.post("/sign-out", csrf=await leaver.csrf())
        assert "You are signed out of Patchboard" in answer.text
        found = re.search(r'content="0;url=([^"]+)"', answer.text)
        assert found is not None
        url = found[1].replace("&amp;", "&")
        asked = query_of(url)
        assert url.startswith(f"{scene.contoso.issuer}/logout?")
        assert asked["post_logout_redirect_uri"].endswith("/sign-in")
        assert asked["id_token_hint"].count(".") == 2
        assert (await leaver.get("/workspace")).status == 303


async def test_a_role_with_passwords_off_can_sign_in_only_with_single_sign_on(scene: Scene) -> None:
    store = scene.desk.desk.store
    who = MakeAgent(
        email="off@example.com",
        name="Off",
        password_hash=hash_password("a good password"),
        capacity=0,
        roles=[Role.TRAINER],
    )
    off = await store.write(make_agent, who)
    await store.write(change_desk, {"password_off_roles": [Role.TRAINER]})
    try:
        async with scene.desk.visitor() as visitor:
            answer = await visitor.sign_in("off@example.com", "a good password")
            assert "Your role can sign in only with single sign-on." in await reason(answer)
            login = {"email": "off@example.com", "password": "a good password"}
            async with visitor.client.post(f"{visitor.address}/api/v1/login", json=login) as api:
                assert api.status == 403
            # A wrong password's error does not reveal how the account signs in.
            assert (await visitor.sign_in("off@example.com", "wrong one")).status == 401
            scene.contoso.person = person("Off")
            assert (await scene.sign_in(visitor)).status == 303
            account = shown((await visitor.get("/workspace/account")).text)
            assert "You sign in with Contoso, so you have no password here." in account
        await store.write(
            change_agent, ChangeAgent(id=off, by=None, values={"roles": [Role.AGENT]})
        )
        async with scene.desk.visitor() as visitor:
            assert (await visitor.sign_in("off@example.com", "a good password")).status == 303
    finally:
        await store.write(change_desk, {"password_off_roles": []})


async def test_the_providers_second_factor_suffices_unless_the_desk_requires_its_own(
    scene: Scene,
) -> None:
    store = scene.desk.desk.store
    await store.write(change_desk, {"second_factor_roles": [Role.AGENT]})
    try:
        scene.contoso.person = person("Twice")
        async with scene.desk.visitor() as visitor:
            assert (await scene.sign_in(visitor)).headers["Location"] == "/workspace"
            own = {"creates_accounts": True, "domains": ["example.com"], "asks_second_factor": True}
            await scene.change("Contoso", scene.contoso, **own)
            assert (await scene.sign_in(visitor)).headers["Location"] == "/sign-in/set-up"
    finally:
        await store.write(change_desk, {"second_factor_roles": []})
