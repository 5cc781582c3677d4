"""Single sign-on against a real OpenID Connect provider, which tells the truth or lies."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    save_identity_provider,
)
from handoff_service.operations.desk.sign_in import hash_password
from handoff_service.rules.desk.identity_providers import IdentityProviderFields
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Agent
from tests.support.identity_server import Claims, IdentityServer, identity_server, new_key, query_of
from tests.web.workspace_server import Answer, Running, Visitor, running, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Scene:
    """A desk with two providers: Contoso creates accounts, Fabrikam only links them."""

    desk: Running
    contoso: IdentityServer
    fabrikam: IdentityServer
    ids: dict[str, int]

    async def change(self, name: str, server: IdentityServer, **changes: Any) -> None:
        fields = {"name": name, "issuer": server.issuer, "client_id": server.client_id} | changes
        put = PutIdentityProvider(
            id=self.ids.get(name),
            fields=IdentityProviderFields(**fields),
            client_secret=server.client_secret,
        )
        self.ids[name] = await self.desk.desk.store.write(save_identity_provider, put)

    async def begin(self, visitor: Visitor, name: str = "Contoso", next_page: str = "") -> str:
        """Where the sign-in page's button leads."""
        to = f"/sign-in/sso/{self.ids[name]}" + (f"?next={next_page}" if next_page else "")
        answer = await visitor.get(to)
        assert answer.status == 302, shown(answer.text)
        return str(answer.headers["Location"])

    async def allow(self, visitor: Visitor, url: str) -> str:
        """The person agrees at the provider. Returns the address that it leads back to."""
        async with visitor.client.get(url, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return str(answer.headers["Location"])

    async def come_back(self, visitor: Visitor, url: str) -> Answer:
        return await visitor.get(url.removeprefix(self.desk.desk.settings.public_url))

    async def sign_in(self, visitor: Visitor, name: str = "Contoso") -> Answer:
        return await self.come_back(
            visitor, await self.allow(visitor, await self.begin(visitor, name))
        )

    async def agent(self, email: str) -> Agent:
        found = await self.desk.desk.store.read(agents.list_, words=email, after=0, limit=2)
        (one,) = found
        return one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with (
        identity_server() as contoso,
        identity_server(client_id="desk at fabrikam") as fabrikam,
        running(tmp_path_factory.mktemp("sso")) as desk,
    ):
        grace = MakeAgent(
            email="grace@example.com",
            name="Grace",
            password_hash=hash_password("demo-grace"),
            capacity=0,
            roles=[Role.ADMIN],
        )
        await desk.desk.store.write(make_agent, grace)
        yield Scene(desk, contoso, fabrikam, {})


@pytest_asyncio.fixture(loop_scope="module")
async def scene(running_desk: Scene) -> Scene:
    one = running_desk
    for server in (one.contoso, one.fabrikam):
        server.lie, server.token, server.info = (lambda claims: claims), None, None
        server.person = {}
    await one.change("Contoso", one.contoso, creates_accounts=True, domains=["example.com"])
    await one.change("Fabrikam", one.fabrikam)
    return one


def person(name: str, **more: Any) -> Claims:
    email = f"{name.lower()}@example.com"
    return {
        "sub": f"id of {name}",
        "name": f"{name} Example",
        "email": email,
        "email_verified": True,
        **more,
    }


async def reason(answer: Answer) -> str:
    """Why the sign-in page admits nobody."""
    assert answer.status == 403
    found = re.search(r'role="alert">.*?</svg>(.*?)</p>', answer.text, re.DOTALL)
    assert found is not None, shown(answer.text)
    return shown(found[1])


# Accounts ----------------------------------------------------------------------------------------


async def test_a_new_person_gets_an_account_and_lands_on_the_asked_page(scene: Scene) -> None:
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


async def test_an_agent_is_linked_by_a_verified_address_and_known_by_the_subject(
    scene: Scene,
) -> None:
    scene.contoso.person = person("Mia", email="MIA@example.com")
    async with scene.desk.visitor() as mia:
        assert (await scene.sign_in(mia)).status == 303
    # the address changes at the provider, the person does not
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
        ({"sub": "x" * 256}, "did not say who you are"),
    ],
)
async def test_nobody_comes_in_without_a_verified_address_of_the_company(
    scene: Scene, claims: Claims, why: str
) -> None:
    scene.contoso.person = person("Eve") | claims
    async with scene.desk.visitor() as eve:
        assert why in await reason(await scene.sign_in(eve))
        assert (await eve.get("/workspace")).status == 303


async def test_a_provider_that_creates_no_accounts_admits_known_people_only(scene: Scene) -> None:
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


async def test_an_address_that_was_given_to_another_person_opens_no_account(scene: Scene) -> None:
    scene.contoso.person = person("Reused")
    async with scene.desk.visitor() as first:
        assert (await scene.sign_in(first)).status == 303
    scene.contoso.person |= {"sub": "id of the next Reused"}
    async with scene.desk.visitor() as second:
        assert "belongs to another person at Contoso" in await reason(await scene.sign_in(second))


