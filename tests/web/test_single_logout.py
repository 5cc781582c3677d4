"""A real OpenID Connect provider asks for the password again when the service requests it, and ends
sessions of the service.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from handoff_service.operations.desk.audit_chain import check_chain
from handoff_service.store.engine import tables as t
from tests.support.identity_server import Claims, new_key, query_of
from tests.web.sso_scene import Scene, person, reason, sso_scene
from tests.web.workspace_server import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
TWO_FACTOR = "/workspace/account/two-factor"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with sso_scene(tmp_path_factory.mktemp("logout")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(running_scene: Scene) -> Scene:
    await running_scene.reset()
    return running_scene


async def is_fresh(visitor: Visitor) -> bool:
    return "sign in again" not in (await visitor.get(TWO_FACTOR)).text


async def test_changing_second_factors_requires_a_fresh_sign_in_at_the_provider(
    scene: Scene,
) -> None:
    """A provider can sign a person in without asking, so a new session alone does not prove a fresh
    sign-in.
    """
    scene.contoso.person = person("Sensitive")
    async with scene.desk.visitor() as agent:
        assert (await scene.sign_in(agent)).status == 303
        assert not await is_fresh(agent), "the provider does not send the time of sign-in"
        scene.contoso.signed_in_at = int(time.time()) - 3600
        assert (await scene.sign_in(agent)).status == 303
        assert not await is_fresh(agent), "the sign-in was an hour ago"
        answer = await agent.post(f"{TWO_FACTOR}/sign-in-again", csrf=await agent.csrf())
        to = str(answer.headers["Location"])
        assert (await agent.get("/workspace")).status == 303, "signed out"
        assert "again=1" in (await agent.get(to)).text.split("/sign-in/sso/")[1].split('"')[0]
        url = await scene.begin(agent, again=True, next_page=TWO_FACTOR)
        assert (query_of(url)["prompt"], query_of(url)["max_age"]) == ("login", "0")
        assert "auth_time" in query_of(url)["claims"]
        answer = await scene.come_back(agent, await scene.allow(agent, url))
        assert answer.headers["Location"] == TWO_FACTOR
        assert await is_fresh(agent)


async def test_a_person_who_removes_the_request_for_a_fresh_sign_in_is_refused(
    scene: Scene,
) -> None:
    scene.contoso.person = person("Sly")
    scene.contoso.signed_in_at, scene.contoso.asks_again = int(time.time()) - 3600, False
    async with scene.desk.visitor() as agent:
        url = await scene.begin(agent, again=True)
        answer = await scene.come_back(agent, await scene.allow(agent, url))
        assert await reason(answer) == "Contoso did not ask you to sign in again. Try again."


async def test_the_provider_asks_for_the_password_again_after_a_sign_out(scene: Scene) -> None:
    scene.contoso.person = person("Guest")
    async with scene.desk.visitor() as agent:
        assert "prompt" not in query_of(await scene.begin(agent))
        assert (await scene.sign_in(agent)).status == 303
        page = await agent.post("/sign-out", csrf=await agent.csrf())
        assert 'href="/sign-in?again=1"' in page.text


async def send_logout_token(scene: Scene, token: str) -> tuple[int, str]:
    async with scene.desk.visitor() as provider:
        answer = await provider.client.post(
            f"{scene.desk.address}/sign-in/sso/logout", data={"logout_token": token}
        )
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.text()


def token(scene: Scene, **changes: Any) -> str:
    return scene.contoso.signed(scene.contoso.logout_claims(**changes))


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/workspace/account")).status == 200


async def test_the_provider_ends_one_or_all_sessions_of_a_person(scene: Scene) -> None:
    contoso, subject = scene.contoso, "id of Mobile"
    contoso.person = person("Mobile")
    async with scene.desk.visitor() as phone, scene.desk.visitor() as laptop:
        contoso.sid = "phone"
        assert (await scene.sign_in(phone)).status == 303
        contoso.sid = "laptop"
        assert (await scene.sign_in(laptop)).status == 303
        assert (await send_logout_token(scene, token(scene, sub="id of nobody")))[0] == 200
        assert (await send_logout_token(scene, token(scene, sub=subject, sid="tablet")))[0] == 200
        assert (await is_signed_in(phone), await is_signed_in(laptop)) == (True, True)
        assert (await send_logout_token(scene, token(scene, sid="phone")))[0] == 200
        assert (await is_signed_in(phone), await is_signed_in(laptop)) == (False, True)
        assert (await send_logout_token(scene, token(scene, sub=subject)))[0] == 200
        assert not await is_signed_in(laptop)
    log = t.audit_log
    rows = await scene.desk.story.rows(log, log.c.action == "signed_out")
    assert [row.details for row in rows][-2:] == [{"identity_provider": "Contoso"}] * 2
    assert not (await check_chain(scene.desk.desk.store)).faults


async def test_a_provider_ends_only_its_own_sessions(scene: Scene) -> None:
    scene.fabrikam.person = scene.contoso.person = person("Both", email="omar@example.com")
    async with scene.desk.visitor() as here, scene.desk.visitor() as there:
        assert (await scene.sign_in(here)).status == 303
        assert (await scene.sign_in(there, "Fabrikam")).status == 303
        assert (await send_logout_token(scene, token(scene, sub="id of Both")))[0] == 200
        assert (await is_signed_in(here), await is_signed_in(there)) == (False, True)


STRANGER = new_key()
now = int(time.time())
#: Error -> (changes of the claims, the signing, the sentence of the answer)
FORGED: dict[str, tuple[Claims, Any, str]] = {
    "signed with another key": ({}, STRANGER, "its signature is not the provider's"),
    "unsigned": ({}, "unsigned", "its signature is not the provider's"),
    "signed with the public key": ({}, "public", "its signature is not the provider's"),
    "another issuer": ({"iss": "https://evil.example.com"}, None, "names no identity provider"),
    "another application": ({"aud": ["other"]}, None, "meant for another application"),
    "expired": ({"iat": now - 200, "exp": now - 100}, None, "it has expired"),
    "an old token that expires far in the future": (
        {"iat": now - 900, "exp": now + 9000},
        None,
        "it has expired",
    ),
    "from the future": ({"iat": now + 86_400, "exp": now + 87_000}, None, "made at another time"),
    "without a time": ({"iat": None}, None, "not complete"),
    "a time in words": ({"iat": "now"}, None, "not complete"),
    "without an id": ({"jti": None}, None, "not complete"),
    "without a subject": ({"sub": None}, None, "not complete"),
    "an ID token": ({"nonce": "x"}, None, "it is an ID token"),
    "without an event": ({"events": None}, None, "no logout token"),
    "with another event": ({"events": {"x": {}}}, None, "no logout token"),
    "with a list of events": ({"events": [EVENT]}, None, "no logout token"),
}


@pytest.mark.parametrize("forged", FORGED)
async def test_a_forged_logout_token_ends_no_session(scene: Scene, forged: str) -> None:
    changes, how, why = FORGED[forged]
    contoso = scene.contoso
    claims = contoso.logout_claims(**{"sub": "id of Target"} | changes)
    ways = {"unsigned": contoso.unsigned, "public": contoso.signed_with_public_key}
    made = ways[how](claims) if isinstance(how, str) else contoso.signed(claims, how)
    contoso.person = person("Target")
    async with scene.desk.visitor() as agent:
        assert (await scene.sign_in(agent)).status == 303
        status, said = await send_logout_token(scene, made)
        assert (status, why in said) == (400, True), said
        assert await is_signed_in(agent)


async def test_a_logout_token_works_only_once(scene: Scene) -> None:
    scene.contoso.person = person("Replayed")
    made = token(scene, sub="id of Replayed")
    async with scene.desk.visitor() as agent:
        assert (await send_logout_token(scene, made))[0] == 200
        assert (await scene.sign_in(agent)).status == 303
        assert (await send_logout_token(scene, made)) == (
            400,
            '{"error":"invalid_request","error_description":"This logout token was used already."}',
        )
        assert await is_signed_in(agent)


@pytest.mark.parametrize("garbage", ["", "a.b.c", "e30.e30.e30", "x" * 50_000, "a.W10.c"])
async def test_an_invalid_token_is_refused(scene: Scene, garbage: str) -> None:
    assert (await send_logout_token(scene, garbage))[0] == 400
