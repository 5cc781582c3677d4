"""Single sign-on refuses forged, expired, replayed and mixed-up answers of a provider."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from handoff_service.store.desk import agents
from tests.support.identity_server import new_key, query_of
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


STRANGER = new_key()
FORGED: dict[str, tuple[Any, Any, str]] = {
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
    "another client's token that was issued to us": (
        lambda here, claims: claims | {"aud": "another app", "azp": "patchboard"},
        None,
        "it is meant for another application",
    ),
    "a token for several clients, issued to another client": (
        lambda here, claims: claims | {"aud": ["patchboard", "other"], "azp": "other"},
        None,
        "it is meant for another application",
    ),
    "an expired token": (
        lambda here, claims: claims | {"iat": claims["iat"] - 900, "exp": claims["iat"] - 600},
        None,
        "it has expired",
    ),
    "a token from the future": (
        lambda here, claims: claims | {"iat": int(time.time()) + 86_400},
        None,
        "it was made at another time",
    ),
    "a token without an expiry": (
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
    "signed with another key": (
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


@pytest.mark.parametrize("lie", FORGED)
async def test_a_forged_token_opens_no_session(scene: Scene, lie: str) -> None:
    changes, makes, why = FORGED[lie]
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


async def test_a_providers_answer_works_only_once(scene: Scene) -> None:
    scene.contoso.person = person("Once")
    async with scene.desk.visitor() as visitor:
        url = await scene.allow(visitor, await scene.begin(visitor))
        assert (await scene.come_back(visitor, url)).status == 303
        visitor.client.cookie_jar.clear(lambda cookie: cookie.key == "patchboard")
        assert "has already ended" in await reason(await scene.come_back(visitor, url))


async def test_a_code_works_only_once_even_with_a_new_state(scene: Scene) -> None:
    scene.contoso.person = person("Once")
    async with scene.desk.visitor() as visitor:
        used = await scene.allow(visitor, await scene.begin(visitor))
        assert (await scene.come_back(visitor, used)).status == 303
        fresh = await scene.allow(visitor, await scene.begin(visitor))
        mixed = fresh.replace(query_of(fresh)["code"], query_of(used)["code"])
        assert "did not accept the sign-in" in await reason(await scene.come_back(visitor, mixed))


async def test_an_answer_works_only_in_the_browser_that_started_the_sign_in(scene: Scene) -> None:
    """Otherwise an attacker could sign a victim in to the attacker's account."""
    scene.contoso.person = person("Mallory")
    async with scene.desk.visitor() as mallory, scene.desk.visitor() as victim:
        url = await scene.allow(mallory, await scene.begin(mallory))
        assert "Sign in again" in await reason(await scene.come_back(victim, url))
        await scene.begin(victim)  # The victim's browser now has its own cookie.
        url = await scene.allow(mallory, await scene.begin(mallory))
        assert "Sign in again" in await reason(await scene.come_back(victim, url))
        assert (await victim.get("/workspace")).status == 303


async def test_an_answer_from_another_provider_is_refused(scene: Scene) -> None:
    """A mix-up attack: the sign-in started at Contoso, but the browser brings Fabrikam's code."""
    scene.contoso.person = scene.fabrikam.person = person("Mixed")
    async with scene.desk.visitor() as visitor:
        asked = await scene.begin(visitor)
        other = query_of(await scene.allow(visitor, await scene.begin(visitor, "Fabrikam")))
        mixed = f"/sign-in/sso/callback?state={query_of(asked)['state']}&code={other['code']}"
        said = await reason(await visitor.get(f"{mixed}&iss={other['iss']}"))
        assert "came from a different provider" in said
        asked = await scene.begin(visitor)
        mixed = f"/sign-in/sso/callback?state={query_of(asked)['state']}&code={other['code']}"
        # the answer names no provider
        assert "a different provider" in await reason(await visitor.get(mixed))


async def test_a_person_who_cancels_at_the_provider_sees_a_message(scene: Scene) -> None:
    async with scene.desk.visitor() as visitor:
        state = query_of(await scene.begin(visitor))["state"]
        query = f"?state={state}&error=access_denied&iss={scene.contoso.issuer}"
        said = await reason(await visitor.get(f"/sign-in/sso/callback{query}"))
        assert said == "You were not signed in at Contoso. Try again."


async def test_a_providers_new_key_is_fetched_at_a_limited_rate(scene: Scene) -> None:
    scene.contoso.person = person("Keys")
    provider: Any = scene.desk.desk.identity_providers
    async with scene.desk.visitor() as visitor:
        assert (await scene.sign_in(visitor)).status == 303
        scene.contoso.replace_key()
        known = await provider._configurations.of(scene.contoso.issuer)
        # as if the last fetch were long ago
        known.keys_read_at = known.keys_read_at.replace(year=2020)
        before = scene.contoso.reads["keys"]
        assert (await scene.sign_in(visitor)).status == 303
        assert scene.contoso.reads["keys"] == before + 1
        scene.contoso.token = lambda claims: scene.contoso.signed(claims, STRANGER)
        assert "refused" in await reason(await scene.sign_in(visitor))
        assert scene.contoso.reads["keys"] == before + 1, (
            "forged tokens cannot make the service fetch keys all the time"
        )


async def test_an_unreachable_provider_shows_an_error(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, issuer="http://127.0.0.1:9")
    async with scene.desk.visitor() as visitor:
        answer = await visitor.get(f"/sign-in/sso/{scene.ids['Contoso']}")
        assert (answer.status, "Contoso cannot be reached." in shown(answer.text)) == (502, True)


async def test_a_configuration_of_another_issuer_is_refused(scene: Scene) -> None:
    await scene.change("Contoso", scene.contoso, issuer=f"{scene.contoso.issuer}/")
    async with scene.desk.visitor() as visitor:
        assert (await visitor.get(f"/sign-in/sso/{scene.ids['Contoso']}")).status == 502