async def test_a_deactivated_agent_stays_out(scene: Scene) -> None:
    scene.contoso.person = person("Gone")
    async with scene.desk.visitor() as gone:
        assert (await scene.sign_in(gone)).status == 303
        one = await scene.agent("gone@")
        leave = ChangeAgent(id=one.id, by=None, values={"active": False})
        await scene.desk.desk.store.write(change_agent, leave)
        assert (await gone.get("/workspace")).status == 303
        assert "deactivated" in await reason(await scene.sign_in(gone))


async def test_claims_decide_about_roles_and_groups_at_each_sign_in(scene: Scene) -> None:
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
    scene.contoso.person |= {"hidden": {"groups": "desk"}}  # one, as a text
    async with scene.desk.visitor() as rosa:
        assert (await scene.sign_in(rosa)).status == 303
        one = await scene.agent("rosa@")
        assert (one.roles, one.groups) == ([Role.AGENT], ["Night shift"])
        scene.contoso.person |= {"hidden": {"groups": ["other"]}}
        assert "None of your groups at Contoso has a role" in await reason(
            await scene.sign_in(rosa)
        )


async def test_user_info_about_somebody_else_does_not_count(scene: Scene) -> None:
    roles = {"roles": {"admins": [Role.ADMIN]}}
    await scene.change("Contoso", scene.contoso, creates_accounts=True, **roles)
    scene.contoso.person = person("Sly")
    scene.contoso.info = {"sub": "id of the boss", "groups": ["admins"]}
    async with scene.desk.visitor() as sly:
        assert "None of your groups" in await reason(await scene.sign_in(sly))


async def test_the_last_admin_stays_admin(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, roles={"desk": [Role.AGENT]})
    scene.contoso.person = person("Grace", groups=["desk"])
    async with scene.desk.visitor() as grace:
        assert (await scene.sign_in(grace)).status == 303
    assert Role.ADMIN in (await scene.agent("grace@")).roles


# Tokens that lie -----------------------------------------------------------------------------------

STRANGER = new_key()
LIES: dict[str, tuple[Any, Any, str]] = {
    "another issuer": (
        lambda here, claims: claims | {"iss": "https://evil.example.com"},
        None,
        "it comes from another provider",
    ),
    "the other provider's token": (
        lambda here, claims: claims | {"iss": here.fabrikam.issuer},
        lambda here, claims: here.fabrikam.signed(claims),
        "its signature is not the provider's",
    ),
    "another client's token": (
        lambda here, claims: claims | {"aud": "another app"},
        None,
        "it is meant for another application",
    ),
    "several clients, made for another": (
        lambda here, claims: claims | {"aud": ["patchboard", "other"], "azp": "other"},
        None,
        "it is meant for another application",
    ),
    "an expired token": (
        lambda here, claims: claims | {"iat": claims["iat"] - 900, "exp": claims["iat"] - 600},
        None,
        "it has expired",
    ),
    "a token of tomorrow": (
        lambda here, claims: claims | {"iat": int(time.time()) + 86_400},
        None,
        "it was made at another time",
    ),
    "a token without an end": (
        lambda here, claims: {k: v for k, v in claims.items() if k != "exp"},
        None,
        "it has expired",
    ),
    "another sign-in's token": (
        lambda here, claims: claims | {"nonce": "an earlier one"},
        None,
        "it belongs to another sign-in",
    ),
    "a token without a nonce": (
        lambda here, claims: {k: v for k, v in claims.items() if k != "nonce"},
        None,
        "it belongs to another sign-in",
    ),
    "forged with a stranger's key": (
        None,
        lambda here, claims: here.contoso.signed(claims, STRANGER),
        "its signature is not the provider's",
    ),
    "changed after signing": (
        None,
        lambda here, claims: _recut(here.contoso.signed(claims)),
        "its signature is not the provider's",
    ),
    "algorithm none": (
        None,
        lambda here, claims: here.contoso.unsigned(claims),
        "its signature is not the provider's",
    ),
    "the public key as a secret": (
        None,
        lambda here, claims: here.contoso.signed_with_public_key(claims),
        "its signature is not the provider's",
    ),
    "no token": (None, lambda here, claims: "x.y.z", "its signature is not the provider's"),
}


def _recut(token: str) -> str:
    head, body, signature = token.split(".")
    return ".".join((head, body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1], signature))


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_lies_opens_nothing(scene: Scene, lie: str) -> None:
    changes, makes, why = LIES[lie]
    scene.contoso.person = person("Eve")
    if changes is not None:
        scene.contoso.lie = lambda claims: changes(scene, claims)
    if makes is not None:
        scene.contoso.token = lambda claims: makes(scene, claims)
    async with scene.desk.visitor() as eve:
        said = await reason(await scene.sign_in(eve))
        assert said == f"The ID token of Contoso was refused: {why}. Sign in again."
        assert (await eve.get("/workspace")).status == 303
    found = await scene.desk.desk.store.read(agents.list_, words="eve@", after=0, limit=1)
    assert found == []


async def test_an_answer_counts_once(scene: Scene) -> None:
    scene.contoso.person = person("Once")
    async with scene.desk.visitor() as visitor:
        url = await scene.allow(visitor, await scene.begin(visitor))
        assert (await scene.come_back(visitor, url)).status == 303
        visitor.client.cookie_jar.clear(lambda cookie: cookie.key == "patchboard")
        assert "finished already" in await reason(await scene.come_back(visitor, url))


async def test_a_code_counts_once_even_with_a_new_state(scene: Scene) -> None:
    scene.contoso.person = person("Once")
    async with scene.desk.visitor() as visitor:
        used = await scene.allow(visitor, await scene.begin(visitor))
        assert (await scene.come_back(visitor, used)).status == 303
        fresh = await scene.allow(visitor, await scene.begin(visitor))
        mixed = fresh.replace(query_of(fresh)["code"], query_of(used)["code"])
        assert "did not accept the sign-in" in await reason(await scene.come_back(visitor, mixed))


async def test_an_answer_counts_in_the_browser_that_began(scene: Scene) -> None:
    """Otherwise somebody could sign a victim in to a foreign account."""
    scene.contoso.person = person("Mallory")
    async with scene.desk.visitor() as mallory, scene.desk.visitor() as victim:
        url = await scene.allow(mallory, await scene.begin(mallory))
        assert "Sign in again" in await reason(await scene.come_back(victim, url))
        await scene.begin(victim)  # the victim has a cookie of its own now
        url = await scene.allow(mallory, await scene.begin(mallory))
        assert "Sign in again" in await reason(await scene.come_back(victim, url))
        assert (await victim.get("/workspace")).status == 303


async def test_the_answer_of_another_provider_is_refused(scene: Scene) -> None:
    """A mix-up: the browser brings Fabrikam's code where Contoso was asked."""
    scene.contoso.person = scene.fabrikam.person = person("Mixed")
    async with scene.desk.visitor() as visitor:
        asked = await scene.begin(visitor)
        other = query_of(await scene.allow(visitor, await scene.begin(visitor, "Fabrikam")))
        mixed = f"/sign-in/sso/callback?state={query_of(asked)['state']}&code={other['code']}"
        said = await reason(await visitor.get(f"{mixed}&iss={other['iss']}"))
        assert "another provider than the one that was asked" in said
        asked = await scene.begin(visitor)
        mixed = f"/sign-in/sso/callback?state={query_of(asked)['state']}&code={other['code']}"
        assert "another provider" in await reason(await visitor.get(mixed))  # it names nobody


async def test_a_person_who_says_no_is_told_so(scene: Scene) -> None:
    async with scene.desk.visitor() as visitor:
        state = query_of(await scene.begin(visitor))["state"]
        query = f"?state={state}&error=access_denied&iss={scene.contoso.issuer}"
        said = await reason(await visitor.get(f"/sign-in/sso/callback{query}"))
        assert said == "You were not signed in at Contoso. Try again."


async def test_a_new_key_of_the_provider_is_read_and_not_too_often(scene: Scene) -> None:
    scene.contoso.person = person("Keys")
    provider: Any = scene.desk.desk.identity_providers
    async with scene.desk.visitor() as visitor:
        assert (await scene.sign_in(visitor)).status == 303
        scene.contoso.replace_key()
        known = await provider._configurations.of(scene.contoso.issuer)
        known.keys_read_at = known.keys_read_at.replace(year=2020)  # long ago
        before = scene.contoso.reads["keys"]
        assert (await scene.sign_in(visitor)).status == 303
        assert scene.contoso.reads["keys"] == before + 1
        scene.contoso.token = lambda claims: scene.contoso.signed(claims, STRANGER)
        assert "refused" in await reason(await scene.sign_in(visitor))
        assert scene.contoso.reads["keys"] == before + 1, "a forger cannot make us read all day"


async def test_a_provider_that_is_away_is_said(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, issuer="http://127.0.0.1:9")
    async with scene.desk.visitor() as visitor:
        answer = await visitor.get(f"/sign-in/sso/{scene.ids['Contoso']}")
        assert (answer.status, "Contoso cannot be reached." in shown(answer.text)) == (502, True)


async def test_a_configuration_of_another_issuer_is_refused(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, issuer=f"{scene.contoso.issuer}/")
    async with scene.desk.visitor() as visitor:
        assert (await visitor.get(f"/sign-in/sso/{scene.ids['Contoso']}")).status == 502


# Secrets and signing out ---------------------------------------------------------------------------


async def test_secrets_are_sealed_in_the_database(scene: Scene) -> None:
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


async def test_signing_out_leads_to_the_providers_own_sign_out(scene: Scene) -> None:
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


# Without passwords ---------------------------------------------------------------------------------


async def test_passwords_can_be_off_for_a_role_and_one_admin_keeps_the_key(scene: Scene) -> None:
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
            assert "Your role signs in with single sign-on." in await reason(answer)
            login = {"email": "off@example.com", "password": "a good password"}
            async with visitor.client.post(f"{visitor.address}/api/v1/login", json=login) as api:
                assert api.status == 403
            # a wrong password says nothing about the account
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
